using Interlock.Core;
using Interlock.Core.Gateway;
using Interlock.Core.Registry;
using Interlock.Http.Upstreams.Credentials;
using Interlock.Json;

namespace Interlock.Http.Upstreams;

/// <summary>
/// Calls A2A agents, 0.3 and 1.0, over JSON-RPC: a message with one data part, heard as a stream where the card says so. A task that goes on is handed back and asked after. A paused
/// task (<c>input-required</c>, <c>auth-required</c>) completes as an error whose output says what the agent asks; one that names a refused callback says that it needs an approval.
/// Calls go to the registered address only, whatever the agent card says.
/// </summary>
public sealed class A2aUpstream : IUpstream, IUpstreamDiscovery, IDisposable
{
    /// <summary>The name of the one contract that an agent has: its whole card.</summary>
    public const string ToolName = "message";

    private static readonly TimeSpan PollAfter = TimeSpan.FromMilliseconds(200);

    /// <summary>Of an agent that says when a task moved: what it says may be lost.</summary>
    private static readonly TimeSpan PollAfterNotices = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan DiscoveryTimeout = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(5);

    private readonly HttpClient _http;
    private readonly TimeProvider _time;
    private readonly UpstreamCredentials? _credentials;
    private long _requests;

    /// <summary>Sends through a handler of <see cref="EgressHandler.Create"/>, which stays its maker's to dispose; without credentials only to agents that need none.</summary>
    public A2aUpstream(HttpMessageHandler egress, TimeProvider time, UpstreamCredentials? credentials = null)
    {
        _credentials = credentials;
        _http = new HttpClient(egress, disposeHandler: false) { Timeout = Timeout.InfiniteTimeSpan };
        _time = time;
    }

    public async Task<UpstreamResult> InvokeAsync(UpstreamCall call, CancellationToken ct)
    {
        using var budget = new CallBudget(call.Deadline, _time, ct);
        if (budget.Spent) return new UpstreamResult.NotSent(UpstreamFailures.OutOfTime(budget));

        if (call.Task is { } task) return await FollowAsync(call, task, budget);
        var (id, answer) = (NextId(), new A2aAnswer());
        var content = new OneShotContent(A2aRequests.Send(id, call, call.Endpoint.Dialect.Streams));
        using var reading = new CancellationTokenSource(Timeout.InfiniteTimeSpan, _time);
        await using var leaving = budget.Token.UnsafeRegister(_ => reading.CancelAfter(content.Sent && answer.Task is null && SaysTaskSoon(call) ? StopPatience : TimeSpan.Zero), null);
        try
        {
            var reply = await PostAsync(call, content, id, answer, () => budget.Token.IsCancellationRequested, reading.Token);
            return reply switch
            {
                _ when answer.Running is { } running => await LeaveAsync(call, running, budget), // what a stream that broke off left open is asked after
                _ when answer.IsOver => answer.Read(call),
                JsonRpcReply.Error error => OfError(error),
                var other => UpstreamFailures.Of(other),
            };
        }
        catch (Exception e) when (UpstreamFailures.IsExpected(e))
        {
            return answer.Running is { } running ? await LeaveAsync(call, running, budget) : UpstreamFailures.Of(e, content.Sent, budget);
        }
    }

    /// <summary>Reads the agent card below the registered address, else at the origin's root; the card must name that address.</summary>
    public async Task<DiscoveryResult> DiscoverAsync(UpstreamEndpoint endpoint, CancellationToken ct)
    {
        using var budget = new CallBudget(_time.GetUtcNow() + DiscoveryTimeout, _time, ct);
        try
        {
            var card = await GetCardAsync(endpoint, Card(endpoint.Address, endpoint.Address.AbsolutePath.TrimEnd('/')), budget.Token)
                ?? await GetCardAsync(endpoint, Card(endpoint.Address, ""), budget.Token);
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
            var (id, answer) = (NextId(), new A2aAnswer());
            var reply = await PostAsync(call, new OneShotContent(A2aRequests.Get(id, call.Endpoint.Dialect, task)), id, answer, null, budget.Token);
            if (reply is not JsonRpcReply.Result) return UpstreamFailures.Of(reply);
            if (answer.IsOver) return answer.Read(call) is UpstreamResult.Rejected { Problem: var why } ? new UpstreamResult.Completed(why.Detail ?? why.Title, IsError: true) : answer.Read(call);
            if (call.Stop) await CancelAsync(call, task, budget.Token);
            return Handed(call, task);
        }
        catch (Exception e) when (UpstreamFailures.IsExpected(e))
        {
            return UpstreamFailures.Of(e, sent: false, budget);
        }
    }

    private static UpstreamResult.Handed Handed(UpstreamCall call, string task) => new(task, call.Endpoint.Dialect.Notifies && !call.Stop ? PollAfterNotices : PollAfter);

    /// <summary>Whether the agent says which task it is before that has ended: without it nobody could tell it to stop.</summary>
    private static bool SaysTaskSoon(UpstreamCall call) => call.Endpoint.Dialect.Streams || (call.Endpoint.Dialect.Notifies && call.Notify is not null);

    /// <summary>A task that goes on is handed back, or told to stop where nobody waits for it any more.</summary>
    private async Task<UpstreamResult> LeaveAsync(UpstreamCall call, string task, CallBudget budget)
    {
        if (!budget.Token.IsCancellationRequested) return Handed(call, task);
        await StopAsync(call, task);
        return new UpstreamResult.Unknown(UpstreamFailures.OutOfTime(budget));
    }

    /// <summary>Nobody waits any more, and the call's own time may be over: asking to stop has a moment of its own.</summary>
    private async Task StopAsync(UpstreamCall call, string task)
    {
        using var patience = new CancellationTokenSource(StopPatience, _time);
        try
        {
            await CancelAsync(call, task, patience.Token);
        }
        catch (Exception e) when (UpstreamFailures.IsExpected(e))
        {
            // It was asked; how the task stands is unknown either way.
        }
    }

    private async Task CancelAsync(UpstreamCall call, string task, CancellationToken ct)
    {
        var id = NextId();
        await PostAsync(call, new OneShotContent(A2aRequests.Cancel(id, call.Endpoint.Dialect, task)), id, new A2aAnswer(), null, ct);
    }

    /// <summary>Of an agent that is authenticated to, a client of its own over the one way out.</summary>
    private HttpClient? Client(UpstreamEndpoint endpoint, string? subject) =>
        _credentials?.Handler(endpoint, subject) is { } handler ? new HttpClient(handler, disposeHandler: false) { Timeout = Timeout.InfiniteTimeSpan } : null;

    private static DiscoveryResult Read(JsonValue card, UpstreamEndpoint endpoint)
    {
        if (card["name"] is not { IsString: true }) return Unreadable("The agent card has no name.");
        if (AgentCard.Read(card) is not { } read) return Unreadable("The agent card has no url.");
        if (read.At(endpoint.Address) is null)
        {
            var named = string.Join(", ", read.Interfaces.Select(known => $"{known.Url} ({known.Binding} {known.Version})"));
            return Unreadable($"The agent card names {named}; only JSONRPC of A2A 0.3 and 1.0 is spoken. Register one of those addresses if it is meant.");
        }
        var contract = new ToolContract(
            ToolName, read.Name, read.Description, JsonValue.Object(("type", "object")), null, null, card)
        {
            Digest = ToolContract.Compute(card, null),
        };
        return new([contract], null, null);
    }

    /// <summary>Where a card is below a path, asked for with the address's own query: what lets one in is in it.</summary>
    private static Uri Card(Uri address, string below) => new UriBuilder(address) { Path = below + "/.well-known/agent-card.json" }.Uri;

    private async Task<JsonValue?> GetCardAsync(UpstreamEndpoint endpoint, Uri address, CancellationToken ct)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        request.Headers.Add(A2aRequests.VersionHeader, AgentInterface.V1); // an agent that speaks both shows both then
        using var own = Client(endpoint, null);
        using var response = await (own ?? _http).SendAsync(request, HttpCompletionOption.ResponseHeadersRead, ct);
        return response.IsSuccessStatusCode ? StrictJson.Parse(await response.Content.ReadAsByteArrayAsync(ct)) : null;
    }

    /// <summary>The last reply; each result of it was taken, in order, until the answer was whole or enough.</summary>
    private async Task<JsonRpcReply> PostAsync(UpstreamCall call, OneShotContent content, string id, A2aAnswer answer, Func<bool>? isEnough, CancellationToken ct)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, call.Endpoint.Address) { Content = content };
        request.Headers.Accept.ParseAdd("application/json");
        if (call.Endpoint.Dialect.Streams) request.Headers.Accept.ParseAdd("text/event-stream");
        if (call.Endpoint.Dialect.IsOne) request.Headers.Add(A2aRequests.VersionHeader, AgentInterface.V1);
        if (call.TraceParent is { } traceParent) request.Headers.TryAddWithoutValidation("traceparent", traceParent);
        using var own = Client(call.Endpoint, call.Subject);
        return await JsonRpcHttp.StreamAsync(own ?? _http, request, id, result =>
        {
            answer.Take(result);
            return answer.IsOver || isEnough?.Invoke() == true;
        }, ct);
    }

    /// <summary>A2A's own codes -32001 to -32005 and, of 1.0, -32008 (an extension is required) and -32009 (the version is not spoken) turn the request away; its other meanings of JSON-RPC codes are the usual ones.</summary>
    private static UpstreamResult OfError(JsonRpcReply.Error error) => UpstreamFailures.Of(error) switch
    {
        UpstreamResult.Unknown unknown when error.Code is -32008 or -32009 or (>= -32005 and <= -32001) => new UpstreamResult.Rejected(unknown.Problem),
        var result => result,
    };

    private static DiscoveryResult Unreadable(string why) =>
        DiscoveryResult.Failed(new(ProblemTypes.Communication, 502, "The agent card cannot be used", why));

    private string NextId() => $"interlock-{Interlocked.Increment(ref _requests)}";
}
