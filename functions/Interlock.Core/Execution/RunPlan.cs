using Interlock.Core.Runs;

namespace Interlock.Core.Execution;

/// <summary>
/// What a run waits for, as a scheduler needs to know it: small, and free of what the run works on. Of two plans of one run the one with more
/// <see cref="Events"/> is the newer.
/// </summary>
/// <param name="Events">How many events the run has folded.</param>
/// <param name="Status">As stored and shown: <c>running</c>, <c>compensating</c>, <c>completed</c>, <c>faulted</c>, <c>cancelled</c>.</param>
/// <param name="IsOver">Nothing is left to be done.</param>
/// <param name="IsForeign">The run follows a logic that is newer than this program: a newer one must go on with it.</param>
/// <param name="Suspended">It starts nothing until it is resumed.</param>
/// <param name="Calls">The effects to run now, at most <see cref="RunLimits.ConcurrentCalls"/>.</param>
/// <param name="Gates">How many gates are open.</param>
/// <param name="Doubts">How many calls wait for a person's word on what happened.</param>
/// <param name="NextDue">When to look again, if nothing happens before.</param>
public sealed record RunPlan(
    long Events, string Status, bool IsOver, bool IsForeign, bool Suspended, IReadOnlyList<string> Calls, int Gates, int Doubts, DateTimeOffset? NextDue)
{
    /// <summary>Of the plan after a call: when its effect is to be asked for again, because it goes on at its upstream and nobody is to wait for it here.</summary>
    public DateTimeOffset? AskAgain { get; init; }

    public static RunPlan Of(StoredRun run)
    {
        var state = run.State;
        if (run.IsForeign) return new(state.Events, state.Status.Text(), false, true, state.Suspended, [], 0, 0, null);
        if (state.Status.IsClosed()) return new(state.Events, state.Status.Text(), run.IsRecorded, false, false, [], 0, 0, null);
        var calls = Outstanding(state).Take(RunLimits.ConcurrentCalls).Select(call => call.Id.Value);
        var due = Timers(state).Select(timer => (DateTimeOffset?)timer.DueAt);
        return new(
            state.Events, state.Status.Text(), false, false, state.Suspended, [.. calls], state.Pending.Values.Count(command => command is Command.OpenApproval), state.InDoubt.Count, due.Min());
    }

    /// <summary>The timers that have not fired; a suspended run's go on, and it folds them when it is resumed.</summary>
    public static IEnumerable<Command.StartTimer> Timers(RunState state)
    {
        var fired = state.Deferred.OfType<RunEvent.TimerFired>().Select(happened => happened.Timer).ToHashSet();
        return state.Pending.Values.OfType<Command.StartTimer>().Where(timer => !fired.Contains(timer.Id));
    }

    /// <summary>The plan with a look no later than that.</summary>
    public RunPlan NotAfter(DateTimeOffset look) => this with { NextDue = NextDue < look ? NextDue : look };

    /// <summary>
    /// The calls outstanding: those nobody waits for any more are settled all the same, also while the run is suspended; of those in doubt people say
    /// what happened.
    /// </summary>
    public static IEnumerable<Command.Call> Outstanding(RunState state)
    {
        var pending = state.Suspended ? [] : state.Pending.Values.OfType<Command.Call>().Where(call => !state.InDoubt.Contains(call.Id));
        return pending.Concat(state.Abandoned.Values.Select(abandoned => abandoned.Call).Where(call => !IsDeferred(state, call.Id)));
    }

    /// <summary>Whether the effect's end came while the run was suspended: it is kept, and folded when the run goes on.</summary>
    public static bool IsDeferred(RunState state, EffectId effect) => state.Deferred.Any(deferred => deferred switch
    {
        RunEvent.EffectCompleted done => done.Effect == effect,
        RunEvent.EffectFailed failed => failed.Effect == effect,
        RunEvent.ChildCompleted ended => ended.Effect == effect,
        RunEvent.AgentOpened opened => opened.Effect == effect,
        RunEvent.AgentPaused paused => paused.Effect == effect,
        _ => false,
    });
}
