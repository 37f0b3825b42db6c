using Interlock.Core.Intake.Schedules;
using Interlock.Functions.Runs;
using Interlock.Http.Events;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.Logging;

namespace Interlock.Functions.Upkeep;

/// <summary>Starts the runs of workflows whose time has come, within ten seconds of it.</summary>
public sealed class ScheduleFunctions(ScheduleKeeper schedules, ServedTenant served, DurableScheduler scheduler, ILogger<ScheduleKeeper> logger)
{
    [Function("schedules")]
    public async Task StartAsync([TimerTrigger("5/10 * * * * *")] TimerInfo timer, [DurableClient] DurableTaskClient client, CancellationToken cancellationToken)
    {
        scheduler.Use(client);
        ScheduleLog.Write(logger, await schedules.RunAsync(served.Tenant, cancellationToken));
    }
}
