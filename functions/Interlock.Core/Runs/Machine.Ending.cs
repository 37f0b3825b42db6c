using System.Collections.Immutable;
using Interlock.Core.Workflows;
using Interlock.Json;

namespace Interlock.Core.Runs;

/// <summary>How runs end: abandoned calls settle, compensations run from the last to the first, and only then the run closes.</summary>
internal sealed partial class Machine
{
    private void End(Ending ending)
    {
        if (_state.Ending is not null) return;
        Interrupt(FrameId.Root);
        foreach (var command in _pending.Values.Where(c => c.Frame == FrameId.Root && !IsWindingDown(c)).ToList()) Withdraw(command);
        _frames.Clear();
        _work.Clear();
        _state = _state with
        {
            Approved = ImmutableSortedDictionary<FrameId, ApprovedArguments>.Empty,
            Ending = ending,
            Status = ending.Outcome == RunStatus.Completed ? RunStatus.Running : RunStatus.Compensating,
        };
    }

    /// <summary>Commands that outlive their frame: those of compensations, abandoned calls and gates being closed.</summary>
    private static bool IsWindingDown(Command command) => command switch
    {
        Command.CloseApproval => true,
        Command.StartTimer timer => timer.Purpose is TimerPurpose.Abandoned or TimerPurpose.Compensation,
        Command.CallTool call => call.IsCompensation,
        _ => false,
    };

    private void Abandon(Command.Call call)
    {
        _pending.Remove(call.Id);
        _state = _state with { InDoubt = _state.InDoubt.Remove(call.Id) };
        if (Find(call.Frame) is not { } frame) return;
        var due = (call.Deadline > Now ? call.Deadline : Now) + RunLimits.AbandonedGrace;
        var timer = StartTimer(frame, due, TimerPurpose.Abandoned, $"abandoned:{call.Id.Value}");
        var detached = frame with { Context = ContextOf(frame), Locals = AllLocals(frame), Parent = null };
        _state = _state with { Abandoned = _state.Abandoned.SetItem(call.Id, new AbandonedCall(call, timer, detached)) };
    }

    private JsonValue AllLocals(Frame frame)
    {
        var locals = JsonValue.EmptyObject;
        for (var at = frame; at is not null; at = at.Parent is { } parent ? Find(parent) : null)
        {
            foreach (var (name, value) in at.Locals is { } own ? own.Members : JsonValue.EmptyObject.Members)
                if (locals[name] is null) locals = locals.With(name, value);
        }
        return locals;
    }

    /// <summary>Whether the effect was an abandoned call or the compensation under way, which its outcome settles.</summary>
    private bool Settle(EffectId effect, JsonValue? output, Problem? problem)
    {
        if (_state.Abandoned.TryGetValue(effect, out var abandoned))
        {
            _pending.Remove(abandoned.Timer);
            _state = _state with { Abandoned = _state.Abandoned.Remove(effect) };
            if (output is not null && UndoOf(abandoned, output) is { } undo) _state = _state with { Orphans = _state.Orphans.Add(undo) };
            else if (problem?.Type == ProblemTypes.InDoubt) NotUndone(abandoned);
            return true;
        }
        if (_state.Undoing is not { } undoing || !_pending.TryGetValue(effect, out var command) || command is not Command.CallTool { IsCompensation: true }) return false;
        _pending.Remove(effect);
        FinishUndo(undoing, problem);
        return true;
    }

    private void AbandonedDeadline(EffectId timer)
    {
        if (_state.Abandoned.Values.FirstOrDefault(abandoned => abandoned.Timer == timer) is not { } late) return;
        _state = _state with { Abandoned = _state.Abandoned.Remove(late.Call.Id) };
        NotUndone(late);
    }

    /// <summary>A call that may have happened and is not compensated appears in the run's error, if undoing it was declared.</summary>
    private void NotUndone(AbandonedCall abandoned)
    {
        if (!MayUndo(abandoned) || definition.Task(abandoned.Frame.Path) is not EffectTask { Compensate: not null }) return;
        var doubt = new Problem(ProblemTypes.InDoubt, 500, "It may have happened", $"'{abandoned.Call.Target}' was interrupted and its outcome is unknown.", abandoned.Frame.Id.Value);
        _state = _state with { UndoFailures = _state.UndoFailures.Add(doubt) };
    }

    /// <summary>Evaluates a completed effect's compensation, with the effect's raw result as <c>$output</c>, and remembers it.</summary>
    public void RememberUndo(Frame frame, GateId? grant, JsonValue output)
    {
        if (UndoOf(frame, grant, output) is { } undo) _state = _state with { Saga = _state.Saga.Add(undo) };
    }

    private Undo? UndoOf(AbandonedCall abandoned, JsonValue output) => MayUndo(abandoned) ? UndoOf(abandoned.Frame, abandoned.Call.Grant, output) : null;

    /// <summary>What a document declares undoes its own call, not a turn of the agent that it calls, nor what that agent chose.</summary>
    private static bool MayUndo(AbandonedCall abandoned) => abandoned is { Frame.Choice: null, Call: not Command.CallModel };

    private Undo? UndoOf(Frame frame, GateId? grant, JsonValue output)
    {
        if (definition.Task(frame.Path) is not EffectTask { Compensate: { } compensate }) return null;
        try
        {
            var arguments = compensate.Arguments.Evaluate(output, Scope(frame, output));
            return new Undo(frame.Id, frame.Path, compensate.Tool, arguments, compensate.Timeout, grant);
        }
        catch (ExpressionException e)
        {
            _state = _state with { UndoFailures = _state.UndoFailures.Add(Problems.Expression(e, frame.Id)) };
            return null;
        }
    }

    /// <summary>After every event: starts the next compensation that is due, or closes the run.</summary>
    private void WindDown()
    {
        if (_state.Undoing is not null || _state.Status.IsClosed()) return;
        if (_state.Orphans is [var orphan, ..])
        {
            _state = _state with { Orphans = _state.Orphans.RemoveAt(0) };
            StartUndo(orphan);
            return;
        }
        if (_state.Ending is not { } ending || _state.Abandoned.Count > 0 || _pending.Count > OwnLocks) return;
        if (ending.Outcome != RunStatus.Completed && _state.Saga is [.., var last])
        {
            _state = _state with { Saga = _state.Saga.RemoveAt(_state.Saga.Count - 1) };
            StartUndo(last);
            return;
        }
        _state = _state with { Status = ending.Outcome, Output = ending.Output, Error = Error(ending.Problem)?.Bounded(), Locks = null };
        _pending.Clear();
    }

    private void StartUndo(Undo undo)
    {
        var frame = undo.Frame.ToUndo();
        var due = Now + undo.Budget;
        Issue(new Command.CallTool(EffectIds.Of(Run, frame, "call"), frame, undo.Task, undo.Tool, null, undo.Arguments, due)
        {
            Grant = undo.Grant,
            RequiresGrant = undo.Grant is not null,
            IsCompensation = true,
        });
        Issue(new Command.StartTimer(UndoTimer(frame), frame, due, TimerPurpose.Compensation));
        _state = _state with { Undoing = undo };
    }

    private void UndoTimedOut()
    {
        if (_state.Undoing is not { } undoing) return;
        var frame = undoing.Frame.ToUndo();
        _pending.Remove(EffectIds.Of(Run, frame, "call"));
        FinishUndo(undoing, new Problem(ProblemTypes.Timeout, 408, "The compensation ran out of time", $"{undoing.Tool} did not end within {undoing.Budget}.", frame.Value));
    }

    private void FinishUndo(Undo undoing, Problem? problem)
    {
        var frame = undoing.Frame.ToUndo();
        _pending.Remove(UndoTimer(frame));
        _state = _state with
        {
            Undoing = null,
            UndoFailures = problem is null ? _state.UndoFailures : _state.UndoFailures.Add(problem with { Instance = frame.Value }),
        };
    }

    private EffectId UndoTimer(FrameId frame) => EffectIds.Of(Run, frame, "budget");

    private Problem? Error(Problem? problem)
    {
        if (_state.UndoFailures.IsEmpty) return problem;
        var undone = string.Join("; ", _state.UndoFailures.Select(failure => $"{failure.Instance}: {failure.Detail ?? failure.Title}"));
        return problem is null
            ? new Problem(ProblemTypes.Runtime, 500, "A compensation failed", undone)
            : problem with { Detail = $"{problem.Detail} Not undone: {undone}".TrimStart() };
    }
}
