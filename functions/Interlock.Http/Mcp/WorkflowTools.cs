using System.Runtime.CompilerServices;
using Interlock.Core;
using Interlock.Core.Audit;
using Interlock.Core.Intake;
using Interlock.Core.Registry;
using Interlock.Core.Runs;
using Interlock.Core.Workflows;
using Interlock.Http.Hosting;
using Interlock.Json;

namespace Interlock.Http.Mcp;

/// <summary>
/// Workflows as tools: <c>workflow__namespace__name</c> starts one, <c>interlock__run_status</c> tells how it stands; both answer with a state
/// transition. Every caller of the tenant may start every active workflow: what the run may then do is decided call by call, on the authority of
/// the caller and of the workflow's owner together. A workflow whose input is no object takes it as the argument <c>input</c>.
/// </summary>
internal sealed class WorkflowTools(InterlockWeb web, Site site)
{
    public const string StatusTool = "interlock__run_status";

    private static readonly JsonValue OutputSchema = StrictJson.Parse("""
        { "type": "object", "required": ["ok", "runId", "previousState", "currentState", "nextTools", "auditRef"], "properties": {
          "ok": { "type": "boolean" }, "runId": { "type": "string" }, "previousState": { "type": "string" }, "currentState": { "type": "string" },
          "nextTools": { "type": "array", "items": { "type": "string" } }, "auditRef": { "type": "string" },
          "waitingFor": { "type": "array" }, "output": {}, "error": { "type": "object" } } }
        """);

    private static readonly JsonValue StatusSchema = StrictJson.Parse("""
        { "type": "object", "required": ["runId"], "additionalProperties": false, "properties": { "runId": { "type": "string", "description": "The runId of a start's result" } } }
        """);

    private readonly ConditionalWeakTable<RegistrySnapshot, Task<IReadOnlyList<WorkflowTool>>> _byRegistry = [];

    /// <summary>The tools that start workflows.</summary>
    public Task<IReadOnlyList<WorkflowTool>> OfAsync(RegistrySnapshot registry)
    {
        if (_byRegistry.TryGetValue(registry, out var known) && !known.IsFaulted) return known;
        var read = ReadAsync(registry);
        _byRegistry.AddOrUpdate(registry, read);
        return read;
    }

    public static JsonValue Status { get; } = JsonValue.Object(
        ("name", StatusTool),
        ("title", "Status of a run"),
        ("description", "How a workflow run stands, what it waits for, and its output or error once it has ended."),
        ("inputSchema", StatusSchema),
        ("outputSchema", OutputSchema),
        ("annotations", JsonValue.Object(("readOnlyHint", true), ("idempotentHint", true))));

    /// <summary>The run, null when it was not started, and the tool's result.</summary>
    public async Task<(RunState? Run, JsonValue Result)> StartAsync(McpCaller caller, WorkflowTool tool, JsonValue arguments, string? key, CancellationToken cancellationToken)
    {
        var input = WorkflowInput.From(arguments, tool.IsWrapped);
        return await web.Intake.StartAsync(caller.Principal, tool.Workflow, null, input, "mcp", key, cancellationToken) switch
        {
            IntakeResult.Started { Runs: [var run] } => (run.State, CallResults.Of(Transition(run.State, run.IsNew ? "none" : State(run.State), ""))),
            IntakeResult.Refused refused => (null, CallResults.Of(refused.Problem with { Stage = refused.Problem.Stage ?? "intake" })),
            _ => throw new InvalidOperationException("Starting one workflow starts one run."),
        };
    }

    public async Task<JsonValue> StatusAsync(McpCaller caller, JsonValue arguments, string origin, CancellationToken cancellationToken)
    {
        if (arguments["runId"]?.StringOrNull() is not { } id || !Ids.IsHex32(id)
            || await web.Runs.GetAsync(caller.Principal.Tenant, new RunId(id), cancellationToken) is not { } run || !Visibility.MayRead(caller.Principal, run))
            return CallResults.Of(new Problem(ProblemTypes.NotFound, 404, "There is no such run", "Give the runId of a start's result.") { Stage = "resolve", Rule = "unknown-run" });
        return CallResults.Of(Transition(run, State(run), origin));
    }

    public string Origin(Microsoft.AspNetCore.Http.HttpRequest request) => site.Origin(request);

    public static JsonValue Transition(RunState run, string before, string origin)
    {
        var json = JsonValue.Object(
            ("ok", run.Status is not (RunStatus.Faulted or RunStatus.Cancelled)),
            ("runId", run.Id.Value),
            ("previousState", before),
            ("currentState", State(run)),
            ("nextTools", run.Status.IsClosed() ? JsonValue.EmptyArray : JsonValue.Array(JsonValue.From(StatusTool))),
            ("auditRef", AuditChain.ForRun(run.Tenant, run.Id).Id));
        var gates = run.Pending.Values.OfType<Command.OpenApproval>().Select(open => JsonValue.Object(
            ("kind", "approval"), ("title", open.Gate.Title), ("reviewPage", $"{origin}/approvals/{open.Gate.Id}"))).ToList();
        if (gates.Count > 0) json = json.With("waitingFor", JsonValue.Array(gates));
        if (run.Output is { } output) json = json.With("output", output);
        return run.Error is { } error ? json.With("error", error.ToJson()) : json;
    }

    public static string State(RunState run) => run.Suspended && !run.Status.IsClosed() ? "suspended" : run.Status.Text();

    private async Task<IReadOnlyList<WorkflowTool>> ReadAsync(RegistrySnapshot registry)
    {
        var tools = new List<WorkflowTool>();
        foreach (var name in registry.OfKind(RegistryKind.Workflow).Select(entry => entry.Name).Distinct(StringComparer.Ordinal))
        {
            if (registry.Newest(RegistryKind.Workflow, name) is not { } entry) continue;
            var definition = await web.Workflows.LoadAsync(registry.Tenant, entry.As<WorkflowBody>().DocumentDigest);
            tools.Add(Tool(name, definition.Document));
        }
        return [.. tools.OrderBy(tool => tool.Workflow, StringComparer.Ordinal)];
    }

    private static WorkflowTool Tool(string name, JsonValue document)
    {
        var input = WorkflowInput.Of(document);
        var contract = JsonValue.Object(("name", ToolNames.WorkflowName(name)));
        if (document["document"]?["title"] is { IsString: true } title) contract = contract.With("title", title);
        var description = $"Starts the workflow {name} and answers at once; ask {StatusTool} how it goes. {document["document"]?["summary"]?.StringOrNull()}".TrimEnd();
        return new WorkflowTool(name, input.IsWrapped, contract.With("description", description).With("inputSchema", input.Schema).With("outputSchema", OutputSchema));
    }
}

/// <summary>A workflow as a tool; <see cref="IsWrapped"/>: its input is the argument <c>input</c>.</summary>
internal sealed record WorkflowTool(string Workflow, bool IsWrapped, JsonValue Contract);
