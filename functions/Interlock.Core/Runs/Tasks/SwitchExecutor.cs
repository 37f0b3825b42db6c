using Interlock.Core.Workflows;

namespace Interlock.Core.Runs.Tasks;

/// <summary>The first case whose condition holds, else the default, else the switch's own <c>then</c>; none of them is an error, not a fall-through.</summary>
internal static class SwitchExecutor
{
    public static void Enter(Machine machine, Frame frame, SwitchTask task)
    {
        var match = task.Cases.FirstOrDefault(c => c.When is { } when && when.EvaluateCondition(frame.Input, machine.Scope(frame)))
            ?? task.Cases.FirstOrDefault(c => c.When is null);
        if (match is null && task.Then is null) machine.Fail(frame.Id, Problems.Runtime($"No case of the switch '{task.Name}' matches and it has no default.", frame.Id));
        else machine.Complete(frame, frame.Input, match?.Then);
    }
}
