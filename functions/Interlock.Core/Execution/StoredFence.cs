using Interlock.Core.Gateway;
using Interlock.Core.Runs;

namespace Interlock.Core.Execution;

/// <summary>Answers the gateway's last question from the run's row, as it is at that moment.</summary>
public sealed class StoredFence(RunStore runs) : IFrameFence
{
    public async ValueTask<bool> IsPendingAsync(TenantId tenant, CallSite site, EffectId effect, CancellationToken cancellationToken = default) =>
        await runs.FindAsync(tenant, site.Run, cancellationToken) is { State: { Suspended: false } state } && !state.Status.IsClosed() && state.Pending.ContainsKey(effect);
}
