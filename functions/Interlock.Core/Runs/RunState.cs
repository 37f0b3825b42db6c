using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Interlock.Json;

namespace Interlock.Core.Runs;

/// <summary>
/// Everything a run is between two events. Its size follows what is active, not what has happened: finished frames are gone, but for
/// their compensations and grants.
/// </summary>
public sealed record RunState
{
    public required RunId Id { get; init; }
    public required TenantId Tenant { get; init; }
    public required WorkflowRef Workflow { get; init; }
    public required LogicVersion Logic { get; init; }
    public required RunOrigin Origin { get; init; }
    public RunStatus Status { get; init; }
    public bool Suspended { get; init; }
    public DateTimeOffset StartedAt { get; init; }

    /// <summary>The time of the last event.</summary>
    public DateTimeOffset Now { get; init; }

    public JsonValue Input { get; init; } = JsonValue.Null;
    public JsonValue? Output { get; init; }
    public Problem? Error { get; init; }

    public ImmutableSortedDictionary<FrameId, Frame> Frames { get; init; } = ImmutableSortedDictionary<FrameId, Frame>.Empty;

    /// <summary>The commands outstanding.</summary>
    public ImmutableSortedDictionary<EffectId, Command> Pending { get; init; } = ImmutableSortedDictionary<EffectId, Command>.Empty;

    /// <summary>Calls whose frame was interrupted: asked to stop, and awaited until they settle or pass their deadline.</summary>
    public ImmutableSortedDictionary<EffectId, AbandonedCall> Abandoned { get; init; } = ImmutableSortedDictionary<EffectId, AbandonedCall>.Empty;

    /// <summary>Pending calls of which it is unknown whether they happened; an operator says.</summary>
    public ImmutableSortedSet<EffectId> InDoubt { get; init; } = [];

    /// <summary>Which frames may be executed under which approved gate.</summary>
    public ImmutableSortedDictionary<FrameId, GateId> Grants { get; init; } = ImmutableSortedDictionary<FrameId, GateId>.Empty;

    /// <summary>The arguments that people gave to granted calls, until the call's frame has ended.</summary>
    public ImmutableSortedDictionary<FrameId, ApprovedArguments> Approved { get; init; } = ImmutableSortedDictionary<FrameId, ApprovedArguments>.Empty;

    /// <summary>Which gate of the document a grant comes from, where several cover the task.</summary>
    public ImmutableSortedDictionary<FrameId, TaskPath> GrantedBy { get; init; } = ImmutableSortedDictionary<FrameId, TaskPath>.Empty;

    /// <summary>The locks that are the run's, by the commands that hold them; null for none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ImmutableSortedDictionary<EffectId, HeldLock>? Locks { get; init; }

    /// <summary>The locks under which a call of that frame is made: those of the frames around it, and the run's own.</summary>
    public IEnumerable<KeyValuePair<EffectId, HeldLock>> LocksAround(FrameId frame) => Locks?.Where(held => !held.Value.IsLeaving && held.Value.IsAround(frame)) ?? [];

    /// <summary>Compensations of completed effects, oldest first: undone from the end.</summary>
    public ImmutableList<Undo> Saga { get; init; } = [];

    /// <summary>Compensations due whatever the run's end: of abandoned calls that completed after all.</summary>
    public ImmutableList<Undo> Orphans { get; init; } = [];

    /// <summary>The compensation under way.</summary>
    public Undo? Undoing { get; init; }

    /// <summary>What compensating could not undo.</summary>
    public ImmutableList<Problem> UndoFailures { get; init; } = [];

    /// <summary>Set once the end is decided and only settling and compensating remain.</summary>
    public Ending? Ending { get; init; }

    /// <summary>Events that arrived while suspended, in order.</summary>
    public ImmutableList<RunEvent> Deferred { get; init; } = [];

    /// <summary>How many events were folded.</summary>
    public long Events { get; init; }

    /// <summary>How many interpreter steps were taken, bounded by <see cref="RunLimits.StepsPerRun"/>.</summary>
    public long Steps { get; init; }
}

/// <summary>
/// Arguments as people approved them. Unless they are whole, the members that the task declares computed come from the run, when the call is made.
/// </summary>
public sealed record ApprovedArguments(JsonValue Arguments, bool AreWhole);

/// <summary>A call nobody waits for any more, with its frame, context and locals resolved, in case it must be compensated.</summary>
public sealed record AbandonedCall(Command.Call Call, EffectId Timer, Frame Frame);

/// <summary>A place of a lock that is the run's, and the number of its grant.</summary>
public sealed record HeldLock(FrameId Frame, string Name, long Fence)
{
    /// <summary>Whether it is no longer needed: it stands only until what was interrupted beneath it has settled.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool IsLeaving { get; init; }

    /// <summary>Whether the frame is its own, or stands in it.</summary>
    public bool IsAround(FrameId frame) => frame == Frame || frame.Value.StartsWith(Frame.Value + "/", StringComparison.Ordinal);
}

/// <summary>A compensation with its arguments, fixed when the effect completed.</summary>
public sealed record Undo(FrameId Frame, TaskPath Task, string Tool, JsonValue Arguments, TimeSpan Budget, GateId? Grant);

/// <summary>How the run will end.</summary>
public sealed record Ending(RunStatus Outcome, Problem? Problem, JsonValue? Output);
