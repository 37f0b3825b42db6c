using System.Collections.Concurrent;
using Interlock.Core.Gateway;
using Microsoft.Extensions.Logging;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;

namespace Interlock.Http.Upstreams;

/// <summary>One connection per registration and address: never shared between tenants or credentials.</summary>
internal sealed class McpConnectionPool(HttpClient http, ILoggerFactory loggers) : IAsyncDisposable
{
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<(string Registration, Uri Address), Lazy<Task<McpConnection>>> _connections = new();

    public async Task<McpConnection> GetAsync(UpstreamEndpoint endpoint, CancellationToken ct)
    {
        var key = (endpoint.RegistrationId, endpoint.Address);
        if (_connections.TryGetValue(key, out var old) && HasFailed(old)) _connections.TryRemove(new(key, old));
        var connecting = _connections.GetOrAdd(key, static (key, pool) => new(() => pool.Connect(key.Address)), this);
        try
        {
            return await connecting.Value.WaitAsync(ct);
        }
        catch when (HasFailed(connecting))
        {
            _connections.TryRemove(new(key, connecting));
            throw;
        }
    }

    /// <summary>Forgets a connection that its server no longer knows; the next call makes a new one.</summary>
    public async Task DropAsync(UpstreamEndpoint endpoint, McpConnection connection)
    {
        var key = (endpoint.RegistrationId, endpoint.Address);
        if (!_connections.TryGetValue(key, out var found) || !found.Value.IsCompletedSuccessfully || found.Value.Result != connection) return;
        if (_connections.TryRemove(new(key, found))) await connection.DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var (key, connecting) in _connections)
        {
            _connections.TryRemove(key, out _);
            if (connecting is { IsValueCreated: true, Value.IsCompletedSuccessfully: true }) await connecting.Value.Result.DisposeAsync();
        }
    }

    private static bool HasFailed(Lazy<Task<McpConnection>> connecting) =>
        connecting is { IsValueCreated: true, Value: { IsCompleted: true, IsCompletedSuccessfully: false } };

    /// <summary>Connects outside the caller's execution context: a pooled client must not carry the trace of its first call.</summary>
    private Task<McpConnection> Connect(Uri address)
    {
        using (ExecutionContext.SuppressFlow()) return Task.Run(() => ConnectAsync(address));
    }

    private async Task<McpConnection> ConnectAsync(Uri address)
    {
        var transport = new HttpClientTransport(
            new HttpClientTransportOptions
            {
                Endpoint = address,
                TransportMode = HttpTransportMode.StreamableHttp,
                EnableStandaloneGetStream = false,
            },
            http,
            loggers);
        var options = new McpClientOptions
        {
            ClientInfo = new Implementation { Name = "interlock", Version = "1.0.0" },
            InitializationTimeout = ConnectTimeout,
        };
        return new McpConnection(await McpClient.CreateAsync(transport, options, loggers), address);
    }
}
