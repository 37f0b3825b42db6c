using Interlock.Core;
using Interlock.Core.Gateway;
using Interlock.Json;
using Microsoft.Extensions.Logging;

namespace Interlock.Http.Upstreams;

/// <summary>
/// Calls A2A 0.3 agents over JSON-RPC: <c>message/send</c> with one data part, then <c>tasks/get</c> until the task ends or the deadline
/// comes. A paused task (<c>input-required</c>, <c>auth-required</c>) completes as an error whose output says what the agent asks.
/// Calls go to the registered address only, whatever the agent card says.
/// </summary>
public sealed partial class A2aUpstream : IUpstream, IUpstreamDiscovery, IDisposable
{
    /// <summary>The name of the one contract that an agent has: its whole card.</summary>
    public const string ToolName = "message";

    private static readonly TimeSpan FirstPoll = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LastPoll = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan DiscoveryTimeout = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan CancelTimeout = TimeSpan.FromSeconds(2);

    private readonly HttpClient _http;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private long _requests;

    /// <summary>Sends through a handler of <see cref="EgressHandler.Create"/>, which stays its maker's to dispose.</summary>
    public A2aUpstream(HttpMessageHandler egress, ILoggerFactory loggers, TimeProvider time)
    {
        _http = new HttpClient(egress, disposeHandler: false) { Timeout = Timeout.InfiniteTimeSpan };
        _logger = loggers.CreateLogger<A2aUpstream>();
        _time = time;
    }

    public async Task<UpstreamResult> InvokeAsync(UpstreamCall call, CancellationToken ct)
    {
        using var budget = new CallBudget(call.Deadline, _time, ct);
        if (budget.Spent) return new UpstreamResult.NotSent(UpstreamFailures.OutOfTime(budget));

        var sent = false;
        string? task = null;
        try
        {
            var id = NextId();
            var content = new OneShotContent(A2aMessages.Send(id, call));
            JsonRpcReply reply;
            try
            {
                reply = await PostAsync(call.Endpoint, content, id, call.TraceParent, budget.Token);
            }
            finally
            {
                sent = content.Sent;
            }

            var pause = FirstPoll;
            while (reply is JsonRpcReply.Result { Value: var running } && A2aMessages.RunningTask(running) is { } taskId)
            {
                task = taskId;
                await Task.Delay(pause, _time, budget.Token);
                pause = pause * 2 < LastPoll ? pause * 2 : LastPoll;
                id = NextId();
                reply = await PostAsync(call.Endpoint, new OneShotContent(A2aMessages.OfTask(id, "tasks/get", task)), id, null, budget.Token);
            }
            return reply switch
            {
                JsonRpcReply.Result result => A2aMessages.Read(result.Value),
                // Once a task exists, a refused tasks/get says nothing about what the task did.
                JsonRpcReply.Error error => task is null ? OfError(error) : Lost(error.Message),
                JsonRpcReply.Failed failed => task is null ? UpstreamFailures.Of(failed) : Lost($"HTTP {(int)failed.Status}"),
                JsonRpcReply.Garbled garbled => UpstreamFailures.Of(garbled),
                _ => throw new InvalidOperationException($"Unknown reply {reply}."),
            };
        }
        catch (Exception e) when (UpstreamFailures.IsExpected(e))
        {
            if (task is not null && budget.Token.IsCancellationRequested) await CancelTaskAsync(call.Endpoint, task);
            return UpstreamFailures.Of(e, sent, budget);
        }
    }

    /// <summary>Reads the agent card below the registered address, else at the origin's root; the card must name that address.</summary>
    public async Task<DiscoveryResult> DiscoverAsync(UpstreamEndpoint endpoint, CancellationToken ct)
    {
        using var budget = new CallBudget(_time.GetUtcNow() + DiscoveryTimeout, _time, ct);
        try
        {
            var below = new Uri(endpoint.Address.AbsoluteUri.TrimEnd('/') + "/.well-known/agent-card.json");
            var card = await GetCardAsync(below, budget.Token)
                ?? await GetCardAsync(new Uri(endpoint.Address, "/.well-known/agent-card.json"), budget.Token);
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

    private static DiscoveryResult Read(JsonValue card, UpstreamEndpoint endpoint)
    {
        if (card["name"] is not { IsString: true } name) return Unreadable("The agent card has no name.");
        if (!Uri.TryCreate(card["url"]?.StringOrNull(), UriKind.Absolute, out var url)) return Unreadable("The agent card has no url.");
        if (url.AbsoluteUri.TrimEnd('/') != endpoint.Address.AbsoluteUri.TrimEnd('/'))
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

    private async Task<JsonValue?> GetCardAsync(Uri address, CancellationToken ct)
    {
        using var response = await _http.GetAsync(address, HttpCompletionOption.ResponseHeadersRead, ct);
        return response.IsSuccessStatusCode ? StrictJson.Parse(await response.Content.ReadAsByteArrayAsync(ct)) : null;
    }

    private async Task<JsonRpcReply> PostAsync(UpstreamEndpoint endpoint, OneShotContent content, string id, string? traceParent, CancellationToken ct)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, endpoint.Address) { Content = content };
        request.Headers.Accept.ParseAdd("application/json");
        if (traceParent is not null) request.Headers.TryAddWithoutValidation("traceparent", traceParent);
        return await JsonRpcHttp.SendAsync(_http, request, id, onMessage: null, ct);
    }

    private async Task CancelTaskAsync(UpstreamEndpoint endpoint, string task)
    {
        using var limit = new CancellationTokenSource(CancelTimeout, _time);
        var id = NextId();
        try
        {
            await PostAsync(endpoint, new OneShotContent(A2aMessages.OfTask(id, "tasks/cancel", task)), id, null, limit.Token);
        }
        catch (Exception e) when (UpstreamFailures.IsExpected(e))
        {
            Log.CancellationLost(_logger, e);
        }
    }

    /// <summary>A2A's own codes -32001 to -32005 turn the request away; its other meanings of JSON-RPC codes are the usual ones.</summary>
    private static UpstreamResult OfError(JsonRpcReply.Error error) => UpstreamFailures.Of(error) switch
    {
        UpstreamResult.Unknown unknown when error.Code is >= -32005 and <= -32001 => new UpstreamResult.Rejected(unknown.Problem),
        var result => result,
    };

    private static UpstreamResult.Unknown Lost(string why) =>
        new(new(ProblemTypes.Communication, 502, "The agent's task can no longer be read", why));

    private static DiscoveryResult Unreadable(string why) =>
        DiscoveryResult.Failed(new(ProblemTypes.Communication, 502, "The agent card cannot be used", why));

    private string NextId() => $"interlock-{Interlocked.Increment(ref _requests)}";

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Debug, "The agent could not be told of a cancellation.")]
        public static partial void CancellationLost(ILogger logger, Exception exception);
    }
}
