using Interlock.Json;

namespace Interlock.Http.Api;

/// <summary>Who has broken the glass. It is broken by people signed in at a browser, and by no token.</summary>
internal static class BreakGlassApi
{
    public static async Task<ApiResult> ListAsync(ApiRequest request)
    {
        var now = request.Web.Time.GetUtcNow();
        var all = request.Web.Changes?.Glass is { } desk ? await desk.ListAsync(request.Caller.Tenant, request.Aborted) : [];
        return ApiResult.Ok(JsonValue.Object(("breakGlass", JsonValue.Array(all.Select(glass => JsonValue.Object(
            ("id", glass.Id), ("by", glass.By.Subject), ("reason", glass.Reason), ("at", Views.Time(glass.At)), ("until", Views.Time(glass.EndedAt ?? glass.Until)), ("open", glass.IsOpen(now))))))));
    }
}
