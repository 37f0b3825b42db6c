namespace Interlock.Core.Notices;

/// <summary>
/// A message that one channel is owed: its row in the outbox. What the gate asks is read from the gate's own row when it is sent. Tried until
/// <see cref="Until"/>; <see cref="Attempts"/> counts the tries that were begun.
/// </summary>
public sealed record Notice(NoticeId Id, TenantId Tenant, GateId Gate, RunId? Run, string What, string Channel, DateTimeOffset AnnouncedAt, DateTimeOffset Until)
{
    public int Attempts { get; init; }

    /// <summary>Why the last try did not deliver it, or why it ended so: one line, without addresses.</summary>
    public string? Reason { get; init; }

    /// <summary>Set when all that is left is its record.</summary>
    public NoticeEnd? End { get; init; }
}

/// <summary>How a notice ended: <c>delivered</c>, <c>given-up</c> or <c>not-needed</c>.</summary>
public sealed record NoticeEnd(string Outcome, DateTimeOffset At);
