using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Interlock.Core.Agents;
using Interlock.Core.Identity;
using Interlock.Core.Policy;
using Interlock.Core.Workflows;
using Interlock.Json;

namespace Interlock.Core.Runs;

/// <summary>
/// Something the host is to do or to wait for; it stands in <see cref="RunState.Pending"/> until an event ends it. A host starts the
/// commands that appear there and asks those that left to stop. Doing one twice is harmless: its id is its idempotency key.
/// </summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "kind")]
[JsonDerivedType(typeof(CallTool), "callTool")]
[JsonDerivedType(typeof(CallAgent), "callAgent")]
[JsonDerivedType(typeof(OpenApproval), "openApproval")]
[JsonDerivedType(typeof(CloseApproval), "closeApproval")]
[JsonDerivedType(typeof(StartTimer), "startTimer")]
[JsonDerivedType(typeof(EmitEvent), "emitEvent")]
[JsonDerivedType(typeof(AwaitEvent), "awaitEvent")]
[JsonDerivedType(typeof(StartChild), "startChild")]
[JsonDerivedType(typeof(CallModel), "callModel")]
[JsonDerivedType(typeof(OpenAgent), "openAgent")]
[JsonDerivedType(typeof(HoldLock), "holdLock")]
public abstract record Command(EffectId Id, FrameId Frame)
{
    /// <summary>A call to a tool or agent through the gateway.</summary>
    [JsonPolymorphic(TypeDiscriminatorPropertyName = "kind")]
    [JsonDerivedType(typeof(CallTool), "callTool")]
    [JsonDerivedType(typeof(CallAgent), "callAgent")]
    [JsonDerivedType(typeof(CallModel), "callModel")]
    public abstract record Call(EffectId Id, FrameId Frame, TaskPath Task, string Target, string? Version, JsonValue Arguments, DateTimeOffset Deadline)
        : Command(Id, Frame)
    {
        /// <summary>The approved gate whose grant the call spends; null when none was given.</summary>
        public GateId? Grant { get; init; }

        /// <summary>Whether a gate of the document covers the task: then it is refused without a grant whatever policy says.</summary>
        public bool RequiresGrant { get; init; }

        public InDoubtAction OnInDoubt { get; init; }

        /// <summary>The agent that chose it, whose authority bounds it too; null where the document says so itself.</summary>
        public string? Agent { get; init; }

        /// <summary>The agents whose loops that agent's loop lies in, outermost first: what one chose never has more authority than it has. Null for none.</summary>
        public IReadOnlyList<string>? AgentsBehind { get; init; }

        /// <summary>How many bytes of the result are handed on at most, where that is less than the target's own limit; what is larger becomes an artifact.</summary>
        public int? ReferenceAbove { get; init; }

        /// <summary>When the run first asked for it; null in runs recorded before that was kept.</summary>
        public DateTimeOffset? IssuedAt { get; init; }
    }

    public sealed record CallTool(
        EffectId Id, FrameId Frame, TaskPath Task, string Target, string? Version, JsonValue Arguments, DateTimeOffset Deadline)
        : Call(Id, Frame, Task, Target, Version, Arguments, Deadline)
    {
        /// <summary>The author's idempotency key towards the tool; null for the effect's id.</summary>
        public string? IdempotencyKey { get; init; }

        /// <summary>Whether this undoes a completed effect; its grant is that effect's.</summary>
        public bool IsCompensation { get; init; }
    }

    public sealed record CallAgent(
        EffectId Id, FrameId Frame, TaskPath Task, string Target, string? Version, JsonValue Arguments, DateTimeOffset Deadline)
        : Call(Id, Frame, Task, Target, Version, Arguments, Deadline)
    {
        /// <summary>Whether a chat agent may choose from its own pool: in an autonomous workflow only.</summary>
        [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
        public bool MayChoose { get; init; }

        /// <summary>Of an agent that paused: what was decided since. Then it goes on where it paused.</summary>
        public AgentResume? Resume { get; init; }
    }

    /// <summary>
    /// One turn of a chat agent's model: the arguments are the body of a chat completion (<c>messages</c>, <c>tools</c> and so on) but for the model, which the
    /// registration names; the output is a <see cref="ModelAnswer"/>. Before its outcome is told, each choice in it is recorded.
    /// </summary>
    public sealed record CallModel(
        EffectId Id, FrameId Frame, TaskPath Task, string Target, string? Version, JsonValue Arguments, DateTimeOffset Deadline)
        : Call(Id, Frame, Task, Target, Version, Arguments, Deadline);

    /// <summary>
    /// Asks what a chat agent is and what its pool holds for this run. Ends with <see cref="RunEvent.AgentOpened"/>, or <see cref="RunEvent.EffectFailed"/>. So does a
    /// <see cref="CallAgent"/> to a chat agent, which is not called but opened.
    /// </summary>
    public sealed record OpenAgent(EffectId Id, FrameId Frame, TaskPath Task, string Agent, string? Version, PoolRequest Pool) : Command(Id, Frame);

    /// <summary>
    /// Wants a place of a named lock of the tenant, and holds it: it ends with <see cref="RunEvent.EffectFailed"/>, or stands after <see cref="RunEvent.LockGranted"/> until it is
    /// withdrawn, which gives the place back. All who want the same name must say the same number of places, 1 to 1,000.
    /// </summary>
    public sealed record HoldLock(EffectId Id, FrameId Frame, TaskPath Task, string Name, int Places, LockContention Contention, DateTimeOffset Deadline) : Command(Id, Frame);

    public sealed record OpenApproval(EffectId Id, FrameId Frame, GateRequest Gate) : Command(Id, Frame);

    /// <summary>Asks the gate's row to close; whoever won there comes back as <see cref="RunEvent.GateClosed"/>.</summary>
    public sealed record CloseApproval(EffectId Id, FrameId Frame, GateId Gate, GateOutcome Cause) : Command(Id, Frame);

    public sealed record StartTimer(EffectId Id, FrameId Frame, DateTimeOffset DueAt, TimerPurpose Purpose) : Command(Id, Frame);

    /// <summary>Publishes a whole CloudEvent. Ends with <see cref="RunEvent.EffectCompleted"/> (the event) once it is stored, or <see cref="RunEvent.EffectFailed"/>.</summary>
    public sealed record EmitEvent(EffectId Id, FrameId Frame, TaskPath Task, JsonValue Event) : Command(Id, Frame);

    /// <summary>
    /// Wants events of these types (empty: of any) from <paramref name="Since"/> on, also those that came before the host got to it. Each comes as
    /// <see cref="RunEvent.EventArrived"/>; the command stands until the interpreter has enough.
    /// </summary>
    public sealed record AwaitEvent(EffectId Id, FrameId Frame, TaskPath Task, ImmutableArray<string> Types, DateTimeOffset Since) : Command(Id, Frame);

    /// <summary>
    /// Starts a run whose id follows from the command's. Awaited it ends with <see cref="RunEvent.ChildCompleted"/>, else with
    /// <see cref="RunEvent.EffectCompleted"/> once the run is durable; refused with <see cref="RunEvent.EffectFailed"/>. An awaited run is
    /// cancelled when the command is withdrawn, and must end by the deadline.
    /// </summary>
    public sealed record StartChild(
        EffectId Id, FrameId Frame, TaskPath Task, string Workflow, string? Version, JsonValue Input, bool IsAwaited, DateTimeOffset? Deadline) : Command(Id, Frame)
    {
        /// <summary>Whether a planner may be in it: not where what starts it is supervised.</summary>
        [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
        public bool MayPlan { get; init; }

        /// <summary>The agents that chose it, outermost first, whose authority bounds the run too; null where the document says so itself.</summary>
        public IReadOnlyList<string>? Agents { get; init; }
    }
}

public enum TimerPurpose
{
    /// <summary>The frame's own timeout.</summary>
    Timeout,

    /// <summary>A <c>wait</c> task's end, or the delay before a retry.</summary>
    Delay,

    /// <summary>A retry policy's limit for one attempt.</summary>
    Attempt,

    /// <summary>A gate's expiry.</summary>
    GateExpiry,

    /// <summary>Until when an abandoned effect may still settle.</summary>
    Abandoned,

    /// <summary>A compensation's time budget.</summary>
    Compensation,

    /// <summary>The time of an agent's loop.</summary>
    Limit,
}

/// <summary>How a gate ended.</summary>
public enum GateOutcome
{
    Approved,
    Rejected,
    Expired,
    Withdrawn,

    /// <summary>Sent back with a request for information: nothing is granted, and the run goes where the document says.</summary>
    Returned,
}

/// <summary>What a gate asks people: shown as it stands, and bound by the grant.</summary>
public sealed record GateRequest(
    GateId Id, TaskPath Task, string Title, string? Description, ImmutableArray<Approver> Approvers, int Quorum,
    bool ExcludeInitiator, bool ExcludeAuthor, DateTimeOffset ExpiresAt, ImmutableArray<CoveredCall> Covers)
{
    /// <summary>The rule by which people are not asked again and again: trying again at once is no use.</summary>
    public const string RateRule = "gate-rate";

    /// <summary>Whether policy alone says who is asked about the one covered call, because no document does: the requirements are its floor's, and stand here once the gate is open.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool AsksPolicy { get; init; }

    /// <summary>The agent that chose the one covered call; null where the document asks.</summary>
    public Chooser? ChosenBy { get; init; }

    /// <summary>What happens on rejection and on expiry, as the document says it.</summary>
    public string OnReject { get; init; } = "fail";

    public string OnExpiry { get; init; } = "fail";

    /// <summary>Whether this is the second gate of the task, after the first one expired.</summary>
    public bool IsEscalation { get; init; }

    /// <summary>What must be met besides: each by people of its own, none of whom counts twice.</summary>
    public ImmutableArray<ApproverRequirement> Also { get; init; } = [];

    /// <summary>The JSON Schema of the form with which information may be asked for; null when the document offers none.</summary>
    public JsonValue? Information { get; init; }

    /// <summary>The step that failed, where the gate asks what to do about it.</summary>
    public FailedStep? Failure { get; init; }

    /// <summary>Why a call that was approved before is asked for again: the rule that held it.</summary>
    public string? Again { get; init; }

    /// <summary>Whether what is granted are exactly the calls as shown, with nothing that the run computes later.</summary>
    [JsonIgnore]
    public bool IsExact => Failure is not null || Again is not null || ChosenBy is not null;

    /// <summary>Everything that must be met for an approval.</summary>
    [JsonIgnore]
    public ImmutableArray<ApproverRequirement> Requirements => [new(Approvers, Quorum, ExcludeInitiator, ExcludeAuthor), .. Also];

    /// <summary>On whose authority the covered calls are made: the run's, and that of the agents that chose them.</summary>
    public ActorChain ChainOf(RunOrigin origin) => origin.Chain(ChosenBy?.Agent, ChosenBy?.Behind);

    /// <summary>The same asking these, and nobody else.</summary>
    public GateRequest Asking(ImmutableArray<ApproverRequirement> requirements) => requirements is [var first, .. var others]
        ? this with { Approvers = first.Approvers, Quorum = first.Quorum, ExcludeInitiator = first.ExcludeInitiator, ExcludeAuthor = first.ExcludeAuthor, Also = others }
        : this with { Approvers = [], Quorum = 1, ExcludeInitiator = true, ExcludeAuthor = true, Also = [] };
}

/// <summary>A step that failed and what people may do about it: some of <see cref="StepChoices"/>. Its input and context stand in the run's state.</summary>
public sealed record FailedStep(FrameId Frame, Problem Problem, ImmutableArray<string> Options);

/// <summary>What people may decide about a failed step.</summary>
public static class StepChoices
{
    /// <summary>The step is begun anew.</summary>
    public const string Retry = "retry";

    /// <summary>The step ends with its input as its output.</summary>
    public const string Skip = "skip";

    /// <summary>The step is begun anew with other arguments.</summary>
    public const string Edit = "edit";

    /// <summary>The error goes on outwards.</summary>
    public const string Fail = "fail";
}

/// <summary>A call that the gate grants: its frame, target and arguments; members named in <see cref="Computed"/> are not known yet and left out.</summary>
public sealed record CoveredCall(
    FrameId Frame, TaskPath Task, string Kind, string Target, string? Version, JsonValue Arguments, ImmutableArray<string> Computed)
{
    public CoveredCompensation? Compensation { get; init; }
}

/// <summary>The compensation granted with a call: its tool, and its arguments as written in the document.</summary>
public sealed record CoveredCompensation(string Tool, string ArgumentsDigest);
