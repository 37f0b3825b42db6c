using System.Collections.Concurrent;
using Interlock.Json;
using ModelContextProtocol.Client;

namespace Interlock.Http.Upstreams;

/// <summary>
/// A negotiated connection: the SDK's client settled revision and session, requests go beside it so that their bytes are ours.
/// <see cref="InputSchemas"/> are those last listed, for <c>x-mcp-header</c>.
/// </summary>
internal sealed class McpConnection(McpClient client, Uri address) : IAsyncDisposable
{
    private long _requests;

    public McpClient Client { get; } = client;

    public Uri Address { get; } = address;

    public string? Revision => Client.NegotiatedProtocolVersion;

    public ConcurrentDictionary<string, JsonValue> InputSchemas { get; } = new(StringComparer.Ordinal);

    /// <summary>An id that the SDK's own, which are numbers, cannot meet.</summary>
    public string NextId() => $"interlock-{Interlocked.Increment(ref _requests)}";

    public ValueTask DisposeAsync() => Client.DisposeAsync();
}
