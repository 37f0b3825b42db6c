using Interlock.Core;
using Interlock.Core.Execution;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.Logging;

namespace Interlock.Functions.Runs;

/// <summary>
/// Durable Functions as the scheduler of runs; one instance a run, under the tenant's and the run's id. The client is the one that a function's
/// binding brought: every function that can start or wake a run hands it in first.
/// </summary>
public sealed partial class DurableScheduler(ILogger<DurableScheduler> logger) : IRunScheduler
{
    private DurableTaskClient? _client;

    public static string InstanceOf(TenantId tenant, RunId run) => $"{tenant.Value}-{run.Value}";

    public void Use(DurableTaskClient client) => _client = client;

    public async Task ScheduleAsync(TenantId tenant, RunId run, CancellationToken cancellationToken = default)
    {
        var instance = InstanceOf(tenant, run);
        try
        {
            if (await Client.GetInstanceAsync(instance, false, cancellationToken) is { } known)
            {
                if (!known.IsCompleted) return;
                await Client.PurgeInstanceAsync(instance, cancellation: cancellationToken);
            }
            await Client.ScheduleNewOrchestrationInstanceAsync(RunOrchestration.Name, new RunAddress(tenant.Value, run.Value), new StartOrchestrationOptions(InstanceId: instance), cancellationToken);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            Log.NotScheduled(logger, e, run);
        }
    }

    public async Task WakeAsync(TenantId tenant, RunId run, CancellationToken cancellationToken = default)
    {
        try
        {
            await Client.RaiseEventAsync(InstanceOf(tenant, run), RunOrchestration.Signal, "", cancellationToken);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            Log.NotWoken(logger, e, run);
        }
    }

    public async Task<ScheduledRun> FindAsync(TenantId tenant, RunId run, CancellationToken cancellationToken = default)
    {
        // Only with inputs and outputs does the custom status come along.
        if (await Client.GetInstanceAsync(InstanceOf(tenant, run), true, cancellationToken) is not { } known) return new ScheduledRun(ScheduleStatus.Absent);
        if (known.RuntimeStatus == OrchestrationRuntimeStatus.Terminated) return new ScheduledRun(ScheduleStatus.Terminated);
        if (known.IsCompleted) return new ScheduledRun(ScheduleStatus.Absent);
        return new ScheduledRun(ScheduleStatus.Active, known.SerializedCustomStatus is null ? 0 : known.ReadCustomStatusAs<RunProgress>()?.Events ?? 0);
    }

    /// <summary>
    /// Removes instances that ended before that time, at most so many; their runs stay in their tables. Instances that were terminated or failed stay
    /// until reconciliation has dealt with their runs.
    /// </summary>
    public async Task<int> PurgeAsync(DateTimeOffset before, int most, CancellationToken cancellationToken = default)
    {
        var ended = new OrchestrationQuery(Statuses: [OrchestrationRuntimeStatus.Completed], CreatedTo: before);
        var purged = 0;
        await foreach (var instance in Client.GetAllInstancesAsync(ended).WithCancellation(cancellationToken))
        {
            if (purged == most) break;
            if (instance.LastUpdatedAt >= before) continue;
            await Client.PurgeInstanceAsync(instance.InstanceId, cancellation: cancellationToken);
            purged++;
        }
        return purged;
    }

    private DurableTaskClient Client => _client ?? throw new InvalidOperationException("No function has handed in a client of Durable Functions yet.");

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Error, "Run {Run} is stored and could not be scheduled; reconciliation will do it")]
        public static partial void NotScheduled(ILogger logger, Exception e, RunId run);

        [LoggerMessage(LogLevel.Warning, "Run {Run} could not be woken; reconciliation will do it")]
        public static partial void NotWoken(ILogger logger, Exception e, RunId run);
    }
}
