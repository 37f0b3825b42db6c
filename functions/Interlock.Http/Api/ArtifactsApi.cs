using Interlock.Http.Hosting;

namespace Interlock.Http.Api;

/// <summary>Results that were too large to be handed on.</summary>
internal static class ArtifactsApi
{
    public static async Task<ApiResult> GetAsync(ApiRequest request)
    {
        var (artifacts, caller, id) = (request.Web.Gateway.Artifacts, request.Caller, request.Part("id"));
        var found = Visibility.HasRole(caller, "auditor")
            ? await artifacts.FindAsync(caller.Tenant, id, request.Aborted)
            : await artifacts.FindAsync(caller.Tenant, caller.Subject, null, id, request.Aborted);
        return found is null
            ? ApiResult.NotFound("There is no such artifact of yours.")
            : ApiResult.Download(found.MediaType, $"artifact-{found.Id[..8]}", await artifacts.ReadAsync(caller.Tenant, found, request.Aborted));
    }
}
