using Interlock.Core.Intake;
using Interlock.Core.Intake.Events;
using Interlock.Functions.Runs;
using Interlock.Http.Events;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.Logging;

namespace Interlock.Functions.Upkeep;

/// <summary>What events left to be done: listeners that were too many to be told at once, what a worker that died had taken, listeners whose runs are gone.</summary>
public sealed class EventUpkeepFunctions(RunIntake intake, ServedTenant served, DurableScheduler scheduler, ILogger<EventDelivery> logger)
{
    [Function("deliver")]
    public async Task DeliverAsync([TimerTrigger("*/10 * * * * *")] TimerInfo timer, [DurableClient] DurableTaskClient client, CancellationToken cancellationToken)
    {
        scheduler.Use(client);
        EventLog.Write(logger, await intake.Delivery.RunAsync(served.Tenant, cancellationToken: cancellationToken));
    }

    [Function("unlisten")]
    public Task SweepAsync([TimerTrigger("0 20 * * * *")] TimerInfo timer, CancellationToken cancellationToken) => intake.SweepAsync(served.Tenant, cancellationToken);
}
