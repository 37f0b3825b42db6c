using System.Collections.Concurrent;
using Interlock.Core.Gateway;
using Interlock.Core.Registry;
using Interlock.Http.Upstreams.Credentials;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;

namespace Interlock.Http.Upstreams;

/// <summary>
/// One connection per registration, address and authorization context: never shared between tenants or credentials, nor between callers where the server is
/// called with theirs. Those unused for a while are closed, and the ones unused longest when there are many.
/// </summary>
internal sealed class McpConnectionPool : IAsyncDisposable
{
    private const int MaxConnections = 1000;
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Idle = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan SweepEvery = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<Key, Pooled> _connections = new();
    private readonly HttpClient _plain;
    private readonly UpstreamCredentials? _credentials;
    private readonly TimeProvider _time;
    private readonly ITimer _sweeping;

    public McpConnectionPool(HttpClient plain, UpstreamCredentials? credentials, TimeProvider time)
    {
        (_plain, _credentials, _time) = (plain, credentials, time);
        _sweeping = time.CreateTimer(_ => SweepAgain(), null, SweepEvery, Timeout.InfiniteTimeSpan);
    }

    /// <summary>The connection for a call, or without one for discovery, in use from now on.</summary>
    public async Task<(McpConnection Connection, McpConnection.Use Use)> GetAsync(UpstreamEndpoint endpoint, UpstreamCall? call, CancellationToken ct)
    {
        var key = KeyOf(endpoint, call);
        if (_connections.TryGetValue(key, out var old) && old.HasFailed) _connections.TryRemove(new(key, old));
        if (_connections.Count >= MaxConnections && !_connections.ContainsKey(key)) Sweep(MaxConnections - 1);
        var pooled = _connections.GetOrAdd(key, static (key, given) => new Pooled(() => given.Pool.Connect(given.Endpoint, key.Subject, given.Token)), (Pool: this, Endpoint: endpoint, Token: call?.Link?.Token));
        pooled.UsedAt = _time.GetUtcNow();
        try
        {
            var connection = await pooled.Connecting.Value.WaitAsync(ct);
            return (connection, connection.Enter());
        }
        catch when (pooled.HasFailed)
        {
            _connections.TryRemove(new(key, pooled));
            throw;
        }
    }

    /// <summary>Forgets a connection that its server no longer knows; the next call makes a new one.</summary>
    public async Task DropAsync(UpstreamEndpoint endpoint, UpstreamCall? call, McpConnection connection)
    {
        var key = KeyOf(endpoint, call);
        if (!_connections.TryGetValue(key, out var found) || found.Ready != connection) return;
        if (_connections.TryRemove(new(key, found))) await connection.DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _sweeping.DisposeAsync();
        foreach (var (key, pooled) in _connections)
        {
            _connections.TryRemove(key, out _);
            if (pooled.Ready is { } connection) await connection.DisposeAsync();
        }
    }

    /// <summary>A subject is part of the key where the connection's authority is the caller's; a discovery has none.</summary>
    private static Key KeyOf(UpstreamEndpoint endpoint, UpstreamCall? call) =>
        new(endpoint.RegistrationId, endpoint.Address, endpoint.Auth is UpstreamAuth.OnBehalfOf && call is not null ? call.Subject ?? "" : null);

    private void SweepAgain()
    {
        Sweep(MaxConnections);
        _sweeping.Change(SweepEvery, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Closes what nobody used for long, and the longest unused down to that many. Nothing that is in use is closed.</summary>
    private void Sweep(int most)
    {
        var before = _time.GetUtcNow() - Idle;
        var free = _connections.Where(held => held.Value.Ready is { IsUsed: false }).OrderBy(held => held.Value.UsedAt).ToList();
        var surplus = _connections.Count - most;
        foreach (var held in free)
        {
            if (surplus <= 0 && held.Value.UsedAt > before) return;
            surplus--;
            if (_connections.TryRemove(held) && held.Value.Ready is { } connection) _ = CloseAsync(connection);
        }
    }

    private async Task CloseAsync(McpConnection connection)
    {
        while (connection.IsUsed) await Task.Delay(Idle, _time); // somebody was faster than the sweep
        await connection.DisposeAsync();
    }

    /// <summary>Connects outside the caller's execution context: a pooled client must not carry the trace of its first call.</summary>
    private Task<McpConnection> Connect(UpstreamEndpoint endpoint, string? subject, string? token)
    {
        using (ExecutionContext.SuppressFlow()) return Task.Run(() => ConnectAsync(endpoint, subject, token));
    }

    private async Task<McpConnection> ConnectAsync(UpstreamEndpoint endpoint, string? subject, string? token)
    {
        var (http, credential) = HttpFor(endpoint, subject);
        if (credential is not null) credential.Connecting = token;
        try
        {
            return new McpConnection(await McpClient.CreateAsync(Transport(endpoint.Address, http), Options()), http, endpoint.Address);
        }
        finally
        {
            if (credential is not null) credential.Connecting = null;
        }
    }

    private (HttpClient Http, CredentialHandler? Credential) HttpFor(UpstreamEndpoint endpoint, string? subject)
    {
        if (endpoint.Auth is null) return (_plain, null);
        var handler = (_credentials ?? throw CredentialException.Of(CredentialException.Missing, "This host has no credentials for servers.")).Handler(endpoint, subject)!; // it has an authentication
        return (new HttpClient(handler, disposeHandler: false) { Timeout = Timeout.InfiniteTimeSpan }, handler);
    }

    private static HttpClientTransport Transport(Uri address, HttpClient http) => new(
        new HttpClientTransportOptions { Endpoint = address, TransportMode = HttpTransportMode.StreamableHttp, EnableStandaloneGetStream = false }, http); // without a logger: the library's lines hold what servers say

    private static McpClientOptions Options() => new()
    {
        ClientInfo = new Implementation { Name = "interlock", Version = "1.0.0" },
        InitializationTimeout = ConnectTimeout,
    };

    private readonly record struct Key(string Registration, Uri Address, string? Subject);

    private sealed class Pooled(Func<Task<McpConnection>> connect)
    {
        public Lazy<Task<McpConnection>> Connecting { get; } = new(connect);

        public DateTimeOffset UsedAt { get; set; }

        public McpConnection? Ready => Connecting is { IsValueCreated: true, Value.IsCompletedSuccessfully: true } ? Connecting.Value.Result : null;

        public bool HasFailed => Connecting is { IsValueCreated: true, Value: { IsCompleted: true, IsCompletedSuccessfully: false } };
    }
}
