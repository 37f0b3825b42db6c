using Interlock.Core;
using Interlock.Core.Execution;
using Interlock.Core.Runs;
using Microsoft.Extensions.Logging;

namespace Interlock.Functions.Runs;

/// <summary>Says in the log which command of which run could not be done: who asks again knows only that it is to be asked again.</summary>
internal sealed partial class ReportingRunner(ICommandRunner commands, ILogger<ReportingRunner> logger) : ICommandRunner
{
    public async Task<CommandOutcome> RunAsync(RunState run, Command command, CancellationToken cancellationToken = default)
    {
        try
        {
            return await commands.RunAsync(run, command, cancellationToken);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            Log.CommandFailed(logger, e, command.GetType().Name, command.Id, run.Id);
            throw;
        }
    }

    public Task<bool> IsClosedAsync(TenantId tenant, GateId gate, CancellationToken cancellationToken = default) => commands.IsClosedAsync(tenant, gate, cancellationToken);

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Error, "{Command} {Effect} of run {Run} could not be done; it is asked for again")]
        public static partial void CommandFailed(ILogger logger, Exception e, string command, EffectId effect, RunId run);
    }
}
