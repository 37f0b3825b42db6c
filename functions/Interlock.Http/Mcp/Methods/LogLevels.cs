namespace Interlock.Http.Mcp.Methods;

/// <summary>The levels of log messages, of syslog.</summary>
internal static class LogLevels
{
    private static readonly string[] Order = ["debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"];

    /// <summary>The higher the graver; null when it is no level.</summary>
    public static int? Rank(string? level) => Array.IndexOf(Order, level) is >= 0 and var rank ? rank : null;
}
