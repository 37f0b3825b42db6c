using System.Collections.Immutable;
using Interlock.Core;
using Interlock.Core.Approvals;
using Interlock.Core.Audit;
using Interlock.Core.Gateway;
using Interlock.Core.Gateway.Fences;
using Interlock.Core.Gateway.Limits;
using Interlock.Core.Registry;
using Interlock.Core.Runs;
using Interlock.Core.Storage;

namespace Interlock.Tests.Gateway;

/// <summary>One process over a store: its own caches, logs and locks. Dropping it is that process's death.</summary>
internal sealed class Node
{
    public Node(World world, ITableStore store, EffectLease? lease = null, GatewayLimits? limits = null, IFrameFence? fence = null, ICoverEdits? edits = null, TimeProvider? time = null)
    {
        Audit = new AuditLog(store, world.Time);
        Registries = new RegistryStore(store);
        Gates = new GateStore(store, world.Mac, world.Incarnation);
        var policies = new PolicyCache();
        var approvals = new ApprovalParts(store, world.Mac, Registries, policies, Gates, Audit, world.Directory, world.Time) { Edits = edits ?? new StubEdits(), RunLog = world.Log };
        Desk = new ApprovalDesk(approvals);
        AdHoc = new AdHocDesk(approvals, Desk, new Ledger(store, world.Blobs));
        Fences = new FenceTracker(store, Registries, time ?? world.Time, lease);
        Gateway = new ToolGateway(new GatewayParts(
            store, store, world.Blobs, Registries, policies, Gates, Audit, world.Directory, fence ?? world.Fence, world.Upstream, Fences, time ?? world.Time)
        {
            RunLog = world.Log,
            Lease = lease,
            Mac = world.Mac,
            Limits = limits ?? GatewayLimits.None,
            Jitter = static () => 0, // no pause before a repeat
        });
    }

    public AuditLog Audit { get; }

    public RegistryStore Registries { get; }

    public GateStore Gates { get; }

    public FenceTracker Fences { get; }

    public ApprovalDesk Desk { get; }

    public AdHocDesk AdHoc { get; }

    public ToolGateway Gateway { get; }
}

/// <summary>Says what a test makes it say, and runs what a test wants to happen at the last moment before a call leaves.</summary>
internal sealed class StubFence : IFrameFence
{
    public bool IsPending { get; set; } = true;

    public Func<Task> OnAsked { get; set; } = () => Task.CompletedTask;

    public async ValueTask<bool> IsPendingAsync(Core.TenantId tenant, CallSite site, Core.EffectId effect, CancellationToken cancellationToken = default)
    {
        await OnAsked();
        return IsPending;
    }
}

/// <summary>Runs as a test says they went.</summary>
internal sealed class StubRunLog : IRunLog
{
    private readonly Dictionary<RunId, List<RunEvent>> _events = [];

    /// <summary>How many events were read.</summary>
    public int Read { get; private set; }

    /// <summary>How often it was looked at.</summary>
    public int Looks { get; private set; }

    /// <summary>What happens to a run right after so many looks.</summary>
    public Func<int, RunEvent?> OnRead { get; set; } = _ => null;

    public void Add(RunId run, params RunEvent[] events)
    {
        if (!_events.TryGetValue(run, out var list)) _events[run] = list = [];
        list.AddRange(events);
    }

    public async IAsyncEnumerable<RunEvent> SinceAsync(TenantId tenant, RunId run, long after, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await Task.CompletedTask;
        foreach (var happened in _events.GetValueOrDefault(run, []).Skip((int)after))
        {
            Read++;
            yield return happened;
        }
        if (OnRead(++Looks) is { } next) Add(run, next);
    }
}

/// <summary>Puts the edits into the calls; nothing depends on anything.</summary>
internal sealed class StubEdits : ICoverEdits
{
    public Task<StageResult<CoverSet>> RecomputeAsync(Gate gate, ImmutableArray<EditedCall> edits, CancellationToken cancellationToken = default) => Task.FromResult<StageResult<CoverSet>>(
        new CoverSet([.. gate.Request.Covers.Select(call => edits.FirstOrDefault(edit => edit.Frame == call.Frame) is { } edit ? call with { Arguments = edit.Arguments } : call)]));
}
