using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Interlock.Core.Identity;
using Interlock.Core.Policy;
using Interlock.Core.Runs;
using Interlock.Json;

namespace Interlock.Core.Approvals;

/// <summary>
/// A gate as its row holds it: what is asked, of whom, bound to what; the votes; and how it ended. The only arbiter. Without a run it is for a
/// client's own call. Without an origin it was closed before it opened.
/// </summary>
public sealed record Gate(
    TenantId Tenant, RunId? Run, WorkflowRef? Workflow, GateRequest Request, ImmutableArray<BoundCall> Calls, RunOrigin? Origin, DateTimeOffset OpenedAt)
{
    /// <summary>The subjects that may not decide where the initiator is excluded.</summary>
    [JsonIgnore]
    public ImmutableArray<string> Initiators => Origin is null ? [] : [Origin.Starter.Subject, .. Origin.Initiators];

    /// <summary>Who published the workflow.</summary>
    [JsonIgnore]
    public string? Author => Origin?.WorkflowOwner;

    /// <summary>On whose authority its calls are made; null where it was closed before it opened.</summary>
    [JsonIgnore]
    public ActorChain? Chain => Origin is null ? null : Request.ChainOf(Origin);

    /// <summary>Its terms, as policy compares them with the least gate it asks for.</summary>
    [JsonIgnore]
    public GateTerms Terms => new(Request.Requirements);

    /// <summary>Counts what its calls were bound to: a vote holds for the revision it was cast on.</summary>
    public int Revision { get; init; } = 1;

    public ImmutableArray<Vote> Votes { get; init; } = [];

    /// <summary>What changed while it was open, oldest first.</summary>
    public ImmutableArray<GateChange> Changes { get; init; } = [];

    /// <summary>Who may decide this gate in whose place.</summary>
    public ImmutableArray<Delegation> Delegations { get; init; } = [];

    /// <summary>The calls whose arguments people changed.</summary>
    public ImmutableArray<EditedCall> Edited { get; init; } = [];

    /// <summary>What was filled in, when information was asked for.</summary>
    public JsonValue? Information { get; init; }

    /// <summary>What was decided about a failed step: one of <see cref="StepChoices"/>.</summary>
    public string? Choice { get; init; }

    /// <summary>The votes that still hold.</summary>
    [JsonIgnore]
    public IEnumerable<Vote> StandingVotes => Votes.Where(vote => vote.Revision == Revision);

    public GateOutcome? Outcome { get; init; }
    public DateTimeOffset? ClosedAt { get; init; }

    [JsonIgnore]
    public GateId Id => Request.Id;

    /// <summary>Why the gate is weaker than policy asks now, or null. Votes in somebody's place count only for what policy asked when they were cast.</summary>
    public string? WeakerThan(ApprovalFloor floor)
    {
        if (floor.IsMetBy(Terms) is { Reason: { } reason }) return reason;
        var known = Calls.SelectMany(call => call.Floor).ToHashSet();
        return StandingVotes.Any(vote => vote is { Approves: true, For: not null }) && !floor.Requirements.All(known.Contains)
            ? "Somebody decided in another's place, and policy asks for other people since."
            : null;
    }

    /// <summary>Whether to retry the failed step is to agree with who changed its arguments: these are what it is retried with.</summary>
    public bool IsEditRetried(string choice) => choice == StepChoices.Retry && !Edited.IsEmpty;

    /// <summary>The digest of all that a person decides on: the form posts back what was shown, and a vote for anything else is refused.</summary>
    [JsonIgnore]
    public string ShownDigest => CanonicalJson.Digest(RunJson.ToValue(new { Request, Calls }));
}

/// <summary>
/// A covered call bound to exactly what it will reach: contract, registration, endpoint and frozen arguments.
/// <see cref="ArgumentsDigest"/> leaves out the members the document declares computed.
/// </summary>
public sealed record BoundCall(
    FrameId Frame, TaskPath Task, string Kind, BoundTarget Target, JsonValue Arguments, string ArgumentsDigest, ImmutableArray<string> Computed)
{
    /// <summary>Why policy lets the call through, or asks for this gate.</summary>
    public string? PolicyReason { get; init; }

    /// <summary>What policy asked for at least when the gate opened.</summary>
    public ImmutableArray<ApproverRequirement> Floor { get; init; } = [];

    public BoundTarget? Compensation { get; init; }

    /// <summary>The compensation's arguments as the document writes them.</summary>
    public string? CompensationDigest { get; init; }
}

/// <summary>One registered version of a tool or agent at one endpoint.</summary>
public sealed record BoundTarget(string Name, string Version, string ContractDigest, string RegistrationId, Uri Address);

/// <summary>One person's decision; <see cref="By"/> is a subject, <see cref="As"/> what made the person an approver.</summary>
public sealed record Vote(string By, string DisplayName, string As, bool Approves, string? Reason, DateTimeOffset At, string ShownDigest)
{
    /// <summary>The revision of the gate's calls that it was cast on; of an older one it is void.</summary>
    public int Revision { get; init; } = 1;

    /// <summary>The person in whose place it was cast.</summary>
    public string? For { get; init; }

    /// <summary>Of a failed step: one of <see cref="StepChoices"/>.</summary>
    public string? Choice { get; init; }
}
