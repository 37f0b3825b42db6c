using System.Collections.Concurrent;
using Interlock.Core.Gateway;
using Interlock.Http.Mcp;
using ModelContextProtocol.Client;

namespace Interlock.Http.Upstreams;

/// <summary>
/// A negotiated connection: the SDK's client settled revision and session, requests go beside it so that their bytes are ours.
/// <see cref="Tools"/> are those last listed, for what of their contracts the wire needs.
/// </summary>
internal sealed class McpConnection(McpClient client, HttpClient http, Uri address) : IAsyncDisposable
{
    private long _requests;
    private int _users;

    public McpClient Client { get; } = client;

    /// <summary>Sends with the credential of this connection.</summary>
    public HttpClient Http { get; } = http;

    public Uri Address { get; } = address;

    public string? Revision => Client.NegotiatedProtocolVersion;

    public bool IsNewest => Revision == McpProtocolRules.NewestVersion;

    public ConcurrentDictionary<string, ToolContract> Tools { get; } = new(StringComparer.Ordinal);

    /// <summary>Whether somebody's request is under way on it.</summary>
    public bool IsUsed => Volatile.Read(ref _users) > 0;

    /// <summary>An id that the SDK's own, which are numbers, cannot meet.</summary>
    public string NextId() => $"interlock-{Interlocked.Increment(ref _requests)}";

    /// <summary>Keeps it from being closed as idle until that is disposed.</summary>
    public Use Enter()
    {
        Interlocked.Increment(ref _users);
        return new Use(this);
    }

    public ValueTask DisposeAsync() => Client.DisposeAsync();

    public readonly struct Use(McpConnection connection) : IDisposable
    {
        public void Dispose() => Interlocked.Decrement(ref connection._users);
    }
}
