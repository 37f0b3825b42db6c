using Interlock.Core.Identity;
using Interlock.Json;

namespace Interlock.Core.Runs;

/// <summary>
/// Runs workflows: folds the interpreter, starts its commands, survives restarts. Everything names its tenant; another tenant's run is as
/// good as none. What a call returned is durable.
/// </summary>
public interface IRunHost
{
    /// <summary>Starts a run; of an id that was started before, the run as it is.</summary>
    Task<RunStart> StartAsync(StartRun request, CancellationToken cancellationToken = default);

    Task<RunState?> GetAsync(TenantId tenant, RunId run, CancellationToken cancellationToken = default);

    /// <summary>The tenant's runs, newest first.</summary>
    Task<IReadOnlyList<RunSummary>> QueryAsync(RunQuery query, CancellationToken cancellationToken = default);

    /// <summary>What happened so far, in order.</summary>
    IAsyncEnumerable<RunEvent> EventsAsync(TenantId tenant, RunId run, CancellationToken cancellationToken = default);

    /// <summary>The state now and after every change until the run closes.</summary>
    IAsyncEnumerable<RunState> WatchAsync(TenantId tenant, RunId run, CancellationToken cancellationToken = default);

    /// <summary>A hint that a gate's row changed: the host reads the row and folds what it says.</summary>
    Task GateChangedAsync(TenantId tenant, RunId run, GateId gate, CancellationToken cancellationToken = default);

    /// <summary>
    /// Tells an open run what happened elsewhere; what changes nothing in it is not kept. False when there is no such run, it is closed or awaits nothing of
    /// the kind. Telling it twice is harmless, as far as the interpreter takes the event once.
    /// </summary>
    Task<bool> SignalAsync(TenantId tenant, RunId run, RunEvent happened, Func<RunState, bool> isAwaited, CancellationToken cancellationToken = default);

    /// <summary>False when there is no such run or it is closed already; the same for the others.</summary>
    Task<bool> CancelAsync(TenantId tenant, RunId run, Principal by, string? reason, CancellationToken cancellationToken = default);

    Task<bool> SuspendAsync(TenantId tenant, RunId run, Principal by, string? reason, CancellationToken cancellationToken = default);

    Task<bool> ResumeAsync(TenantId tenant, RunId run, Principal by, CancellationToken cancellationToken = default);

    /// <summary>
    /// A person's word on a call in doubt whose task says <c>onInDoubt: escalate</c>: it happened and gave this output, or (null) it did not.
    /// False when no such call of the run waits for it.
    /// </summary>
    Task<bool> SettleDoubtAsync(
        TenantId tenant, RunId run, EffectId effect, JsonValue? output, Principal by, string reason, CancellationToken cancellationToken = default);
}

/// <summary>What to run, for whom. A deterministic id (of an event) makes starting idempotent; null takes a random one.</summary>
public sealed record StartRun(TenantId Tenant, WorkflowRef Workflow, RunOrigin Origin, JsonValue Input)
{
    public RunId? Id { get; init; }
}

/// <summary>The run, and whether this call started it.</summary>
public sealed record RunStart(RunState State, bool IsNew);

/// <summary>Which runs to list.</summary>
public sealed record RunQuery(TenantId Tenant, RunStatus? Status = null, int Limit = 100);

/// <summary>A run in a list.</summary>
public sealed record RunSummary(RunId Id, string Workflow, string Version, string Status, DateTimeOffset StartedAt, DateTimeOffset UpdatedAt);
