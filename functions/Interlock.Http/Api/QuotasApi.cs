using Interlock.Core.Gateway.Limits;
using Interlock.Core.Registry;
using Interlock.Core.Registry.Changes;

namespace Interlock.Http.Api;

/// <summary>The tenant's quotas and budgets.</summary>
internal static class QuotasApi
{
    public static async Task<ApiResult> GetAsync(ApiRequest request)
    {
        var registry = await request.Web.Registry.ReadAsync(request.Caller.Tenant, request.Aborted);
        return registry.Newest(RegistryKind.Policy, QuotaSet.EntryName) is { } entry
            ? ApiResult.Ok(Views.Entry(entry).With("digest", entry.Digest).With("text", entry.As<PolicyBody>().Text))
            : ApiResult.NotFound("There are no quotas in force.");
    }

    public static async Task<ApiResult> PutAsync(ApiRequest request) => request.Text() is { } text
        ? await RegistryApi.RequestAsync(request, new RegistryRequest.PublishQuotas(text), created: false)
        : WorkflowsApi.NotUtf8();
}
