using System.Collections.Immutable;
using Interlock.Core.Policy;
using Interlock.Json;

namespace Interlock.Core.Workflows;

/// <summary>What the run does when nobody decided in time.</summary>
public enum GateTimeoutAction
{
    Fail,
    Skip,
    Escalate,
}

/// <summary>What happens to a granted call that is no longer what was approved, or whose approval no longer holds.</summary>
public enum MismatchAction
{
    /// <summary>The refusal is the call's error.</summary>
    Fail,

    /// <summary>People are asked again, for exactly that call.</summary>
    Reopen,
}

/// <summary>A gate: who decides, on what, by when, and what follows.</summary>
public sealed record ApprovalTask : TaskDefinition
{
    public required Template Title { get; init; }
    public Template? Description { get; init; }
    public required ImmutableArray<Approver> Approvers { get; init; }
    public int Quorum { get; init; } = 1;

    /// <summary>What must be met besides, under the gate's exclusions.</summary>
    public ImmutableArray<ApproverRequirement> Also { get; init; } = [];

    public bool ExcludeInitiator { get; init; } = true;
    public bool ExcludeAuthor { get; init; } = true;
    public required TimeSpan ExpiresAfter { get; init; }

    /// <summary>The tasks whose calls this gate grants: after it in its list or nested there, never inside a loop it stands outside of.</summary>
    public ImmutableArray<TaskPath> Covers { get; init; } = [];

    /// <summary><see cref="StepAction.Skip"/>: the run goes on without grants; covered calls are then refused.</summary>
    public StepAction OnReject { get; init; }

    public GateTimeoutAction OnExpiry { get; init; }

    public GateEscalation? Escalation { get; init; }

    public MismatchAction OnMismatch { get; init; }

    /// <summary>How approvers may send the gate back; null when they may not.</summary>
    public InformationRequest? Information { get; init; }
}

/// <summary>The second chance of an expired gate: other people, their own expiry.</summary>
public sealed record GateEscalation(ImmutableArray<Approver> Approvers, int Quorum, TimeSpan ExpiresAfter, GateTimeoutAction OnExpiry)
{
    public ImmutableArray<ApproverRequirement> Also { get; init; } = [];
}

/// <summary>The form (a JSON Schema of an object with flat properties) that is filled in, and the task of the gate's list that the run goes on with.</summary>
public sealed record InformationRequest(JsonValue Schema, string Then);
