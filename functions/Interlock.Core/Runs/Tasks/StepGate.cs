using System.Collections.Immutable;
using Interlock.Core.Workflows;

namespace Interlock.Core.Runs.Tasks;

/// <summary>
/// A step that failed and says <c>escalate</c>: what it held is wound down, and its frame asks people what to do. A retry is a new visit of its list:
/// new frames, new effects; of a call it is granted by the same decision, with exactly the arguments that were shown.
/// </summary>
internal static class StepGate
{
    /// <summary>Asks about the step; false when it can't be begun anew where it stands, or was asked about too often.</summary>
    public static bool Opens(Machine machine, Frame frame, TaskDefinition task, Problem problem)
    {
        if (task.Escalate is not { } people || List(machine, frame) is not { } list) return false;
        var state = (FrameState.Sequence)list.State;
        var index = Index(machine, list, task);
        var escalations = state.Escalations ?? ImmutableSortedDictionary<int, int>.Empty;
        if (escalations.GetValueOrDefault(index) is var before && before >= RunLimits.EscalationsInARow) return false;
        machine.Interrupt(frame.Id);
        machine.WithdrawOwn(frame);
        frame = machine.StopTimeout(frame);
        machine.Update(list with { State = state with { Escalations = escalations.SetItem(index, before + 1) } });
        var call = task is EffectTask effect && MayGrant(machine, frame, problem) ? Again(machine, frame, SequenceExecutor.NextChildId(list, index, task.Name), effect) : null;
        Open(machine, frame, "step", people, problem, call, task is EffectTask && call is null ? WithoutCall(people) : people.Choices);
        return true;
    }

    public static void Closed(Machine machine, Frame frame, GateRequest gate, FailedStep failure, RunEvent.GateClosed closed)
    {
        var choice = closed.Outcome switch
        {
            GateOutcome.Approved => closed.Choice ?? (closed.Edited.IsEmpty ? StepChoices.Retry : StepChoices.Edit),
            GateOutcome.Expired when gate.OnExpiry == StepChoices.Skip => StepChoices.Skip,
            _ => StepChoices.Fail,
        };
        var isOffered = closed.Outcome != GateOutcome.Approved || failure.Options.Contains(choice);
        switch (choice)
        {
            case StepChoices.Retry or StepChoices.Edit when isOffered: Retry(machine, frame, gate, closed); break;
            case StepChoices.Skip when isOffered: machine.Skip(frame); break;
            default: machine.Fail(frame.Id, failure.Problem, isDecided: true); break;
        }
    }

    /// <summary>The row could not be opened. A call that can't be bound can't be made again: then people are asked what is left, once.</summary>
    public static void NotOpened(Machine machine, Frame frame, GateRequest gate, Problem refusal)
    {
        var (failure, people) = (gate.Failure!, machine.Definition.Task(frame.Path).Escalate!); // only such a step opens such a gate
        var left = WithoutCall(people);
        if (!gate.Covers.IsEmpty && left.Contains(StepChoice.Skip))
        {
            Open(machine, frame, "step:bare", people, failure.Problem, null, left);
            return;
        }
        machine.Fail(frame.Id, failure.Problem with { Detail = $"{failure.Problem.Detail} Nobody could be asked: {refusal.Detail ?? refusal.Title}".TrimStart() }, isDecided: true);
    }

    private static void Retry(Machine machine, Frame frame, GateRequest gate, RunEvent.GateClosed closed)
    {
        var list = List(machine, frame)!; // it was there when the gate opened, and the frame is in it
        machine.Grant(gate, closed, machine.CoveringGate(frame));
        machine.Remove(frame);
        SequenceExecutor.Goto(machine, list, Index(machine, list, machine.Definition.Task(frame.Path)), frame.RawInput);
    }

    private static void Open(
        Machine machine, Frame frame, string name, StepEscalation people, Problem problem, CoveredCall? call, ImmutableArray<StepChoice> choices) =>
        GateOpening.Open(
            machine, frame, name, GatePeople.Of(people), $"Step '{frame.Path.Name}' failed",
            problem.Detail is { } detail ? $"{problem.Title}: {detail}" : problem.Title, call is null ? [] : [call],
            request => request with { Failure = new FailedStep(frame.Id, problem, [.. choices.Select(GatePeople.Word)]) });

    /// <summary>
    /// Whether the retry may be granted here: of a call that a gate of the document covers only once that gate granted it, and unless its grant is what was
    /// refused. What one gate did not let through, or no longer does, the people of another can't.
    /// </summary>
    private static bool MayGrant(Machine machine, Frame frame, Problem problem) =>
        !machine.Definition.IsCovered(frame.Path) || (machine.GrantFor(frame.Id) is not null && !SecondLook.IsAboutGrant(problem));

    /// <summary>The call as a retry would make it; null when its arguments can't be told.</summary>
    private static CoveredCall? Again(Machine machine, Frame frame, FrameId retry, EffectTask task)
    {
        try
        {
            return GateCovers.Exactly(task, retry, EffectExecutor.Arguments(machine, machine.WithInput(frame, task), task));
        }
        catch (Exception e) when (e is ExpressionException or FormatException or DataFlowException)
        {
            return null;
        }
    }

    private static ImmutableArray<StepChoice> WithoutCall(StepEscalation people) =>
        [.. people.Choices.Where(choice => choice is StepChoice.Skip or StepChoice.Fail)];

    private static Frame? List(Machine machine, Frame frame) =>
        frame.Parent is { } parent && machine.Find(parent) is { State: FrameState.Sequence } list ? list : null;

    private static int Index(Machine machine, Frame list, TaskDefinition task) => machine.Definition.List(list.Path).IndexOf(task.Name);
}
