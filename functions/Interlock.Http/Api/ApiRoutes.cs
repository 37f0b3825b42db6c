using Interlock.Core.Registry;

namespace Interlock.Http.Api;

/// <summary>The API, whole: routing and the OpenAPI document are made from this table and from nothing else.</summary>
internal static class ApiRoutes
{
    private static readonly string[] Yaml = ["text/yaml", "application/yaml", "application/x-yaml"];

    public static IReadOnlyList<ApiRoute> All { get; } =
    [
        new("POST", "/api/events", "receiveEvents", "Takes one CloudEvent or a batch; starts the workflows that listen, each once.", EventsApi.ReceiveAsync)
        {
            Roles = ["event-source", "operator"],
            Body = new(["application/cloudevents+json", "application/cloudevents-batch+json", "application/json"], null),
            Answers = [(202, "EventsTaken"), (200, "EventGridHandshake")],
        },
        new("OPTIONS", "/api/events", "eventsHandshake", "The CloudEvents webhook handshake.", EventsApi.HandshakeAsync) { IsPublic = true, Answers = [(200, "")] },

        new("POST", "/api/workflows", "publishWorkflow", "Checks and publishes a workflow document.", WorkflowsApi.PublishAsync)
        {
            Roles = ["author", "publisher"],
            Body = ApiBody.Text([.. Yaml, "application/json"]),
            Answers = [(201, "RegistryChange"), (200, "RegistryChange")],
        },
        new("POST", "/api/workflows/check", "checkWorkflow", "Checks a workflow document as publishing would, with the report of its readiness; publishes nothing.", WorkflowsApi.CheckAsync)
        {
            Roles = ["author", "publisher"],
            Body = ApiBody.Text([.. Yaml, "application/json"]),
            Answers = [(200, "WorkflowChecked")],
        },
        new("GET", "/api/workflows", "listWorkflows", "The tenant's workflows, every version.", WorkflowsApi.ListAsync) { Answers = [(200, "Workflows")] },
        new("GET", "/api/workflows/{ns}/{name}", "getWorkflow", "One workflow with its document.", WorkflowsApi.GetAsync)
        {
            Query = [("version", "An exact version; the newest active one without it.")],
            Answers = [(200, "Workflow")],
        },

        new("POST", "/api/runs", "startRun", "Starts a workflow for the caller.", RunsApi.StartAsync)
        {
            Body = ApiBody.Json("""
                { "type": "object", "required": ["workflow"], "additionalProperties": false, "properties": {
                  "workflow": { "type": "string", "minLength": 3, "maxLength": 128, "description": "namespace/name" },
                  "version": { "type": "string", "maxLength": 64, "description": "A version or range: 1.2.3, ^1, ~1.2" },
                  "input": true,
                  "idempotencyKey": { "type": "string", "minLength": 1, "maxLength": 256 } } }
                """),
            Answers = [(201, "Run"), (200, "Run")],
        },
        new("GET", "/api/runs", "listRuns", "Runs, newest first: all with a role, one's own without.", RunsApi.ListAsync)
        {
            Query = [("status", "running, compensating, completed, faulted or cancelled"), ("limit", "1 to 500, 100 without it")],
            Answers = [(200, "Runs")],
        },
        new("GET", "/api/runs/{id}", "getRun", "A run as it stands.", RunsApi.GetAsync) { Answers = [(200, "Run")] },
        new("GET", "/api/runs/{id}/events", "listRunEvents", "What happened to a run, in order.", RunsApi.EventsAsync)
        {
            Query = [("after", "How many events to leave out"), ("limit", "1 to 1000, 500 without it")],
            Answers = [(200, "RunEvents")],
        },
        Control("cancel", "Stops a run: calls under way settle, completed ones are compensated.", RunsApi.CancelAsync),
        Control("suspend", "Lets a run start nothing new.", RunsApi.SuspendAsync),
        Control("resume", "Lets a suspended run go on.", RunsApi.ResumeAsync),
        new("POST", "/api/runs/{id}/effects/{effect}", "settleDoubt", "Says what happened to a call in doubt that waits for a person.", RunsApi.SettleAsync)
        {
            Roles = ["operator"],
            Body = ApiBody.Json("""
                { "type": "object", "required": ["happened", "reason"], "additionalProperties": false, "properties": {
                  "happened": { "type": "boolean" },
                  "output": { "description": "What the call gave, when it happened." },
                  "reason": { "type": "string", "minLength": 1, "maxLength": 1000 } } }
                """),
            Answers = [(202, "Transition")],
        },

        new("GET", "/api/approvals", "listApprovals", "Open gates that the caller may read.", ApprovalsApi.ListAsync)
        {
            Query = [("scope", "mine: only those the caller may decide")],
            Answers = [(200, "Gates")],
        },
        new("GET", "/api/approvals/rates", "listRates", "How often what workflows suggest is accepted as it stands, per workflow and approver.", ApprovalsApi.RatesAsync)
        {
            Roles = [.. Core.Identity.Roles.OfPeople.Order(StringComparer.Ordinal)],
            Query = [("days", "Of the last so many days, 1 to 365; 30 without it")],
            Answers = [(200, "Rates")],
        },
        new("GET", "/api/approvals/{id}", "getApproval", "A gate: what is asked, of whom, bound to what, and the votes.", ApprovalsApi.GetAsync) { Answers = [(200, "Gate")] },
        new("POST", "/api/approvals/{id}/decisions", "decideApproval", "Always refused: people decide on the review page, signed in; tokens never do.", ApprovalsApi.DecideAsync),

        new("GET", "/api/registry", "getRegistry", "Servers, tools, agents, workflows, policies and routes with their lifecycle.", RegistryApi.ListAsync)
        {
            Query = [("kind", "server, tool, agent, workflow, policy or route")],
            Answers = [(200, "Registry")],
        },
        new("GET", "/api/routes", "listRoutes", "The tenant's routes, every version.", RoutesApi.ListAsync) { Roles = ["operator", "admin", "auditor", "author", "publisher"], Answers = [(200, "Routes")] },
        new("PUT", "/api/routes/{name}", "putRoute", "Publishes a route (YAML or JSON): tools of which each call goes to one; it leads calls from the answer on.", RoutesApi.PutAsync)
        {
            Roles = ["admin"],
            Body = ApiBody.Text([.. Yaml, "application/json"]),
            Answers = [(200, "RegistryChange"), (202, "Proposed")],
        },
        new("GET", "/api/routes/explain", "explainRoute", "Where a call would go now, and of each tool, version and address why it would be that one or not.", RoutesApi.ExplainAsync)
        {
            Roles = ["operator", "admin", "auditor", "author", "publisher"],
            Query = [("target", "server/tool, capability:name or route:name"), ("version", "A version or range: 1.2.3, ^1, ~1.2")],
            Answers = [(200, "RouteExplanation")],
        },
        new("GET", "/api/locks", "listLocks", "Locks that are held or waited for: at most 500, with the first 20 runs that hold and that wait.", LocksApi.ListAsync)
        {
            Roles = [.. Core.Identity.Roles.OfPeople.Order(StringComparer.Ordinal)],
            Answers = [(200, "Locks")],
        },
        new("GET", "/api/servers", "listServers", "The active servers and their addresses as they stand with the process that answers: health, circuit, calls under way.", ServersApi.ListAsync)
        {
            Roles = ["operator", "admin", "auditor"],
            Answers = [(200, "Servers")],
        },
        new("POST", "/api/registry/servers", "registerServer", "Registers an MCP server with every tool it shows, or (settings.protocol: http) a plain HTTP endpoint with a tool for each method.", RegistryApi.ServerAsync)
        {
            Roles = ["admin"],
            Body = ApiBody.Json($$"""
                { "type": "object", "required": ["name", "address"], "additionalProperties": false, "properties": {
                  "name": { "type": "string", "minLength": 1, "maxLength": 48 },
                  "address": { "type": "string", "minLength": 1, "maxLength": 2048, "description": "http or https" },
                  "settings": {{SettingsSchema.Text}} } }
                """),
            Answers = [(201, "RegistryChange"), (200, "RegistryChange"), (202, "Proposed")],
        },
        new("GET", "/api/registry/tools/{server}/{tool}/diff", "diffContracts", "How two contracts of a tool differ, with what the change means for callers.", RegistryApi.DiffAsync)
        {
            Query = [("from", "A version, or shown"), ("to", "A version, or shown: what the server of a quarantined tool shows instead")],
            Answers = [(200, "ContractDiff")],
        },
        new("POST", "/api/registry/agents", "registerAgent", "Registers a version of an agent: one that speaks A2A, a tool that is one (settings.protocol: mcp), or a model behind an OpenAI-compatible endpoint (chat).", RegistryApi.AgentAsync)
        {
            Roles = ["admin"],
            Body = ApiBody.Json($$"""
                { "type": "object", "required": ["name", "version"], "additionalProperties": false, "properties": {
                  "name": { "type": "string", "minLength": 1, "maxLength": 48 },
                  "version": { "type": "string", "minLength": 5, "maxLength": 64 },
                  "address": { "type": "string", "minLength": 1, "maxLength": 2048, "description": "http or https; not of an agent that is a tool" },
                  "settings": {{AgentSettingsSchema.Text}} } }
                """),
            Answers = [(201, "RegistryChange"), (200, "RegistryChange"), (202, "Proposed")],
        },
        new("POST", "/api/registry/lifecycle", "setLifecycle", "Moves a version through its lifecycle; applies from the answer on.", RegistryApi.LifecycleAsync)
        {
            Roles = ["operator", "admin"],
            Body = ApiBody.Json("""
                { "type": "object", "required": ["kind", "name", "version", "lifecycle"], "additionalProperties": false, "properties": {
                  "kind": { "enum": ["server", "tool", "agent", "workflow", "policy", "route"] },
                  "name": { "type": "string", "minLength": 1, "maxLength": 256 },
                  "version": { "type": "string", "minLength": 1, "maxLength": 64 },
                  "lifecycle": { "enum": ["active", "deprecated", "disabled", "quarantined"] },
                  "successor": { "type": "string", "minLength": 1, "maxLength": 64 },
                  "contract": { "type": "string", "minLength": 1, "maxLength": 128, "description": "The digest of the contract that shall hold, where a tool comes back from the quarantine of a changed one." },
                  "reason": { "type": "string", "maxLength": 1000 } } }
                """),
            Answers = [(200, "RegistryChange"), (202, "Proposed")],
        },

        new("GET", "/api/policy", "getPolicy", "The policy in force.", PolicyApi.GetAsync) { Answers = [(200, "Policy")] },
        new("PUT", "/api/policy", "putPolicy", "Publishes the tenant's policy (YAML); it applies from the answer on.", PolicyApi.PutAsync)
        {
            Roles = ["admin"],
            Body = ApiBody.Text(Yaml),
            Answers = [(200, "RegistryChange"), (202, "Proposed")],
        },

        new("GET", "/api/quotas", "getQuotas", "The quotas and budgets in force.", QuotasApi.GetAsync) { Answers = [(200, "Policy")] },
        new("PUT", "/api/quotas", "putQuotas", "Publishes the tenant's quotas and budgets (YAML or JSON); they apply from the answer on.", QuotasApi.PutAsync)
        {
            Roles = ["admin"],
            Body = ApiBody.Text([.. Yaml, "application/json"]),
            Answers = [(200, "RegistryChange"), (202, "Proposed")],
        },

        new("GET", "/api/break-glass", "listBreakGlass", "Who could change the registry alone in the last thirty days, and can now, with the reason.", BreakGlassApi.ListAsync)
        {
            Roles = ["operator", "auditor", "admin"],
            Answers = [(200, "Any")],
        },

        new("GET", "/api/usage", "getUsage", "Calls, refusals, failures, time, bytes, tokens and cost, counted from the audit.", UsageApi.GetAsync)
        {
            Roles = ["auditor", "admin"],
            Query = [("from", "A time; 30 days ago without it"), ("to", "A time; now without it"), ("by", "caller, tool (agents by their names), run, workflow, day or tenant"), ("format", "json or csv")],
            Answers = [(200, "Any")],
        },

        new("GET", "/api/agents/{name}/history", "getAgentHistory", "What each version of an agent did: calls, success, time, tokens, cost, and how often people rejected or changed what it chose; counted from the audit.", AgentsApi.HistoryAsync)
        {
            Roles = ["operator", "auditor", "admin", "author", "publisher"],
            Query = [("days", "Of the last so many days, 1 to 400; 30 without it")],
            Answers = [(200, "AgentHistory")],
        },

        new("GET", "/api/audit/export", "exportAudit", "Everything recorded for the tenant, as JSON Lines.", AuditApi.ExportAsync)
        {
            Roles = ["auditor"],
            Answers = [(200, "application/jsonl")],
        },
        new("GET", "/api/audit/runs/{id}", "getRunAudit", "A run's audit chain.", AuditApi.RunAsync) { Roles = ["auditor"], Answers = [(200, "AuditEntries")] },

        new("GET", "/api/artifacts/{id}", "getArtifact", "A result that was too large to be handed on, to who made the call or an auditor.", ArtifactsApi.GetAsync) { Answers = [(200, "application/octet-stream")] },

        new("GET", "/api/openapi.json", "getOpenApi", "This description.", OpenApiDocument.GetAsync) { IsPublic = true, Answers = [(200, "Any")] },
        new("GET", "/schemas/workflow.json", "getWorkflowSchema", "The JSON Schema of workflow documents, for editors.", WorkflowsApi.SchemaAsync) { IsPublic = true, Answers = [(200, "Any")] },
        new("GET", "/healthz", "getHealth", "Whether the process serves requests.", static _ => Task.FromResult(ApiResult.Ok(Json.JsonValue.Object(("status", "ok")))))
        {
            IsPublic = true,
            Answers = [(200, "Any")],
        },
    ];

    private static ApiRoute Control(string what, string summary, ApiHandler handle) => new("POST", "/api/runs/{id}/" + what, what + "Run", summary, handle)
    {
        Roles = ["operator"],
        Body = ApiBody.Json("""{ "type": "object", "additionalProperties": false, "properties": { "reason": { "type": "string", "maxLength": 1000 } } }"""),
        Answers = [(202, "Transition")],
    };
}
