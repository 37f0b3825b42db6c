using System.Collections.Immutable;
using Interlock.Core.Agents;
using Interlock.Core.Runs.Tasks;
using Interlock.Core.Workflows;

namespace Interlock.Core.Runs.Conversations;

/// <summary>
/// A chosen call that needs people's approval: they are asked about exactly this call, and it is made anew under what they grant. What they do not let through the model is
/// told, and nobody is asked about it again in the loop.
/// </summary>
internal static class ChoiceGate
{
    private const string Required = "grant-required";

    /// <summary>As much as people are shown of what an agent says of a call; the call itself they are shown whole.</summary>
    private const int MaxText = 4000;

    /// <summary>Whether the refusal is dealt with here: by asking people, or because they were asked before.</summary>
    public static bool Opens(Machine machine, Frame frame, Command.Call call, Problem refusal)
    {
        if (refusal.Rule is not { } rule || frame.Reopened >= RunLimits.Reopenings) return false;
        if (!(call.Grant is null ? rule == Required : SecondLook.IsStale(rule))) return false;
        var choice = frame.Choice!; // only such a frame
        var loop = machine.Find(frame.Parent!.Value)!; // a choice stands in its loop
        if (Outermost(machine, loop).Conversation.Denied.Contains(choice.Key))
        {
            ChoiceExecutor.Failed(machine, frame, new Problem(ProblemTypes.Refused, 403, "Not approved", "People did not let this call through, and are not asked again.") { Stage = Selection.Stage, Rule = SelectionRules.Denied });
            return true;
        }
        Open(machine, machine.Update(frame with { Reopened = frame.Reopened + 1 }), loop, call, call.Grant is null ? null : rule);
        return true;
    }

    public static void Closed(Machine machine, Frame frame, GateRequest gate, RunEvent.GateClosed closed)
    {
        if (closed.Outcome == GateOutcome.Approved)
        {
            machine.Grant(gate, closed, by: null);
            ChoiceExecutor.Call(machine, machine.Update(frame with { State = FrameState.Leaf.Instance }));
            return;
        }
        var (outer, conversation) = Outermost(machine, machine.Find(frame.Parent!.Value)!); // a choice stands in its loop
        machine.Update(outer with { State = conversation with { Denied = conversation.Denied.Add(frame.Choice!.Key) } }); // only such a frame
        ChoiceExecutor.Failed(machine, frame, closed.Outcome == GateOutcome.Expired
            ? new Problem(ProblemTypes.GateExpired, 408, "Not approved", "Nobody decided about this call in time.")
            : new Problem(ProblemTypes.GateRejected, 403, "Not approved", closed.Reason is null ? "People rejected this call." : $"People rejected this call: {closed.Reason}"));
    }

    private static void Open(Machine machine, Frame frame, Frame loop, Command.Call call, string? again)
    {
        var (choice, conversation) = (frame.Choice!, (FrameState.Conversation)loop.State); // only such a frame
        var agent = conversation.Terms.Agent;
        var written = (machine.Definition.Task(frame.Path) as AutonomousTask)?.Approval;
        var people = written is null ? Policys : GatePeople.Of(written);
        if (frame.Deadline - machine.Now is { } left && left < people.ExpiresAfter) people = people with { ExpiresAfter = left };
        GateOpening.Open(
            machine, frame, EffectExecutor.Numbered("choice", frame), people, $"Agent '{agent}' wants to call '{choice.Target}'", null,
            [new CoveredCall(frame.Id, frame.Path, choice.Kind == PoolKind.Tool ? "tool" : "agent", choice.Target, choice.Version, call.Arguments, [])],
            request => request with
            {
                ChosenBy = new Chooser(agent, Excerpt.Of(ChatForm.Text(conversation.Goal), MaxText), Excerpt.Of(choice.Reason, MaxText), loop.Id, conversation.Counts.Turns, choice.Number)
                {
                    Behind = call.AgentsBehind,
                },
                AsksPolicy = written is null,
                OnReject = "skip",
                OnExpiry = "skip",
                Again = again,
            });
    }

    /// <summary>Who is asked where the document names nobody: whom policy names.</summary>
    public static GatePeople Policys { get; } = new([], 1, [], ExcludeInitiator: true, ExcludeAuthor: true, RunLimits.ChoiceGate, "skip");

    private static (Frame Frame, FrameState.Conversation Conversation) Outermost(Machine machine, Frame loop) => Above.Conversations(machine, loop).Last();
}
