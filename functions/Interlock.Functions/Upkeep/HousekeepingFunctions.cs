using Interlock.Core.Upkeep;
using Microsoft.Azure.Functions.Worker;

namespace Interlock.Functions.Upkeep;

/// <summary>Finishes and forgets what nobody else does, each minute.</summary>
public sealed class HousekeepingFunctions(Housekeeping housekeeping, ServedTenant served)
{
    [Function("housekeeping")]
    public Task RunAsync([TimerTrigger("45 * * * * *")] TimerInfo timer, CancellationToken cancellationToken) => housekeeping.RunAsync(served.Tenant, cancellationToken);
}
