using System.Net;
using Interlock.Core.Gateway;
using Interlock.Json;
using Microsoft.Extensions.Logging;

namespace Interlock.Http.Upstreams;

/// <summary>
/// One stream to each server that announces changes of its lists: <c>subscriptions/listen</c> of 2026-07-28, the GET stream of the older ones. A stream that ends is
/// opened anew after a while; a server that has none is left alone until it is registered again.
/// </summary>
internal sealed partial class McpWatch(McpConnectionPool pool, ILogger logger, TimeProvider time) : IAsyncDisposable
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LastPause = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Healthy = TimeSpan.FromMinutes(1);

    private static readonly string[] Announcements = ["notifications/tools/list_changed", "notifications/prompts/list_changed"];

    private readonly Lock _lock = new();
    private readonly Dictionary<string, (CancellationTokenSource Stop, Task Listening)> _streams = new(StringComparer.Ordinal);

    public void Watch(IReadOnlyCollection<UpstreamEndpoint> endpoints, Action<string> changed)
    {
        lock (_lock)
        {
            foreach (var gone in _streams.Keys.Except(endpoints.Select(endpoint => endpoint.RegistrationId)).ToList())
            {
                _streams[gone].Stop.Cancel();
                _streams.Remove(gone);
            }
            foreach (var endpoint in endpoints.Where(endpoint => !_streams.ContainsKey(endpoint.RegistrationId)))
            {
                var stop = new CancellationTokenSource();
                _streams[endpoint.RegistrationId] = (stop, Task.Run(() => KeepAsync(endpoint, changed, stop.Token), CancellationToken.None));
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        List<Task> ending;
        lock (_lock)
        {
            ending = [.. _streams.Values.Select(stream => stream.Listening)];
            foreach (var (stop, _) in _streams.Values) stop.Cancel();
            _streams.Clear();
        }
        await Task.WhenAll(ending).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task KeepAsync(UpstreamEndpoint endpoint, Action<string> changed, CancellationToken stop)
    {
        var pause = FirstPause;
        while (!stop.IsCancellationRequested)
        {
            var began = time.GetUtcNow();
            try
            {
                if (!await ListenAsync(endpoint, changed, stop)) return;
            }
            catch (Exception e) when (!stop.IsCancellationRequested)
            {
                Log.Broken(logger, e.GetType().Name, endpoint.RegistrationId); // its words may be the server's
            }
            pause = time.GetUtcNow() - began > Healthy ? FirstPause : pause * 2 < LastPause ? pause * 2 : LastPause;
            await Task.Delay(pause, time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Listens until the stream ends; false when the server has none.</summary>
    private async Task<bool> ListenAsync(UpstreamEndpoint endpoint, Action<string> changed, CancellationToken stop)
    {
        var (connection, use) = await pool.GetAsync(endpoint, null, stop);
        using (use)
        {
            var capabilities = connection.Client.ServerCapabilities;
            if (capabilities is not ({ Tools.ListChanged: true } or { Prompts.ListChanged: true })) return false;
            if (!connection.IsNewest && connection.Client.SessionId is null) return false; // nothing comes without a session
            using var budget = new CallBudget(DateTimeOffset.MaxValue, time, stop);
            var exchange = new McpExchange(connection, null, budget, logger, time);
            using var request = connection.IsNewest ? McpRequest.Listen(connection, connection.NextId()) : McpRequest.Stream(connection);
            var status = await JsonRpcHttp.ListenAsync(connection.Http, request, message => HearAsync(exchange, endpoint, changed, message), stop);
            switch (status)
            {
                case HttpStatusCode.OK:
                    return true;
                case HttpStatusCode.MethodNotAllowed or HttpStatusCode.NotImplemented:
                    return false;
                default:
                    await pool.DropAsync(endpoint, null, connection); // its session may be gone
                    return true;
            }
        }
    }

    private static Task HearAsync(McpExchange exchange, UpstreamEndpoint endpoint, Action<string> changed, JsonValue message)
    {
        if (message["id"] is not null) return exchange.AnswerAsync(message);
        if (Announcements.Contains(message["method"]?.StringOrNull())) changed(endpoint.RegistrationId);
        return Task.CompletedTask;
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Debug, "The stream of registration {Registration} broke off ({Kind}); it is opened anew.")]
        public static partial void Broken(ILogger logger, string kind, string registration);
    }
}
