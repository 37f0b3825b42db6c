using System.Globalization;
using Interlock.Core;
using Interlock.Core.Runs;
using Interlock.Http.Hosting;
using Interlock.Json;

namespace Interlock.Http.Mcp;

/// <summary>
/// Runs as tasks of the extension <c>io.modelcontextprotocol/tasks</c>, for clients whose request says that they know it: a task's id is its run's, and who may
/// not read the run finds no task. People are never answered for: what a run waits for is said with a link, and only there decided.
/// </summary>
internal sealed class RunTasks(InterlockWeb web, Site site)
{
    public const string Extension = "io.modelcontextprotocol/tasks";

    private const int PollIntervalMs = 5000;

    private static readonly JsonValue Required = JsonValue.Object(("requiredCapabilities", JsonValue.Object(("extensions", JsonValue.Object((Extension, JsonValue.EmptyObject))))));

    public static bool AreOffered(McpExchange exchange) => exchange.Capabilities?["extensions"]?[Extension] is { IsObject: true };

    /// <summary>The result of a call that started the run.</summary>
    public JsonValue Created(McpExchange exchange, RunState run) => Describe(exchange, run).With("resultType", "task");

    /// <summary>The run of the task that a request names, or the error it is answered with.</summary>
    public async Task<(RunState? Run, McpAnswer Error)> FindAsync(McpExchange exchange, CancellationToken cancellationToken)
    {
        if (!AreOffered(exchange)) return (null, McpAnswer.Fail(McpErrorCodes.MissingCapability, $"The client does not state the extension {Extension}.", Required));
        var caller = McpCaller.Of(exchange);
        if (caller.IsWhole && exchange.Params["taskId"]?.StringOrNull() is { } id && Ids.IsHex32(id)
            && await web.Runs.GetAsync(caller.Principal.Tenant, new RunId(id), cancellationToken) is { } run && Visibility.MayRead(caller.Principal, run))
            return (run, default);
        return (null, McpAnswer.Fail(McpErrorCodes.InvalidParams, "There is no such task."));
    }

    public JsonValue Detailed(McpExchange exchange, RunState run)
    {
        var task = Describe(exchange, run);
        return run.Status switch
        {
            RunStatus.Completed => task.With("result", CallResults.Of(WorkflowTools.Transition(run, WorkflowTools.State(run), ""))),
            RunStatus.Faulted => task.With("result", CallResults.Of(run.Error ?? Broken, WorkflowTools.Transition(run, WorkflowTools.State(run), ""))),
            _ => task,
        };
    }

    /// <summary>Asks the run to stop, if it has not: of whoever started it, or operates runs.</summary>
    public async Task<bool> CancelAsync(McpExchange exchange, RunState run, CancellationToken cancellationToken)
    {
        var caller = McpCaller.Of(exchange).Principal;
        if (run.Origin.Starter.Subject != caller.Subject && !Visibility.HasRole(caller, "operator")) return false;
        await web.Runs.CancelAsync(run.Tenant, run.Id, caller, "cancelled through /mcp", cancellationToken);
        return true;
    }

    /// <summary>The pages on which people decide what the run waits for.</summary>
    public IReadOnlyList<string> Pages(McpExchange exchange, RunState run) =>
        [.. run.Pending.Values.OfType<Command.OpenApproval>().Select(open => $"{site.Origin(exchange.Http.Request)}/approvals/{open.Gate.Id}")];

    private static Problem Broken { get; } = new(ProblemTypes.Runtime, 500, "The run failed");

    private JsonValue Describe(McpExchange exchange, RunState run)
    {
        var task = JsonValue.Object(
            ("taskId", run.Id.Value),
            ("status", StatusOf(run)),
            ("createdAt", Time(run.StartedAt)),
            ("lastUpdatedAt", Time(run.Now)),
            ("ttlMs", JsonValue.Null), // runs are kept
            ("pollIntervalMs", PollIntervalMs));
        return Pages(exchange, run) is [_, ..] pages ? task.With("statusMessage", $"It waits for an approval: {string.Join(" ", pages)}") : task;
    }

    /// <summary>A run that failed is a task that completed with an error of its tool: it was carried out.</summary>
    private static string StatusOf(RunState run) => run.Status switch
    {
        RunStatus.Completed or RunStatus.Faulted => "completed",
        RunStatus.Cancelled => "cancelled",
        _ => "working",
    };

    private static string Time(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
}
