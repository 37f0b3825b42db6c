using Interlock.Functions.Runs;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;

namespace Interlock.Functions.Upkeep;

/// <summary>Keeps Durable's task hub small: what it holds of runs that ended a week ago nobody needs.</summary>
public sealed class PurgeFunctions(DurableScheduler scheduler, TimeProvider time)
{
    private const int MostAtOnce = 2000;

    private static readonly TimeSpan Kept = TimeSpan.FromDays(7);

    [Function("purge")]
    public Task PurgeAsync([TimerTrigger("0 40 * * * *")] TimerInfo timer, [DurableClient] DurableTaskClient client, CancellationToken cancellationToken)
    {
        scheduler.Use(client);
        return scheduler.PurgeAsync(time.GetUtcNow() - Kept, MostAtOnce, cancellationToken);
    }
}
