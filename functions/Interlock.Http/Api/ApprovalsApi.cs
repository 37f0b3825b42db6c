using Interlock.Core;
using Interlock.Core.Approvals;
using Interlock.Core.Identity;
using Interlock.Http.Hosting;
using Interlock.Json;

namespace Interlock.Http.Api;

/// <summary>Reading gates. Nothing here decides one.</summary>
internal static class ApprovalsApi
{
    public static async Task<ApiResult> ListAsync(ApiRequest request)
    {
        IEnumerable<Gate> gates;
        if (request.Query("scope") == "mine")
            gates = request.Caller.Kind == PrincipalKind.User ? await request.Web.Approvals.InboxAsync(request.Caller, request.Aborted) : [];
        else
            gates = (await request.Web.Approvals.OpenGatesAsync(request.Caller.Tenant, request.Aborted)).Where(gate => Visibility.MayRead(request.Caller, gate));
        return ApiResult.Ok(JsonValue.Object(("approvals", JsonValue.Array(gates.Select(Views.Gate)))));
    }

    public static async Task<ApiResult> GetAsync(ApiRequest request) =>
        await FindAsync(request) is { } gate ? ApiResult.Ok(Views.Gate(gate)) : ApiResult.NotFound("There is no such gate.");

    public static async Task<ApiResult> RatesAsync(ApiRequest request)
    {
        var (rates, _) = await RateLists.ReadAsync(request.Web, request.Caller.Tenant, request.Number("days", RateLists.StandardDays, RateLists.MostDays), request.Aborted);
        return ApiResult.Ok(Views.Rates(rates));
    }

    /// <summary>Refuses, and records it where the caller may know of the gate.</summary>
    public static async Task<ApiResult> DecideAsync(ApiRequest request)
    {
        var refused = new Problem(ProblemTypes.Authorization, 403, "A token decides nothing", "Decisions are made by people on the review page, signed in there.") { Stage = "decision", Rule = "interactive-session-required" };
        if (await FindAsync(request) is not { } gate) return ApiResult.Fail(refused, JsonValue.Object(("reviewPage", "/approvals/")));
        await request.Web.Approvals.RefuseTokenAsync(request.Caller, gate, request.Aborted);
        return ApiResult.FailRecorded(refused, JsonValue.Object(("reviewPage", "/approvals/" + gate.Id.Value)));
    }

    private static async Task<Gate?> FindAsync(ApiRequest request)
    {
        var id = request.Part("id");
        return Ids.IsHex32(id) && await request.Web.Approvals.FindAsync(request.Caller.Tenant, new GateId(id), request.Aborted) is { } gate
            && await Visibility.MayReadAsync(request.Web.Approvals, request.Caller, gate, request.Aborted)
                ? gate
                : null;
    }
}
