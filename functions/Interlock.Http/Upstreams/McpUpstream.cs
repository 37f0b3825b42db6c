using System.Net;
using Interlock.Core.Gateway;
using Interlock.Http.Mcp;
using Interlock.Http.Upstreams.Credentials;
using Microsoft.Extensions.Logging;
using ModelContextProtocol;

namespace Interlock.Http.Upstreams;

/// <summary>
/// Calls what MCP servers of any revision offer, over streamable HTTP. Connections are pooled per registration. A call is sent again only
/// when the server said that it did not take it: session unknown, revision no longer spoken, parameters missing in its headers; each once.
/// </summary>
public sealed partial class McpUpstream : IUpstream, IUpstreamDiscovery, IUpstreamWatch, IAsyncDisposable
{
    private const string SessionHint = "session";
    private static readonly TimeSpan DiscoveryTimeout = TimeSpan.FromSeconds(60);

    private readonly HttpClient _http;
    private readonly McpConnectionPool _pool;
    private readonly McpWatch _watch;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;

    /// <summary>Sends through a handler of <see cref="EgressHandler.Create"/>, which stays its maker's to dispose; without credentials only to servers that need none.</summary>
    public McpUpstream(HttpMessageHandler egress, ILoggerFactory loggers, TimeProvider time, UpstreamCredentials? credentials = null)
    {
        _http = new HttpClient(egress, disposeHandler: false) { Timeout = Timeout.InfiniteTimeSpan }; // deadlines are the calls'
        _pool = new McpConnectionPool(_http, credentials, time);
        _logger = loggers.CreateLogger<McpUpstream>();
        _time = time;
        _watch = new McpWatch(_pool, _logger, time);
    }

    public async Task<UpstreamResult> InvokeAsync(UpstreamCall call, CancellationToken ct)
    {
        using var budget = new CallBudget(call.Deadline, _time, ct);
        if (budget.Spent) return new UpstreamResult.NotSent(UpstreamFailures.OutOfTime(budget));

        var mayReconnect = true;
        var mayList = true;
        while (true)
        {
            McpConnection connection;
            McpConnection.Use use;
            try
            {
                (connection, use) = await _pool.GetAsync(call.Endpoint, call, budget.Token);
            }
            catch (Exception e) when (UpstreamFailures.IsExpected(e) || IsNegotiationFailure(e))
            {
                return UpstreamFailures.Of(e, sent: false, budget);
            }
            using var _ = use;
            var exchange = new McpExchange(connection, call, budget, _logger, _time);
            try
            {
                var reply = call.Task is null ? await AskAsync(exchange, call) : await McpTasks.AskAsync(exchange, call);
                if (mayReconnect && IsStale(connection, reply))
                {
                    mayReconnect = false;
                    await _pool.DropAsync(call.Endpoint, call, connection);
                    continue;
                }
                if (mayList && LacksHeaders(connection, call, reply))
                {
                    mayList = false;
                    if (await TryListAsync(connection, call, budget)) continue;
                }
                return call.Task is null ? Read(exchange, call, reply) : await McpTasks.ReadAsync(exchange, call, reply);
            }
            catch (Exception e) when (UpstreamFailures.IsExpected(e))
            {
                return UpstreamFailures.Of(e, exchange.Sent, budget);
            }
        }
    }

    public async Task<DiscoveryResult> DiscoverAsync(UpstreamEndpoint endpoint, CancellationToken ct)
    {
        using var budget = new CallBudget(_time.GetUtcNow() + DiscoveryTimeout, _time, ct);
        try
        {
            var (connection, use) = await _pool.GetAsync(endpoint, null, budget.Token);
            using (use)
            {
                var found = await ListAsync(new McpExchange(connection, null, budget, _logger, _time), endpoint);
                if (found.Failure is null) return found;
            }
            await _pool.DropAsync(endpoint, null, connection); // it may be a session that the server has forgotten
            (connection, use) = await _pool.GetAsync(endpoint, null, budget.Token);
            using (use) return await ListAsync(new McpExchange(connection, null, budget, _logger, _time), endpoint);
        }
        catch (OperationCanceledException) when (budget.Token.IsCancellationRequested)
        {
            return DiscoveryResult.Failed(UpstreamFailures.OutOfTime(budget));
        }
        catch (Exception e) when (UpstreamFailures.IsExpected(e) || IsNegotiationFailure(e))
        {
            return DiscoveryResult.Failed(UpstreamFailures.ProblemOf(e));
        }
    }

    public void Watch(IReadOnlyCollection<UpstreamEndpoint> endpoints, Action<string> changed) => _watch.Watch(endpoints, changed);

    public async ValueTask DisposeAsync()
    {
        await _watch.DisposeAsync();
        await _pool.DisposeAsync();
        _http.Dispose();
    }

    private static Task<JsonRpcReply> AskAsync(McpExchange exchange, UpstreamCall call)
    {
        var connection = exchange.Connection;
        return McpMethod.Of(call.Tool).Listed is { } member
            ? exchange.ListAsync(member, (id, cursor) => McpRequest.Call(connection, id, call, cursor))
            : exchange.SendAsync(id => McpRequest.Call(connection, id, call));
    }

    private static UpstreamResult Read(McpExchange exchange, UpstreamCall call, JsonRpcReply reply)
    {
        if (reply is not JsonRpcReply.Result { Value: var result }) return UpstreamFailures.Of(reply);
        var isTool = McpMethod.Of(call.Tool).IsTool;
        if (isTool && McpTasks.Created(result) is { } created) return created;
        return result["resultType"]?.StringOrNull() switch
        {
            null or "complete" => isTool ? McpResults.OfTool(result, mayPause: call.Access is not null) : McpResults.OfOperation(result),
            "input_required" when exchange.Connection.IsNewest => McpInput.Read(call, result),
            _ => UpstreamFailures.Of(new JsonRpcReply.Garbled("It is of a type that this revision does not have.")),
        };
    }

    private async Task<bool> TryListAsync(McpConnection connection, UpstreamCall call, CallBudget budget)
    {
        try
        {
            return await ListAsync(new McpExchange(connection, call with { Link = call.Link is { } link ? new CallerLink { Token = link.Token } : null }, budget, _logger, _time), call.Endpoint) is { Failure: null };
        }
        catch (Exception e) when (UpstreamFailures.IsExpected(e))
        {
            return false; // the server's refusal of the call stands
        }
    }

    private async Task<DiscoveryResult> ListAsync(McpExchange exchange, UpstreamEndpoint endpoint)
    {
        var connection = exchange.Connection;
        var found = await new McpDiscovery(connection, method => exchange.ListAsync(method.Listed!, (id, cursor) => McpRequest.List(connection, id, method, cursor))).RunAsync(); // discovery reads lists
        foreach (var tool in found.Tools) connection.Tools[tool.Name] = tool;
        Log.Listed(_logger, endpoint.RegistrationId, found.Tools.Count);
        return found;
    }

    /// <summary>
    /// Whether the server says that it does not know the session; some say so with 400 instead of 404. Those of 2026-07-28 have none, but may have
    /// been replaced by an older one.
    /// </summary>
    private static bool IsStale(McpConnection connection, JsonRpcReply reply) => reply switch
    {
        JsonRpcReply.Error { Code: McpErrorCodes.UnsupportedVersion } => true,
        _ when connection.Client.SessionId is null => false,
        JsonRpcReply.Failed { Status: HttpStatusCode.NotFound } => true,
        JsonRpcReply.Error { Status: HttpStatusCode.NotFound, Code: not McpErrorCodes.MethodNotFound } => true,
        JsonRpcReply.Error { Status: HttpStatusCode.BadRequest, Code: McpErrorCodes.Transport } error => error.Message.Contains(SessionHint, StringComparison.OrdinalIgnoreCase),
        _ => false,
    };

    /// <summary>Whether the call was turned away for what its tool's contract says of the wire: parameters in headers.</summary>
    private static bool LacksHeaders(McpConnection connection, UpstreamCall call, JsonRpcReply reply) =>
        call.Task is null && connection.IsNewest && McpMethod.Of(call.Tool).IsTool && !connection.Tools.ContainsKey(call.Tool) && reply is JsonRpcReply.Error { Code: McpErrorCodes.HeaderMismatch };

    /// <summary>What the SDK throws when a server answers its handshake with something else.</summary>
    private static bool IsNegotiationFailure(Exception e) =>
        e is McpException or System.Text.Json.JsonException or InvalidOperationException or NotSupportedException or ArgumentException;

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Debug, "Registration {Registration} lists {Count} tools.")]
        public static partial void Listed(ILogger logger, string registration, int count);
    }
}
