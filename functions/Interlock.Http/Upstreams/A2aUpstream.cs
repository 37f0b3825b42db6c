using Interlock.Core;
using Interlock.Core.Gateway;
using Interlock.Core.Registry;
using Interlock.Json;

namespace Interlock.Http.Upstreams;

/// <summary>
/// Calls A2A 0.3 agents over JSON-RPC: <c>message/send</c> with one data part; a task that goes on is handed back and asked after by <c>tasks/get</c>. A paused task
/// (<c>input-required</c>, <c>auth-required</c>) completes as an error whose output says what the agent asks.
/// Calls go to the registered address only, whatever the agent card says.
/// </summary>
public sealed class A2aUpstream : IUpstream, IUpstreamDiscovery, IDisposable
{
    /// <summary>The name of the one contract that an agent has: its whole card.</summary>
    public const string ToolName = "message";

    private static readonly TimeSpan PollAfter = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan DiscoveryTimeout = TimeSpan.FromSeconds(30);

    private readonly HttpClient _http;
    private readonly TimeProvider _time;
    private long _requests;

    /// <summary>Sends through a handler of <see cref="EgressHandler.Create"/>, which stays its maker's to dispose.</summary>
    public A2aUpstream(HttpMessageHandler egress, TimeProvider time)
    {
        _http = new HttpClient(egress, disposeHandler: false) { Timeout = Timeout.InfiniteTimeSpan };
        _time = time;
    }

    public async Task<UpstreamResult> InvokeAsync(UpstreamCall call, CancellationToken ct)
    {
        using var budget = new CallBudget(call.Deadline, _time, ct);
        if (budget.Spent) return new UpstreamResult.NotSent(UpstreamFailures.OutOfTime(budget));

        if (call.Task is { } task) return await FollowAsync(call, task, budget);
        var id = NextId();
        var content = new OneShotContent(A2aMessages.Send(id, call));
        try
        {
            return await PostAsync(call, content, id, budget) switch
            {
                JsonRpcReply.Result { Value: var result } => A2aMessages.RunningTask(result) is { } running ? new UpstreamResult.Handed(running, PollAfter) : A2aMessages.Read(call, result),
                JsonRpcReply.Error error => OfError(error),
                var other => UpstreamFailures.Of(other),
            };
        }
        catch (Exception e) when (UpstreamFailures.IsExpected(e))
        {
            return UpstreamFailures.Of(e, content.Sent, budget);
        }
    }

    /// <summary>Reads the agent card below the registered address, else at the origin's root; the card must name that address.</summary>
    public async Task<DiscoveryResult> DiscoverAsync(UpstreamEndpoint endpoint, CancellationToken ct)
    {
        using var budget = new CallBudget(_time.GetUtcNow() + DiscoveryTimeout, _time, ct);
        try
        {
            var card = await GetCardAsync(Card(endpoint.Address, endpoint.Address.AbsolutePath.TrimEnd('/')), budget.Token)
                ?? await GetCardAsync(Card(endpoint.Address, ""), budget.Token);
            return card is null ? Unreadable("There is no agent card at /.well-known/agent-card.json.") : Read(card, endpoint);
        }
        catch (NotIJsonException e)
        {
            return Unreadable($"The agent card is not I-JSON at \"{e.Pointer}\": {e.Message}");
        }
        catch (OperationCanceledException) when (budget.Token.IsCancellationRequested)
        {
            return DiscoveryResult.Failed(UpstreamFailures.OutOfTime(budget));
        }
        catch (Exception e) when (UpstreamFailures.IsExpected(e))
        {
            return DiscoveryResult.Failed(UpstreamFailures.ProblemOf(e));
        }
    }

    public void Dispose() => _http.Dispose();

    /// <summary>Asks how a task stands; one that is to stop and goes on is told to. That an agent no longer knows a task says nothing about what it did.</summary>
    private async Task<UpstreamResult> FollowAsync(UpstreamCall call, string task, CallBudget budget)
    {
        try
        {
            var reply = await AskAsync("tasks/get");
            if (reply is not JsonRpcReply.Result { Value: var state }) return UpstreamFailures.Of(reply);
            if (A2aMessages.RunningTask(state) is null) return A2aMessages.Read(call, state) is UpstreamResult.Rejected { Problem: var why } ? new UpstreamResult.Completed(why.Detail ?? why.Title, IsError: true) : A2aMessages.Read(call, state);
            if (call.Stop) await AskAsync("tasks/cancel");
            return new UpstreamResult.Handed(task, PollAfter);
        }
        catch (Exception e) when (UpstreamFailures.IsExpected(e))
        {
            return UpstreamFailures.Of(e, sent: false, budget);
        }

        async Task<JsonRpcReply> AskAsync(string method)
        {
            var id = NextId();
            return await PostAsync(call, new OneShotContent(A2aMessages.OfTask(id, method, task)), id, budget);
        }
    }

    private static DiscoveryResult Read(JsonValue card, UpstreamEndpoint endpoint)
    {
        if (card["name"] is not { IsString: true } name) return Unreadable("The agent card has no name.");
        if (!Uri.TryCreate(card["url"]?.StringOrNull(), UriKind.Absolute, out var url)) return Unreadable("The agent card has no url.");
        if (UpstreamAddress.Shown(url).TrimEnd('/') != UpstreamAddress.Shown(endpoint.Address).TrimEnd('/'))
            return Unreadable($"The agent card names the url {url}; register that address if it is meant.");
        if (card["preferredTransport"]?.StringOrNull() is { } transport and not "JSONRPC")
            return Unreadable($"The agent prefers {transport}; only JSONRPC is spoken.");
        var contract = new ToolContract(
            ToolName, name.AsString(), card["description"]?.StringOrNull(), JsonValue.Object(("type", "object")), null, null, card)
        {
            Digest = ToolContract.Compute(card, null),
        };
        return new([contract], null, null);
    }

    /// <summary>Where a card is below a path, asked for with the address's own query: what lets one in is in it.</summary>
    private static Uri Card(Uri address, string below) => new UriBuilder(address) { Path = below + "/.well-known/agent-card.json" }.Uri;

    private async Task<JsonValue?> GetCardAsync(Uri address, CancellationToken ct)
    {
        using var response = await _http.GetAsync(address, HttpCompletionOption.ResponseHeadersRead, ct);
        return response.IsSuccessStatusCode ? StrictJson.Parse(await response.Content.ReadAsByteArrayAsync(ct)) : null;
    }

    private async Task<JsonRpcReply> PostAsync(UpstreamCall call, OneShotContent content, string id, CallBudget budget)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, call.Endpoint.Address) { Content = content };
        request.Headers.Accept.ParseAdd("application/json");
        if (call.TraceParent is { } traceParent) request.Headers.TryAddWithoutValidation("traceparent", traceParent);
        return await JsonRpcHttp.SendAsync(_http, request, id, onMessage: null, budget.Token);
    }

    /// <summary>A2A's own codes -32001 to -32005 turn the request away; its other meanings of JSON-RPC codes are the usual ones.</summary>
    private static UpstreamResult OfError(JsonRpcReply.Error error) => UpstreamFailures.Of(error) switch
    {
        UpstreamResult.Unknown unknown when error.Code is >= -32005 and <= -32001 => new UpstreamResult.Rejected(unknown.Problem),
        var result => result,
    };

    private static DiscoveryResult Unreadable(string why) =>
        DiscoveryResult.Failed(new(ProblemTypes.Communication, 502, "The agent card cannot be used", why));

    private string NextId() => $"interlock-{Interlocked.Increment(ref _requests)}";
}
