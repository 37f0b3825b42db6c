using Interlock.Json;

namespace Interlock.Core.Approvals;

/// <summary>Something that changed while a gate was open; <see cref="Revision"/> is that of its calls from then on.</summary>
public sealed record GateChange(GateChangeKind Kind, string By, DateTimeOffset At, int Revision, string? Reason, JsonValue Details);

public enum GateChangeKind
{
    /// <summary>A person changed arguments; votes cast before are void.</summary>
    Edited,

    /// <summary>What the calls would reach or send is no longer what was shown; votes cast before are void.</summary>
    Drifted,

    /// <summary>Other approvers were named.</summary>
    Reassigned,

    /// <summary>An approver named somebody to decide in their place.</summary>
    Delegated,

    /// <summary>The store was restored from a copy; votes cast before are void.</summary>
    Restored,
}
