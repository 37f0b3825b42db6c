using Interlock.Core.Gateway.Limits;
using Interlock.Core.Registry;

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
        ? RegistryApi.Answer(await request.Web.Registry.PublishQuotasAsync(request.Caller, text, request.Aborted), created: false)
        : WorkflowsApi.NotUtf8();
}
