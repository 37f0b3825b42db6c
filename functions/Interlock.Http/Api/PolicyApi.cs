using Interlock.Core.Gateway;
using Interlock.Core.Registry;
using Interlock.Core.Registry.Changes;

namespace Interlock.Http.Api;

/// <summary>The tenant's policy document.</summary>
internal static class PolicyApi
{
    public static async Task<ApiResult> GetAsync(ApiRequest request)
    {
        var registry = await request.Web.Registry.ReadAsync(request.Caller.Tenant, request.Aborted);
        if (registry.Newest(RegistryKind.Policy, PolicyCache.EntryName) is not { } entry) return ApiResult.NotFound("There is no policy in force: every call is refused until one is published.");
        return ApiResult.Ok(Views.Entry(entry).With("digest", request.Web.Policies.Of(registry).Digest).With("text", entry.As<PolicyBody>().Text));
    }

    public static async Task<ApiResult> PutAsync(ApiRequest request) => request.Text() is { } text
        ? await RegistryApi.RequestAsync(request, new RegistryRequest.PublishPolicy(text), created: false)
        : WorkflowsApi.NotUtf8();
}
