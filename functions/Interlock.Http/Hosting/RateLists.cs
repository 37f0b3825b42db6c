using Interlock.Core;
using Interlock.Core.Approvals;

namespace Interlock.Http.Hosting;

/// <summary>How often suggestions were accepted, over the newest decisions of some days.</summary>
internal static class RateLists
{
    public const int StandardDays = 30;
    public const int MostDays = 365;

    private const int MostGates = 5000;

    /// <summary>The rates, and whether older decisions of that time are left out.</summary>
    public static async Task<(DecisionRates Rates, bool IsCut)> ReadAsync(InterlockWeb web, TenantId tenant, int days, CancellationToken cancellationToken)
    {
        var gates = await web.Approvals.Decided.SinceAsync(tenant, web.Time.GetUtcNow() - TimeSpan.FromDays(days), MostGates, cancellationToken);
        return (DecisionRates.Of(gates), gates.Count == MostGates);
    }
}
