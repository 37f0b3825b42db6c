using Interlock.Json;

namespace Interlock.Http.Mcp.Methods;

/// <summary>Always refused: a run waits for people alone, who decide signed in on the review page; what a client brings is nobody's decision.</summary>
internal sealed class TasksUpdate(RunTasks tasks) : IMcpMethod
{
    public string Name => "tasks/update";

    public bool IsNew => true;

    public async ValueTask<McpAnswer> AnswerAsync(McpExchange exchange, CancellationToken ct)
    {
        var (run, error) = await tasks.FindAsync(exchange, ct);
        if (run is null) return error;
        var pages = tasks.Pages(exchange, run);
        return pages.Count == 0
            ? McpAnswer.Fail(McpErrorCodes.InvalidParams, "The task waits for no input.")
            : McpAnswer.Fail(McpErrorCodes.InvalidParams, $"People decide this, signed in: {string.Join(" ", pages)}",
                JsonValue.Object(("rule", "interactive-session-required"), ("reviewPages", JsonValue.Array(pages.Select(JsonValue.From)))));
    }
}
