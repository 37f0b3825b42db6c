using Interlock.Core;
using Interlock.Core.Execution;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask;

namespace Interlock.Functions.Runs;

/// <summary>
/// A run in Durable Functions: the orchestration that schedules it, and the two activities that do things. Public, with all that they take:
/// the worker looks for public functions.
/// </summary>
public sealed class RunFunctions(RunDriver driver)
{
    [Function(RunOrchestration.Name)]
    public static Task<string?> OrchestrateAsync([OrchestrationTrigger] TaskOrchestrationContext context) =>
        new RunOrchestration(context, context.GetInput<RunAddress>() ?? throw new InvalidOperationException("A run's orchestration is started with its address.")).RunAsync();

    [Function(RunOrchestration.AdvanceActivity)]
    public Task<RunPlan?> AdvanceAsync([ActivityTrigger] AdvanceInput input, CancellationToken cancellationToken) =>
        driver.AdvanceAsync(new TenantId(input.Tenant), new RunId(input.Run), input.AsOf, cancellationToken);

    [Function(RunOrchestration.CallActivity)]
    public Task<RunPlan?> CallAsync([ActivityTrigger] CallInput input, CancellationToken cancellationToken) =>
        driver.CallAsync(new TenantId(input.Tenant), new RunId(input.Run), new EffectId(input.Effect), cancellationToken);
}
