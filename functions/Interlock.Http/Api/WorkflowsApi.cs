using Interlock.Core;
using Interlock.Core.Registry;
using Interlock.Core.Workflows;
using Interlock.Json;

namespace Interlock.Http.Api;

/// <summary>Publishing and reading workflow documents.</summary>
internal static class WorkflowsApi
{
    public static async Task<ApiResult> PublishAsync(ApiRequest request)
    {
        if (request.Text() is not { } text) return NotUtf8();
        return RegistryApi.Answer(await request.Web.Registry.PublishWorkflowAsync(request.Caller, text, File(request), request.Aborted), created: true);
    }

    /// <summary>What publishing would find, and nothing published.</summary>
    public static async Task<ApiResult> CheckAsync(ApiRequest request)
    {
        if (request.Text() is not { } text) return NotUtf8();
        var read = await request.Web.Registry.CheckWorkflowAsync(request.Caller, text, File(request), request.Aborted);
        return ApiResult.Ok(Views.Check(read.Findings, ReadinessReport.For(read)));
    }

    /// <summary>What editors complete and check documents with.</summary>
    public static Task<ApiResult> SchemaAsync(ApiRequest request) => Task.FromResult(ApiResult.Ok(WorkflowCheck.Schema));

    public static async Task<ApiResult> ListAsync(ApiRequest request)
    {
        var registry = await request.Web.Registry.ReadAsync(request.Caller.Tenant, request.Aborted);
        var entries = registry.OfKind(RegistryKind.Workflow).OrderBy(entry => entry.Name, StringComparer.Ordinal).ThenByDescending(entry => SemanticVersion.TryParse(entry.Version));
        return ApiResult.Ok(JsonValue.Object(("workflows", JsonValue.Array(entries.Select(Views.Entry)))));
    }

    public static async Task<ApiResult> GetAsync(ApiRequest request)
    {
        var name = $"{request.Part("ns")}/{request.Part("name")}";
        var registry = await request.Web.Registry.ReadAsync(request.Caller.Tenant, request.Aborted);
        var entry = request.Query("version") is { } version
            ? registry.Find(RegistryKind.Workflow, name, version)
            : registry.Newest(RegistryKind.Workflow, name)
                ?? registry.OfKind(RegistryKind.Workflow).Where(other => other.Name == name).MaxBy(other => SemanticVersion.TryParse(other.Version));
        if (entry is null) return ApiResult.NotFound("There is no such workflow or version.");
        var body = entry.As<WorkflowBody>();
        var definition = await request.Web.Workflows.LoadAsync(request.Caller.Tenant, body.DocumentDigest, request.Aborted);
        var json = Views.Entry(entry).With("document", definition.Document);
        return ApiResult.Ok(body.ReadinessDigest is { } digest && await request.Web.Workflows.ReadAsync(request.Caller.Tenant, digest, request.Aborted) is { } report ? json.With("readiness", report) : json);
    }

    private static string File(ApiRequest request) => request.MediaType.EndsWith("json", StringComparison.Ordinal) ? "workflow.json" : "workflow.yaml";

    internal static ApiResult NotUtf8() =>
        ApiResult.Fail(new Problem(ProblemTypes.Validation, 400, "The body is not valid", "It is no UTF-8 text.") { Stage = "validate", Rule = "not-utf8" });
}
