using Interlock.Core.Audit;
using Microsoft.Extensions.Logging;

namespace Interlock.Http.Audit;

/// <summary>What a pass of the audit's archive did, in the log.</summary>
public static partial class ArchiveLog
{
    public static void Write(ILogger logger, ArchivePass pass)
    {
        foreach (var (chain, error) in pass.Failed) Log.NotExported(logger, error, chain);
        if (pass.Heads is { } checkpoint) Log.Exported(logger, pass.Exported, pass.Open, checkpoint);
        if (!pass.IsComplete) Log.GoesOn(logger);
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Error, "Audit chain {Chain} could not be exported; it is tried again")]
        public static partial void NotExported(ILogger logger, Exception e, string chain);

        [LoggerMessage(LogLevel.Information, "Exported {Exported} audit chains, {Open} are open; their heads are in checkpoint {Checkpoint}")]
        public static partial void Exported(ILogger logger, int exported, int open, long checkpoint);

        [LoggerMessage(LogLevel.Information, "The export did not come to the end of the audit; the next one goes on there")]
        public static partial void GoesOn(ILogger logger);
    }
}
