using System.Globalization;
using Interlock.Core.Agents;
using Interlock.Core.Runs.Conversations;
using Interlock.Json;

namespace Interlock.Core.Runs.Tasks;

/// <summary>
/// An agent elsewhere that paused for a call of its own: policy says who is asked about exactly that call, and then the agent is called again with what was decided. Approved,
/// that one call of it has the grant; whatever was decided, the agent says how its task ends.
/// </summary>
internal static class PauseGate
{
    private const int MostText = 2000;

    /// <summary>Asks people, unless they were asked too often for this task.</summary>
    public static void Open(Machine machine, Frame frame, Command.CallAgent call, RunEvent.AgentPaused paused)
    {
        if (frame.Reopened >= RunLimits.Reopenings)
        {
            machine.Fail(frame.Id, AgentPause.Problem(paused.Pause) with { Detail = $"People were asked {RunLimits.Reopenings} times for this task already.", Instance = frame.Id.Value });
            return;
        }
        var number = frame.Reopened + 1;
        var covered = new CoveredCall(frame.Id.Append(string.Create(CultureInfo.InvariantCulture, $"/calls@{number}")), frame.Path, "tool", paused.Call.Tool, null, paused.Call.Arguments, []);
        var resume = new AgentResume(paused.Pause, "") { Tool = covered.Target, ArgumentsDigest = CanonicalJson.Digest(covered.Arguments), Frame = covered.Frame };
        frame = machine.Update(frame with { Reopened = number, Paused = call with { Resume = resume } });
        var people = ChoiceGate.Policys;
        if (frame.Deadline - machine.Now is { } left && left < people.ExpiresAfter) people = people with { ExpiresAfter = left };
        GateOpening.Open(machine, frame, EffectExecutor.Numbered("pause", frame), people, $"Agent '{call.Target}' wants to call '{covered.Target}'", null, [covered], request => request with
        {
            ChosenBy = new Chooser(call.Target, Excerpt.Of(call.Arguments.ToString(), MostText), "", frame.Id, 1, number) { Behind = call.Agent is null ? call.AgentsBehind : [.. call.AgentsBehind ?? [], call.Agent] },
            AsksPolicy = true,
            OnReject = "skip",
            OnExpiry = "skip",
        });
    }

    /// <summary>Calls the agent again: another effect, with the decision in the place of what it was first called with.</summary>
    public static void Closed(Machine machine, Frame frame, Command.CallAgent paused, GateRequest gate, RunEvent.GateClosed closed)
    {
        frame = machine.Update(frame with { State = FrameState.Leaf.Instance, Paused = null });
        var (decision, grant) = closed.Outcome switch
        {
            GateOutcome.Approved => ("approved", (GateId?)gate.Id),
            GateOutcome.Expired => ("expired", null),
            _ => ("rejected", null),
        };
        machine.Issue(paused with
        {
            Id = machine.NewEffect(frame.Id, EffectExecutor.Numbered("call", frame)),
            Resume = paused.Resume! with { Decision = decision, Grant = grant, Approved = closed.Edited.FirstOrDefault()?.Arguments }, // set when it paused
        });
    }
}
