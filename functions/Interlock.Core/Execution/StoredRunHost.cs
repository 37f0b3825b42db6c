using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using Interlock.Core.Audit;
using Interlock.Core.Identity;
using Interlock.Core.Intake;
using Interlock.Core.Registry;
using Interlock.Core.Runs;
using Interlock.Json;

namespace Interlock.Core.Execution;

/// <summary>
/// A run host without memory, for hosts of many processes: what a call says of a run is read from its row, and what it changes is a step there.
/// The scheduler is told afterwards; should that fail, the change stands and the run goes on when the reconciler finds it.
/// </summary>
public sealed class StoredRunHost(RunStore runs, RunDriver driver, WorkflowCatalog definitions, AuditLog audit, IRunScheduler scheduler, TimeProvider time, IEventPublisher? publisher = null) : IRunHost
{
    /// <summary>How many runs are looked at, at most, to list those that have ended in one way; of open runs all are.</summary>
    private const int MaxLooked = 2000;

    private const int ReadAtOnce = 16;

    private static readonly TimeSpan WatchInterval = TimeSpan.FromSeconds(1);

    public async Task<RunStart> StartAsync(StartRun request, CancellationToken cancellationToken = default)
    {
        var id = request.Id ?? new RunId(Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)));
        if (request.Id is not null && await GetAsync(request.Tenant, id, cancellationToken) is { } existing) return new RunStart(existing, false);
        var definition = await definitions.LoadAsync(request.Tenant, request.Workflow.Digest, cancellationToken);
        var started = new RunEvent.RunStarted(time.GetUtcNow(), id, request.Tenant, request.Workflow, Interpreter.Current, request.Origin, request.Input);
        var state = Interpreter.Start(definition, started);
        await audit.AppendAsync(AuditChain.ForRun(request.Tenant, id), [RunRecords.Started(started)], [], cancellationToken);
        if (await runs.InsertAsync(new RunStep(state, [started]), cancellationToken) is null)
        {
            var winner = await GetAsync(request.Tenant, id, cancellationToken) ?? throw new InvalidDataException($"Run {id} is stored and cannot be read.");
            return new RunStart(winner, false);
        }
        // The run is durable: whoever asked for it may leave, and a scheduler that is away hears of it later.
        await scheduler.ScheduleAsync(request.Tenant, id, CancellationToken.None);
        if (publisher is not null) await publisher.PublishAsync(LifecycleEvents.Started(state), CancellationToken.None);
        return new RunStart(state, true);
    }

    public async Task<RunState?> GetAsync(TenantId tenant, RunId run, CancellationToken cancellationToken = default) =>
        (await runs.FindAsync(tenant, run, cancellationToken))?.State;

    public async Task<IReadOnlyList<RunSummary>> QueryAsync(RunQuery query, CancellationToken cancellationToken = default)
    {
        var found = new List<RunSummary>();
        var listed = query.Status is { } status && !status.IsClosed()
            ? runs.OpenAsync(query.Tenant, cancellationToken).OrderByDescending(open => open.Since).Select(open => open.Run)
            : runs.ListAsync(query.Tenant, cancellationToken).Take(MaxLooked);
        await foreach (var ids in listed.Chunk(ReadAtOnce).WithCancellation(cancellationToken))
        {
            var stored = await Task.WhenAll(ids.Select(id => runs.FindAsync(query.Tenant, id, cancellationToken)));
            found.AddRange(stored.OfType<StoredRun>().Select(one => one.State).Where(state => query.Status is null || state.Status == query.Status).Select(Summary));
            if (found.Count >= query.Limit) break;
        }
        return [.. found.DistinctBy(run => run.Id).Take(query.Limit)];
    }

    public IAsyncEnumerable<RunEvent> EventsAsync(TenantId tenant, RunId run, CancellationToken cancellationToken = default) => runs.EventsAsync(tenant, run, cancellationToken);

    public async IAsyncEnumerable<RunState> WatchAsync(TenantId tenant, RunId run, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        for (var seen = 0L; await GetAsync(tenant, run, cancellationToken) is { } state; await Task.Delay(WatchInterval, time, cancellationToken))
        {
            if (state.Events > seen) yield return state;
            seen = state.Events;
            if (state.Status.IsClosed()) yield break;
        }
    }

    public async Task GateChangedAsync(TenantId tenant, RunId run, GateId gate, CancellationToken cancellationToken = default)
    {
        try
        {
            if (await driver.AdvanceAsync(tenant, run, default, cancellationToken) is null) return;
        }
        catch (Exception) when (!cancellationToken.IsCancellationRequested)
        {
            // The decision stands in the gate's row: the run that is woken finds it there, and says in the log what keeps it from going on.
        }
        await scheduler.WakeAsync(tenant, run, cancellationToken);
    }

    public async Task<bool> SignalAsync(TenantId tenant, RunId run, RunEvent happened, Func<RunState, bool> isAwaited, CancellationToken cancellationToken = default)
    {
        if (await driver.SignalAsync(tenant, run, happened, isAwaited, cancellationToken) is not { } isNews) return false;
        if (isNews) await scheduler.WakeAsync(tenant, run, CancellationToken.None);
        return true;
    }

    public Task<bool> CancelAsync(TenantId tenant, RunId run, Principal by, string? reason, CancellationToken cancellationToken = default) =>
        RequestAsync(tenant, run, new RunEvent.CancelRequested(time.GetUtcNow(), by.Subject, reason), by, "cancel", reason, null, cancellationToken);

    public Task<bool> SuspendAsync(TenantId tenant, RunId run, Principal by, string? reason, CancellationToken cancellationToken = default) =>
        RequestAsync(tenant, run, new RunEvent.SuspendRequested(time.GetUtcNow(), by.Subject, reason), by, "suspend", reason, null, cancellationToken);

    public Task<bool> ResumeAsync(TenantId tenant, RunId run, Principal by, CancellationToken cancellationToken = default) =>
        RequestAsync(tenant, run, new RunEvent.ResumeRequested(time.GetUtcNow(), by.Subject), by, "resume", null, null, cancellationToken);

    public Task<bool> SettleDoubtAsync(
        TenantId tenant, RunId run, EffectId effect, JsonValue? output, Principal by, string reason, CancellationToken cancellationToken = default)
    {
        var settled = DoubtEvents.Settled(time.GetUtcNow(), effect, output, by, reason);
        return RequestAsync(tenant, run, settled, by, DoubtEvents.What(effect, output), reason, state => state.InDoubt.Contains(effect), cancellationToken);
    }

    private async Task<bool> RequestAsync(
        TenantId tenant, RunId run, RunEvent request, Principal by, string what, string? reason, Func<RunState, bool>? isAwaited, CancellationToken cancellationToken)
    {
        if (await GetAsync(tenant, run, cancellationToken) is not { } state || state.Status.IsClosed() || isAwaited?.Invoke(state) == false) return false;
        await audit.AppendAsync(AuditChain.ForRun(tenant, run), [RunRecords.Requested(state, request.At, by, what, reason)], [], cancellationToken);
        if (!await driver.PostAsync(tenant, run, request, isAwaited, cancellationToken)) return false;
        await scheduler.WakeAsync(tenant, run, CancellationToken.None);
        return true;
    }

    private static RunSummary Summary(RunState state) =>
        new(state.Id, state.Workflow.Name, state.Workflow.Version, state.Status.Text(), state.StartedAt, state.Now);
}
