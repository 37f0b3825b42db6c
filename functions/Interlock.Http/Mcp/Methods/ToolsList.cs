using Interlock.Core.Registry;
using Interlock.Http.Hosting;
using Interlock.Json;

namespace Interlock.Http.Mcp.Methods;

/// <summary>The tools of a tenant's servers that a caller may see, and its workflows. A run token sees those of its pool only, and how its own calls stand.</summary>
internal sealed class ToolsList(InterlockWeb web, Catalogs catalogs, WorkflowTools workflows) : IMcpMethod
{
    public string Name => "tools/list";

    public async ValueTask<McpAnswer> AnswerAsync(McpExchange exchange, CancellationToken ct)
    {
        var caller = McpCaller.Of(exchange);
        var registry = await web.Registry.ReadAsync(caller.Principal.Tenant, ct);
        var (catalog, policies, now) = (catalogs.Of(registry, caller.Server), web.Policies.Of(registry), web.Time.GetUtcNow());
        var tools = catalog.Tools
            .Where(tool => caller.Permits(tool.Entry.Name))
            .Where(tool => tool.Exposed != CallHandles.StatusTool)
            .Where(tool => caller.Site is not null || Catalog.ServerOf(tool.Entry.Name) != BuiltinServer.Name)
            .Where(tool => ToolVisibility.IsVisible(policies, caller.Chain, tool.Entry, now))
            .Select(tool => tool.Contract)
            .ToList();
        if (web.Options.AnswerWithin is not null) tools.Add(CallHandles.Status); // for run tokens too: what they hold is of their own calls
        if (caller.IsWhole)
        {
            tools.AddRange((await workflows.OfAsync(registry)).Select(tool => tool.Contract));
            tools.Add(WorkflowTools.Status);
        }
        return Lists.Answer(exchange, "tools", JsonValue.Array(tools.OrderBy(tool => tool["name"]!.AsString(), StringComparer.Ordinal))); // each was given a name
    }
}
