using Interlock.Core.Audit;
using Interlock.Core.Intake;
using Interlock.Core.Registry;
using Interlock.Core.Runs;
using Interlock.Core.Workflows;

namespace Interlock.Core.Execution;

/// <summary>
/// Moves stored runs on, wherever and however often it is asked to: every step is a compare-and-set on the run's row, and whatever is done
/// twice is done once. A host only has to ask: when a run starts, when a time has come, when something may have happened, and for each call
/// that a <see cref="RunPlan"/> names. Exceptions mean a broken store: ask again later.
/// </summary>
public sealed class RunDriver(RunStore runs, WorkflowCatalog definitions, ICommandRunner commands, AuditLog audit, TimeProvider time, IEventPublisher? publisher = null)
{
    /// <summary>Steps taken before the scheduler is asked to call again.</summary>
    private const int MaxSteps = 64;

    private static readonly TimeSpan WatchInterval = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan AskAgain = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestHold = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan PublishPatience = TimeSpan.FromHours(1);

    /// <summary>Told of events that could not be folded: for the host's log.</summary>
    public Action<RunId, Exception> OnBug { get; init; } = static (_, _) => { };

    /// <summary>Told of gates of which nothing could be learnt, each time: for the host's log. What a call's doing throws is the caller's to report.</summary>
    public Action<RunId, Command, Exception> OnHeldUp { get; init; } = static (_, _, _) => { };

    /// <summary>
    /// Does everything that needs no upstream: fires the timers that are due, opens and closes gates, folds what people decided, publishes what is emitted,
    /// listens, starts children, records the end.
    /// Null when there is no such run.
    /// </summary>
    /// <param name="tenant">The run's tenant.</param>
    /// <param name="run">The run.</param>
    /// <param name="asOf">A time that has come for the scheduler, whatever this machine's clock says.</param>
    /// <param name="cancellationToken">Stops between steps.</param>
    public async Task<RunPlan?> AdvanceAsync(TenantId tenant, RunId run, DateTimeOffset asOf = default, CancellationToken cancellationToken = default)
    {
        for (var steps = 0; ; steps++)
        {
            if (await runs.FindAsync(tenant, run, cancellationToken) is not { } stored) return null;
            if (stored.IsForeign) return RunPlan.Of(stored);
            if (stored.State.Status.IsClosed())
            {
                stored = await CloseAsync(stored, cancellationToken);
                return RunPlan.Of(stored) with { NextDue = stored.IsRecorded ? null : time.GetUtcNow() + LookAgain };
            }
            if (steps == MaxSteps) return RunPlan.Of(stored) with { NextDue = time.GetUtcNow() };
            var (happened, isAll, isMoved) = await HappenedAsync(stored.State, asOf, cancellationToken);
            if (isMoved && happened.Count == 0) continue;
            if (happened.Count == 0) return isAll ? RunPlan.Of(stored) : RunPlan.Of(stored).NotAfter(time.GetUtcNow() + LookAgain);
            await FoldAsync(stored, happened, cancellationToken); // a lost race: somebody else moved the run on, so look again
        }
    }

    /// <summary>
    /// Runs one call to its end and folds what came of it, then goes on as <see cref="AdvanceAsync"/> does. A call that the run no longer waits
    /// for does nothing; one that another worker makes is waited for; one that the run stops waiting for is asked to stop.
    /// </summary>
    public async Task<RunPlan?> CallAsync(TenantId tenant, RunId run, EffectId effect, CancellationToken cancellationToken = default)
    {
        var stored = await runs.FindAsync(tenant, run, cancellationToken);
        if (stored is { IsForeign: true }) return RunPlan.Of(stored);
        if (stored is null || RunPlan.Outstanding(stored.State).FirstOrDefault(call => call.Id == effect) is not { } call) return await AdvanceAsync(tenant, run, default, cancellationToken);
        var (happened, askAgain) = await EndAsync(stored.State, call, cancellationToken);
        if (happened is not null) await PostAsync(tenant, run, happened, state => IsAwaited(state, happened, effect), cancellationToken);
        var plan = await AdvanceAsync(tenant, run, default, cancellationToken);
        return plan is null ? null : plan with { AskAgain = askAgain };
    }

    /// <summary>Folds an event into a run that is open and, if asked, still in need of it; false when it is not.</summary>
    /// <exception cref="InvalidOperationException">The run follows a newer logic: a newer program must fold it.</exception>
    public async Task<bool> PostAsync(TenantId tenant, RunId run, RunEvent happened, Func<RunState, bool>? isAwaited = null, CancellationToken cancellationToken = default)
    {
        while (true)
        {
            if (await runs.FindAsync(tenant, run, cancellationToken) is not { } stored || stored.State.Status.IsClosed()) return false;
            if (stored.IsForeign) throw new InvalidOperationException($"Run {run} follows a logic that is newer than this program; ask again when the app is updated.");
            if (isAwaited is not null && !isAwaited(stored.State)) return false;
            if (await FoldAsync(stored, [happened], cancellationToken)) return true;
        }
    }

    /// <summary>Folds an event of elsewhere where it changes something: whether it did, or null when the run does not await it.</summary>
    /// <exception cref="InvalidOperationException">The run follows a newer logic: a newer program must fold it.</exception>
    public async Task<bool?> SignalAsync(TenantId tenant, RunId run, RunEvent happened, Func<RunState, bool> isAwaited, CancellationToken cancellationToken = default)
    {
        if (await runs.FindAsync(tenant, run, cancellationToken) is not { IsForeign: false } stored || stored.State.Status.IsClosed() || !isAwaited(stored.State))
            return await PostAsync(tenant, run, happened, isAwaited, cancellationToken) ? true : null;
        var definition = await definitions.LoadAsync(tenant, stored.State.Workflow.Digest, cancellationToken);
        if (!RunNews.Changes(definition, stored.State, happened)) return false;
        return await PostAsync(tenant, run, happened, isAwaited, cancellationToken) ? true : null;
    }

    /// <summary>
    /// What has come to pass for a run and is in none of its events yet; and whether that is all, or there are gates of which nothing could be learnt: a
    /// row that is not authentic, a directory that is away. Such a gate holds up its branch and the run's end, nothing else. And whether the run was moved on
    /// meanwhile, by what was done for it.
    /// </summary>
    private async Task<(IReadOnlyList<RunEvent> Events, bool IsAll, bool IsMoved)> HappenedAsync(RunState state, DateTimeOffset asOf, CancellationToken cancellationToken)
    {
        var (isAll, isMoved) = (true, false);
        var happened = new List<RunEvent>();
        var closing = state.Pending.Values.OfType<Command.CloseApproval>().Select(close => close.Gate).ToHashSet();
        foreach (var command in state.Pending.Values.Where(command => command is not (Command.Call or Command.StartTimer) && !(command is Command.OpenApproval open && closing.Contains(open.Gate.Id))))
        {
            try
            {
                if (state.Suspended && !await IsNewsAsync(state, command, cancellationToken)) continue;
                var outcome = await commands.RunAsync(state, command, cancellationToken);
                if (outcome is CommandOutcome.Happened done) happened.Add(done.Event);
                isMoved |= outcome == CommandOutcome.Moved;
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
            {
                OnHeldUp(state.Id, command, e);
                isAll = false;
            }
            if (happened.Count == RunStore.MaxEvents) break;
        }
        // A decision counts before a time that came as well: the gate's row knows which of them won.
        if (happened.Count > 0 || isMoved) return (happened, isAll, isMoved);
        var now = time.GetUtcNow();
        var horizon = asOf > now ? asOf : now;
        var due = RunPlan.Timers(state).Where(timer => timer.DueAt <= horizon).OrderBy(timer => timer.DueAt).ThenBy(timer => timer.Id.Value, StringComparer.Ordinal);
        return ([.. due.Take(1).Select(timer => new RunEvent.TimerFired(timer.DueAt > now ? timer.DueAt : now, timer.Id))], isAll, false);
    }

    /// <summary>A suspended run begins nothing, but takes note of what people decide, once.</summary>
    private async Task<bool> IsNewsAsync(RunState suspended, Command command, CancellationToken cancellationToken) =>
        command is Command.OpenApproval open
        && !suspended.Deferred.OfType<RunEvent.GateClosed>().Any(happened => happened.Gate == open.Gate.Id)
        && await commands.IsClosedAsync(suspended.Tenant, open.Gate.Id, cancellationToken);

    /// <summary>
    /// Stores one step. What the interpreter or the serializer can't take is a bug; the run must not hang on it, so it is cancelled instead, which
    /// compensates what was done.
    /// </summary>
    private async Task<bool> FoldAsync(StoredRun stored, IReadOnlyList<RunEvent> happened, CancellationToken cancellationToken)
    {
        var definition = await definitions.LoadAsync(stored.State.Tenant, stored.State.Workflow.Digest, cancellationToken);
        RunStep step;
        try
        {
            step = Step(definition, stored.State, happened);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            OnBug(stored.State.Id, e);
            step = Step(definition, stored.State, [RunEvent.CancelRequested.ForBug(happened[^1].At, e)]);
        }
        if (await runs.AppendAsync(stored, step, cancellationToken) is null) return false;
        await WithdrawAsync(stored.State, step.State, cancellationToken);
        return true;
    }

    /// <summary>Ends what stands for commands that left; what that misses is found by the reconciler, or by the event that meets it.</summary>
    private async Task WithdrawAsync(RunState before, RunState after, CancellationToken cancellationToken)
    {
        foreach (var command in before.Pending.Values.Where(command => command is Command.AwaitEvent or Command.StartChild or Command.HoldLock && !after.Pending.ContainsKey(command.Id)))
        {
            try
            {
                await commands.WithdrawAsync(after, command, cancellationToken);
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
            {
                OnHeldUp(after.Id, command, e);
            }
        }
    }

    /// <summary>A run that has ended takes no more events: what is left of them is not stored either.</summary>
    private static RunStep Step(WorkflowDefinition definition, RunState before, IReadOnlyList<RunEvent> happened)
    {
        var after = happened.Aggregate(before, (folded, one) => Interpreter.Advance(definition, folded, one));
        return new RunStep(after, [.. happened.Take((int)(after.Events - before.Events))]);
    }

    /// <summary>The audit hears of an end before anybody else is told that nothing is left to do; then those who subscribed do, for an hour's patience.</summary>
    private async Task<StoredRun> CloseAsync(StoredRun ended, CancellationToken cancellationToken)
    {
        if (!ended.IsRecorded)
        {
            await audit.AppendAsync(AuditChain.ForRun(ended.State.Tenant, ended.State.Id), [RunRecords.Closed(ended.State)], [], cancellationToken);
            var isTold = publisher is null || await publisher.PublishAsync(LifecycleEvents.Ended(ended.State), cancellationToken);
            await commands.EndedAsync(ended.State, cancellationToken);
            if (!isTold && time.GetUtcNow() - ended.State.Now < PublishPatience) return ended;
        }
        await runs.CloseAsync(ended, cancellationToken);
        return ended with { IsRecorded = true };
    }

    /// <summary>The event that ends a call, or when to ask for it again where it goes on at its upstream; neither when it was held back because the run was suspended before it left.</summary>
    private async Task<(RunEvent? Happened, DateTimeOffset? AskAgain)> EndAsync(RunState state, Command.Call call, CancellationToken cancellationToken)
    {
        using var watch = new CallWatch(runs, state.Tenant, state.Id, call.Id, time, WatchInterval, cancellationToken);
        var stop = watch.Left;
        while (true)
        {
            try
            {
                switch (await commands.RunAsync(state, call, stop))
                {
                    case CommandOutcome.Happened { Event: var happened }:
                        return (happened, null);
                    case CommandOutcome.UnderWay { IsHanded: false }:
                        await Task.Delay(AskAgain, time, cancellationToken);
                        break;
                    case CommandOutcome.UnderWay { Until: var until } when until - time.GetUtcNow() is var left:
                        if (left > LongestHold) return (null, until);
                        await Task.Delay(left > ShortestPause ? left : ShortestPause, time, stop);
                        break;
                }
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
            {
                // Told to stop before it had left: asked once more, the gateway says how it stands, and nothing is sent any more.
                (stop, state) = (cancellationToken, state with { Pending = state.Pending.Remove(call.Id) });
            }
        }
    }

    /// <summary>Whether a call's end is news to the run: not when it was folded before, nor when the fence refused it only because the run was suspended.</summary>
    private static bool IsAwaited(RunState state, RunEvent happened, EffectId effect)
    {
        if (!state.Pending.ContainsKey(effect) && !state.Abandoned.ContainsKey(effect)) return false;
        if (RunPlan.IsDeferred(state, effect)) return false;
        if (happened is not RunEvent.EffectFailed failed) return true;
        if (state.InDoubt.Contains(effect)) return false;
        return failed.Problem.Rule != "frame-not-pending" || !state.Pending.ContainsKey(effect);
    }
}
