namespace Interlock.Core.Gateway;

/// <summary>Asks the run host whether a call's effect is still pending there, or the agent's under whose call it is made: the last question before a call of a run may leave.</summary>
public interface IFrameFence
{
    ValueTask<bool> IsPendingAsync(TenantId tenant, CallSite site, EffectId effect, CancellationToken cancellationToken = default);
}
