using Interlock.Core.Registry;
using Microsoft.Extensions.Logging;

namespace Interlock.Http.Upstreams;

/// <summary>Tells a host's log what a refresh found, in our words: names are registered ones, and nothing that an upstream says is repeated. What it said is in the audit, bounded.</summary>
public static partial class RefreshLog
{
    public static void Write(ILogger logger, RefreshPass pass)
    {
        foreach (var entry in pass.Changed) Log.Changed(logger, entry.Lifecycle, entry.Kind, entry.Name, entry.Version, entry.Reason);
        foreach (var (server, tools) in pass.Unregistered) Log.Unregistered(logger, server, tools);
        foreach (var (upstream, problem) in pass.Unreachable) Log.Unreachable(logger, upstream, problem.Title, problem.Type, problem.Rule);
        foreach (var (upstream, error) in pass.Failed) Log.Failed(logger, error, upstream);
    }

    /// <summary>The same of a refresh that a server's own announcement caused, which may have broken.</summary>
    public static void Write(ILogger logger, RefreshPass? pass, Exception? error)
    {
        if (pass is not null) Write(logger, pass);
        if (error is not null) Log.Broken(logger, error);
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "{Lifecycle}: {Kind} {Name} {Version}: {Reason}")]
        public static partial void Changed(ILogger logger, Lifecycle lifecycle, RegistryKind kind, string name, string version, string? reason);

        [LoggerMessage(LogLevel.Information, "Server {Server} shows {Tools} tools that nobody registered; register it again to take them")]
        public static partial void Unregistered(ILogger logger, string server, int tools);

        [LoggerMessage(LogLevel.Warning, "{Upstream} could not be refreshed: {Title} ({Type}, {Rule}); the audit of system:refresh has what it said")]
        public static partial void Unreachable(ILogger logger, string upstream, string title, string type, string? rule);

        [LoggerMessage(LogLevel.Error, "A refresh that a server asked for failed; the next pass comes")]
        public static partial void Broken(ILogger logger, Exception e);

        [LoggerMessage(LogLevel.Error, "The refresh of {Upstream} failed; it is tried again")]
        public static partial void Failed(ILogger logger, Exception e, string upstream);
    }
}
