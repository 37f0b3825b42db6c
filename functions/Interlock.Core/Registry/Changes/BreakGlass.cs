using Interlock.Core.Identity;

namespace Interlock.Core.Registry.Changes;

/// <summary>That one administrator may, for a time and for a reason, approve what they proposed themselves.</summary>
public sealed record BreakGlass(string Id, Principal By, string Reason, DateTimeOffset At, DateTimeOffset Until)
{
    /// <summary>Who ended it before its time, and when.</summary>
    public string? EndedBy { get; init; }

    public DateTimeOffset? EndedAt { get; init; }

    public bool IsOpen(DateTimeOffset now) => EndedAt is null && now < Until;
}
