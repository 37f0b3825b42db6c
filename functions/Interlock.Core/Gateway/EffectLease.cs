namespace Interlock.Core.Gateway;

/// <summary>
/// How calls under way are told from calls whose worker died, where several processes share a store: the ledger's row names the process that
/// makes the call, for a time that the process prolongs while it waits for the answer. Without leases one process makes all calls.
/// </summary>
/// <param name="Holder">This process, unlike any other and any earlier one.</param>
/// <param name="Time">How long a process that died is taken for alive; at least 10 seconds, far above the clocks' difference.</param>
public sealed record EffectLease(string Holder, TimeSpan Time)
{
    /// <summary>Whether another process that is alive has the row's call.</summary>
    internal bool IsElsewhere(LedgerRow row, DateTimeOffset now) => row.LeasedUntil > now && row.LeasedBy != Holder;
}
