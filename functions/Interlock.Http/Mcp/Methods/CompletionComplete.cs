using Interlock.Core.Gateway;
using Interlock.Http.Hosting;
using Interlock.Json;

namespace Interlock.Http.Mcp.Methods;

/// <summary>Completes an argument of a prompt, by the name that clients see, or of a resource template of the only server that lists it.</summary>
internal sealed class CompletionComplete(InterlockWeb web, Catalogs catalogs, UpstreamLists lists, OperationCalls operations) : IMcpMethod
{
    public string Name => "completion/complete";

    public async ValueTask<McpAnswer> AnswerAsync(McpExchange exchange, CancellationToken ct)
    {
        var (caller, about) = (McpCaller.Of(exchange), exchange.Params["ref"]);
        var registry = await web.Registry.ReadAsync(caller.Principal.Tenant, ct);
        var catalog = catalogs.Of(registry, caller.Server);
        string? server;
        switch (about?["type"]?.StringOrNull())
        {
            case "ref/prompt" when about["name"]?.StringOrNull() is { } name && catalog.Prompt(name) is { } prompt:
                (server, about) = (prompt.Server, about.With("name", prompt.Name));
                break;
            case "ref/resource" when about["uri"]?.StringOrNull() is { } uri:
                server = caller.Server ?? await OwnerAsync(exchange, uri, ct);
                break;
            default:
                return McpAnswer.Fail(McpErrorCodes.InvalidParams, "A completion is of a prompt that prompts/list names (ref/prompt) or of a template that resources/templates/list names (ref/resource).");
        }
        if (server is null) return McpAnswer.Fail(McpErrorCodes.InvalidParams, $"No server lists this template, or several do; then name one in _meta[\"{ResourcesList.ServerMeta}\"].");
        if (catalog.Operation(UpstreamOperations.Complete, server) is not { } entry) return McpAnswer.Of(JsonValue.Object(("completion", JsonValue.Object(("values", JsonValue.EmptyArray), ("hasMore", false)))));
        var parameters = JsonValue.Object(("ref", about), ("argument", exchange.Params["argument"] ?? JsonValue.Null));
        if (exchange.Params["context"] is { } context) parameters = parameters.With("context", context);
        return await operations.AnswerAsync(exchange, caller, registry, entry, parameters, new CallSubject(entry.Name, null), ct);
    }

    private async Task<string?> OwnerAsync(McpExchange exchange, string template, CancellationToken ct)
    {
        if (exchange.Message.Meta?[ResourcesList.ServerMeta]?.StringOrNull() is { } named) return named;
        var servers = await lists.ReadAsync(exchange, UpstreamOperations.ListTemplates, ResourceTemplatesList.Member, ct);
        var owners = servers.Where(server => server.Items.Any(item => item["uriTemplate"]?.StringOrNull() == template)).ToList();
        return owners is [var only] ? only.Server : null;
    }
}
