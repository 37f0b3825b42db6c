using System.Threading.Channels;
using Interlock.Core;
using Interlock.Core.Execution;
using Interlock.Core.Runs;
using Interlock.Core.Workflows;
using Interlock.Local.Storage;

namespace Interlock.Local.Engine;

/// <summary>
/// One open run: takes events one batch at a time, folds them, makes the result durable, then starts the commands that appeared and stops those
/// that left. <see cref="State"/> is always the durable one.
/// </summary>
internal sealed class RunActor
{
    private readonly RunEngine _engine;
    private readonly WorkflowDefinition _definition;
    private readonly Lock _lock = new();
    private readonly Dictionary<EffectId, CancellationTokenSource> _running = [];
    private readonly List<EffectId> _finished = [];
    private readonly List<Channel<RunState>> _watchers = [];
    private List<(RunEvent Event, TaskCompletionSource? Done)> _mailbox = [];
    private bool _working;
    private int _calls;
    private SnapshotPace _pace;

    public RunActor(RunEngine engine, WorkflowDefinition definition, RunState state, SnapshotPace pace)
    {
        (_engine, _definition, State, _pace) = (engine, definition, state, pace);
    }

    public RunState State { get; private set; }

    /// <summary>Starts what the state has outstanding: after the first event, and after a restart.</summary>
    public void Begin() => Sync();

    /// <summary>Queues an event; the task ends when it is durable.</summary>
    public Task PostAsync(RunEvent happened)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Enqueue(happened, done);
        return done.Task;
    }

    /// <summary>Whether an event would change anything in the run as it is.</summary>
    public bool IsNews(RunEvent happened) => RunNews.Changes(_definition, State, happened);

    /// <summary>The state now and after each change; the channel completes when the run closes.</summary>
    public ChannelReader<RunState> Watch()
    {
        var channel = Channel.CreateUnbounded<RunState>();
        lock (_lock)
        {
            channel.Writer.TryWrite(State);
            if (State.Status.IsClosed()) channel.Writer.Complete();
            else _watchers.Add(channel);
        }
        return channel.Reader;
    }

    private void Enqueue(RunEvent happened, TaskCompletionSource? done)
    {
        lock (_lock)
        {
            _mailbox.Add((happened, done));
            if (_working) return;
            _working = true;
        }
        _ = Task.Run(WorkAsync);
    }

    private async Task WorkAsync()
    {
        while (true)
        {
            List<(RunEvent Event, TaskCompletionSource? Done)> batch;
            lock (_lock)
            {
                _working = _mailbox.Count > 0;
                if (!_working) return;
                (batch, _mailbox) = (_mailbox, []);
            }
            if (_engine.IsStopping)
            {
                foreach (var (_, done) in batch) done?.TrySetCanceled();
                continue;
            }
            var step = TryFold([.. batch.Select(entry => entry.Event)]);
            try
            {
                if (!await StoreAsync(step))
                {
                    foreach (var (_, done) in batch) done?.TrySetCanceled();
                    continue;
                }
            }
            catch (RunLogConflictException e)
            {
                // Somebody else writes this run's log: what is held here is not the truth, so it is let go.
                foreach (var (_, done) in batch) done?.TrySetException(e);
                _engine.Lost(this, e);
                lock (_lock)
                    foreach (var watcher in _watchers) watcher.Writer.TryComplete(e);
                return;
            }
            Publish(step.State);
            foreach (var (_, done) in batch) done?.TrySetResult();
            Sync();
        }
    }

    /// <summary>
    /// Folds a batch. What the interpreter or the serializer can't take is a bug; the run must not hang on it, so it is cancelled instead, which
    /// compensates what was done.
    /// </summary>
    private Step TryFold(IReadOnlyList<RunEvent> events)
    {
        try
        {
            return Fold(events);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            _engine.NotFolded(State.Id, e);
            return Fold([RunEvent.CancelRequested.ForBug(events[^1].At, e)]);
        }
    }

    private Step Fold(IReadOnlyList<RunEvent> events)
    {
        var (state, stored) = (State, new List<byte[]>(events.Count));
        foreach (var happened in events)
        {
            if (state.Status.IsClosed()) break;
            stored.Add(RunJson.Serialize(happened));
            state = Interpreter.Advance(_definition, state, happened);
        }
        var pace = _pace.After(stored);
        var snapshot = stored.Count > 0 && (state.Status.IsClosed() || pace.IsDue) ? new RunSnapshot(state.Events, RunJson.Serialize(state)) : null;
        return new Step(state, stored, snapshot, snapshot is null ? pace : SnapshotPace.From(snapshot));
    }

    /// <summary>
    /// Makes a step durable, however often the store has to be asked: the run holds its place meanwhile and nothing of the step is used.
    /// False when the host stops first; the events come again after its restart.
    /// </summary>
    private async Task<bool> StoreAsync(Step step)
    {
        if (step.Events.Count == 0) return true;
        for (var pause = Backoff.First; !_engine.IsStopping; pause = Backoff.Next(pause))
        {
            try
            {
                await _engine.StoreAsync(State, step.State, step.Events, step.Snapshot);
                _pace = step.Pace;
                return true;
            }
            catch (Exception e) when (e is not RunLogConflictException)
            {
                _engine.NotStored(State.Id, e, pause);
                await _engine.PauseAsync(pause);
            }
        }
        return false;
    }

    private void Publish(RunState state)
    {
        lock (_lock)
        {
            State = state;
            foreach (var watcher in _watchers)
            {
                watcher.Writer.TryWrite(state);
                if (state.Status.IsClosed()) watcher.Writer.Complete();
            }
            if (state.Status.IsClosed()) _watchers.Clear(); // events that come too late are taken, and change nothing
        }
    }

    /// <summary>Makes what runs match what is outstanding. A suspended run starts nothing, and a call in doubt waits for a person.</summary>
    private void Sync()
    {
        var state = State;
        List<CancellationTokenSource> left = [];
        List<(Command Command, CancellationTokenSource Stop)> appeared = [];
        lock (_lock)
        {
            Forget(state);
            foreach (var (id, stop) in _running)
                if (!state.Pending.ContainsKey(id) && !stop.IsCancellationRequested) left.Add(stop);
            if (!state.Suspended && !_engine.IsStopping)
            {
                var calls = _calls;
                foreach (var command in Outstanding(state))
                {
                    if (_running.ContainsKey(command.Id)) continue;
                    if (command is Command.Call && ++calls > RunLimits.ConcurrentCalls) continue;
                    var stop = new CancellationTokenSource();
                    _running.Add(command.Id, stop);
                    appeared.Add((command, stop));
                }
            }
        }
        // A run keeps to its share of the host's workers: the next call starts when one of these has ended.
        Interlocked.Add(ref _calls, appeared.Count(entry => entry.Command is Command.Call));
        foreach (var stop in left) stop.Cancel();
        foreach (var (command, stop) in appeared) _ = Task.Run(() => DoAsync(state, command, stop));
        if (state.Status.IsClosed()) _engine.Retire(this);
    }

    private static IEnumerable<Command> Outstanding(RunState state) => state.Pending.Values
        .Where(command => !state.InDoubt.Contains(command.Id))
        .Concat(state.Abandoned.Values.Select(abandoned => abandoned.Call));

    private async Task DoAsync(RunState state, Command command, CancellationTokenSource stop)
    {
        try
        {
            if (await CountedAsync(state, command, stop.Token) is not { } happened) return;
            if (WasHeldBack(command, happened)) return;
            Enqueue(happened, null);
        }
        catch (OperationCanceledException) when (_engine.IsStopping)
        {
            // The host stops; after its restart the command is outstanding as before.
        }
        finally
        {
            lock (_lock) _finished.Add(command.Id);
        }
    }

    /// <summary>The run's share is free again before the event that may start the next call.</summary>
    private async Task<RunEvent?> CountedAsync(RunState state, Command command, CancellationToken stop)
    {
        try
        {
            return await _engine.DoAsync(state, command, stop);
        }
        finally
        {
            if (command is Command.Call) Interlocked.Decrement(ref _calls);
        }
    }

    /// <summary>
    /// Whether the fence refused a call only because the run was suspended before it left: that is no failure, and the call starts again when
    /// the run resumes.
    /// </summary>
    private bool WasHeldBack(Command command, RunEvent happened)
    {
        lock (_lock)
        {
            if (!State.Suspended || !State.Pending.ContainsKey(command.Id)) return false;
            if (happened is not RunEvent.EffectFailed { Problem.Rule: "frame-not-pending" }) return false;
            return _running.Remove(command.Id);
        }
    }

    /// <summary>A folded batch on its way to the store.</summary>
    private sealed record Step(RunState State, IReadOnlyList<byte[]> Events, RunSnapshot? Snapshot, SnapshotPace Pace);

    /// <summary>Drops what has ended and is no longer outstanding; what is (an open gate, a call in doubt) keeps its place and is not started again.</summary>
    private void Forget(RunState state)
    {
        _finished.RemoveAll(id =>
        {
            if (state.Pending.ContainsKey(id) || state.Abandoned.ContainsKey(id)) return false;
            if (_running.Remove(id, out var stop)) stop.Dispose();
            return true;
        });
    }
}
