using Interlock.Core.Workflows.Reading;
using Interlock.Json;

namespace Interlock.Core.Workflows.Checks;

/// <summary>
/// Which mode a document must be in, and what its pools say beside the rest of it: a planner that would choose itself, a workflow that would start itself, and tools that a gate
/// of the document covers elsewhere, which the planner may choose without that gate.
/// </summary>
internal static class PoolCheck
{
    public static void Run(WorkflowDefinition definition, FindingLog log)
    {
        foreach (var task in definition.AllTasks.Values.OfType<AutonomousTask>())
        {
            if (definition.Mode != ExecutionMode.Autonomous)
                log.Error("mode", task.Path.Value, $"'{task.Name}' picks its calls while it runs, so its path is not known before the start; write mode: autonomous under document.metadata.interlock");
            Itself(task.Pool.Agents, task.Planner, task, "agents", $"the planner '{task.Planner}' would choose itself; leave it out", log);
            Itself(task.Pool.Workflows, definition.Name.ToString(), task, "workflows", "the workflow would start itself; leave it out", log);
            for (var i = 0; i < task.Pool.Tools.Length; i++)
                if (Gated(definition, task.Pool.Tools[i]) is { } call) log.Warn("covers", JsonPointer.Append(task.Path.Value + "/with/pool/tools", i), Explanation(definition, task, call));
        }
    }

    private static void Itself(IReadOnlyList<string> asked, string name, AutonomousTask task, string member, string message, FindingLog log)
    {
        for (var i = 0; i < asked.Count; i++)
            if (asked[i] == name) log.Error("pool", JsonPointer.Append($"{task.Path.Value}/with/pool/{member}", i), message);
    }

    /// <summary>The first call that a gate of the document covers and that the pool's tool may be.</summary>
    private static ToolTask? Gated(WorkflowDefinition definition, string asked) => definition.AllTasks.Values.OfType<ToolTask>()
        .Where(call => definition.IsCovered(call.Path) && (call.Target == asked || TargetPattern.Parse(TargetKind.Tool, asked)?.Matches(call.Target) == true)).MinBy(call => call.Path.Value, StringComparer.Ordinal);

    private static string Explanation(WorkflowDefinition definition, AutonomousTask task, ToolTask call) =>
        $"the gate '{definition.GatesOf(call.Path)[0].Name}' covers '{call.Name}', and not what the planner of '{task.Name}' chooses: its calls of {call.Target} are asked about inside the loop, one by one, where policy requires an approval, and else by nobody";
}
