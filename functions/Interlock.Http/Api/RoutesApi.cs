using Interlock.Core;
using Interlock.Core.Gateway;
using Interlock.Core.Gateway.Routing;
using Interlock.Core.Identity;
using Interlock.Json;

namespace Interlock.Http.Api;

/// <summary>Where calls would go.</summary>
internal static class RoutesApi
{
    public static async Task<ApiResult> ExplainAsync(ApiRequest request)
    {
        if (request.Query("target") is not { Length: > 0 and <= 256 } target)
            return ApiResult.Fail(new Problem(ProblemTypes.Validation, 400, "No target", "Name the tool as server/tool in the query parameter 'target'.") { Stage = "validate", Rule = "invalid-target" });
        var registry = await request.Web.Registry.ReadAsync(request.Caller.Tenant, request.Aborted);
        var chain = new ActorChain(request.Caller);
        var call = new GatewayCall(new EffectId(""), chain, TargetKind.Tool, target, request.Query("version"), JsonValue.EmptyObject, request.Web.Time.GetUtcNow());
        var explained = RouteExplanation.Of(call, registry);
        var json = JsonValue.Object(
            ("target", target), ("taken", explained.Taken ?? JsonValue.Null), ("repinnedFrom", explained.RepinnedFrom ?? JsonValue.Null),
            ("candidates", JsonValue.Array(explained.Candidates.Select(candidate => JsonValue.Object(
                ("version", candidate.Version), ("lifecycle", candidate.Lifecycle.ToString().ToLowerInvariant()), ("taken", candidate.IsTaken), ("why", candidate.Why))))));
        return ApiResult.Ok(explained.Refusal is { } refusal ? json.With("refusal", refusal.ToProblem().ToJson()) : json);
    }
}
