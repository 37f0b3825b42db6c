namespace Interlock.Http.Mcp;

/// <summary>Limits and identity of an MCP endpoint. Checked when the endpoint is made.</summary>
public sealed record McpEndpointOptions
{
    /// <summary>The name in <c>serverInfo</c>.</summary>
    public string Name { get; init; } = "interlock";

    /// <summary>The version in <c>serverInfo</c>.</summary>
    public string Version { get; init; } = "1.0.0";

    /// <summary>What a model is told about this server, or nothing.</summary>
    public string? Instructions { get; init; }

    /// <summary>Host header values served (<c>name</c>, or <c>name:port</c>); empty serves every one.</summary>
    public IReadOnlyCollection<string> AllowedHosts { get; init; } = [];

    /// <summary>Origins served, <c>scheme://host[:port]</c>; a request that carries another Origin is refused, but for its own host's where <see cref="AllowedHosts"/> are given.</summary>
    public IReadOnlyCollection<string> AllowedOrigins { get; init; } = [];

    /// <summary>The largest request body in bytes, 1 to 64 MiB.</summary>
    public int MaxBodyBytes { get; init; } = 4 * 1024 * 1024;

    /// <summary>When a slow answer's headers are sent; at least 1 ms.</summary>
    public TimeSpan FlushHeadersAfter { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>How often an unfinished answer sends an SSE comment; at least 1 ms.</summary>
    public TimeSpan KeepAliveEvery { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>
    /// Whether a <c>tools/call</c> may go on after its answer. A connection of HTTP/1.1 serves nothing else meanwhile, so it is closed with the answer.
    /// </summary>
    public bool CallsOutliveAnswers { get; init; }

    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxBodyBytes, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(MaxBodyBytes, 64 * 1024 * 1024);
        ArgumentOutOfRangeException.ThrowIfLessThan(FlushHeadersAfter, TimeSpan.FromMilliseconds(1));
        ArgumentOutOfRangeException.ThrowIfLessThan(KeepAliveEvery, TimeSpan.FromMilliseconds(1));
    }
}
