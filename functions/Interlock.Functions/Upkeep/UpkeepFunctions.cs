using Interlock.Core;
using Interlock.Core.Audit;
using Interlock.Core.Execution;
using Interlock.Core.Gateway;
using Interlock.Core.Registry;
using Interlock.Functions.Runs;
using Interlock.Http.Audit;
using Interlock.Http.Upstreams;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.Logging;

namespace Interlock.Functions.Upkeep;

/// <summary>What has to happen now and then, asked for by nobody. Each is safe to run twice and to miss.</summary>
public sealed partial class UpkeepFunctions(
    RunReconciler reconciler, AdHocDesk adHoc, AuditArchive archive, ContractRefresh refresh, ContractWatch watch, ServedTenant served, DurableScheduler scheduler, ILogger<UpkeepFunctions> logger)
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

    /// <summary>Gates of clients' own calls that nobody decided in time are closed, within a minute.</summary>
    [Function("expire")]
    public async Task ExpireAsync([TimerTrigger("30 * * * * *")] TimerInfo timer, CancellationToken cancellationToken)
    {
        if (await adHoc.CloseExpiredAsync(served.Tenant, cancellationToken) is > 0 and var closed) Log.Expired(logger, closed);
    }

    /// <summary>What is finished in the audit goes to where nobody can change it, and a checkpoint of all that is not, every hour.</summary>
    [Function("export")]
    public async Task ExportAsync([TimerTrigger("0 10 * * * *")] TimerInfo timer, CancellationToken cancellationToken) =>
        ArchiveLog.Write(logger, await archive.RunAsync(served.Tenant, cancellationToken));

    /// <summary>What upstreams show is held against what was registered, every quarter of an hour.</summary>
    [Function("refresh")]
    public async Task RefreshAsync([TimerTrigger("0 */15 * * * *")] TimerInfo timer, CancellationToken cancellationToken) =>
        RefreshLog.Write(logger, await refresh.RunAsync(served.Tenant, cancellationToken));

    /// <summary>Servers that say by themselves when they change are listened to, those of the registry as it is each minute.</summary>
    [Function("listen")]
    public Task ListenAsync([TimerTrigger("15 * * * * *")] TimerInfo timer, CancellationToken cancellationToken) => watch.RunAsync(served.Tenant, cancellationToken);

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "Reconciliation moved {Moved} of {Seen} open runs on")]
        public static partial void Reconciled(ILogger logger, int moved, int seen);

        [LoggerMessage(LogLevel.Information, "{Closed} gates of clients' own calls expired")]
        public static partial void Expired(ILogger logger, int closed);

        [LoggerMessage(LogLevel.Error, "Run {Run} could not be reconciled; it is tried again")]
        public static partial void NotReconciled(ILogger logger, Exception e, RunId run);
    }
}

/// <summary>The tenant that this app serves.</summary>
public sealed record ServedTenant(TenantId Tenant);
