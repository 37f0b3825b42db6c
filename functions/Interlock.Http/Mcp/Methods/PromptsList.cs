using Interlock.Http.Hosting;
using Interlock.Json;

namespace Interlock.Http.Mcp.Methods;

/// <summary>The prompts of a tenant's servers, as they were approved, that a caller may see.</summary>
internal sealed class PromptsList(InterlockWeb web, Catalogs catalogs) : IMcpMethod
{
    public string Name => "prompts/list";

    public async ValueTask<McpAnswer> AnswerAsync(McpExchange exchange, CancellationToken ct)
    {
        var caller = McpCaller.Of(exchange);
        var registry = await web.Registry.ReadAsync(caller.Principal.Tenant, ct);
        var (policies, now) = (web.Policies.Of(registry), web.Time.GetUtcNow());
        var visible = catalogs.Of(registry, caller.Server).Prompts.Where(prompt => caller.Permits(prompt.Entry.Name) && ToolVisibility.IsVisible(policies, caller.Chain, prompt.Entry, now));
        return Lists.Answer(exchange, "prompts", JsonValue.Array(visible.Select(prompt => prompt.Contract)));
    }
}
