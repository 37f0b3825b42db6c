using System.Collections.Immutable;
using Interlock.Core.Runs;
using Interlock.Json;

namespace Interlock.Core.Approvals;

/// <summary>What a person decided, on what they were shown.</summary>
public abstract record Decision(string? Reason, string ShownDigest)
{
    /// <summary>The calls may run as they are shown.</summary>
    public sealed record Approve(string? Reason, string ShownDigest) : Decision(Reason, ShownDigest);

    /// <summary>Nothing of it may run; one rejection closes the gate. About a failed step: it has failed.</summary>
    public sealed record Reject(string? Reason, string ShownDigest) : Decision(Reason, ShownDigest);

    /// <summary>
    /// The calls may run with these arguments instead. They are validated against the tools' contracts, what depends on them is computed anew, and
    /// earlier votes are void.
    /// </summary>
    public sealed record Edit(string? Reason, string ShownDigest, ImmutableArray<EditedCall> Calls) : Decision(Reason, ShownDigest);

    /// <summary>More must be known first: the gate's form, filled in, goes back to the run and the gate closes.</summary>
    public sealed record Return(string? Reason, string ShownDigest, JsonValue Information) : Decision(Reason, ShownDigest);

    /// <summary>What to do about a failed step: <see cref="StepChoices.Retry"/> or <see cref="StepChoices.Skip"/>.</summary>
    public sealed record Resolve(string? Reason, string ShownDigest, string Choice) : Decision(Reason, ShownDigest);
}

/// <summary>What came of a decision or a closing.</summary>
public abstract record GateResult
{
    /// <summary>It counts; the gate may now be closed.</summary>
    public sealed record Accepted(Gate Gate) : GateResult;

    /// <summary>It does not count; nothing changed but what the detail says.</summary>
    public sealed record Refused(string Rule, int Status, string Detail) : GateResult;
}
