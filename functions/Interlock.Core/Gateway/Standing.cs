using Interlock.Core.Audit;

namespace Interlock.Core.Gateway;

/// <summary>
/// Where an effect stands: a result, or the attempt to make over the ledger row with that ETag. A repeat names the row of an attempt that
/// it must be equal to.
/// </summary>
internal sealed record Standing(GatewayResult? Result, int Attempt, string? ETag, LedgerRow? Repeated)
{
    /// <summary>The chain in which the effect was begun.</summary>
    public AuditChain? Chain { get; init; }
}
