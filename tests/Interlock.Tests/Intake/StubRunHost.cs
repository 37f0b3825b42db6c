using System.Collections.Immutable;
using Interlock.Core;
using Interlock.Core.Identity;
using Interlock.Core.Runs;
using Interlock.Json;

namespace Interlock.Tests.Intake;

/// <summary>Remembers which runs were started, each id once, as every host does.</summary>
internal sealed class StubRunHost : IRunHost
{
    private readonly Lock _lock = new();

    public List<StartRun> Started { get; } = [];

    /// <summary>Those that have ended.</summary>
    public HashSet<RunId> Ended { get; } = [];

    /// <summary>How many frames each of them has.</summary>
    public int Frames { get; set; }

    public Task<RunStart> StartAsync(StartRun request, CancellationToken cancellationToken = default)
    {
        lock (_lock)
        {
            var isNew = request.Id is not { } id || !Started.Exists(earlier => earlier.Id == id && earlier.Tenant == request.Tenant);
            if (isNew) Started.Add(request);
            return Task.FromResult(new RunStart(State(request), isNew));
        }
    }

    public Task<RunState?> GetAsync(TenantId tenant, RunId run, CancellationToken cancellationToken = default)
    {
        lock (_lock) return Task.FromResult(Started.Find(one => one.Id == run && one.Tenant == tenant) is { } request ? State(request) : null);
    }

    private RunState State(StartRun request)
    {
        var id = request.Id ?? new RunId(Started.Count.ToString("x32", null));
        var frames = Enumerable.Range(0, Frames).Select(i => new Frame(new FrameId($"/do/{i}"), null, TaskPath.Root, JsonValue.Null, JsonValue.Null, default, FrameState.Leaf.Instance));
        return new RunState
        {
            Id = id,
            Tenant = request.Tenant,
            Workflow = request.Workflow,
            Logic = default,
            Origin = request.Origin,
            Status = Ended.Contains(id) ? RunStatus.Completed : RunStatus.Running,
            Frames = frames.ToImmutableSortedDictionary(frame => frame.Id, frame => frame),
        };
    }

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
