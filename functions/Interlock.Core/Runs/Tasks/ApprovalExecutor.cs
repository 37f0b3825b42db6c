using Interlock.Core.Workflows;
using Interlock.Json;

namespace Interlock.Core.Runs.Tasks;

/// <summary>
/// Gates. The interpreter only asks: the gate's row decides, and what it says comes back. An expiry asks the row to close, so that of a late
/// decision and the expiry exactly one wins.
/// </summary>
internal static class ApprovalExecutor
{
    public static void Enter(Machine machine, Frame frame, ApprovalTask task) => Open(machine, frame, task, GatePeople.Of(task), escalation: false);

    public static void Expired(Machine machine, Frame frame)
    {
        if (frame.State is FrameState.Gate gate) machine.CloseGate(frame.Id, gate.Request.Id, GateOutcome.Expired);
    }

    /// <summary>What an approval task's gate answers, or the gate of a call that is asked about again: then the task is the one whose gate it was.</summary>
    public static void Closed(Machine machine, Frame frame, ApprovalTask task, GateRequest gate, RunEvent.GateClosed closed)
    {
        switch (closed.Outcome)
        {
            case GateOutcome.Approved:
                machine.Grant(gate, closed, task);
                if (gate.Again is null) machine.Complete(frame, Decision("approved", closed));
                else SecondLook.Approved(machine, frame);
                break;
            case GateOutcome.Returned when gate.Again is null && task.Information is { } information:
                machine.Complete(frame, Decision("returned", closed).With("information", closed.Information ?? JsonValue.Null), information.Then);
                break;
            case GateOutcome.Rejected when task.OnReject == StepAction.Skip:
                Pass(machine, frame, gate, "rejected", closed);
                break;
            case GateOutcome.Rejected:
                var by = string.Join(", ", closed.DecidedBy);
                machine.Fail(frame.Id, new Problem(ProblemTypes.GateRejected, 403, "The gate was rejected", closed.Reason is null ? $"Rejected by {by}." : $"Rejected by {by}: {closed.Reason}", frame.Id.Value));
                break;
            default:
                Undecided(machine, frame, task, gate, closed);
                break;
        }
    }

    private static void Undecided(Machine machine, Frame frame, ApprovalTask task, GateRequest gate, RunEvent.GateClosed closed)
    {
        var action = gate.IsEscalation ? task.Escalation?.OnExpiry ?? GateTimeoutAction.Fail : task.OnExpiry;
        switch (action)
        {
            case GateTimeoutAction.Escalate when !gate.IsEscalation && task.Escalation is { } next && closed.Outcome == GateOutcome.Expired:
                if (gate.Again is null) Open(machine, frame, task, GatePeople.Of(task, next), escalation: true);
                else SecondLook.Open(machine, frame, task, GatePeople.Of(task, next), gate);
                break;
            case GateTimeoutAction.Skip when closed.Outcome == GateOutcome.Expired:
                Pass(machine, frame, gate, "expired", closed);
                break;
            default:
                machine.Fail(frame.Id, new Problem(ProblemTypes.GateExpired, 408, "The gate was not decided", $"The gate '{gate.Title}' ended as {closed.Outcome.ToString().ToLowerInvariant()} without a decision.", frame.Id.Value));
                break;
        }
    }

    /// <summary>The run goes on without grants; a call that was asked about again is left out.</summary>
    private static void Pass(Machine machine, Frame frame, GateRequest gate, string decision, RunEvent.GateClosed closed)
    {
        if (gate.Again is null) machine.Complete(frame, Decision(decision, closed));
        else machine.Skip(frame);
    }

    private static void Open(Machine machine, Frame frame, ApprovalTask task, GatePeople people, bool escalation) => GateOpening.Open(
        machine, frame, escalation ? "escalation" : "", people,
        GateOpening.Text(machine, frame, task.Title), task.Description is null ? null : GateOpening.Text(machine, frame, task.Description),
        [.. task.Covers.Select(path => GateCovers.Cover(machine, frame, path))],
        request => request with
        {
            OnReject = GatePeople.Word(task.OnReject),
            IsEscalation = escalation,
            Information = task.Information?.Schema,
        });

    private static JsonValue Decision(string decision, RunEvent.GateClosed closed) => JsonValue.Object(
        ("decision", decision), ("gate", closed.Gate.Value), ("decidedBy", JsonValue.Array(closed.DecidedBy.Select(JsonValue.From))),
        ("reason", closed.Reason is null ? JsonValue.Null : closed.Reason));
}
