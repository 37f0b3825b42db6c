using Interlock.Core.Intake.Schedules;
using Microsoft.Extensions.Logging;

namespace Interlock.Http.Events;

/// <summary>Tells a host's log what a look at the schedules came to.</summary>
public static partial class ScheduleLog
{
    public static void Write(ILogger logger, SchedulePass pass)
    {
        foreach (var run in pass.Started) Log.Started(logger, run.Id, run.Workflow.Name, run.Workflow.Version);
        foreach (var (workflow, problem) in pass.Refused) Log.Refused(logger, workflow, problem.Rule);
        foreach (var (workflow, error) in pass.Failed) Log.Failed(logger, error, workflow);
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "Started run {Run} of {Workflow} {Version} by its schedule")]
        public static partial void Started(ILogger logger, Core.RunId run, string workflow, string version);

        [LoggerMessage(LogLevel.Error, "A run of {Workflow} that its schedule asks for was refused: {Rule}")]
        public static partial void Refused(ILogger logger, string workflow, string? rule);

        [LoggerMessage(LogLevel.Error, "The schedule of {Workflow} could not be looked at; it is tried again")]
        public static partial void Failed(ILogger logger, Exception e, string workflow);
    }
}
