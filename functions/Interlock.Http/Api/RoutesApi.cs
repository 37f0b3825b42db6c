using Interlock.Core;
using Interlock.Core.Gateway;
using Interlock.Core.Gateway.Routing;
using Interlock.Core.Identity;
using Interlock.Core.Registry;
using Interlock.Core.Registry.Changes;
using Interlock.Json;

namespace Interlock.Http.Api;

/// <summary>Routes, and where calls would go.</summary>
internal static class RoutesApi
{
    public static async Task<ApiResult> ListAsync(ApiRequest request)
    {
        var registry = await request.Web.Registry.ReadAsync(request.Caller.Tenant, request.Aborted);
        var routes = registry.OfKind(RegistryKind.Route).OrderBy(entry => entry.Name, StringComparer.Ordinal).ThenByDescending(entry => SemanticVersion.TryParse(entry.Version));
        return ApiResult.Ok(JsonValue.Object(("routes", JsonValue.Array(routes.Select(Views.Entry)))));
    }

    public static async Task<ApiResult> PutAsync(ApiRequest request) => request.Text() is { } text
        ? await RegistryApi.RequestAsync(request, new RegistryRequest.PublishRoute(request.Part("name"), text), created: false)
        : WorkflowsApi.NotUtf8();

    public static async Task<ApiResult> ExplainAsync(ApiRequest request)
    {
        if (request.Query("target") is not { Length: > 0 and <= 256 } target)
            return ApiResult.Fail(new Problem(ProblemTypes.Validation, 400, "No target", "Name the tool as server/tool, or capability:name, or route:name, in the query parameter 'target'.") { Stage = "validate", Rule = "invalid-target" });
        var registry = await request.Web.Registry.ReadAsync(request.Caller.Tenant, request.Aborted);
        var addresses = request.Web.Gateway.Routes;
        var call = new GatewayCall(new EffectId(""), new ActorChain(request.Caller), TargetKind.Tool, target, request.Query("version"), JsonValue.EmptyObject, request.Web.Time.GetUtcNow());
        var (lead, version, server, refusal) = LeadExplanation.Of(call, registry, entry => addresses.TakesCalls(request.Caller.Tenant, entry));
        var json = JsonValue.Object(
            ("target", target), ("taken", version?.Taken ?? JsonValue.Null), ("repinnedFrom", version?.RepinnedFrom ?? JsonValue.Null),
            ("candidates", JsonValue.Array((version?.Candidates ?? []).Select(candidate => JsonValue.Object(
                ("version", candidate.Version), ("lifecycle", candidate.Lifecycle.ToString().ToLowerInvariant()), ("taken", candidate.IsTaken), ("why", candidate.Why))))));
        if (lead is not null) json = json.With("leads", JsonValue.Array(lead.Candidates.Select(one => Candidate(one, one == lead.Taken))));
        if (server is not null) json = json.With("addresses", ServersApi.Addresses(server, addresses.Of(request.Caller.Tenant, server.As<ServerBody>())));
        return ApiResult.Ok(refusal is null ? json : json.With("refusal", refusal.ToProblem().ToJson()));
    }

    private static JsonValue Candidate(LeadCandidate candidate, bool isTaken)
    {
        var json = JsonValue.Object(("tool", candidate.Target.Tool), ("weight", candidate.Target.Weight), ("taken", isTaken), ("leftOut", candidate.LeftOut ?? JsonValue.Null));
        if (candidate.Target.Version is { } range) json = json.With("range", range);
        return candidate.Entry is { } entry ? json.With("version", entry.Version) : json;
    }
}
