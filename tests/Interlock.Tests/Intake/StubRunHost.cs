using Interlock.Core;
using Interlock.Core.Identity;
using Interlock.Core.Runs;
using Interlock.Json;

namespace Interlock.Tests.Intake;

/// <summary>Remembers which runs were started, each id once, as every host does.</summary>
internal sealed class StubRunHost : IRunHost
{
    public List<StartRun> Started { get; } = [];

    public Task<RunStart> StartAsync(StartRun request, CancellationToken cancellationToken = default)
    {
        var isNew = request.Id is not { } id || !Started.Exists(earlier => earlier.Id == id && earlier.Tenant == request.Tenant);
        if (isNew) Started.Add(request);
        var state = new RunState { Id = request.Id ?? new RunId(Started.Count.ToString("x32", null)), Tenant = request.Tenant, Workflow = request.Workflow, Logic = default, Origin = request.Origin };
        return Task.FromResult(new RunStart(state, isNew));
    }

    public Task<RunState?> GetAsync(TenantId tenant, RunId run, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    public Task<IReadOnlyList<RunSummary>> QueryAsync(RunQuery query, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    public IAsyncEnumerable<RunEvent> EventsAsync(TenantId tenant, RunId run, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    public IAsyncEnumerable<RunState> WatchAsync(TenantId tenant, RunId run, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    public Task GateChangedAsync(TenantId tenant, RunId run, GateId gate, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    public Task<bool> SignalAsync(TenantId tenant, RunId run, RunEvent happened, Func<RunState, bool> isAwaited, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    public Task<bool> CancelAsync(TenantId tenant, RunId run, Principal by, string? reason, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    public Task<bool> SuspendAsync(TenantId tenant, RunId run, Principal by, string? reason, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    public Task<bool> ResumeAsync(TenantId tenant, RunId run, Principal by, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    public Task<bool> SettleDoubtAsync(
        TenantId tenant, RunId run, EffectId effect, JsonValue? output, Principal by, string reason, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException();
}
