namespace Interlock.Core.Approvals;

/// <summary>What a person decided, on what they were shown.</summary>
public sealed record Decision(bool Approves, string? Reason, string ShownDigest);

/// <summary>What came of a decision or a closing.</summary>
public abstract record GateResult
{
    /// <summary>It counts; the gate may now be closed.</summary>
    public sealed record Accepted(Gate Gate) : GateResult;

    /// <summary>It does not count; nothing changed.</summary>
    public sealed record Refused(string Rule, int Status, string Detail) : GateResult;
}
