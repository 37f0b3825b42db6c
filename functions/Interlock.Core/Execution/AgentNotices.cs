using Interlock.Core.Gateway.Callbacks;
using Interlock.Core.Identity;
using Interlock.Core.Runs;

namespace Interlock.Core.Execution;

/// <summary>
/// Takes agents' word that a task of theirs moved, as a hint: the agent is asked at once how it stands, as it would have been later, and the run is told what came of it. What the
/// notification says is read by nobody. A suspended run is told nothing: it asks when it goes on.
/// </summary>
public sealed class AgentNotices(CommandRunner commands, IRunHost runs, Mac mac)
{
    /// <summary>Whether the secret is that of a call, whether or not its run still waits for it.</summary>
    public async Task<bool> NotifiedAsync(TenantId tenant, RunId run, EffectId effect, string secret, CancellationToken cancellationToken = default)
    {
        if (!NotifyTarget.IsSecretOf(mac, tenant, run, effect, secret)) return false;
        if (await runs.GetAsync(tenant, run, cancellationToken) is { Suspended: false } state && state.Pending.GetValueOrDefault(effect) is Command.CallAgent call
            && await commands.HurryAsync(state, call, cancellationToken) is CommandOutcome.Happened { Event: var happened })
            await runs.SignalAsync(tenant, run, happened, now => !now.Suspended && now.Pending.ContainsKey(effect), cancellationToken);
        return true;
    }
}
