using Interlock.Core;
using Interlock.Core.Execution;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask;
using Microsoft.Extensions.Logging;

namespace Interlock.Functions.Runs;

/// <summary>
/// A run in Durable Functions: the orchestration that schedules it, and the two activities that do things. Public, with all that they take:
/// the worker looks for public functions.
/// </summary>
public sealed partial class RunFunctions(RunDriver driver, ILogger<RunFunctions> logger)
{
    [Function(RunOrchestration.Name)]
    public static Task<string?> OrchestrateAsync([OrchestrationTrigger] TaskOrchestrationContext context) =>
        new RunOrchestration(context, context.GetInput<RunAddress>() ?? throw new InvalidOperationException("A run's orchestration is started with its address.")).RunAsync();

    [Function(RunOrchestration.AdvanceActivity)]
    public Task<RunPlan?> AdvanceAsync([ActivityTrigger] AdvanceInput input, CancellationToken cancellationToken) => ReportedAsync(
        RunOrchestration.AdvanceActivity, input.Run, null, () => driver.AdvanceAsync(new TenantId(input.Tenant), new RunId(input.Run), input.AsOf, cancellationToken));

    [Function(RunOrchestration.CallActivity)]
    public Task<RunPlan?> CallAsync([ActivityTrigger] CallInput input, CancellationToken cancellationToken) => ReportedAsync(
        RunOrchestration.CallActivity, input.Run, input.Effect, () => driver.CallAsync(new TenantId(input.Tenant), new RunId(input.Run), new EffectId(input.Effect), cancellationToken));

    /// <summary>What broke goes to the log. Durable's history, which keeps failures, gets a short text of ours: a long one can hang an instance, and one of others may hold anything.</summary>
    private async Task<RunPlan?> ReportedAsync(string activity, string run, string? effect, Func<Task<RunPlan?>> act)
    {
        try
        {
            return await act();
        }
        catch (Exception e)
        {
            Log.Failed(logger, e, activity, effect, run);
            throw new ActivityFailedException(activity);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Error, "The activity {Activity} {Effect} of run {Run} failed; it is asked for again")]
        public static partial void Failed(ILogger logger, Exception e, string activity, string? effect, string run);
    }
}
