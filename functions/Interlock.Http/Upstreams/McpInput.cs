using System.Text.Json;
using Interlock.Core;
using Interlock.Core.Gateway;
using Interlock.Json;

namespace Interlock.Http.Upstreams;

/// <summary>
/// What a server of 2026-07-28 asks of the caller in the place of a result. Relayed is what the caller states that it can be asked, elicitations in the modes that
/// it states, and pages to open only at origins that the operator allows: what the server wants beside that, nobody is asked.
/// </summary>
internal static class McpInput
{
    private const int MaxRequests = 16;
    private const long MaxSize = 64 * 1024;
    private const string Elicitation = "elicitation";

    /// <summary>The capabilities with which a caller can be asked for something.</summary>
    private static readonly string[] Asking = [Elicitation, "sampling", "roots"];

    /// <summary>The caller's capabilities as they are declared to the server: what it can be asked for, and nothing else.</summary>
    public static void WriteCapabilities(Utf8JsonWriter json, CallerLink? link)
    {
        foreach (var name in Asking)
        {
            if (link?.Capabilities?[name] is not { IsObject: true } stated) continue;
            json.WritePropertyName(name);
            json.WriteRawValue(CanonicalJson.Serialize(stated), skipInputValidation: true);
        }
    }

    /// <summary>The answers of an earlier round, as parameters.</summary>
    public static void WriteAnswers(Utf8JsonWriter json, InputAnswers? answers)
    {
        if (answers?.Responses is { } responses)
        {
            json.WritePropertyName("inputResponses");
            json.WriteRawValue(CanonicalJson.Serialize(responses), skipInputValidation: true);
        }
        if (answers?.State is { } state) json.WriteString("requestState", state);
    }

    /// <summary>An <c>input_required</c> result. What can't be relayed is a rejection: the call has not been done.</summary>
    public static UpstreamResult Read(UpstreamCall call, JsonValue result)
    {
        var (requests, state) = (result["inputRequests"], result["requestState"]);
        if (requests is { IsObject: false } || state is { IsString: false } || (requests is null && state is null))
            return UpstreamFailures.Of(new JsonRpcReply.Garbled("It asks for input without saying which."));
        if (requests?.Count > MaxRequests || (requests?.Size ?? 0) + (state?.Size ?? 0) > MaxSize)
            return UpstreamFailures.Of(new JsonRpcReply.Garbled($"It asks for more than {MaxRequests} inputs, or in more than {MaxSize} characters.", "response-limit"));
        if (call.Link?.Capabilities is null) return Rejected("input-required", "It asks the caller for input, and nobody is there who could be asked; call a tool that completes in one answer.");
        foreach (var (_, request) in requests?.Members ?? JsonValue.EmptyObject.Members)
            if (Refuse(call, request) is { } refused) return refused;
        return new UpstreamResult.InputRequired(requests, state?.AsString());
    }

    private static JsonValue? Modes(CallerLink? link) => link?.Capabilities?[Elicitation] is { IsObject: true } modes ? modes : null;

    private static UpstreamResult.Rejected? Refuse(UpstreamCall call, JsonValue request)
    {
        if (Other(request) is { } other && call.Link?.Capabilities?[other] is { IsObject: true } && request["params"] is null or { IsObject: true }) return null;
        if (request["method"]?.StringOrNull() is not "elicitation/create" || request["params"] is not { IsObject: true } asked)
            return Rejected("input-required", "It asks the caller for something that the caller's client can't be asked for.");
        var isUrl = asked["mode"]?.StringOrNull() == "url" || asked["url"] is not null;
        if (Modes(call.Link) is not { } modes || (isUrl ? modes["url"] is null : modes.Count > 0 && modes["form"] is null))
            return Rejected("input-required", "It asks in a way that the caller's client can't be asked in.");
        if (isUrl && !IsAllowed(call.Endpoint, asked["url"]?.StringOrNull()))
            return Rejected("elicitation-origin", "It wants the caller to open a page at an origin that is not among those registered for this server.");
        return null;
    }

    /// <summary>The capability that a request other than an elicitation needs; null for any else.</summary>
    private static string? Other(JsonValue request) => request["method"]?.StringOrNull() switch
    {
        "sampling/createMessage" => "sampling",
        "roots/list" => "roots",
        _ => null,
    };

    private static bool IsAllowed(UpstreamEndpoint endpoint, string? url) =>
        Uri.TryCreate(url, UriKind.Absolute, out var page) && page is { UserInfo: "", Scheme: "https" or "http" }
        && endpoint.ElicitationOrigins.Any(origin => Uri.TryCreate(origin, UriKind.Absolute, out var allowed) && (allowed.Scheme, allowed.IdnHost, allowed.Port) == (page.Scheme, page.IdnHost, page.Port));

    public static UpstreamResult.Rejected Rejected(string rule, string why) => new(new(ProblemTypes.Refused, 502, "The tool did not finish", why) { Rule = rule });
}
