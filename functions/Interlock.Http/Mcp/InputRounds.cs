using System.Security.Cryptography;
using System.Text;
using Interlock.Core;
using Interlock.Core.Gateway;
using Interlock.Core.Registry;
using Interlock.Core.Storage;
using Interlock.Http.Hosting;
using Interlock.Json;

namespace Interlock.Http.Mcp;

/// <summary>
/// What upstreams ask of callers, relayed: as <c>input_required</c> of 2026-07-28, as the error of 2025-11-25 where only pages are to be opened, else in words.
/// A server may ask only for what the client can do, and may have only pages of its allowed origins opened (<c>elicitation-origin</c>).
/// </summary>
internal sealed class InputRounds(InterlockWeb web, McpRefusals refusals)
{
    private const string Table = "requeststates";

    /// <summary>How often one call may ask.</summary>
    private const int MaxRounds = 16;

    private static readonly TimeSpan Patience = TimeSpan.FromHours(1);

    /// <summary>The client's answers, which a call of the newest revision may carry from the first time on; null when they are none.</summary>
    public static (InputAnswers? Answers, McpAnswer? Error) Answers(McpExchange exchange, RequestState state)
    {
        if (!exchange.IsNewest) return (null, null);
        var responses = exchange.Params["inputResponses"];
        if (responses is not null && (!responses.IsObject || !responses.Members.All(response => response.Value.IsObject)))
            return (null, McpAnswer.Fail(McpErrorCodes.InvalidParams, "The inputResponses are an object of results."));
        return state is { Gate: not null, IsUpstreams: false } || (responses is null && state.Inner is null) ? (null, null) : (new InputAnswers(responses, state.Inner), null);
    }

    /// <summary>Whether the state is still good: it is for the server as it is registered now, and nobody has used it yet.</summary>
    public async Task<bool> TakeAsync(McpExchange exchange, McpCaller caller, GatewayCall call, RegistrySnapshot registry, RequestState state, CancellationToken cancellationToken)
    {
        if (!state.IsUpstreams) return true;
        if (state.Upstream != RegistrationOf(registry, call.Target)) return false;
        var used = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(exchange.Params[RequestState.Member]!.AsString()))); // it was read from there
        var key = new RowKey(Keys.Join(caller.Principal.Tenant.Value, caller.Principal.Subject), used);
        return (await web.Store.InsertAsync(Table, key, JsonValue.Object(("effect", call.Effect.Value)), cancellationToken)).Ok;
    }

    public async Task<McpAnswer> AskAsync(
        McpExchange exchange, McpCaller caller, GatewayCall call, CallSubject subject, RegistrySnapshot registry, bool isKeyed, RequestState state, GatewayResult.InputRequired required, CancellationToken cancellationToken)
    {
        var requests = required.Requests ?? JsonValue.EmptyObject;
        var server = registry.Newest(RegistryKind.Server, Catalog.ServerOf(call.Target))?.As<ServerBody>();
        if (server is null || Flaw(exchange, requests, required.State) is not null || state.Rounds >= MaxRounds)
        {
            var flaw = state.Rounds >= MaxRounds ? $"It asked {MaxRounds} times for more." : Flaw(exchange, requests, required.State) ?? "Its server is not registered any more.";
            return subject.Fail(new Problem(ProblemTypes.Communication, 502, "The upstream asks for what it can't be given", flaw) { Stage = "settle", Rule = "input-required" }, null);
        }
        if (Foreign(requests, server) is { } foreign)
            return subject.Fail(await refusals.CallAsync(caller, call.Target, call.Arguments, "elicitation-origin", $"The server wants a page of {foreign} opened, which is not among the origins it may name.", cancellationToken, "settle"), null);
        if (exchange.IsNewest)
        {
            var next = state with { Rounds = state.Rounds + 1, Effect = call.Effect, Upstream = server.RegistrationId, Inner = required.State };
            var answer = JsonValue.Object(("resultType", "input_required"), (RequestState.Member, next.Write(web.Mac, call, isKeyed, web.Time.GetUtcNow() + Patience)));
            return McpAnswer.Of(requests.Count == 0 ? answer : answer.With("inputRequests", requests));
        }
        if (UrlElicitation.Of(exchange) == ElicitationSupport.Error && requests.Count > 0 && requests.Members.All(request => IsPage(request.Value)))
            return UrlElicitation.Required($"{subject.Name} asks for a page to be opened.", requests.Members.Select(request => request.Value["params"]!)); // a page is named in its params
        return subject.Fail(new Problem(ProblemTypes.Refused, 409, "The tool asks for input", $"{subject.Name} was not carried out: it asks the person for something, which clients can be asked only in revision 2026-07-28.") { Stage = "settle", Rule = "input-required" }, null);
    }

    /// <summary>What is wrong with what the upstream asks, or null.</summary>
    private static string? Flaw(McpExchange exchange, JsonValue requests, string? state)
    {
        if (state?.Length > RequestState.MaxUpstreamState) return $"Its state has more than {RequestState.MaxUpstreamState} characters.";
        if (!requests.IsObject || (requests.Count == 0 && state is null)) return "It asks for nothing that can be read.";
        foreach (var (_, request) in requests.Members)
        {
            var (method, parameters) = (request["method"]?.StringOrNull(), request["params"]);
            if (parameters is { IsObject: false }) return "A request's params are no object.";
            if (Capability(method) is not { } capability) return "It asks for what servers may not ask for.";
            if (IsPage(request) && parameters!["url"]?.StringOrNull() is null) return "It names no page to open.";
            if (!exchange.IsNewest) continue;
            var able = exchange.Capabilities?[capability];
            if (able is not { IsObject: true } || (IsPage(request) && able["url"] is not { IsObject: true })) return $"The client does not offer {(IsPage(request) ? "elicitation.url" : capability)}.";
        }
        return null;
    }

    private static string? Capability(string? method) => method switch
    {
        "elicitation/create" => "elicitation",
        "sampling/createMessage" => "sampling",
        "roots/list" => "roots",
        _ => null,
    };

    /// <summary>The first origin of a page that the server may not have opened, or null.</summary>
    private static string? Foreign(JsonValue requests, ServerBody server) => requests.Members
        .Where(request => IsPage(request.Value))
        .Select(request => Uri.TryCreate(request.Value["params"]!["url"]!.AsString(), UriKind.Absolute, out var page) && page.Scheme is "https" or "http" ? page.GetLeftPart(UriPartial.Authority) : "(no address)") // each was found to have one
        .FirstOrDefault(origin => !server.Settings.ElicitationOrigins.Contains(origin, StringComparer.OrdinalIgnoreCase));

    private static bool IsPage(JsonValue request) => request["method"]?.StringOrNull() == "elicitation/create" && request["params"]?["mode"]?.StringOrNull() == "url";

    private static string? RegistrationOf(RegistrySnapshot registry, string target) => registry.Newest(RegistryKind.Server, Catalog.ServerOf(target))?.As<ServerBody>().RegistrationId;
}
