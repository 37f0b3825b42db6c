using Interlock.Core;
using Interlock.Core.Execution;
using Interlock.Functions.Runs;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.Logging;

namespace Interlock.Functions.Upkeep;

/// <summary>What has to happen now and then, asked for by nobody. Each is safe to run twice and to miss.</summary>
public sealed partial class UpkeepFunctions(RunReconciler reconciler, ServedTenant served, DurableScheduler scheduler, ILogger<UpkeepFunctions> logger)
{
    /// <summary>Runs that a lost wake-up or a crash left behind go on, within a minute.</summary>
    [Function("reconcile")]
    public async Task ReconcileAsync([TimerTrigger("0 * * * * *")] TimerInfo timer, [DurableClient] DurableTaskClient client, CancellationToken cancellationToken)
    {
        scheduler.Use(client);
        var done = await reconciler.RunAsync(served.Tenant, cancellationToken);
        foreach (var (run, error) in done.Failed) Log.NotReconciled(logger, error, run);
        if (done.Moved > 0) Log.Reconciled(logger, done.Moved, done.Seen);
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "Reconciliation moved {Moved} of {Seen} open runs on")]
        public static partial void Reconciled(ILogger logger, int moved, int seen);

        [LoggerMessage(LogLevel.Error, "Run {Run} could not be reconciled; it is tried again")]
        public static partial void NotReconciled(ILogger logger, Exception e, RunId run);
    }
}

/// <summary>The tenant that this app serves.</summary>
public sealed record ServedTenant(TenantId Tenant);
