using Interlock.Json;

namespace Interlock.Http.Mcp.Methods;

/// <summary>Asks a run to stop. One that has ended, or is stopping, is as asked for.</summary>
internal sealed class TasksCancel(RunTasks tasks) : IMcpMethod
{
    public string Name => "tasks/cancel";

    public bool IsNew => true;

    public async ValueTask<McpAnswer> AnswerAsync(McpExchange exchange, CancellationToken ct)
    {
        var (run, error) = await tasks.FindAsync(exchange, ct);
        if (run is null) return error;
        return await tasks.CancelAsync(exchange, run, ct)
            ? McpAnswer.Of(JsonValue.EmptyObject)
            : McpAnswer.Fail(McpErrorCodes.InvalidParams, "Only who started the run, or operates runs, may cancel it.", JsonValue.Object(("rule", "role-required")));
    }
}
