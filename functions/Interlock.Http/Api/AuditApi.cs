using Interlock.Core;
using Interlock.Core.Audit;
using Interlock.Http.Hosting;
using Interlock.Json;

namespace Interlock.Http.Api;

/// <summary>Reading the audit.</summary>
internal static class AuditApi
{
    private const int MaxEntries = 10_000;

    public static Task<ApiResult> ExportAsync(ApiRequest request) => Task.FromResult(ApiResult.Streamed(
        "application/jsonl", (output, cancellationToken) => request.Web.Audit.ExportAsync(request.Caller.Tenant, output, cancellationToken)));

    public static async Task<ApiResult> RunAsync(ApiRequest request)
    {
        var entries = new List<JsonValue>();
        if (Ids.IsHex32(request.Part("id")))
        {
            var chain = AuditChain.ForRun(request.Caller.Tenant, new RunId(request.Part("id")));
            await foreach (var entry in request.Web.Audit.ReadAsync(chain.Tenant, chain.Id, request.Aborted))
            {
                if (entries.Count == MaxEntries) break; // longer chains are read through the export
                entries.Add(Views.Audit(entry));
            }
        }
        return entries.Count == 0 ? ApiResult.NotFound("Nothing is recorded of such a run.") : ApiResult.Ok(JsonValue.Object(("entries", JsonValue.Array(entries))));
    }
}
