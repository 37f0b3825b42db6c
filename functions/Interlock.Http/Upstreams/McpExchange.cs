using Interlock.Core.Gateway;
using Interlock.Http.Mcp;
using Interlock.Http.Upstreams.Credentials;
using Interlock.Json;
using Microsoft.Extensions.Logging;
using ModelContextProtocol.Protocol;

namespace Interlock.Http.Upstreams;

/// <summary>
/// What is said over a connection for one call, or for discovery: requests are sent, what the server says before it answers is heard, and it is told when nobody
/// waits any more.
/// </summary>
internal sealed partial class McpExchange(McpConnection connection, UpstreamCall? call, CallBudget budget, ILogger logger, TimeProvider time)
{
    private static readonly TimeSpan CourtesyTimeout = TimeSpan.FromSeconds(2);

    public McpConnection Connection { get; } = connection;

    /// <summary>Whether any of its requests may have reached the server.</summary>
    public bool Sent { get; private set; }

    /// <summary>Sends a request that is made for its id.</summary>
    public async Task<JsonRpcReply> SendAsync(Func<string, HttpRequestMessage> make)
    {
        var id = Connection.NextId();
        using var request = For(make(id));
        var content = (OneShotContent)request.Content!; // McpRequest made it
        try
        {
            return await JsonRpcHttp.SendAsync(Connection.Http, request, id, message => HearAsync(id, message), budget.Token);
        }
        catch (Exception e) when (content.Sent && budget.Token.IsCancellationRequested && UpstreamFailures.IsExpected(e))
        {
            await TellAsync(McpRequest.Cancelled(Connection, id));
            throw;
        }
        finally
        {
            Sent |= content.Sent;
        }
    }

    /// <summary>Reads a list to its end, each page by a request that is made for its id and cursor.</summary>
    public Task<JsonRpcReply> ListAsync(string member, Func<string, string?, HttpRequestMessage> make) =>
        McpPages.ReadAsync(member, cursor => SendAsync(id => make(id, cursor)));

    /// <summary>Sends what is a courtesy: that it fails changes nothing about the call.</summary>
    public async Task TellAsync(HttpRequestMessage message)
    {
        using var limit = new CancellationTokenSource(CourtesyTimeout, time);
        using var sent = For(message);
        try
        {
            using var response = await Connection.Http.SendAsync(sent, HttpCompletionOption.ResponseHeadersRead, limit.Token);
        }
        catch (Exception e) when (UpstreamFailures.IsExpected(e))
        {
            Log.CourtesyLost(logger, e);
        }
    }

    /// <summary>Answers a request of the server: pings, and refuses all others.</summary>
    public Task AnswerAsync(JsonValue request) =>
        TellAsync(McpRequest.Answer(Connection, request["id"]!, isPing: request["method"]?.StringOrNull() == RequestMethods.Ping)); // a request has one

    private HttpRequestMessage For(HttpRequestMessage request)
    {
        if (call?.Link?.Token is { } token) request.Options.Set(CredentialHandler.Caller, token);
        return request;
    }

    /// <summary>The server's progress, and what it logs, goes to who waits, in its order and before the answer; of its requests pings are answered and all others refused.</summary>
    private Task HearAsync(string id, JsonValue message)
    {
        if (message["id"] is not null) return AnswerAsync(message);
        if (call?.Link?.Progress is { } progress
            && message["method"]?.StringOrNull() == NotificationMethods.ProgressNotification
            && message["params"] is { } said && said["progressToken"]?.StringOrNull() == id && said["progress"] is { IsNumber: true })
            progress(McpResults.Relayed(said.Without("progressToken")));
        if (call?.Link?.Log is { } log && message["method"]?.StringOrNull() == McpProtocolRules.LogNotification && message["params"] is { IsObject: true } logged) log(McpResults.Relayed(logged));
        return Task.CompletedTask;
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Debug, "A cancellation or an answer did not reach the upstream.")]
        public static partial void CourtesyLost(ILogger logger, Exception exception);
    }
}
