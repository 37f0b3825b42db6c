using Interlock.Core.Intake.Events;
using Microsoft.Extensions.Logging;

namespace Interlock.Http.Events;

/// <summary>Tells a host's log what a pass over events came to. Events appear by the keys of their rows: nothing that a publisher wrote is repeated.</summary>
public static partial class EventLog
{
    public static void Write(ILogger logger, EventPass pass)
    {
        if (pass.Delivered > 0) Log.Delivered(logger, pass.Delivered);
        if (pass.Forgotten > 0) Log.Forgotten(logger, pass.Forgotten);
        foreach (var (row, error) in pass.Failed) Log.Failed(logger, error, row);
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "Delivered {Count} events that whoever took them had not")]
        public static partial void Delivered(ILogger logger, int count);

        [LoggerMessage(LogLevel.Information, "Forgot {Count} events whose time is over")]
        public static partial void Forgotten(ILogger logger, int count);

        [LoggerMessage(LogLevel.Error, "The event of {Row} could not be delivered; it is tried again")]
        public static partial void Failed(ILogger logger, Exception e, string row);
    }
}
