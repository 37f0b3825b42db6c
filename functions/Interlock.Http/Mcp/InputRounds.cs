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
/// What a server may ask was judged where it asked.
/// </summary>
internal sealed class InputRounds(InterlockWeb web)
{
    private const string Table = "requeststates";

    /// <summary>How often one call may ask.</summary>
    private const int MaxRounds = 16;

    private static readonly TimeSpan Patience = TimeSpan.FromHours(1);

    private readonly Expiries _expiries = new(web.Store);

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
        await _expiries.NoteAsync(caller.Principal.Tenant, new Expiry(Table, key, web.Time.GetUtcNow() + Patience + Patience), cancellationToken); // the state itself is too old before
        return (await web.Store.InsertAsync(Table, key, JsonValue.Object(("effect", call.Effect.Value)), cancellationToken)).Ok;
    }

    /// <summary>Asks the client, in the way that it can be asked.</summary>
    public McpAnswer Ask(McpExchange exchange, GatewayCall call, CallSubject subject, RegistrySnapshot registry, bool isKeyed, RequestState state, GatewayResult.InputRequired required)
    {
        var (requests, registration) = (required.Requests ?? JsonValue.EmptyObject, RegistrationOf(registry, call.Target));
        if (registration is null || state.Rounds >= MaxRounds || required.State?.Length > RequestState.MaxUpstreamState)
            return subject.Fail(new Problem(ProblemTypes.Communication, 502, "The upstream asks for what it can't be given", "It asks too often, or too much, or its server is not registered any more.") { Stage = "settle", Rule = "input-required" }, null);
        if (exchange.IsNewest)
        {
            var next = state with { Rounds = state.Rounds + 1, Effect = call.Effect, Upstream = registration, Inner = required.State };
            var answer = JsonValue.Object(("resultType", "input_required"), (RequestState.Member, next.Write(web.Mac, call, isKeyed, web.Time.GetUtcNow() + Patience)));
            return McpAnswer.Of(requests.Count == 0 ? answer : answer.With("inputRequests", requests));
        }
        if (UrlElicitation.Of(exchange) == ElicitationSupport.Error && requests.Count > 0 && requests.Members.All(request => IsPage(request.Value)))
            return UrlElicitation.Required($"{subject.Name} asks for a page to be opened.", requests.Members.Select(request => request.Value["params"]!)); // a page is named in its params
        return subject.Fail(new Problem(ProblemTypes.Refused, 409, "The tool asks for input", $"{subject.Name} was not carried out: it asks the person for something, which clients can be asked only in revision 2026-07-28.") { Stage = "settle", Rule = "input-required" }, null);
    }

    private static bool IsPage(JsonValue request) => request["method"]?.StringOrNull() == "elicitation/create" && request["params"]?["mode"]?.StringOrNull() == "url";

    private static string? RegistrationOf(RegistrySnapshot registry, string target) => registry.Newest(RegistryKind.Server, Catalog.ServerOf(target))?.As<ServerBody>().RegistrationId;
}
