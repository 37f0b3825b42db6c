namespace Interlock.Http.Mcp.Methods;

/// <summary>How a run stands, as a task; with its result once it has ended.</summary>
internal sealed class TasksGet(RunTasks tasks) : IMcpMethod
{
    public string Name => "tasks/get";

    public bool IsNew => true;

    public async ValueTask<McpAnswer> AnswerAsync(McpExchange exchange, CancellationToken ct)
    {
        var (run, error) = await tasks.FindAsync(exchange, ct);
        return run is null ? error : McpAnswer.Of(tasks.Detailed(exchange, run));
    }
}
