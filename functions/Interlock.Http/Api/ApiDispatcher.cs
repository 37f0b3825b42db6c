using Interlock.Core;
using Interlock.Core.Identity;
using Interlock.Http.Hosting;
using Interlock.Json;
using Microsoft.AspNetCore.Http;

namespace Interlock.Http.Api;

/// <summary>Serves a route: token of class api, role, body, handler, answer, and the record of a refusal that nobody else has recorded. Cookies count for nothing here.</summary>
internal sealed class ApiDispatcher(InterlockWeb web, EdgeRefusals refusals, CallerRefusals known)
{
    private readonly Bearer _bearer = new(web.ApiTokens, web.Directory);

    public async Task HandleAsync(HttpContext context, ApiRoute route) => await (await RunAsync(context, route)).WriteAsync(context);

    private async Task<ApiResult> RunAsync(HttpContext context, ApiRoute route)
    {
        Principal? caller = null;
        if (!route.IsPublic)
        {
            (_, caller, var refusal) = await _bearer.ReadAsync(context);
            if (refusal is not null)
            {
                refusals.Count(context, refusal);
                if (refusal.Status == 401) context.Response.Headers.WWWAuthenticate = refusal.Rule == "token-missing" ? "Bearer" : "Bearer error=\"invalid_token\"";
                return ApiResult.Fail(refusal);
            }
        }
        var result = await ServeAsync(context, route, caller);
        if (caller is not null && result.Unrecorded is { } refused) await known.RecordAsync(caller, route.Id, refused);
        return result;
    }

    private async Task<ApiResult> ServeAsync(HttpContext context, ApiRoute route, Principal? caller)
    {
        if (caller is not null && route.Roles.Count > 0 && !Visibility.HasRole(caller, [.. route.Roles]))
            return ApiResult.Fail(new Problem(ProblemTypes.Authorization, 403, "A role is missing", $"This needs the role {string.Join(" or ", route.Roles)}.") { Stage = "authorize", Rule = "role-required" });
        if (route.Body is not { } body) return await route.Handle(new ApiRequest(context, web, caller, [], "", null));
        var (bytes, mediaType, unread) = await RequestBody.ReadAsync(context, web.Options.MaxApiBytes, body.MediaTypes);
        if (unread is not null) return ApiResult.Fail(unread);
        if (!mediaType.EndsWith("json", StringComparison.Ordinal)) return await route.Handle(new ApiRequest(context, web, caller, bytes, mediaType, null));
        JsonValue json;
        try
        {
            json = StrictJson.Parse(bytes);
        }
        catch (NotIJsonException e)
        {
            return ApiResult.Fail(Invalid("not-i-json", e.Message, e.Pointer));
        }
        if (body.Compiled is { } schema && schema.Validate(json) is [var first, ..])
            return ApiResult.Fail(Invalid("invalid-body", first.Message, first.InstanceLocation));
        return await route.Handle(new ApiRequest(context, web, caller, bytes, mediaType, json));
    }

    private static Problem Invalid(string rule, string detail, string pointer) =>
        new(ProblemTypes.Validation, 400, "The body is not valid", detail, pointer.Length == 0 ? null : pointer) { Stage = "validate", Rule = rule };
}
