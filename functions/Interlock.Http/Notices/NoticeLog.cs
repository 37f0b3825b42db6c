using Interlock.Core.Notices;
using Microsoft.Extensions.Logging;

namespace Interlock.Http.Notices;

/// <summary>Tells a host's log what a delivery came to. Channels appear by name, never by address.</summary>
public static partial class NoticeLog
{
    public static void Write(ILogger logger, NoticePass pass)
    {
        foreach (var notice in pass.Ended)
        {
            if (notice.End?.Outcome == NoticeDelivery.GivenUp) Log.GivenUp(logger, notice.Id, notice.Gate, notice.Channel, notice.Attempts, notice.Reason);
            else Log.Ended(logger, notice.Id, notice.Gate, notice.Channel, notice.End?.Outcome);
        }
        foreach (var notice in pass.PutOff) Log.PutOff(logger, notice.Id, notice.Gate, notice.Channel, notice.Attempts, notice.Reason);
        foreach (var (row, error) in pass.Failed) Log.Failed(logger, error, row);
        if (!pass.IsComplete) Log.GoesOn(logger);
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Error, "Notice {Notice} of gate {Gate} to {Channel} was given up after {Attempts} tries: {Reason}")]
        public static partial void GivenUp(ILogger logger, NoticeId notice, Core.GateId gate, string channel, int attempts, string? reason);

        [LoggerMessage(LogLevel.Information, "Notice {Notice} of gate {Gate} to {Channel}: {Outcome}")]
        public static partial void Ended(ILogger logger, NoticeId notice, Core.GateId gate, string channel, string? outcome);

        [LoggerMessage(LogLevel.Warning, "Notice {Notice} of gate {Gate} to {Channel} is tried again, after {Attempts} tries: {Reason}")]
        public static partial void PutOff(ILogger logger, NoticeId notice, Core.GateId gate, string channel, int attempts, string? reason);

        [LoggerMessage(LogLevel.Error, "The notice in row {Row} could not be looked at; it is tried again")]
        public static partial void Failed(ILogger logger, Exception e, string row);

        [LoggerMessage(LogLevel.Warning, "More notices are due than one pass sends; the next one goes on there")]
        public static partial void GoesOn(ILogger logger);
    }
}
