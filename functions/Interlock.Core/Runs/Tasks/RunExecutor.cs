using Interlock.Core.Workflows;

namespace Interlock.Core.Runs.Tasks;

/// <summary>Runs of other workflows: an awaited one's output is the task's, and its error becomes the task's own.</summary>
internal static class RunExecutor
{
    public static void Enter(Machine machine, Frame frame, RunTask task) => machine.Issue(new Command.StartChild(
        machine.NewEffect(frame.Id, "run"), frame.Id, task.Path, task.Workflow.ToString(), task.Version,
        task.Argument.Evaluate(frame.Input, machine.Scope(frame)), task.IsAwaited, task.IsAwaited ? frame.Deadline : null)
    {
        MayPlan = machine.Definition.Mode == ExecutionMode.Autonomous,
    });

    public static void Ended(Machine machine, Frame frame, RunEvent.ChildCompleted ended)
    {
        if (ended is { Outcome: RunStatus.Completed, Output: { } output }) machine.Complete(frame, output);
        else machine.Fail(frame.Id, Error(ended) with { Instance = frame.Id.Value });
    }

    private static Problem Error(RunEvent.ChildCompleted ended) => ended switch
    {
        { Problem: { } problem } => problem,
        { Outcome: RunStatus.Cancelled } => new Problem(ProblemTypes.Cancelled, 499, "The run was cancelled", $"The run {ended.Child} was cancelled."),
        _ => new Problem(ProblemTypes.Runtime, 500, "The run failed", $"The run {ended.Child} ended as {ended.Outcome.Text()}, without an output."),
    };
}
