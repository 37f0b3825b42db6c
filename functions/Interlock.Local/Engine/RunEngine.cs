using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using Interlock.Core;
using Interlock.Core.Audit;
using Interlock.Core.Execution;
using Interlock.Core.Gateway;
using Interlock.Core.Identity;
using Interlock.Core.Registry;
using Interlock.Core.Runs;
using Interlock.Json;
using Interlock.Local.Storage;
using Microsoft.Extensions.Logging;

namespace Interlock.Local.Engine;

/// <summary>
/// The embedded run host: folds runs over the event log in SQLite, in this process. Events of many runs share commits; a restart picks every
/// open run up where its log ends.
/// </summary>
internal sealed partial class RunEngine : IRunHost, IRunLog, IFrameFence, IAsyncDisposable
{
    private const int ConcurrentCommands = 512;

    /// <summary>The stored status of a run that has ended and whose end is not recorded yet.</summary>
    private const string Closing = "closing";

    private readonly RunLog _log;
    private readonly WorkflowCatalog _definitions;
    private readonly AuditLog _audit;
    private readonly TimeProvider _time;
    private readonly ILogger<RunEngine> _logger;
    private readonly ConcurrentDictionary<(TenantId, RunId), RunActor> _open = new();
    private readonly CancellationTokenSource _shutdown = new();
    private readonly SemaphoreSlim _workers = new(ConcurrentCommands);
    private SteadyRunner? _commands;

    public RunEngine(RunLog log, WorkflowCatalog definitions, AuditLog audit, TimeProvider time, ILogger<RunEngine> logger) =>
        (_log, _definitions, _audit, _time, _logger) = (log, definitions, audit, time, logger);

    public bool IsStopping => _shutdown.IsCancellationRequested;

    /// <summary>Takes up every run that was open when the process ended. The commands come in here, because the gateway asks this engine's fence.</summary>
    public async Task ResumeAllAsync(SteadyRunner commands, CancellationToken cancellationToken = default)
    {
        _commands = commands;
        var heads = _log.Open();
        foreach (var head in heads)
        {
            try
            {
                await LoadAsync(new TenantId(head.Tenant), new RunId(head.RunId), cancellationToken);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                // One run that can't be read must not keep the others from going on.
                Log.NotResumed(_logger, e, new RunId(head.RunId));
            }
        }
        if (heads.Count > 0) Log.Resumed(_logger, heads.Count);
    }

    public async Task<RunStart> StartAsync(StartRun request, CancellationToken cancellationToken = default)
    {
        var id = request.Id ?? new RunId(Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)));
        if (request.Id is not null && await GetAsync(request.Tenant, id, cancellationToken) is { } existing) return new RunStart(existing, false);
        var definition = await _definitions.LoadAsync(request.Tenant, request.Workflow.Digest, cancellationToken);
        var started = new RunEvent.RunStarted(_time.GetUtcNow(), id, request.Tenant, request.Workflow, Interpreter.Current, request.Origin, request.Input);
        var state = Interpreter.Start(definition, started);
        await _audit.AppendAsync(AuditChain.ForRun(request.Tenant, id), [RunRecords.Started(started)], [], cancellationToken);
        try
        {
            await StoreAsync(null, state, [RunJson.Serialize<RunEvent>(started)], state.Status.IsClosed() ? new RunSnapshot(1, RunJson.Serialize(state)) : null);
        }
        catch (RunLogConflictException)
        {
            var winner = await GetAsync(request.Tenant, id, cancellationToken) ?? throw new InvalidDataException($"Run {id} is in the log and cannot be read.");
            return new RunStart(winner, false);
        }
        Open(new RunActor(this, definition, state, SnapshotPace.From(null)));
        return new RunStart(state, true);
    }

    public async Task<RunState?> GetAsync(TenantId tenant, RunId run, CancellationToken cancellationToken = default) =>
        _open.TryGetValue((tenant, run), out var actor) ? actor.State : (await ReadAsync(tenant, run, cancellationToken))?.State;

    public Task<IReadOnlyList<RunSummary>> QueryAsync(RunQuery query, CancellationToken cancellationToken = default)
    {
        var heads = _log.List(query.Tenant.Value, query.Status?.Text(), null, query.Limit);
        return Task.FromResult<IReadOnlyList<RunSummary>>([.. heads.Select(head => new RunSummary(
            new RunId(head.RunId), head.Workflow, head.Version, head.Status,
            DateTimeOffset.FromUnixTimeMilliseconds(head.StartedAt), DateTimeOffset.FromUnixTimeMilliseconds(head.UpdatedAt)))]);
    }

    public IAsyncEnumerable<RunEvent> EventsAsync(TenantId tenant, RunId run, CancellationToken cancellationToken = default) => SinceAsync(tenant, run, 0, cancellationToken);

    public async IAsyncEnumerable<RunEvent> SinceAsync(TenantId tenant, RunId run, long after, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        foreach (var stored in _log.Events(tenant.Value, run.Value, after + 1))
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return RunJson.Deserialize<RunEvent>(stored);
        }
        await Task.CompletedTask;
    }

    public async IAsyncEnumerable<RunState> WatchAsync(TenantId tenant, RunId run, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        if (!_open.TryGetValue((tenant, run), out var actor))
        {
            if (await GetAsync(tenant, run, cancellationToken) is { } closed) yield return closed;
            yield break;
        }
        await foreach (var state in actor.Watch().ReadAllAsync(cancellationToken)) yield return state;
    }

    public async Task GateChangedAsync(TenantId tenant, RunId run, GateId gate, CancellationToken cancellationToken = default)
    {
        if (!_open.TryGetValue((tenant, run), out var actor)) return;
        var open = actor.State.Pending.Values.OfType<Command.OpenApproval>().FirstOrDefault(command => command.Gate.Id == gate);
        if (open is not null && await DoAsync(actor.State, open, cancellationToken) is { } happened) await actor.PostAsync(happened);
    }

    public async Task<bool> SignalAsync(TenantId tenant, RunId run, RunEvent happened, Func<RunState, bool> isAwaited, CancellationToken cancellationToken = default)
    {
        if (!_open.TryGetValue((tenant, run), out var actor) || !isAwaited(actor.State)) return false;
        if (actor.IsNews(happened)) await actor.PostAsync(happened);
        return true;
    }

    public Task<bool> CancelAsync(TenantId tenant, RunId run, Principal by, string? reason, CancellationToken cancellationToken = default) =>
        RequestAsync(tenant, run, new RunEvent.CancelRequested(_time.GetUtcNow(), by.Subject, reason), by, "cancel", reason, cancellationToken);

    public Task<bool> SuspendAsync(TenantId tenant, RunId run, Principal by, string? reason, CancellationToken cancellationToken = default) =>
        RequestAsync(tenant, run, new RunEvent.SuspendRequested(_time.GetUtcNow(), by.Subject, reason), by, "suspend", reason, cancellationToken);

    public async Task<bool> ResumeAsync(TenantId tenant, RunId run, Principal by, CancellationToken cancellationToken = default)
    {
        if (!await RequestAsync(tenant, run, new RunEvent.ResumeRequested(_time.GetUtcNow(), by.Subject), by, "resume", null, cancellationToken)) return false;
        _ = Task.Run(() => ListenAgainAsync(tenant, run), CancellationToken.None);
        return true;
    }

    /// <summary>The runs that are open now.</summary>
    public IReadOnlyList<RunState> OpenRuns => [.. _open.Values.Select(actor => actor.State)];

    public Task<bool> SettleDoubtAsync(
        TenantId tenant, RunId run, EffectId effect, JsonValue? output, Principal by, string reason, CancellationToken cancellationToken = default)
    {
        if (!_open.TryGetValue((tenant, run), out var actor) || !actor.State.InDoubt.Contains(effect)) return Task.FromResult(false);
        var settled = DoubtEvents.Settled(_time.GetUtcNow(), effect, output, by, reason);
        return RequestAsync(tenant, run, settled, by, DoubtEvents.What(effect, output), reason, cancellationToken);
    }

    public ValueTask<bool> IsPendingAsync(TenantId tenant, Core.Gateway.CallSite site, EffectId effect, CancellationToken cancellationToken = default) =>
        ValueTask.FromResult(_open.TryGetValue((tenant, site.Run), out var actor) && actor.State is { Suspended: false } state && state.Pending.ContainsKey(effect));

    /// <summary>Stops starting work; calls under way are asked to stop and stay pending in the log.</summary>
    public async ValueTask DisposeAsync()
    {
        await _shutdown.CancelAsync();
        // Commands hold a worker each while they run: once all are free, nothing is under way any more.
        for (var i = 0; i < ConcurrentCommands; i++)
            if (!await _workers.WaitAsync(TimeSpan.FromSeconds(10))) break;
        _workers.Dispose();
        _shutdown.Dispose();
    }

    /// <summary>A run that was suspended was told nothing: what it listens for may have come meanwhile.</summary>
    private async Task ListenAgainAsync(TenantId tenant, RunId run)
    {
        if (_commands is not { } commands || !_open.TryGetValue((tenant, run), out var actor)) return;
        try
        {
            foreach (var command in actor.State.Pending.Values.OfType<Command.AwaitEvent>()) await commands.RunAsync(actor.State, command, _shutdown.Token, _shutdown.Token);
        }
        catch (OperationCanceledException) when (IsStopping)
        {
            // A restart begins to listen anew.
        }
    }

    internal async Task<RunEvent?> DoAsync(RunState run, Command command, CancellationToken stop)
    {
        var commands = _commands ?? throw new InvalidOperationException("The engine takes work only after ResumeAllAsync.");
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, _shutdown.Token);
        if (command is Command.AwaitEvent or Command.StartChild or Command.HoldLock) return await StandAsync(commands, run, command, either.Token);
        if (command is not Command.Call) return Event(await commands.RunAsync(run, command, either.Token, _shutdown.Token));
        while (true)
        {
            var isLeft = !run.Pending.ContainsKey(command.Id);
            if (await WorkAsync(commands, run, command, isLeft ? _shutdown.Token : either.Token) is not { } outcome) return null;
            if (outcome is not CommandOutcome.UnderWay { Until: var until }) return Event(outcome);
            // It goes on at its upstream and holds no worker; told to stop meanwhile, it is asked for as a call that nobody waits for.
            if (!await commands.WaitAsync(until, isLeft ? _shutdown.Token : either.Token, _shutdown.Token)) run = run with { Pending = run.Pending.Remove(command.Id) };
        }
    }

    /// <summary>Listening, waiting for a child, and holding a lock or waiting for it: begun, and ended when the run no longer waits.</summary>
    private async Task<RunEvent?> StandAsync(SteadyRunner commands, RunState run, Command command, CancellationToken stop)
    {
        if (Event(await commands.RunAsync(run, command, stop, _shutdown.Token)) is { } happened) return happened;
        if (!await commands.WaitAsync(DateTimeOffset.MaxValue, stop, _shutdown.Token)) await commands.WithdrawAsync(run, command, _shutdown.Token);
        return null;
    }

    private async Task<CommandOutcome?> WorkAsync(SteadyRunner commands, RunState run, Command command, CancellationToken stop)
    {
        await _workers.WaitAsync(stop);
        try
        {
            return await commands.RunAsync(run, command, stop, _shutdown.Token);
        }
        finally
        {
            _workers.Release();
        }
    }

    private static RunEvent? Event(CommandOutcome? outcome) => (outcome as CommandOutcome.Happened)?.Event;

    /// <summary>
    /// Makes a step durable. An end is stored as <c>closing</c> until the audit has its record, so that after a crash in between a restart finds
    /// the run and appends it, and the audit never tells of an end that did not come.
    /// </summary>
    internal async Task StoreAsync(RunState? before, RunState after, IReadOnlyList<byte[]> events, RunSnapshot? snapshot)
    {
        var ends = after.Status.IsClosed();
        var head = Head(after, ends ? Closing : after.Status.Text());
        if (!ends || !IsClosing(head)) await _log.AppendAsync(head.Tenant, head.RunId, (before?.Events ?? 0) + 1, events, snapshot, head);
        if (ends) await CloseAsync(after);
    }

    /// <summary>Whether this end was stored by an attempt that could not record it.</summary>
    private bool IsClosing(RunHead head) => _log.Find(head.Tenant, head.RunId) is { Status: Closing } stored && stored.Seq == head.Seq;

    private async Task CloseAsync(RunState closed)
    {
        await _audit.AppendAsync(AuditChain.ForRun(closed.Tenant, closed.Id), [RunRecords.Closed(closed)], []);
        await _log.AppendAsync(closed.Tenant.Value, closed.Id.Value, closed.Events + 1, [], null, Head(closed, closed.Status.Text()));
    }

    private static RunHead Head(RunState state, string status) => new(
        state.Tenant.Value, state.Id.Value, status, state.Workflow.Name, state.Workflow.Version, state.StartedAt.ToUnixTimeMilliseconds(),
        state.Now.ToUnixTimeMilliseconds(), state.Events, CanonicalJson.Serialize(JsonValue.Object(("suspended", state.Suspended))));

    internal Task PauseAsync(TimeSpan pause) => Task.Delay(pause, _time, _shutdown.Token).ContinueWith(static _ => { }, TaskScheduler.Default);

    /// <summary>Drops a run from memory; a restart takes it up from its log.</summary>
    internal void Lost(RunActor actor, Exception e)
    {
        Log.RunLost(_logger, e, actor.State.Id);
        Retire(actor);
    }

    internal void NotFolded(RunId run, Exception e) => Log.EventNotFolded(_logger, e, run);

    internal void NotStored(RunId run, Exception e, TimeSpan pause) => Log.StepNotStored(_logger, e, run, pause);

    internal void Retire(RunActor actor)
    {
        _open.TryRemove((actor.State.Tenant, actor.State.Id), out _);
        if (actor.State is { Origin.Parent: not null } ended && ended.Status.IsClosed() && _commands is { } commands)
            _ = Task.Run(() => commands.EndedAsync(ended, _shutdown.Token).ContinueWith(static _ => { }, TaskScheduler.Default));
    }

    private void Open(RunActor actor)
    {
        if (!actor.State.Status.IsClosed()) _open[(actor.State.Tenant, actor.State.Id)] = actor;
        actor.Begin();
    }

    private async Task LoadAsync(TenantId tenant, RunId run, CancellationToken cancellationToken)
    {
        if (await ReadAsync(tenant, run, cancellationToken) is not var (state, definition, pace)) return;
        if (state.Status.IsClosed()) await CloseAsync(state);
        else Open(new RunActor(this, definition, state, pace));
    }

    private async Task<(RunState State, Core.Workflows.WorkflowDefinition Definition, SnapshotPace Pace)?> ReadAsync(TenantId tenant, RunId run, CancellationToken cancellationToken)
    {
        if (_log.Load(tenant.Value, run.Value) is not { } record) return null;
        var events = record.Events.Select(stored => RunJson.Deserialize<RunEvent>(stored)).ToList();
        var state = record.Snapshot is { } snapshot ? RunJson.Deserialize<RunState>(snapshot.Body) : null;
        var workflow = state?.Workflow ?? ((RunEvent.RunStarted)events[0]).Workflow;
        var definition = await _definitions.LoadAsync(tenant, workflow.Digest, cancellationToken);
        foreach (var happened in events)
            state = state is null ? Interpreter.Start(definition, (RunEvent.RunStarted)happened) : Interpreter.Advance(definition, state, happened);
        return (state!, definition, SnapshotPace.From(record.Snapshot).After(record.Events)); // a stored run has a snapshot or its first event
    }

    private async Task<bool> RequestAsync(TenantId tenant, RunId run, RunEvent request, Principal by, string what, string? reason, CancellationToken cancellationToken)
    {
        if (!_open.TryGetValue((tenant, run), out var actor)) return false;
        await _audit.AppendAsync(AuditChain.ForRun(tenant, run), [RunRecords.Requested(actor.State, request.At, by, what, reason)], [], cancellationToken);
        await actor.PostAsync(request);
        return true;
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "Took up {Count} open runs")]
        public static partial void Resumed(ILogger logger, int count);

        [LoggerMessage(LogLevel.Error, "Run {Run} cannot be taken up; it stays open in the log")]
        public static partial void NotResumed(ILogger logger, Exception e, RunId run);

        [LoggerMessage(LogLevel.Critical, "The log of run {Run} was written by somebody else; the run goes on after a restart")]
        public static partial void RunLost(ILogger logger, Exception e, RunId run);

        [LoggerMessage(LogLevel.Critical, "An event of run {Run} could not be folded; the run is cancelled")]
        public static partial void EventNotFolded(ILogger logger, Exception e, RunId run);

        [LoggerMessage(LogLevel.Error, "A step of run {Run} could not be stored; trying again in {Pause}")]
        public static partial void StepNotStored(ILogger logger, Exception e, RunId run, TimeSpan pause);
    }
}
