using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Interlock.Core.Runs;

namespace Interlock.Core.Registry;

/// <summary>
/// The operator's word on one registration of a server. It never changes: other settings are another registration, so whatever binds a
/// <see cref="ServerBody.RegistrationId"/> (grants, connections, tokens) binds them too.
/// </summary>
public sealed record ServerSettings
{
    public const int MaxReplicas = 15;

    public static ServerSettings None { get; } = new();

    /// <summary>How it is spoken to.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public ServerProtocol Protocol { get; init; }

    /// <summary>Further addresses of the same server, with the same contracts; a call goes to one of them all.</summary>
    public ImmutableArray<Uri> Replicas { get; init; } = [];

    public UpstreamAuth? Auth { get; init; }

    /// <summary>Origins, <c>scheme://host[:port]</c>, that the server may ask a caller to open in a browser; none by default.</summary>
    public ImmutableArray<string> ElicitationOrigins { get; init; } = [];

    public ResilienceSettings Resilience { get; init; } = ResilienceSettings.Default;

    /// <summary>By the server's own names of its tools.</summary>
    public ImmutableSortedDictionary<string, ToolSettings> Tools { get; init; } = ImmutableSortedDictionary<string, ToolSettings>.Empty;

    /// <summary>Whether nothing was said.</summary>
    internal bool IsNone => RunJson.ToValue(this) == RunJson.ToValue(None);
}

public enum ServerProtocol
{
    /// <summary>An MCP server, which shows its tools.</summary>
    Mcp,

    /// <summary>A plain HTTP endpoint: its tools are the methods, <c>server/GET</c> and so on, for whatever lies below its address.</summary>
    Http,
}

/// <summary>How one server's failures are met. Ranges are checked at registration.</summary>
public sealed record ResilienceSettings
{
    public static ResilienceSettings Default { get; } = new();

    /// <summary>Calls under way at one address at a time, 1 to 10,000.</summary>
    public int MaxConcurrent { get; init; } = 256;

    /// <summary>Calls that wait for a place there, 0 to 100,000; more are refused with 429.</summary>
    public int MaxQueued { get; init; } = 1024;

    /// <summary>How often a call is tried again where that is safe, 0 to 5.</summary>
    public int Retries { get; init; } = 2;

    /// <summary>The share of failed calls above which an address is left alone, 0.05 to 1.</summary>
    public double BreakAbove { get; init; } = 0.3;

    /// <summary>Of how many calls at the least, 2 to 1,000.</summary>
    public int BreakOver { get; init; } = 10;

    /// <summary>How many seconds it is left alone before a call tries it, 1 to 600.</summary>
    public int BreakSeconds { get; init; } = 15;

    /// <summary>How often it is asked whether it is there, in seconds, 5 to 3,600.</summary>
    public int HealthSeconds { get; init; } = 30;
}
