using Interlock.Core.Locks;
using Interlock.Json;

namespace Interlock.Http.Api;

/// <summary>Who holds the tenant's locks, and who waits.</summary>
internal static class LocksApi
{
    private const int Most = 500;

    public static async Task<ApiResult> ListAsync(ApiRequest request)
    {
        var standing = await new LockList(request.Web.Store).ReadAsync(request.Caller.Tenant, Most, request.Aborted);
        return ApiResult.Ok(JsonValue.Object(("locks", JsonValue.Array(standing.Select(Lock)))));
    }

    private static JsonValue Lock(LockStanding standing) => JsonValue.Object(
        ("name", standing.Head.Name), ("places", standing.Head.Places), ("held", standing.Head.Held), ("waiting", standing.Head.Waiting),
        ("holders", JsonValue.Array(standing.Holders.Select(Claim))), ("next", JsonValue.Array(standing.Waiting.Select(Claim))));

    private static JsonValue Claim(LockClaim claim)
    {
        var json = JsonValue.Object(
            ("run", claim.Run.Value), ("workflow", claim.Workflow), ("frame", claim.Frame.Value), ("ticket", claim.Ticket), ("askedAt", Views.Time(claim.AskedAt)));
        if (claim.Until < DateTimeOffset.MaxValue) json = json.With("until", Views.Time(claim.Until));
        return claim.Fence == 0 ? json : json.With("fence", claim.Fence).With("grantedAt", Views.Time(claim.GrantedAt));
    }
}
