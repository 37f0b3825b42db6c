using Interlock.Core.Gateway;

namespace Interlock.Http.Mcp.Methods;

/// <summary>The resource templates that a caller's servers list.</summary>
internal sealed class ResourceTemplatesList(UpstreamLists lists) : IMcpMethod
{
    public const string Member = "resourceTemplates";

    public string Name => "resources/templates/list";

    public async ValueTask<McpAnswer> AnswerAsync(McpExchange exchange, CancellationToken ct) =>
        ResourcesList.Answer(exchange, Member, await lists.ReadAsync(exchange, UpstreamOperations.ListTemplates, Member, ct));
}
