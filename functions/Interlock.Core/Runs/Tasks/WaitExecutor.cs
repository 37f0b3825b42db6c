using Interlock.Core.Workflows;

namespace Interlock.Core.Runs.Tasks;

/// <summary>A durable pause.</summary>
internal static class WaitExecutor
{
    public static void Enter(Machine machine, Frame frame, WaitTask task)
    {
        var due = machine.Now + task.Duration.Evaluate(frame.Input, machine.Scope(frame));
        if (due <= machine.Now) machine.Complete(frame, frame.Input);
        else machine.StartTimer(frame, due, TimerPurpose.Delay, "wait");
    }
}
