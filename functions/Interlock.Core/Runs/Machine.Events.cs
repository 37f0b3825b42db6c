using Interlock.Core.Agents;
using Interlock.Core.Runs.Conversations;
using Interlock.Core.Runs.Tasks;
using Interlock.Core.Workflows;

namespace Interlock.Core.Runs;

/// <summary>What each kind of event does to the frame that waits for it; what nothing waits for does nothing.</summary>
internal sealed partial class Machine
{
    private void TimerFired(EffectId id)
    {
        if (!_pending.TryGetValue(id, out var command) || command is not Command.StartTimer timer) return;
        _pending.Remove(id);
        switch (timer.Purpose)
        {
            case TimerPurpose.Abandoned: AbandonedDeadline(id); return;
            case TimerPurpose.Compensation: UndoTimedOut(); return;
        }
        if (Find(timer.Frame) is not { } frame) return;
        if (timer.Purpose == TimerPurpose.Timeout)
        {
            Interrupt(frame.Id);
            WithdrawOwn(frame);
            Fail(frame.Id, Problems.Timeout(frame));
            return;
        }
        Guarded(frame.Id, () => Executors.TimerFired(this, frame, definition.Task(frame.Path), timer.Purpose));
    }

    private void EffectCompleted(RunEvent.EffectCompleted done)
    {
        if (Settle(done.Effect, done.Output, null)) return;
        if (!_pending.TryGetValue(done.Effect, out var command) || command is not (Command.Call or Command.EmitEvent or Command.StartChild { IsAwaited: false })) return;
        _pending.Remove(command.Id);
        _state = _state with { InDoubt = _state.InDoubt.Remove(command.Id) };
        if (Find(command.Frame) is not { } frame) return;
        Guarded(frame.Id, () =>
        {
            if (command is Command.CallModel)
            {
                ConversationExecutor.Answered(this, frame, done.Output);
                return;
            }
            if (command is Command.Call call && frame.Choice is null) RememberUndo(frame, call.Grant, done.Output);
            Complete(frame, command is Command.StartChild ? frame.Input : done.Output);
        });
    }

    private void EffectFailed(RunEvent.EffectFailed failed)
    {
        if (Settle(failed.Effect, null, failed.Problem)) return;
        if (!_pending.TryGetValue(failed.Effect, out var command) || command is Command.CloseApproval or Command.StartTimer || _state.Locks?.ContainsKey(command.Id) == true) return;
        if (command is Command.Call { OnInDoubt: InDoubtAction.Escalate } && failed.Problem.Type == ProblemTypes.InDoubt)
        {
            // Said again it is no news: only a person's word, completed or failed, ends the doubt.
            _state = _state with { InDoubt = _state.InDoubt.Add(command.Id) };
            return;
        }
        _pending.Remove(command.Id);
        _state = _state with { InDoubt = _state.InDoubt.Remove(command.Id) };
        if (Find(command.Frame) is not { } frame) return;
        if (frame.State is FrameState.Conversation)
        {
            Guarded(frame.Id, () => ConversationExecutor.Failed(this, frame, failed.Problem));
            return;
        }
        if (frame.Choice is not null && command is Command.Call chosen && ChoiceGate.Opens(this, frame, chosen, failed.Problem)) return;
        if (frame.Choice is null && command is Command.Call call && SecondLook.Opens(this, frame, call, failed.Problem)) return;
        Interrupt(frame.Id);
        WithdrawOwn(frame);
        if (frame.State is FrameState.Gate { Request.Failure: not null } asked) StepGate.NotOpened(this, frame, asked.Request, failed.Problem);
        else Fail(frame.Id, failed.Problem with { Instance = frame.Id.Value });
    }

    private void GateClosed(RunEvent.GateClosed closed)
    {
        var waiting = _pending.Values.Where(c => GateOf(c) == closed.Gate).ToList();
        foreach (var command in waiting) _pending.Remove(command.Id);
        if (waiting.FirstOrDefault() is not { } first || Find(first.Frame) is not { State: FrameState.Gate gate } frame) return;
        if (gate.Request.Id != closed.Gate) return;
        RetractExpiry(frame.Id);
        Guarded(frame.Id, () =>
        {
            if (frame.Paused is { } agent) PauseGate.Closed(this, frame, agent, gate.Request, closed);
            else if (gate.Request.Failure is { } failure) StepGate.Closed(this, frame, gate.Request, failure, closed);
            else if (frame.Choice is not null) ChoiceGate.Closed(this, frame, gate.Request, closed);
            else ApprovalExecutor.Closed(this, frame, definition.Task(frame.Path) as ApprovalTask ?? CoveringGate(frame)!, gate.Request, closed); // only a covered call is asked about again
        });
    }

    private void EventArrived(RunEvent.EventArrived arrived)
    {
        if (!_pending.TryGetValue(arrived.Effect, out var command) || command is not Command.AwaitEvent || Find(command.Frame) is not { } frame) return;
        Guarded(frame.Id, () => ListenExecutor.Arrived(this, frame, (ListenTask)definition.Task(frame.Path), arrived.Event)); // only such a task awaits events
    }

    private void ChildCompleted(RunEvent.ChildCompleted ended)
    {
        if (!_pending.TryGetValue(ended.Effect, out var command) || command is not Command.StartChild { IsAwaited: true }) return;
        _pending.Remove(command.Id);
        if (Find(command.Frame) is { } frame) RunExecutor.Ended(this, frame, ended);
    }

    private void AgentOpened(RunEvent.AgentOpened opened)
    {
        if (!_pending.TryGetValue(opened.Effect, out var command) || command is not (Command.OpenAgent or Command.CallAgent)) return;
        _pending.Remove(command.Id);
        _state = _state with { InDoubt = _state.InDoubt.Remove(command.Id) };
        if (Find(command.Frame) is { } frame) Guarded(frame.Id, () => ConversationExecutor.Opened(this, frame, command, opened.Terms));
    }

    private void AgentPaused(RunEvent.AgentPaused paused)
    {
        if (Settle(paused.Effect, null, AgentPause.Problem(paused.Pause))) return;
        if (!_pending.TryGetValue(paused.Effect, out var command) || command is not Command.CallAgent call) return;
        _pending.Remove(call.Id);
        if (Find(call.Frame) is { } frame) Guarded(frame.Id, () => PauseGate.Open(this, frame, call, paused));
    }

    private void Cancel(RunEvent.CancelRequested cancel)
    {
        if (_state.Ending is not null) return;
        var detail = cancel.Reason is null ? $"Cancelled by {cancel.By}." : $"Cancelled by {cancel.By}: {cancel.Reason}";
        End(new Ending(RunStatus.Cancelled, new Problem(ProblemTypes.Cancelled, 499, "The run was cancelled", detail), null));
    }

    private static GateId? GateOf(Command command) => command switch
    {
        Command.OpenApproval open => open.Gate.Id,
        Command.CloseApproval close => close.Gate,
        _ => null,
    };

    private static bool Beneath(FrameId id, string prefix) => id.Value.StartsWith(prefix, StringComparison.Ordinal);
}
