using System.Collections.Immutable;
using System.Globalization;
using Interlock.Core.Policy;
using Interlock.Core.Workflows;
using Interlock.Json;

namespace Interlock.Core.Runs.Tasks;

/// <summary>
/// Gates. The interpreter only asks: the gate's row decides, and what it says comes back. An expiry asks the row to close, so that of a late
/// decision and the expiry exactly one wins.
/// </summary>
internal static class ApprovalExecutor
{
    public static void Enter(Machine machine, Frame frame, ApprovalTask task) =>
        Open(machine, frame, task, task.Approvers, task.Quorum, task.ExpiresAfter, task.OnExpiry, escalation: false);

    public static void Expired(Machine machine, Frame frame)
    {
        if (frame.State is FrameState.Gate gate) machine.CloseGate(frame.Id, gate.Request.Id, GateOutcome.Expired);
    }

    public static void Closed(Machine machine, Frame frame, ApprovalTask task, GateRequest gate, RunEvent.GateClosed closed)
    {
        machine.Retract(ExpiryTimer(machine, frame, gate.IsEscalation));
        switch (closed.Outcome)
        {
            case GateOutcome.Approved:
                machine.Grant(gate);
                machine.Complete(frame, Decision("approved", closed));
                break;
            case GateOutcome.Rejected when task.OnReject == StepAction.Skip:
                machine.Complete(frame, Decision("rejected", closed));
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
                Open(machine, frame, task, next.Approvers, next.Quorum, next.ExpiresAfter, next.OnExpiry, escalation: true);
                break;
            case GateTimeoutAction.Skip when closed.Outcome == GateOutcome.Expired:
                machine.Complete(frame, Decision("expired", closed));
                break;
            default:
                machine.Fail(frame.Id, new Problem(ProblemTypes.GateExpired, 408, "The gate was not decided", $"The gate '{gate.Title}' ended as {closed.Outcome.ToString().ToLowerInvariant()} without a decision.", frame.Id.Value));
                break;
        }
    }

    private static void Open(
        Machine machine, Frame frame, ApprovalTask task, ImmutableArray<Approver> approvers, int quorum, TimeSpan expiresAfter,
        GateTimeoutAction onExpiry, bool escalation)
    {
        var scope = machine.Scope(frame);
        var effect = machine.NewEffect(frame.Id, escalation ? "gate:escalation" : "gate");
        var request = new GateRequest(
            new GateId(effect.Value), frame.Path, Text(task.Title, frame, scope), task.Description is null ? null : Text(task.Description, frame, scope),
            approvers, quorum, task.ExcludeInitiator, task.ExcludeAuthor, machine.Now + expiresAfter,
            [.. task.Covers.Select(path => Cover(machine, frame, path))])
        {
            OnReject = task.OnReject.ToString().ToLowerInvariant(),
            OnExpiry = onExpiry.ToString().ToLowerInvariant(),
            IsEscalation = escalation,
        };
        frame = machine.Update(frame with { State = new FrameState.Gate(request) });
        machine.Issue(new Command.OpenApproval(effect, frame.Id, request));
        machine.Issue(new Command.StartTimer(ExpiryTimer(machine, frame, escalation), frame.Id, request.ExpiresAt, TimerPurpose.GateExpiry));
    }

    private static EffectId ExpiryTimer(Machine machine, Frame frame, bool escalation) => machine.NewEffect(frame.Id, escalation ? "expiry:escalation" : "expiry");

    private static string Text(Template template, Frame frame, IEvaluationScope scope)
    {
        var value = template.Evaluate(frame.Input, scope);
        return value.StringOrNull() is { Length: > 0 } text ? text : throw new FormatException("A gate's title and description are texts, and not empty.");
    }

    /// <summary>
    /// The call as it will be made. The check at publishing made sure that what is not declared computed reads only what no task in between
    /// changes, so it is evaluated here, without an input.
    /// </summary>
    private static CoveredCall Cover(Machine machine, Frame gate, TaskPath path)
    {
        var task = (EffectTask)machine.Definition.Task(path);
        var frame = Expected(machine, gate, path);
        var probe = gate with { Id = frame, Path = path, Input = JsonValue.Null, RawInput = JsonValue.Null };
        var arguments = Known(task.Arguments, "", task.Computed, machine.Scope(probe)) ?? JsonValue.EmptyObject;
        return new CoveredCall(frame, path, task is ToolTask ? "tool" : "agent", task.Target, task.Version, arguments, task.Computed)
        {
            Compensation = task.Compensate is { } undo ? new CoveredCompensation(undo.Tool, CanonicalJson.Digest(task.Source["metadata"]?["interlock"]?["compensate"] ?? JsonValue.Null)) : null,
        };
    }

    /// <summary>The covered task's frame: it stands in the gate's own list, or beneath it outside every loop, on its next visit.</summary>
    private static FrameId Expected(Machine machine, Frame gate, TaskPath path)
    {
        var list = machine.Find(gate.Parent!.Value)!; // a gate stands in a list, which is active while the gate is
        if (!path.Value.StartsWith(list.Path.Value + "/", StringComparison.Ordinal)) throw new InvalidOperationException($"{path} is not after the gate {gate.Path}.");
        var tokens = path.Value[(list.Path.Value.Length + 1)..].Split('/');
        var index = int.Parse(tokens[0], CultureInfo.InvariantCulture);
        var visits = ((FrameState.Sequence)list.State).Visits.GetValueOrDefault(index);
        var top = SequenceExecutor.ChildId(list.Id, index, JsonPointer.Unescape(tokens[1]), visits + 1);
        return top.Append(string.Concat(tokens.Skip(2).Select(token => "/" + token)));
    }

    private static JsonValue? Known(Template template, string at, ImmutableArray<string> computed, IEvaluationScope scope)
    {
        if (computed.Contains(at)) return null;
        return template switch
        {
            Template.Map map => JsonValue.Object(map.Members
                .Select(member => (member.Key, Value: Known(member.Value, JsonPointer.Append(at, member.Key), computed, scope)))
                .Where(member => member.Value is not null)
                .Select(member => KeyValuePair.Create(member.Key, member.Value!))), // nulls were just left out
            _ => template.Evaluate(JsonValue.Null, scope),
        };
    }

    private static JsonValue Decision(string decision, RunEvent.GateClosed closed) => JsonValue.Object(
        ("decision", decision), ("gate", closed.Gate.Value), ("decidedBy", JsonValue.Array(closed.DecidedBy.Select(JsonValue.From))),
        ("reason", closed.Reason is null ? JsonValue.Null : closed.Reason));
}
