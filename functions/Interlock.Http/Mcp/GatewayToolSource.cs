using System.Diagnostics;
using System.Runtime.CompilerServices;
using Interlock.Core;
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
/// of its pool only, and how its own calls stand.
/// </summary>
internal sealed class GatewayToolSource : IMcpToolSource
{
    private readonly ConditionalWeakTable<RegistrySnapshot, ToolNames> _names = [];
    private readonly InterlockWeb _web;
    private readonly WorkflowTools _workflows;
    private readonly CallKeys _keys;
    private readonly CallHandles _handles;
    private readonly CallAnswers _answers;
    private readonly McpRefusals _refusals;
    private readonly CallApprovals _approvals;

    public GatewayToolSource(InterlockWeb web, Site site, McpRefusals refusals)
    {
        (_web, _refusals) = (web, refusals);
        _workflows = new WorkflowTools(web, site);
        _keys = new CallKeys(web.Store, web.Audit, web.Time);
        _handles = new CallHandles(web.Store, web.Gateway, web.Time);
        _answers = new CallAnswers(web, _handles);
        _approvals = new CallApprovals(web, site);
    }

    public async ValueTask<IReadOnlyList<Tool>> ListAsync(HttpContext context, CancellationToken ct)
    {
        var caller = Caller(context);
        var registry = await _web.Registry.ReadAsync(caller.Principal.Tenant, ct);
        var (names, policies, now) = (NamesOf(registry), _web.Policies.Of(registry), _web.Time.GetUtcNow());
        var tools = names.Listed
            .Where(tool => caller.Token?.Permits(new ToolName(tool.Entry.Name)) ?? true)
            .Where(tool => tool.Exposed != CallHandles.StatusTool)
            .Where(tool => ToolVisibility.IsVisible(policies, caller.Chain, tool.Entry, now))
            .Select(tool => names.Tool(tool.Exposed))
            .ToList();
        if (_web.Options.AnswerWithin is not null) tools.Add(CallHandles.Status); // for run tokens too: what they hold is of their own calls
        if (caller.Token is not null) return InOrder(tools);
        tools.AddRange((await _workflows.OfAsync(registry)).Where(tool => names.Find(tool.Contract.Name) is null).Select(tool => tool.Contract));
        tools.Add(WorkflowTools.Status);
        return InOrder(tools);
    }

    public async ValueTask<CallToolResult> CallAsync(HttpContext context, string name, JsonValue arguments, CancellationToken ct)
    {
        var caller = Caller(context);
        var key = context.Features.Get<McpMessage>()?.Meta?["interlock/idempotencyKey"];
        var registry = await _web.Registry.ReadAsync(caller.Principal.Tenant, ct);
        if (name == CallHandles.StatusTool) return CallResults.Fit(CallHandles.Status, await _handles.StatusAsync(caller, arguments, ct));
        if (NamesOf(registry).Find(name) is { } entry) return CallResults.Fit(NamesOf(registry).Tool(name), await CallAsync(context, caller, name, registry, entry, arguments, key, ct));
        if (caller.Token is null && name == WorkflowTools.StatusTool) return CallResults.Fit(WorkflowTools.Status, await _workflows.StatusAsync(caller, arguments, _workflows.Origin(context.Request), ct));
        if (caller.Token is null && (await _workflows.OfAsync(registry)).FirstOrDefault(tool => tool.Contract.Name == name) is { } workflow)
            return CallResults.Fit(workflow.Contract, await _workflows.StartAsync(caller, workflow, arguments, key?.StringOrNull(), ct));
        throw new McpProtocolException($"There is no tool '{(name.Length > 80 ? name[..80] : name)}'; tools/list names those there are.", McpErrorCode.InvalidParams);
    }

    private async Task<CallToolResult> CallAsync(HttpContext context, McpCaller caller, string name, RegistrySnapshot registry, RegistryEntry entry, JsonValue arguments, JsonValue? key, CancellationToken ct)
    {
        if (caller.Token is { } token && !token.Permits(new ToolName(entry.Name)))
            return CallResults.Of(await _refusals.CallAsync(caller, entry.Name, arguments, "widening", "The tool is not in the pool of this run token.", ct));
        var (effect, reused) = await _keys.EffectAsync(caller, entry.Name, arguments, key, ct);
        if (reused is not null) return CallResults.Of(reused);
        if (key is not null && await _handles.WorkingAsync(caller, effect, ct) is { } working) return CallResults.Working(working);
        var call = new GatewayCall(effect, caller.Chain, TargetKind.Tool, entry.Name, null, arguments, _web.Time.GetUtcNow() + _web.Options.CallDeadline)
        {
            IsNew = key is null,
            TraceParent = Activity.Current is { IdFormat: ActivityIdFormat.W3C, Id: { } trace } ? trace : null,
        };
        if (RequestState.Read(_web.Mac, context, caller, call, key is not null, _web.Time.GetUtcNow()) is not { } state)
            return CallResults.Of(await _refusals.CallAsync(caller, entry.Name, arguments, "request-state-invalid", "The requestState was not given for this call of yours, or is too old; make the call without it.", ct));
        if (caller.Token is not null) return await _answers.OfAsync(context, caller, call, name, ct); // a run has gates of its own
        var (approved, answer) = await _approvals.AskAsync(context, call, name, registry, key is not null, state, ct);
        return answer ?? await _answers.OfAsync(context, caller, approved, name, ct);
    }

    private ToolNames NamesOf(RegistrySnapshot registry) => _names.GetValue(registry, snapshot => new ToolNames(snapshot, _web.Options.AnswerWithin is not null));

    private static List<Tool> InOrder(List<Tool> tools) => [.. tools.OrderBy(tool => tool.Name, StringComparer.Ordinal)];

    private static McpCaller Caller(HttpContext context) =>
        context.Features.Get<McpCaller>() ?? throw new InvalidOperationException("The face sets the caller before it serves.");
}
