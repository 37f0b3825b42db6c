using System.Collections.Immutable;
using Interlock.Core.Agents;
using Interlock.Core.Runs.Tasks;
using Interlock.Core.Workflows;
using Interlock.Json;

namespace Interlock.Core.Runs.Conversations;

/// <summary>
/// What a model chose: accepted calls run side by side, each in a frame of its own, and what comes of them goes back in the order chosen. No failure of a call leaves the
/// loop: the model is told of it, and it is counted.
/// </summary>
internal static class ChoiceExecutor
{
    public static void Begin(Machine machine, Frame frame, FrameState.Conversation conversation, ModelAnswer answer, ImmutableArray<Selection> judged)
    {
        var turn = new AgentTurn(conversation.Counts.Turns, answer.Text, [.. judged.Select(Shown)]);
        var accepted = judged.Where(selection => selection.Rule is null).ToList();
        frame = machine.Update(frame with
        {
            State = conversation with
            {
                Phase = ConversationPhase.Calling,
                Turns = conversation.Turns.Add(turn),
                Waiting = [.. accepted.Select(Choice)],
                Chosen = conversation.Chosen.AddRange(accepted.Select(selection => selection.Key!)), // accepted, so it has one
                Counts = conversation.Counts with { Choices = conversation.Counts.Choices + judged.Length },
                Exhausted = judged.Select(selection => selection.Limit).FirstOrDefault(limit => limit is not null),
            },
        });
        foreach (var refused in judged.Where(selection => selection.Rule is not null)) machine.Say(frame, Told(refused.Number, ToolResult.Refused(refused.Rule!, refused.Detail!))); // refused with both
        Next(machine, frame.Id);
    }

    /// <summary>A call gave its result.</summary>
    public static void Completed(Machine machine, Frame frame, JsonValue output)
    {
        var choice = frame.Choice!; // only such a frame
        var edited = machine.ApprovedFor(frame.Id)?.Arguments is { } approved && approved != choice.Arguments ? approved : null;
        var loop = machine.Find(frame.Parent!.Value)!; // a choice stands in its loop
        machine.Say(loop, Told(choice.Number, JsonValue.Object(("from", choice.From()), ("result", output))));
        if (((FrameState.Conversation)loop.State).Terms.Pool.FirstOrDefault(member => member.Kind == choice.Kind && member.Target == choice.Target) is { Cost: > 0 and var cost }) Above.Charge(machine, loop, default, cost);
        End(machine, frame, most =>
        {
            var result = ToolResult.Completed(choice, output, most);
            return edited is null ? result : result.With("approvedArguments", edited);
        }, isFailure: false);
    }

    /// <summary>A call failed, was refused, or its people did not let it through.</summary>
    public static void Failed(Machine machine, Frame frame, Problem problem)
    {
        var choice = frame.Choice!; // only such a frame
        machine.Interrupt(frame.Id);
        machine.WithdrawOwn(frame);
        machine.Say(machine.Find(frame.Parent!.Value)!, Told(choice.Number, JsonValue.Object(("from", choice.From()), ("error", problem.ToJson())))); // a choice stands in its loop
        End(machine, frame, _ => ToolResult.Failed(choice, problem), isFailure: true);
    }

    /// <summary>Makes the call of the frame; anew under a grant, once people gave it.</summary>
    public static void Call(Machine machine, Frame frame)
    {
        var choice = frame.Choice!; // only such a frame
        var loop = machine.Find(frame.Parent!.Value)!; // a choice stands in its loop
        var (terms, behind, id) = (((FrameState.Conversation)loop.State).Terms, Above.Agents(machine, loop), machine.NewEffect(frame.Id, EffectExecutor.Numbered("call", frame)));
        var arguments = machine.ApprovedFor(frame.Id)?.Arguments ?? choice.Arguments;
        var deadline = frame.Deadline ?? machine.Now + RunLimits.DefaultDeadline;
        if (choice.Kind == PoolKind.Workflow)
        {
            machine.Issue(new Command.StartChild(id, frame.Id, frame.Path, choice.Target, choice.Version, arguments, IsAwaited: true, deadline) { MayPlan = machine.Definition.Mode == ExecutionMode.Autonomous, Agents = [.. behind ?? [], terms.Agent] });
            return;
        }
        Command.Call call = choice.Kind == PoolKind.Tool
            ? new Command.CallTool(id, frame.Id, frame.Path, choice.Target, choice.Version, arguments, deadline)
            : new Command.CallAgent(id, frame.Id, frame.Path, choice.Target, choice.Version, arguments, deadline) { MayChoose = machine.Definition.Mode == ExecutionMode.Autonomous };
        machine.Issue(call with { Grant = machine.GrantFor(frame.Id), Agent = terms.Agent, AgentsBehind = behind, ReferenceAbove = terms.Context.ReferenceAbove });
    }

    /// <summary>The conversation with a word on every choice that was not done when its loop was ended.</summary>
    public static FrameState.Conversation GivenUp(FrameState.Conversation conversation, string limit) => conversation.Turns is [.., { IsDone: false } open]
        ? conversation with
        {
            Waiting = [],
            Turns = conversation.Turns.SetItem(conversation.Turns.Count - 1, open.Choices.Where(choice => choice.Result is null)
                .Aggregate(open, (turn, choice) => turn.With(choice.Number, ToolResult.Refused(SelectionRules.Limit, $"Given up: the limit of {limit} is reached."), isFailure: true))),
        }
        : conversation;

    private static void End(Machine machine, Frame frame, Func<int, JsonValue> result, bool isFailure)
    {
        machine.Remove(frame);
        if (machine.Find(frame.Parent!.Value) is not { State: FrameState.Conversation conversation } loop) return; // a choice stands in its loop
        machine.Update(loop with { State = With(conversation, frame.Choice!.Number, result(conversation.Terms.Context.ReferenceAbove), isFailure) }); // only such a frame
        Next(machine, loop.Id);
    }

    /// <summary>Begins as many of the waiting choices as have a place; when all are done, the model is told.</summary>
    private static void Next(Machine machine, FrameId id)
    {
        while (machine.Find(id) is { State: FrameState.Conversation { Phase: ConversationPhase.Calling } conversation } frame)
        {
            var open = conversation.Turns[^1].Choices.Count(choice => choice.Result is null);
            if (open == 0)
            {
                Done(machine, frame, conversation);
                return;
            }
            if (conversation.Waiting is not [var next, ..] || open - conversation.Waiting.Count >= RunLimits.ConcurrentChoices) return;
            conversation = conversation with { Waiting = conversation.Waiting.RemoveAt(0) };
            if (Exhaustion.OfCalls(machine, frame) is { } reached)
            {
                var told = ToolResult.Refused(SelectionRules.Limit, $"The limit of {reached.Limit} of '{reached.Of.Agent}' is reached.");
                machine.Say(frame, Told(next.Number, told));
                machine.Update(frame with { State = With(conversation, next.Number, told, isFailure: true) });
                continue;
            }
            Start(machine, machine.Update(frame with { State = conversation }), next);
        }
    }

    private static void Start(Machine machine, Frame loop, AgentChoice choice)
    {
        var conversation = (FrameState.Conversation)loop.State;
        var frame = new Frame(ChoiceFrames.Of(loop.Id, choice.Number), loop.Id, loop.Path, choice.Arguments, choice.Arguments, machine.Now, FrameState.Leaf.Instance)
        {
            Choice = choice,
            Deadline = Machine.Earlier(loop.Deadline, conversation.EndsAt),
        };
        machine.Update(frame);
        foreach (var (at, outer) in Above.Conversations(machine, loop).ToList())
            machine.Update(at with { State = outer with { Counts = outer.Counts with { Calls = outer.Counts.Calls + 1 } } });
        Call(machine, frame);
    }

    /// <summary>Failures are counted in the order chosen, whatever order they came in.</summary>
    private static void Done(Machine machine, Frame frame, FrameState.Conversation conversation)
    {
        var failures = conversation.Turns[^1].Choices.Aggregate(conversation.Counts.FailuresInARow, (before, choice) => choice.IsFailure ? before + 1 : 0);
        frame = machine.Update(frame with { State = conversation with { Counts = conversation.Counts with { FailuresInARow = failures } } });
        if (conversation.Exhausted is { } limit) ConversationExecutor.Exhaust(machine, frame, new(limit, conversation.Terms));
        else ConversationExecutor.Ask(machine, frame);
    }

    private static FrameState.Conversation With(FrameState.Conversation conversation, int number, JsonValue result, bool isFailure) =>
        conversation with { Turns = conversation.Turns.SetItem(conversation.Turns.Count - 1, conversation.Turns[^1].With(number, result, isFailure)) };

    private static TurnChoice Shown(Selection selection) => new(
        selection.Number, selection.Wanted.Name, selection.Arguments is null ? "{}" : selection.Wanted.Arguments,
        selection.Rule is { } rule ? ToolResult.Refused(rule, selection.Detail!) : null, selection.Rule is not null); // refused with a detail

    private static AgentChoice Choice(Selection selection)
    {
        var member = selection.Member!; // accepted: it has all of these
        return new(selection.Number, member.Kind, member.Target, member.Version, WorkflowInput.From(selection.Arguments!, member.IsWrapped), selection.Reason!, selection.Key!);
    }

    private static JsonValue Told(int number, JsonValue content) => JsonValue.Object(("role", "tool"), ("choice", number), ("content", content));
}
