using Interlock.Core.Workflows.Reading;

namespace Interlock.Core.Workflows.Checks;

/// <summary>
/// Warns where a retry repeats what should perhaps happen once: each attempt is a new iteration with new effects and grants. A call that failed
/// and is asked about is granted anew with the decision; what stands in a step that is asked about is not.
/// </summary>
internal static class RetryCheck
{
    public static void Run(WorkflowDefinition definition, FindingLog log)
    {
        var warned = new HashSet<TaskPath>();
        foreach (var attempt in definition.AllTasks.Values.OfType<TryTask>().Where(attempt => attempt.Catch.Retry is not null))
        {
            foreach (var call in attempt.Tasks.Tasks.SelectMany(TaskTree.WithDescendants))
            {
                if (Reason(call, definition.IsCovered(call.Path)) is { } reason && warned.Add(call.Path))
                    log.Warn("retry", call.Path.Value, $"the retry of '{attempt.Name}' repeats '{call.Name}': {reason}");
            }
        }
        foreach (var step in definition.AllTasks.Values.Where(step => step is not EffectTask && step.Escalate?.Choices.Contains(StepChoice.Retry) == true))
        {
            foreach (var call in TaskTree.WithDescendants(step).OfType<EffectTask>())
            {
                if (definition.GatesOf(call.Path).FirstOrDefault(gate => !IsIn(step, gate.Path)) is { } gate && warned.Add(call.Path))
                    log.Warn("retry", call.Path.Value, $"where people let '{step.Name}' begin anew, '{call.Name}' is refused: the grant of '{gate.Name}', outside of it, is not for the retry");
            }
        }
    }

    private static bool IsIn(TaskDefinition step, TaskPath path) => path.Value.StartsWith(step.Path.Value + "/", StringComparison.Ordinal);

    private static string? Reason(TaskDefinition task, bool covered) => task switch
    {
        _ when covered => "a gate covers it, and each attempt needs a grant of its own",
        ToolTask { IdempotencyKey: null } => "each attempt is a new effect with a new key; give it an idempotencyKey unless the tool only reads",
        EmitTask => "each attempt publishes another event",
        RunTask => "each attempt starts another run",
        AutonomousTask => "each attempt begins the loop anew, and the planner may choose again what it called before, guarded calls too",
        _ => null,
    };
}
