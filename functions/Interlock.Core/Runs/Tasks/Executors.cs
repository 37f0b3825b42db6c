using Interlock.Core.Runs.Conversations;
using Interlock.Core.Workflows;
using Interlock.Json;

namespace Interlock.Core.Runs.Tasks;

/// <summary>Which class interprets which kind of task.</summary>
internal static class Executors
{
    public static void Enter(Machine machine, Frame frame, TaskDefinition task)
    {
        switch (task)
        {
            case DoTask block: machine.EnterList(frame, block.Tasks, "/do", frame.Input); break;
            case SetTask set: machine.Complete(frame, set.Value.Evaluate(frame.Input, machine.Scope(frame))); break;
            case SwitchTask choice: SwitchExecutor.Enter(machine, frame, choice); break;
            case ForTask loop: ForExecutor.Enter(machine, frame, loop); break;
            case ForkTask fork: ForkExecutor.Enter(machine, frame, fork); break;
            case TryTask attempt: TryExecutor.Enter(machine, frame, attempt); break;
            case WaitTask wait: WaitExecutor.Enter(machine, frame, wait); break;
            case RaiseTask raise: RaiseExecutor.Enter(machine, frame, raise); break;
            case EffectTask effect: EffectExecutor.Enter(machine, frame, effect); break;
            case EmitTask emit: EmitExecutor.Enter(machine, frame, emit); break;
            case ListenTask listen: ListenExecutor.Enter(machine, frame, listen); break;
            case RunTask run: RunExecutor.Enter(machine, frame, run); break;
            case AutonomousTask autonomous: ConversationExecutor.Enter(machine, frame, autonomous); break;
            case ApprovalTask approval: ApprovalExecutor.Enter(machine, frame, approval); break;
            default: throw new InvalidOperationException($"No executor for {task.GetType().Name}.");
        }
    }

    /// <summary>A child ended: of a list the next task follows, of a fork the join may.</summary>
    public static void ChildDone(Machine machine, Frame parent, Frame child, JsonValue output, string? directive)
    {
        if (parent.State is FrameState.Sequence) SequenceExecutor.ChildDone(machine, parent, child, output, directive);
        else ForkExecutor.BranchDone(machine, parent, (ForkTask)machine.Definition.Task(parent.Path), child, output, directive);
    }

    public static void ListDone(Machine machine, Frame owner, TaskDefinition task, Frame list, JsonValue output, string? directive)
    {
        switch (task)
        {
            case ForTask loop: ForExecutor.IterationDone(machine, owner, loop, output, directive); break;
            case ListenTask listen: ListenExecutor.IterationDone(machine, owner, listen, output, directive); break;
            case TryTask: TryExecutor.ListDone(machine, owner, output, directive); break;
            default: machine.Complete(owner, output, EndOnly(directive)); break;
        }
    }

    public static void TimerFired(Machine machine, Frame frame, TaskDefinition task, TimerPurpose purpose)
    {
        switch (task)
        {
            case var _ when purpose == TimerPurpose.GateExpiry: ApprovalExecutor.Expired(machine, frame); break;
            case var _ when purpose == TimerPurpose.Limit: ConversationExecutor.TimeUp(machine, frame); break;
            case WaitTask: machine.Complete(frame, frame.Input); break;
            case TryTask attempt: TryExecutor.TimerFired(machine, frame, attempt, purpose); break;
        }
    }

    /// <summary><c>end</c> ends every list it passes; <c>exit</c> only the one it stands in.</summary>
    public static string? EndOnly(string? directive) => directive == "end" ? directive : null;
}
