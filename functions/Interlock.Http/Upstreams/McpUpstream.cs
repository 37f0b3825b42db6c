using Interlock.Core;
using Interlock.Core.Gateway;
using Interlock.Http.Mcp;
using Interlock.Json;
using Microsoft.Extensions.Logging;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;

namespace Interlock.Http.Upstreams;

/// <summary>
/// Calls what MCP servers of any revision offer, over streamable HTTP. Connections are pooled per registration. A call is sent again only
/// when the server said that it did not take it: session unknown, revision no longer spoken, parameter headers missing; each once.
/// </summary>
public sealed partial class McpUpstream : IUpstream, IUpstreamDiscovery, IAsyncDisposable
{
    private static readonly TimeSpan DiscoveryTimeout = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan CourtesyTimeout = TimeSpan.FromSeconds(2);

    private readonly HttpClient _http;
    private readonly McpConnectionPool _pool;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;

    /// <summary>Sends through a handler of <see cref="EgressHandler.Create"/>, which stays its maker's to dispose.</summary>
    public McpUpstream(HttpMessageHandler egress, ILoggerFactory loggers, TimeProvider time)
    {
        _http = new HttpClient(egress, disposeHandler: false) { Timeout = Timeout.InfiniteTimeSpan }; // deadlines are the calls'
        _pool = new McpConnectionPool(_http, loggers);
        _logger = loggers.CreateLogger<McpUpstream>();
        _time = time;
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
            try
            {
                connection = await _pool.GetAsync(call.Endpoint, budget.Token);
            }
            catch (Exception e) when (UpstreamFailures.IsExpected(e) || IsNegotiationFailure(e))
            {
                return UpstreamFailures.Of(e, sent: false, budget);
            }

            var (reply, failure) = await CallAsync(connection, call, budget);
            if (reply is null) return failure!; // exactly one of the two is set
            if (mayReconnect && IsStale(connection, reply))
            {
                mayReconnect = false;
                await _pool.DropAsync(call.Endpoint, connection);
                continue;
            }
            if (mayList && reply is JsonRpcReply.Error { Code: McpErrorCodes.HeaderMismatch } && !connection.InputSchemas.ContainsKey(call.Tool))
            {
                mayList = false;
                if (await TryListAsync(connection, call.Endpoint, budget)) continue;
            }
            return reply is JsonRpcReply.Result { Value: var result } ? Read(call, result) : UpstreamFailures.Of(reply);
        }
    }

    public async Task<DiscoveryResult> DiscoverAsync(UpstreamEndpoint endpoint, CancellationToken ct)
    {
        using var budget = new CallBudget(_time.GetUtcNow() + DiscoveryTimeout, _time, ct);
        try
        {
            var connection = await _pool.GetAsync(endpoint, budget.Token);
            var found = await ListAsync(connection, endpoint, budget);
            if (found.Failure is null) return found;
            await _pool.DropAsync(endpoint, connection); // it may be a session that the server has forgotten
            return await ListAsync(await _pool.GetAsync(endpoint, budget.Token), endpoint, budget);
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

    public async ValueTask DisposeAsync()
    {
        await _pool.DisposeAsync();
        _http.Dispose();
    }

    private static UpstreamResult Read(UpstreamCall call, JsonValue result)
    {
        if (result["resultType"]?.StringOrNull() is { } type and not "complete")
            return new UpstreamResult.Unknown(new(
                ProblemTypes.Communication, 502, "The tool did not finish", $"It answered {type}, which is not relayed; call a tool that completes in one answer.")
            {
                Rule = "input-required",
            });
        return McpMethod.Of(call.Tool).IsTool ? McpResults.OfTool(result) : McpResults.OfOperation(result);
    }

    /// <summary>The reply to a call, of a list that comes in pages to all of it.</summary>
    private async Task<(JsonRpcReply? Reply, UpstreamResult? Failure)> CallAsync(McpConnection connection, UpstreamCall call, CallBudget budget)
    {
        if (McpMethod.Of(call.Tool).Listed is not { } member) return await SendAsync(connection, call, null, budget);
        UpstreamResult? broken = null;
        var reply = await McpPages.ReadAsync(member, async cursor =>
        {
            var (page, failure) = await SendAsync(connection, call, cursor, budget);
            broken = failure;
            return page ?? new JsonRpcReply.Garbled("There was no answer.");
        });
        return broken is null ? (reply, null) : (null, broken);
    }

    private async Task<(JsonRpcReply? Reply, UpstreamResult? Failure)> SendAsync(McpConnection connection, UpstreamCall call, string? cursor, CallBudget budget)
    {
        var id = connection.NextId();
        using var request = McpRequest.Call(connection, id, call, cursor);
        var content = (OneShotContent)request.Content!; // McpRequest made it
        try
        {
            return (await JsonRpcHttp.SendAsync(_http, request, id, message => HearAsync(connection, id, call.Link, message), budget.Token), null);
        }
        catch (Exception e) when (UpstreamFailures.IsExpected(e))
        {
            if (content.Sent && budget.Token.IsCancellationRequested) await TellAsync(connection, McpRequest.Cancelled(id));
            return (null, UpstreamFailures.Of(e, content.Sent, budget));
        }
    }

    private async Task<bool> TryListAsync(McpConnection connection, UpstreamEndpoint endpoint, CallBudget budget)
    {
        try
        {
            return await ListAsync(connection, endpoint, budget) is { Failure: null };
        }
        catch (Exception e) when (UpstreamFailures.IsExpected(e))
        {
            return false; // the server's refusal of the call stands
        }
    }

    private async Task<DiscoveryResult> ListAsync(McpConnection connection, UpstreamEndpoint endpoint, CallBudget budget)
    {
        var found = await new McpDiscovery(connection, method => McpPages.ReadAsync(method.Listed!, cursor => PageAsync(connection, method, cursor, budget))).RunAsync(); // discovery reads lists
        foreach (var tool in found.Tools) connection.InputSchemas[tool.Name] = tool.InputSchema;
        Log.Listed(_logger, endpoint.RegistrationId, found.Tools.Count);
        return found;
    }

    private async Task<JsonRpcReply> PageAsync(McpConnection connection, McpMethod method, string? cursor, CallBudget budget)
    {
        var id = connection.NextId();
        using var request = McpRequest.List(connection, id, method, cursor);
        return await JsonRpcHttp.SendAsync(_http, request, id, message => HearAsync(connection, id, null, message), budget.Token);
    }

    /// <summary>What the server says before it answers: its progress goes to who waits, its requests are answered.</summary>
    private Task HearAsync(McpConnection connection, string id, CallerLink? link, JsonValue message)
    {
        if (message["id"] is not null) return AnswerAsync(connection, message);
        if (link?.Progress is { } progress && message["method"]?.StringOrNull() == NotificationMethods.ProgressNotification && message["params"] is { IsObject: true } said && said["progressToken"]?.StringOrNull() == id)
            progress(said.Without("progressToken"));
        return Task.CompletedTask;
    }

    /// <summary>Answers a request that the server sends meanwhile: pings, and nothing else.</summary>
    private Task AnswerAsync(McpConnection connection, JsonValue request)
    {
        var value = request["id"]!; // a request has one
        var id = value.IsNumber ? new RequestId((long)value.AsNumber()) : new RequestId(value.StringOrNull() ?? "");
        JsonRpcMessage answer = request["method"]?.StringOrNull() == "ping"
            ? new JsonRpcResponse { Id = id, Result = new System.Text.Json.Nodes.JsonObject() }
            : new JsonRpcError { Id = id, Error = new() { Code = McpErrorCodes.MethodNotFound, Message = "Not offered by this client." } };
        return TellAsync(connection, answer);
    }

    /// <summary>Sends what is a courtesy: that it fails changes nothing about the call.</summary>
    private async Task TellAsync(McpConnection connection, JsonRpcMessage message)
    {
        using var limit = new CancellationTokenSource(CourtesyTimeout, _time);
        try
        {
            await connection.Client.SendMessageAsync(message, limit.Token);
        }
        catch (Exception e) when (UpstreamFailures.IsExpected(e) || IsNegotiationFailure(e))
        {
            Log.CourtesyLost(_logger, e);
        }
    }

    private static bool IsStale(McpConnection connection, JsonRpcReply reply) => reply switch
    {
        JsonRpcReply.Failed { Status: System.Net.HttpStatusCode.NotFound } => connection.Client.SessionId is not null,
        JsonRpcReply.Error { Status: System.Net.HttpStatusCode.NotFound, Code: not McpErrorCodes.MethodNotFound } =>
            connection.Client.SessionId is not null,
        JsonRpcReply.Error { Code: McpErrorCodes.UnsupportedVersion } => true,
        _ => false,
    };

    /// <summary>What the SDK throws when a server answers its handshake with something else.</summary>
    private static bool IsNegotiationFailure(Exception e) =>
        e is McpException or System.Text.Json.JsonException or InvalidOperationException or NotSupportedException or ArgumentException;

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Debug, "Registration {Registration} lists {Count} tools.")]
        public static partial void Listed(ILogger logger, string registration, int count);

        [LoggerMessage(2, LogLevel.Debug, "A cancellation or an answer did not reach the upstream.")]
        public static partial void CourtesyLost(ILogger logger, Exception exception);
    }
}
