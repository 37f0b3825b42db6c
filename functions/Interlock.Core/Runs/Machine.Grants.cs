using System.Collections.Immutable;
using Interlock.Core.Workflows;

namespace Interlock.Core.Runs;

/// <summary>Gates that close, and what they leave: which frames are granted, by which gate, and with which arguments.</summary>
internal sealed partial class Machine
{
    /// <summary>Asks the row once: a gate that is closing keeps its first cause.</summary>
    public void CloseGate(FrameId frame, GateId gate, GateOutcome cause)
    {
        var id = NewEffect(frame, $"close:{gate.Value}");
        if (!_pending.ContainsKey(id)) Issue(new Command.CloseApproval(id, frame, gate, cause));
    }

    /// <summary>A gate that was decided no longer runs out of time.</summary>
    public void RetractExpiry(FrameId frame)
    {
        foreach (var timer in _pending.Values.Where(c => c is Command.StartTimer { Purpose: TimerPurpose.GateExpiry } && c.Frame == frame).ToList()) _pending.Remove(timer.Id);
    }

    public GateId? GrantFor(FrameId frame) => _state.Grants.TryGetValue(frame, out var gate) ? gate : null;

    public ApprovedArguments? ApprovedFor(FrameId frame) => _state.Approved.GetValueOrDefault(frame);

    /// <summary>The gate of the document that covers the frame's task, and that granted it where several do; null when none covers it.</summary>
    public ApprovalTask? CoveringGate(Frame frame) => _state.GrantedBy.TryGetValue(frame.Id, out var path)
        ? (ApprovalTask)definition.Task(path)
        : definition.GatesOf(frame.Path) is [var gate, ..] ? gate : null;

    /// <summary>Lets the covered calls be made as they were approved. <paramref name="by"/> is the gate of the document that stands behind it, if one does.</summary>
    public void Grant(GateRequest gate, RunEvent.GateClosed closed, ApprovalTask? by)
    {
        var (grants, approved, grantedBy) = (_state.Grants.ToBuilder(), _state.Approved.ToBuilder(), _state.GrantedBy.ToBuilder());
        foreach (var call in gate.Covers)
        {
            grants[call.Frame] = gate.Id;
            var edited = closed.Edited.FirstOrDefault(edit => edit.Frame == call.Frame);
            if (edited is not null || gate.IsExact) approved[call.Frame] = new ApprovedArguments(edited?.Arguments ?? call.Arguments, gate.IsExact);
            else approved.Remove(call.Frame);
            if (by is not null && definition.GatesOf(call.Task).Count > 1) grantedBy[call.Frame] = by.Path;
        }
        _state = _state with { Grants = grants.ToImmutable(), Approved = approved.ToImmutable(), GrantedBy = grantedBy.ToImmutable() };
    }
}
