using System.Collections.Immutable;
using Interlock.Core.Runs.Conversations;
using Interlock.Core.Workflows;

namespace Interlock.Core.Runs;

/// <summary>
/// The interpreter: a pure function from a state and an event to the next state. No clock, I/O, randomness or tasks: time comes in on
/// events, ids from frame paths. Hosts fold it and start what appears in <see cref="RunState.Pending"/>.
/// </summary>
public static class Interpreter
{
    /// <summary>The behaviour new runs get.</summary>
    public const LogicVersion Current = LogicVersion.V1;

    /// <summary>The state of a run after its first event.</summary>
    public static RunState Start(WorkflowDefinition definition, RunEvent.RunStarted started)
    {
        if (started.Workflow.Digest != definition.Digest)
            throw new ArgumentException($"The run is bound to document {started.Workflow.Digest}, not to {definition.Digest}.", nameof(definition));
        var machine = new Machine(definition, new RunState
        {
            Id = started.Run,
            Tenant = started.Tenant,
            Workflow = started.Workflow,
            Logic = started.Logic,
            Origin = started.Origin,
            StartedAt = started.At,
            Now = started.At,
            Input = started.Input,
            Events = 1,
        }, ImmutableSortedDictionary<EffectId, Command>.Empty);
        machine.Begin();
        return machine.Freeze();
    }

    /// <summary>
    /// The state after one more event. An event that nothing waits for (late, duplicate, of another run) changes nothing but the count;
    /// a closed run takes none.
    /// </summary>
    public static RunState Advance(WorkflowDefinition definition, RunState state, RunEvent happened) => Advance(definition, state, happened, null);

    /// <summary>The same, telling what is said in conversations.</summary>
    internal static RunState Advance(WorkflowDefinition definition, RunState state, RunEvent happened, Action<TranscriptEntry>? said)
    {
        if (state.Status.IsClosed()) return state;
        var now = happened.At > state.Now ? happened.At : state.Now;
        state = state with { Now = now, Events = state.Events + 1 };
        return happened switch
        {
            RunEvent.RunStarted => state,
            RunEvent.SuspendRequested => state with { Suspended = true },
            RunEvent.ResumeRequested => Resume(definition, state, said),
            RunEvent.CancelRequested => Fold(definition, state with { Suspended = false, Deferred = [] }, state.Deferred.Insert(0, happened), said),
            _ when state.Suspended => Defer(state, happened),
            _ => Fold(definition, state, [happened], said),
        };
    }

    private static RunState Resume(WorkflowDefinition definition, RunState state, Action<TranscriptEntry>? said) =>
        state.Suspended ? Fold(definition, state with { Suspended = false, Deferred = [] }, state.Deferred, said) : state;

    /// <summary>Keeps the event for later. Of those somebody listens to only so many: the one after them stands for the failure that it will be.</summary>
    private static RunState Defer(RunState state, RunEvent happened)
    {
        if (happened is not RunEvent.EventArrived arrived) return state with { Deferred = state.Deferred.Add(happened) };
        if (!state.Pending.TryGetValue(arrived.Effect, out var command)) return state;
        var kept = state.Deferred.OfType<RunEvent.EventArrived>().Where(other => other.Effect == arrived.Effect).Append(arrived).ToList();
        if (kept.Count <= RunLimits.ConsumedEvents && kept.Sum(one => one.Event.Size) <= RunLimits.ValueSize) return state with { Deferred = state.Deferred.Add(happened) };
        if (state.Deferred.Any(one => one is RunEvent.EffectFailed failed && failed.Effect == arrived.Effect)) return state;
        var flood = Problems.Runtime($"More than {RunLimits.ConsumedEvents:N0} events, or more of them than fit a run, came while it was suspended.", command.Frame);
        return state with { Deferred = state.Deferred.Add(new RunEvent.EffectFailed(arrived.At, arrived.Effect, flood)) };
    }

    private static RunState Fold(WorkflowDefinition definition, RunState state, IReadOnlyList<RunEvent> events, Action<TranscriptEntry>? said)
    {
        var shown = state.Pending;
        foreach (var happened in events)
        {
            if (state.Status.IsClosed()) return state;
            var machine = new Machine(definition, state, shown, said);
            machine.Apply(happened);
            state = machine.Freeze();
        }
        return state;
    }
}
