using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using Interlock.Core;
using Interlock.Core.Audit;
using Interlock.Core.Gateway;
using Interlock.Core.Policy;
using Interlock.Core.Registry;
using Interlock.Http.Hosting;
using Interlock.Json;
using Microsoft.AspNetCore.Http;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;

namespace Interlock.Http.Mcp;

/// <summary>
/// The federated tools of a tenant, and its workflows, for one caller. Every call goes through the gateway. A run token sees and calls the tools
/// of its pool only.
/// </summary>
internal sealed class GatewayToolSource(InterlockWeb web, Site site) : IMcpToolSource
{
    private readonly ConditionalWeakTable<RegistrySnapshot, ToolNames> _names = [];
    private readonly WorkflowTools _workflows = new(web, site);
    private readonly CallKeys _keys = new(web.Store, web.Audit, web.Time);

    public async ValueTask<IReadOnlyList<Tool>> ListAsync(HttpContext context, CancellationToken ct)
    {
        var caller = Caller(context);
        var registry = await web.Registry.ReadAsync(caller.Principal.Tenant, ct);
        var (names, policies, now) = (NamesOf(registry), web.Policies.Of(registry), web.Time.GetUtcNow());
        var tools = names.Listed
            .Where(tool => caller.Token?.Permits(new ToolName(tool.Entry.Name)) ?? true)
            .Where(tool => ToolVisibility.IsVisible(policies, caller.Chain, tool.Entry, now))
            .Select(tool => names.Tool(tool.Exposed))
            .ToList();
        if (caller.Token is not null) return tools;
        tools.AddRange((await _workflows.OfAsync(registry)).Where(tool => names.Find(tool.Contract.Name) is null).Select(tool => tool.Contract));
        tools.Add(WorkflowTools.Status);
        return [.. tools.OrderBy(tool => tool.Name, StringComparer.Ordinal)];
    }

    public async ValueTask<CallToolResult> CallAsync(HttpContext context, string name, JsonValue arguments, CancellationToken ct)
    {
        var caller = Caller(context);
        var key = context.Features.Get<McpMessage>()?.Meta?["interlock/idempotencyKey"];
        var registry = await web.Registry.ReadAsync(caller.Principal.Tenant, ct);
        if (NamesOf(registry).Find(name) is { } entry) return await CallAsync(caller, entry, arguments, key, ct);
        if (caller.Token is null && name == WorkflowTools.StatusTool) return await _workflows.StatusAsync(caller, arguments, _workflows.Origin(context.Request), ct);
        if (caller.Token is null && (await _workflows.OfAsync(registry)).FirstOrDefault(tool => tool.Contract.Name == name) is { } workflow)
            return await _workflows.StartAsync(caller, workflow, arguments, key?.StringOrNull(), ct);
        throw new McpProtocolException($"There is no tool '{(name.Length > 80 ? name[..80] : name)}'; tools/list names those there are.", McpErrorCode.InvalidParams);
    }

    private async Task<CallToolResult> CallAsync(McpCaller caller, RegistryEntry entry, JsonValue arguments, JsonValue? key, CancellationToken ct)
    {
        if (caller.Token is { } token && !token.Permits(new ToolName(entry.Name)))
            return CallResults.Of(await RefuseAsync(caller, entry, arguments, "widening", "The tool is not in the pool of this run token.", ct));
        var (effect, reused) = await _keys.EffectAsync(caller, entry.Name, arguments, key, ct);
        if (reused is not null) return CallResults.Of(reused);
        var call = new GatewayCall(effect, caller.Chain, TargetKind.Tool, entry.Name, null, arguments, web.Time.GetUtcNow() + web.Options.CallDeadline)
        {
            TraceParent = Activity.Current is { IdFormat: ActivityIdFormat.W3C, Id: { } trace } ? trace : null,
        };
        return CallResults.Of(await web.Gateway.CallAsync(call, ct));
    }

    /// <summary>Refuses what never gets to the gateway, and records it as the gateway would.</summary>
    private async Task<Problem> RefuseAsync(McpCaller caller, RegistryEntry entry, JsonValue arguments, string rule, string detail, CancellationToken ct)
    {
        var now = web.Time.GetUtcNow();
        var chain = AuditChain.ForPrincipal(caller.Principal.Tenant, caller.Chain.Starter.Subject, now);
        var record = new AuditRecord
        {
            Id = $"refused:{rule}:{CanonicalJson.Digest(arguments)}:{now.UtcTicks.ToString(CultureInfo.InvariantCulture)}",
            Type = AuditTypes.CallRefused,
            Time = now,
            Tenant = chain.Tenant,
            Chain = chain.Id,
            Run = caller.Token?.Run,
            Frame = caller.Token?.Frame,
            Actors = [.. caller.Chain.Subjects],
            Target = entry.Name,
            ArgumentsDigest = CanonicalJson.Digest(arguments),
            Decision = "refused",
            Stage = "authenticate",
            Rule = rule,
            Reason = detail,
        };
        await web.Audit.AppendAsync(chain, [record], [], ct);
        return new Problem(ProblemTypes.Refused, 403, "The call was refused", detail) { Stage = "authenticate", Rule = rule };
    }

    private ToolNames NamesOf(RegistrySnapshot registry) => _names.GetValue(registry, static snapshot => new ToolNames(snapshot));

    private static McpCaller Caller(HttpContext context) =>
        context.Features.Get<McpCaller>() ?? throw new InvalidOperationException("The face sets the caller before it serves.");
}
