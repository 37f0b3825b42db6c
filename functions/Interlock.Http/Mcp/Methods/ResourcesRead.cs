using System.Collections.Immutable;
using System.Text;
using Interlock.Core.Gateway;
using Interlock.Core.Gateway.Results;
using Interlock.Core.Registry;
using Interlock.Http.Hosting;
using Interlock.Json;

namespace Interlock.Http.Mcp.Methods;

/// <summary>
/// Reads a resource of the one server that has it: the one that <c>_meta["interlock/server"]</c> or the request's address names, else the only one that lists
/// it, else the only one with a template for it. Of several none is asked. What the gateway keeps of the caller's own results is its own, whatever servers list.
/// </summary>
internal sealed class ResourcesRead(InterlockWeb web, Catalogs catalogs, UpstreamLists lists, OperationCalls operations) : IMcpMethod
{
    /// <summary>How upstreams of either generation say that there is none, as their error is quoted.</summary>
    private static readonly string[] NotFound = ["-32602:", "-32002:"];

    public string Name => "resources/read";

    public async ValueTask<McpAnswer> AnswerAsync(McpExchange exchange, CancellationToken ct)
    {
        if (exchange.Params["uri"]?.StringOrNull() is not { Length: > 0 } uri) return McpAnswer.Fail(McpErrorCodes.InvalidParams, "A read names its resource in params.uri.");
        var caller = McpCaller.Of(exchange);
        if (uri.StartsWith(Artifact.UriPrefix, StringComparison.Ordinal)) return await KeptAsync(exchange, caller, uri, ct);
        var registry = await web.Registry.ReadAsync(caller.Principal.Tenant, ct);
        var named = caller.Server ?? exchange.Message.Meta?[ResourcesList.ServerMeta]?.StringOrNull();
        ImmutableArray<string> owners = named is null ? await OwnersAsync(exchange, uri, ct) : [named];
        if (owners.Length > 1)
            return McpAnswer.Fail(McpErrorCodes.InvalidParams, $"Several servers have this resource; name one in _meta[\"{ResourcesList.ServerMeta}\"].", JsonValue.Object(
                ("uri", uri), ("rule", "resource-ambiguous"), ("servers", JsonValue.Array(owners.Select(JsonValue.From)))));
        if (owners.IsEmpty || Visible(registry, caller, owners[0]) is not { } entry) return Missing(exchange, uri);
        var answer = await operations.AnswerAsync(exchange, caller, registry, entry, JsonValue.Object(("uri", uri)), new CallSubject(uri, null), ct);
        if (answer.Error?.Data?["detail"]?.StringOrNull() is { } detail && NotFound.Any(code => detail.StartsWith(code, StringComparison.Ordinal))) return Missing(exchange, uri);
        return answer.Result is { } result && result["resultType"]?.StringOrNull() != "input_required"
            ? result["contents"] is { IsArray: true, Count: > 0 } ? McpAnswer.Of(Lists.Uncached(exchange, result)) : Missing(exchange, uri)
            : answer;
    }

    /// <summary>A result that was too large to be handed on, to who made the call: under the same address, with a token that could make it again.</summary>
    private async Task<McpAnswer> KeptAsync(McpExchange exchange, McpCaller caller, string uri, CancellationToken ct)
    {
        var (artifacts, tenant) = (web.Gateway.Artifacts, caller.Principal.Tenant);
        var kept = await artifacts.FindAsync(tenant, caller.Chain.Starter.Subject, caller.Token?.Run, uri[Artifact.UriPrefix.Length..], ct);
        if (kept is null || !(kept.Target is { } target ? caller.Permits(target) && (caller.Server is null || target.StartsWith(caller.Server + "/", StringComparison.Ordinal)) : caller.IsWhole)) return Missing(exchange, uri);
        var text = Encoding.UTF8.GetString(await artifacts.ReadAsync(tenant, kept, ct));
        return McpAnswer.Of(Lists.Uncached(exchange, JsonValue.Object(("contents", JsonValue.Array(JsonValue.Object(("uri", uri), ("mimeType", kept.MediaType), ("text", text)))))));
    }

    private async Task<ImmutableArray<string>> OwnersAsync(McpExchange exchange, string uri, CancellationToken ct)
    {
        var resources = await lists.ReadAsync(exchange, UpstreamOperations.ListResources, ResourcesList.Member, ct);
        ImmutableArray<string> owners = [.. resources.Where(server => server.Items.Any(item => item["uri"]?.StringOrNull() == uri)).Select(server => server.Server)];
        if (!owners.IsEmpty) return owners;
        var templates = await lists.ReadAsync(exchange, UpstreamOperations.ListTemplates, ResourceTemplatesList.Member, ct);
        return [.. templates.Where(server => server.Items.Any(item => item["uriTemplate"]?.StringOrNull() is { } template && UriTemplate.Matches(template, uri))).Select(server => server.Server)];
    }

    private RegistryEntry? Visible(RegistrySnapshot registry, McpCaller caller, string server) =>
        catalogs.Of(registry, caller.Server).Operation(UpstreamOperations.ReadResource, server) is { } entry && caller.Permits(entry.Name)
        && ToolVisibility.IsVisible(web.Policies.Of(registry), caller.Chain, entry, web.Time.GetUtcNow()) ? entry : null;

    private static McpAnswer Missing(McpExchange exchange, string uri) => McpAnswer.Fail(
        exchange.IsNewest ? McpErrorCodes.InvalidParams : McpErrorCodes.ResourceNotFound, "There is no such resource; resources/list names those there are.", JsonValue.Object(("uri", uri)));
}
