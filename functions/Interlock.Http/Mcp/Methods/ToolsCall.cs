using Interlock.Core.Gateway;
using Interlock.Core.Registry;
using Interlock.Http.Hosting;
using Interlock.Json;

namespace Interlock.Http.Mcp.Methods;

/// <summary>A call of a tool through the gateway, the start of a workflow, or a question how one of these stands.</summary>
internal sealed class ToolsCall : IMcpMethod
{
    private const string KeyMeta = "interlock/idempotencyKey";

    private readonly InterlockWeb _web;
    private readonly Catalogs _catalogs;
    private readonly WorkflowTools _workflows;
    private readonly CallKeys _keys;
    private readonly CallHandles _handles;
    private readonly CallAnswers _answers;
    private readonly CallApprovals _approvals;
    private readonly InputRounds _rounds;
    private readonly McpRefusals _refusals;
    private readonly RunTasks _tasks;

    public ToolsCall(InterlockWeb web, Site site, Catalogs catalogs, WorkflowTools workflows, CallHandles handles, InputRounds rounds, McpRefusals refusals, RunTasks tasks)
    {
        (_web, _catalogs, _workflows, _handles, _rounds, _refusals, _tasks) = (web, catalogs, workflows, handles, rounds, refusals, tasks);
        _keys = new CallKeys(web.Store, web.Audit, web.Time);
        _answers = new CallAnswers(web, handles);
        _approvals = new CallApprovals(web, site);
    }

    public string Name => "tools/call";

    public async ValueTask<McpAnswer> AnswerAsync(McpExchange exchange, CancellationToken ct)
    {
        var (caller, name, arguments) = (McpCaller.Of(exchange), exchange.Message.ToolName!, exchange.Message.Arguments); // the shell checked that it has a name
        var registry = await _web.Registry.ReadAsync(caller.Principal.Tenant, ct);
        if (name == CallHandles.StatusTool && (caller.Server is null || _web.Options.AnswerWithin is not null)) return McpAnswer.Of(await _handles.StatusAsync(caller, arguments, ct));
        if (_catalogs.Of(registry, caller.Server).Tool(name) is { } tool) return await CallAsync(exchange, caller, registry, tool, arguments, ct);
        if (caller.IsWhole)
        {
            if (name == WorkflowTools.StatusTool) return McpAnswer.Of(CallResults.Fit(WorkflowTools.Status, await _workflows.StatusAsync(caller, arguments, _workflows.Origin(exchange.Http.Request), ct)));
            if ((await _workflows.OfAsync(registry)).FirstOrDefault(workflow => workflow.Contract["name"]!.AsString() == name) is { } workflow) return await StartAsync(exchange, caller, workflow, arguments, ct);
        }
        return McpAnswer.Fail(McpErrorCodes.InvalidParams, $"There is no tool '{(name.Length > 80 ? name[..80] : name)}'; tools/list names those there are.");
    }

    private async ValueTask<McpAnswer> CallAsync(McpExchange exchange, McpCaller caller, RegistrySnapshot registry, CatalogTool tool, JsonValue arguments, CancellationToken ct)
    {
        if (ParameterHeaders.Check(exchange, tool.Contract["inputSchema"], arguments) is { } mismatch) return mismatch;
        var (subject, key) = (new CallSubject(tool.Exposed, tool.Contract), exchange.Message.Meta?[KeyMeta]);
        var call = ClientCalls.Of(exchange, caller, default, tool.Entry.Name, arguments, _web.Time.GetUtcNow() + _web.Options.CallDeadline);
        if (!caller.Permits(tool.Entry.Name))
        {
            var outside = await _refusals.OutsideAsync(exchange.Http, caller, call, ct);
            return outside.Rule == McpRefusals.ScopeRule ? McpAnswer.Refuse(403, McpErrorCodes.InvalidRequest, outside.Detail!, McpRefusals.ScopeRule) : subject.Fail(outside, null); // it says what is needed
        }
        var (effect, isNew, reused) = await _keys.EffectAsync(caller, tool.Entry, arguments, key, ct);
        if (reused is not null) return subject.Fail(reused, null);
        if (!isNew && await _handles.WorkingAsync(caller, effect, ct) is { } working) return McpAnswer.Of(CallResults.Working(working));
        call = call with { Effect = effect, IsNew = isNew };
        if (RequestState.Read(_web.Mac, exchange, caller, call, key is not null, _web.Time.GetUtcNow()) is not { } state) return await ForgedAsync(caller, call, ct);
        var (answers, invalid) = InputRounds.Answers(exchange, state);
        if (invalid is { } error) return error;
        if (caller.Token is null) // a run has gates of its own
        {
            var (approved, answer) = await _approvals.AskAsync(exchange, call, subject, registry, key is not null, state, ct);
            if (answer is { } instead) return instead;
            if (!await _rounds.TakeAsync(exchange, caller, approved, registry, state, ct)) return await ForgedAsync(caller, call, ct);
            call = approved.GoingOn(state, answers);
        }
        var (result, handle) = await _answers.OfAsync(exchange.Http, caller, call, tool.Exposed, ct);
        if (handle is not null) return McpAnswer.Of(CallResults.Working(handle));
        if (result is GatewayResult.Refused { Refusal: { Rule: "grant-required" } guarded } && await _web.Gateway.Paused.GiveAsync(call, ct) is { } paused)
            return McpAnswer.Of(CallResults.Paused(tool.Contract, guarded.ToProblem(), paused));
        return result is GatewayResult.InputRequired required
            ? _rounds.Ask(exchange, call, subject, registry, key is not null, state, required)
            : CallSubject.Lacking(exchange, result!) ?? McpAnswer.Of(CallResults.Of(result!, tool.Contract)); // without a handle there is a result
    }

    /// <summary>A state of somebody else or for something else is no mistake of the tool's.</summary>
    private async Task<McpAnswer> ForgedAsync(McpCaller caller, GatewayCall call, CancellationToken ct)
    {
        var problem = await _refusals.StateAsync(caller, call, ct);
        return McpAnswer.Fail(McpErrorCodes.InvalidParams, problem.Detail!, problem.ToJson()); // it says what to do
    }

    private async Task<McpAnswer> StartAsync(McpExchange exchange, McpCaller caller, WorkflowTool workflow, JsonValue arguments, CancellationToken ct)
    {
        var (run, result) = await _workflows.StartAsync(caller, workflow, arguments, exchange.Message.Meta?[KeyMeta]?.StringOrNull(), ct);
        return run is not null && RunTasks.AreOffered(exchange)
            ? McpAnswer.Of(_tasks.Created(exchange, run))
            : McpAnswer.Of(CallResults.Fit(workflow.Contract, result));
    }
}
