using System.Text.Json;
using Interlock.Core;
using Interlock.Core.Gateway;
using Interlock.Http.Upstreams.Credentials;
using Interlock.Json;

namespace Interlock.Http.Upstreams;

/// <summary>
/// Asks OpenAI-compatible endpoints for one turn of a model: <c>POST {address}/chat/completions</c>, not streamed, with the frozen arguments byte for byte and the registered model
/// before them. The address is the API's base (<c>https://api.openai.com/v1</c>, <c>https://NAME.openai.azure.com/openai/v1</c>) or a deployment's
/// (<c>…/openai/deployments/NAME?api-version=…</c>), whose query is kept.
/// </summary>
public sealed class ChatUpstream(HttpMessageHandler egress, UpstreamCredentials credentials, TimeProvider time) : IUpstream, IUpstreamDiscovery
{
    private const string Path = "/chat/completions";
    private const int MaxSaid = 500;

    public async Task<UpstreamResult> InvokeAsync(UpstreamCall call, CancellationToken ct)
    {
        using var budget = new CallBudget(call.Deadline, time, ct);
        if (budget.Spent) return new UpstreamResult.NotSent(UpstreamFailures.OutOfTime(budget));
        var content = new OneShotContent(Body(call));
        using var request = new HttpRequestMessage(HttpMethod.Post, Address(call.Endpoint.Address)) { Content = content };
        request.Headers.Accept.ParseAdd("application/json");
        request.Headers.TryAddWithoutValidation("User-Agent", "interlock");
        if (call.TraceParent is { } trace) request.Headers.TryAddWithoutValidation("traceparent", trace);
        using var sender = new HttpMessageInvoker(credentials.Handler(call.Endpoint, call.Subject) ?? egress, disposeHandler: false);
        try
        {
            using var response = await sender.SendAsync(request, budget.Token);
            var body = await response.Content.ReadAsByteArrayAsync(budget.Token);
            return response.IsSuccessStatusCode
                ? ChatAnswer.Read(body, call)
                : Failed(new JsonRpcReply.Failed(response.StatusCode) { RetryAfter = JsonRpcHttp.RetryAfter(response) }, Said(body));
        }
        catch (Exception e) when (UpstreamFailures.IsExpected(e))
        {
            return UpstreamFailures.Of(e, content.Sent, budget);
        }
    }

    /// <summary>A model shows nothing of itself: what stands for it is what its operator said.</summary>
    public Task<DiscoveryResult> DiscoverAsync(UpstreamEndpoint endpoint, CancellationToken ct) => Task.FromResult(new DiscoveryResult([], null, null));

    internal static Uri Address(Uri registered) => new UriBuilder(registered) { Path = registered.AbsolutePath.TrimEnd('/') + Path }.Uri;

    /// <summary>The arguments, an object with members, as they are; before them the model.</summary>
    private static byte[] Body(UpstreamCall call) =>
        [.. "{\"model\":"u8, .. JsonSerializer.SerializeToUtf8Bytes(call.Tool), (byte)',', .. call.Arguments.Span[1..]];

    /// <summary>Who has no time now did not begin, where it says when to come again; a turn changes nothing, so what may have begun is safe to repeat as well.</summary>
    private static UpstreamResult Failed(JsonRpcReply.Failed failed, string? said) => UpstreamFailures.Of(failed) switch
    {
        UpstreamResult.Rejected rejected => rejected with { Problem = Told(rejected.Problem, said) },
        UpstreamResult.Unknown { RetryAfter: { } rest } busy => new UpstreamResult.Rejected(Told(busy.Problem, said)) { RetryAfter = rest },
        UpstreamResult.Unknown unknown => unknown with { Problem = Told(unknown.Problem, said) },
        var other => other,
    };

    private static Problem Told(Problem problem, string? said) => said is null ? problem : problem with { Detail = $"{problem.Detail} It says: {said}" };

    /// <summary>The message of an error in OpenAI's form, bounded: the endpoint's words.</summary>
    private static string? Said(byte[] body)
    {
        try
        {
            return StrictJson.Parse(body)["error"] is { IsObject: true } error && error["message"]?.StringOrNull() is { Length: > 0 } message ? Bounded(message) : null;
        }
        catch (NotIJsonException)
        {
            return null;
        }
    }

    private static string Bounded(string text) => text.Length <= MaxSaid ? text : string.Concat(text.AsSpan(0, char.IsHighSurrogate(text[MaxSaid - 1]) ? MaxSaid - 1 : MaxSaid), "…");
}
