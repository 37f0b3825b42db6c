using Interlock.Core.Gateway.Resilience;
using Microsoft.Extensions.Logging;

namespace Interlock.Http.Upstreams;

/// <summary>Tells a host's log when the circuit of an address opens and closes again.</summary>
public static partial class CircuitLog
{
    public static void Write(ILogger logger, CircuitChange change)
    {
        if (change.Phase == CircuitPhase.Open) Log.Opened(logger, change.Server, change.Address);
        else Log.Closed(logger, change.Server, change.Address);
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "The circuit of {Server} at {Address} opened: it fails too often and gets no calls for a while")]
        public static partial void Opened(ILogger logger, string server, string address);

        [LoggerMessage(LogLevel.Information, "The circuit of {Server} at {Address} closed: it answers again")]
        public static partial void Closed(ILogger logger, string server, string address);
    }
}
