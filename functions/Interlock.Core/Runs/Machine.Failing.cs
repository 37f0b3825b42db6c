using Interlock.Core.Runs.Conversations;
using Interlock.Core.Runs.Tasks;
using Interlock.Core.Workflows;

namespace Interlock.Core.Runs;

/// <summary>Where an error goes: what a step says about it, a <c>try</c> around it, people, or the end of the run.</summary>
internal sealed partial class Machine
{
    /// <summary>Runs something that evaluates expressions; what fails becomes the frame's failure, never a default value.</summary>
    public void Guarded(FrameId frame, Action action)
    {
        try
        {
            action();
        }
        catch (ExpressionException e)
        {
            Fail(frame, Problems.Expression(e, frame));
        }
        catch (FormatException e)
        {
            Fail(frame, Problems.Validation(e.Message, frame));
        }
        catch (DataFlowException e)
        {
            Fail(frame, e.Problem);
        }
    }

    /// <summary>
    /// Raises an error at a frame: a step that says <c>skip</c> ends here, at one that says <c>escalate</c> people are asked, a surrounding <c>try</c> may
    /// catch it, else the run fails; to an agent whose choice failed it is told. About what people decided (<paramref name="isDecided"/>) nobody is asked again.
    /// </summary>
    public void Fail(FrameId at, Problem problem, bool isDecided = false)
    {
        problem = problem.Bounded();
        var isTimeout = problem.Type == ProblemTypes.Timeout && problem.Instance == at.Value;
        var maySkip = MaySkip(at, problem);
        for (var frame = Find(at); frame is not null; frame = frame.Parent is { } parent ? Find(parent) : null)
        {
            if (frame.Choice is not null)
            {
                ChoiceExecutor.Failed(this, frame, problem);
                return;
            }
            if (DefinitionOf(frame) is not { } task) continue;
            if (frame.Id != at && task is TryTask attempt && TryExecutor.Catches(this, frame, attempt, ref problem))
            {
                Interrupt(frame.Id);
                TryExecutor.Caught(this, Find(frame.Id) ?? frame, attempt, problem);
                return;
            }
            var action = isTimeout && frame.Id == at ? task.OnTimeout : task.OnError;
            if (action == StepAction.Skip && maySkip)
            {
                Skip(frame);
                return;
            }
            if (action == StepAction.Escalate && !isDecided && !IsDecision(problem) && StepGate.Opens(this, frame, task, problem)) return;
        }
        End(new Ending(RunStatus.Faulted, problem, null));
    }

    /// <summary>Only a failed step is skipped: not an error the document raises, nor what people decided at a gate; nor what these stand in.</summary>
    private bool MaySkip(FrameId at, Problem problem) =>
        (Find(at) is not { } frame || DefinitionOf(frame) is not RaiseTask) && !IsDecision(problem);

    private static bool IsDecision(Problem problem) => problem.Type is ProblemTypes.GateRejected or ProblemTypes.GateExpired;

    /// <summary>Withdraws what is pending for the frame itself; only such commands as given, if any are.</summary>
    public void WithdrawOwn(Frame frame, Func<Command, bool>? which = null)
    {
        foreach (var command in _pending.Values.Where(c => c.Frame == frame.Id && !IsWindingDown(c) && which?.Invoke(c) != false).ToList()) Withdraw(command);
    }

    /// <summary>Ends a step with its input as its output; whatever it was waiting for is stopped.</summary>
    public void Skip(Frame frame)
    {
        Interrupt(frame.Id);
        WithdrawOwn(frame);
        Remove(frame);
        ChildDone(frame, frame.RawInput, definition.Task(frame.Path).Then);
    }
}
