using System.Collections.Immutable;
using Interlock.Core.Runs.Conversations;
using Interlock.Core.Runs.Tasks;
using Interlock.Core.Workflows;
using Interlock.Json;
using Interlock.Json.Jq;
using Interlock.Json.Schema;

namespace Interlock.Core.Runs;

/// <summary>
/// One event's worth of interpretation: a mutable view of a state that is frozen again at the end. Work is queued, never recursed, so a
/// long list takes no stack. The kinds of task are in <c>Tasks/</c>; here is what they share: frames, data flow, effects.
/// <c>shown</c> are the commands of the last state that a host saw: what is withdrawn without having been among them never started.
/// <c>said</c>, where there is one, hears everything that is said in conversations.
/// </summary>
internal sealed partial class Machine(WorkflowDefinition definition, RunState state, ImmutableSortedDictionary<EffectId, Command> shown, Action<TranscriptEntry>? said = null)
{
    private readonly Queue<Action> _work = new();
    private readonly ImmutableSortedDictionary<FrameId, Frame>.Builder _frames = state.Frames.ToBuilder();
    private readonly ImmutableSortedDictionary<EffectId, Command>.Builder _pending = state.Pending.ToBuilder();
    private RunState _state = state;

    public WorkflowDefinition Definition => definition;

    /// <summary>What the expressions of this event may still take: an event is folded in bounded time whatever the document says.</summary>
    public JqBudget Expressions { get; } = new(RunLimits.ExpressionStepsPerEvent);

    public RunId Run => _state.Id;
    public DateTimeOffset Now => _state.Now;
    public DateTimeOffset StartedAt => _state.StartedAt;
    public JsonValue Input => _state.Input;

    /// <summary>The first event: the root frame, and the top-level list in it.</summary>
    public void Begin()
    {
        var root = new Frame(FrameId.Root, null, TaskPath.Root, _state.Input, _state.Input, Now, FrameState.Leaf.Instance) { Context = JsonValue.EmptyObject };
        _frames.Add(root.Id, root);
        Guarded(root.Id, () =>
        {
            Check(definition.InputSchema, _state.Input, root, "input");
            if (definition.InputFrom is { } from) root = Update(root with { Input = from.Evaluate(root.RawInput, Scope(root)) });
            root = ArmTimeout(root, definition.Timeout, _state.Origin.Deadline);
            LockExecutor.Begin(this, root);
        });
        Drain();
    }

    public void Apply(RunEvent happened)
    {
        switch (happened)
        {
            case RunEvent.EffectCompleted done: EffectCompleted(done); break;
            case RunEvent.EffectFailed failed: EffectFailed(failed); break;
            case RunEvent.TimerFired fired: TimerFired(fired.Timer); break;
            case RunEvent.GateClosed closed: GateClosed(closed); break;
            case RunEvent.EventArrived arrived: EventArrived(arrived); break;
            case RunEvent.ChildCompleted ended: ChildCompleted(ended); break;
            case RunEvent.AgentOpened opened: AgentOpened(opened); break;
            case RunEvent.AgentPaused paused: AgentPaused(paused); break;
            case RunEvent.LockGranted granted: LockGranted(granted); break;
            case RunEvent.CancelRequested cancel: Cancel(cancel); break;
            default: throw new InvalidOperationException($"The machine folds no {happened.GetType().Name}.");
        }
        Drain();
    }

    public RunState Freeze()
    {
        _state = _state with { Frames = _frames.ToImmutable(), Pending = _pending.ToImmutable() };
        return _state;
    }

    // Frames

    public Frame? Find(FrameId id) => _frames.TryGetValue(id, out var frame) ? frame : null;

    public Frame Update(Frame frame) => _frames[frame.Id] = frame;

    public TaskDefinition? DefinitionOf(Frame frame) => definition.AllTasks.GetValueOrDefault(frame.Path);

    public FrameScope Scope(Frame frame, JsonValue? output = null, JsonValue? extra = null, FrameSources? sources = null, JsonValue? rawOutput = null) =>
        new(this, frame) { Output = output, RawOutput = rawOutput ?? output, Extra = extra, Sources = sources };

    public JsonValue ContextOf(Frame frame) => ContextOwner(frame).Context ?? JsonValue.EmptyObject;

    /// <summary>Writes through to whichever frame owns the context: the root, or a fork's branch.</summary>
    public void SetContext(Frame frame, JsonValue context) => Update(ContextOwner(frame) with { Context = context });

    public JsonValue? Local(Frame frame, string name)
    {
        for (var at = frame; at is not null; at = at.Parent is { } parent ? Find(parent) : null)
            if (at.Locals?[name] is { } value) return value;
        return null;
    }

    /// <summary>Starts a task under a parent frame.</summary>
    public void Enter(Frame parent, TaskDefinition task, FrameId id, JsonValue rawInput, JsonValue? ownContext = null)
    {
        var parentId = parent.Id;
        _work.Enqueue(() =>
        {
            if (Active(parentId) is not { } owner) return;
            var frame = new Frame(id, owner.Id, task.Path, rawInput, rawInput, Now, FrameState.Leaf.Instance)
            {
                Context = ownContext,
                Deadline = owner.Deadline,
            };
            _frames.Add(id, frame);
            if (_frames.Count > RunLimits.ActiveFrames)
            {
                Fail(id, Problems.Runtime($"More than {RunLimits.ActiveFrames} tasks are active at once.", id));
                return;
            }
            Guarded(id, () =>
            {
                if (task.If is { } condition && !condition.EvaluateCondition(rawInput, Scope(frame)))
                {
                    Remove(frame);
                    ChildDone(frame, rawInput, null);
                    return;
                }
                frame = Update(WithInput(frame, task));
                frame = ArmTimeout(frame, task.Timeout);
                LockExecutor.Enter(this, frame, task);
            });
        });
    }

    /// <summary>The frame with what the task makes of its raw input.</summary>
    public Frame WithInput(Frame frame, TaskDefinition task)
    {
        Check(task.InputSchema, frame.RawInput, frame, "input");
        return task.InputFrom is { } from ? frame with { Input = from.Evaluate(frame.RawInput, Scope(frame)) } : frame;
    }

    /// <summary>Starts a task list inside a frame; its end reaches the frame's executor. It may have less time than the frame.</summary>
    public void EnterList(Frame owner, TaskList list, string suffix, JsonValue input, JsonValue? locals = null, DateTimeOffset? deadline = null)
    {
        var frame = new Frame(owner.Id.Append(suffix), owner.Id, list.Path, input, input, Now,
            new FrameState.Sequence(ImmutableSortedDictionary<int, int>.Empty))
        { Locals = locals, Deadline = Earlier(owner.Deadline, deadline) };
        _frames.Add(frame.Id, frame);
        SequenceExecutor.Goto(this, frame, 0, input);
    }

    /// <summary>Ends a task with its raw output: <c>output</c>, <c>export</c>, then the flow directive. What an agent chose ends with it for the agent.</summary>
    public void Complete(Frame frame, JsonValue rawOutput, string? directive = null) => Guarded(frame.Id, () =>
    {
        if (frame.Choice is not null)
        {
            ChoiceExecutor.Completed(this, frame, Bounded(rawOutput));
            return;
        }
        var task = definition.Task(frame.Path);
        var output = Shape(frame, rawOutput, new(task.OutputAs, task.OutputSchema, task.ExportAs, task.ExportSchema));
        frame = Find(frame.Id) ?? frame;
        Remove(frame);
        ChildDone(frame, output, directive ?? task.Then);
    });

    /// <summary>What <c>output</c> makes of a raw output; then <c>export</c> puts it into the context.</summary>
    public JsonValue Shape(Frame frame, JsonValue rawOutput, Shaping shaping, JsonValue? extra = null)
    {
        var output = Bounded(shaping.OutputAs?.Evaluate(rawOutput, Scope(frame, rawOutput, extra)) ?? rawOutput);
        Check(shaping.OutputSchema, output, frame, "output");
        if (shaping.ExportAs is not { } export) return output;
        var context = Bounded(export.Evaluate(output, Scope(frame, output, extra, rawOutput: rawOutput)));
        Check(shaping.ExportSchema, context, frame, "export");
        SetContext(frame, context);
        return output;
    }

    /// <summary>Removes a frame that ended, with its timers.</summary>
    public void Remove(Frame frame)
    {
        if (frame.TimeoutTimer is { } timer) _pending.Remove(timer);
        _frames.Remove(frame.Id);
        _state = _state with { Approved = _state.Approved.Remove(frame.Id) };
        if (frame.Choice is not null) _state = _state with { Grants = _state.Grants.Remove(frame.Id) }; // it is never entered again
    }

    /// <summary>
    /// Stops everything beneath a frame (not the frame itself): timers go, gates are withdrawn, calls become abandoned, and what is emitted, listened to
    /// or waited for is given up.
    /// </summary>
    public void Interrupt(FrameId top)
    {
        var prefix = top.Value + "/";
        foreach (var command in _pending.Values.Where(c => Beneath(c.Frame, prefix) && !IsWindingDown(c)).ToList()) Withdraw(command);
        var inside = _frames.Keys.Where(id => Beneath(id, prefix)).ToList();
        foreach (var id in inside) _frames.Remove(id);
        _state = _state with { Approved = _state.Approved.RemoveRange(inside) };
    }

    /// <summary>Asks one pending command to stop.</summary>
    public void Withdraw(Command command)
    {
        switch (command)
        {
            case Command.StartTimer or Command.EmitEvent or Command.AwaitEvent or Command.StartChild or Command.OpenAgent:
            case not null when !shown.ContainsKey(command.Id):
                _pending.Remove(command.Id);
                break;
            case Command.HoldLock hold:
                LeaveLock(hold.Id);
                break;
            case Command.OpenApproval open:
                CloseGate(open.Frame, open.Gate.Id, GateOutcome.Withdrawn);
                break;
            case Command.Call call:
                Abandon(call);
                break;
        }
    }

    // Effects

    public void Issue(Command command) => _pending[command.Id] = command is Command.Call call ? call with { IssuedAt = Now } : command;

    public void Retract(EffectId id) => _pending.Remove(id);

    public EffectId NewEffect(FrameId frame, string purpose) => EffectIds.Of(Run, frame, purpose);

    public EffectId StartTimer(Frame frame, DateTimeOffset dueAt, TimerPurpose purpose, string name)
    {
        var id = NewEffect(frame.Id, name);
        Issue(new Command.StartTimer(id, frame.Id, dueAt, purpose));
        return id;
    }

    public void Say(Frame frame, JsonValue message) => said?.Invoke(new TranscriptEntry(Now, frame.Id, frame.Path, message));

    // Data flow

    private void ChildDone(Frame child, JsonValue output, string? directive)
    {
        if (child.Parent is not { } parentId) return;
        _work.Enqueue(() =>
        {
            if (Active(parentId) is not { } parent) return;
            Guarded(parentId, () => Executors.ChildDone(this, parent, child, output, directive));
        });
    }

    /// <summary>A list ended: <paramref name="directive"/> is <c>end</c>, <c>exit</c> or null.</summary>
    public void ListDone(Frame list, JsonValue output, string? directive)
    {
        Remove(list);
        var ownerId = list.Parent!.Value; // a list always stands in a frame
        _work.Enqueue(() =>
        {
            if (Active(ownerId) is not { } owner) return;
            Guarded(ownerId, () =>
            {
                if (owner.Id == FrameId.Root) FinishRoot(owner, output);
                else Executors.ListDone(this, owner, definition.Task(owner.Path), list, output, directive);
            });
        });
    }

    private void FinishRoot(Frame root, JsonValue rawOutput)
    {
        var output = definition.OutputAs?.Evaluate(rawOutput, Scope(root, rawOutput)) ?? rawOutput;
        Check(definition.OutputSchema, output, root, "output");
        End(new Ending(RunStatus.Completed, null, output));
    }

    private Frame ContextOwner(Frame frame)
    {
        var at = frame;
        while (at.Context is null && at.Parent is { } parent && Find(parent) is { } next) at = next;
        return at;
    }

    /// <summary>The frame, unless it is gone or has turned into a gate meanwhile: what was queued for its children is void then.</summary>
    private Frame? Active(FrameId id) => Find(id) is { State: not FrameState.Gate } frame ? frame : null;

    /// <summary>Stops a frame's own clock while people are asked: they have the gate's time, and what is left of the time around it.</summary>
    public Frame StopTimeout(Frame frame)
    {
        if (frame.TimeoutTimer is { } timer) _pending.Remove(timer);
        return Update(frame with { TimeoutTimer = null, Deadline = frame.Parent is { } parent ? Find(parent)?.Deadline : null });
    }

    /// <summary>Starts the frame's clock, which runs no longer than to <paramref name="latest"/>.</summary>
    public Frame ArmTimeout(Frame frame, DurationTemplate? timeout, DateTimeOffset? latest = null)
    {
        if (Earlier(latest, timeout is null ? null : Now + timeout.Evaluate(frame.Input, Scope(frame))) is not { } due) return frame;
        var timer = StartTimer(frame, due, TimerPurpose.Timeout, EffectExecutor.Numbered("timeout", frame));
        return Update(frame with { TimeoutTimer = timer, Deadline = Earlier(frame.Deadline, due) });
    }

    public static DateTimeOffset? Earlier(DateTimeOffset? one, DateTimeOffset? other) => one is null || other < one ? other : one;

    /// <summary>The value, or a failure when storing and handing it on would harm the process.</summary>
    private static JsonValue Bounded(JsonValue value) => value is { Size: <= RunLimits.ValueSize, Nesting: <= RunLimits.ValueNesting }
        ? value
        : throw new FormatException($"A task's output or context is larger than {RunLimits.ValueSize >> 20} Mi characters or nests deeper than {RunLimits.ValueNesting} levels; keep only what later tasks need (output.as).");

    private static void Check(JsonSchema? schema, JsonValue value, Frame frame, string what)
    {
        if (schema is null || schema.Validate(value) is not [var first, ..]) return;
        throw new DataFlowException(Problems.Validation($"The {what} does not match its schema at '{first.InstanceLocation}': {first.Message}", frame.Id));
    }

    private void Drain()
    {
        for (var steps = 0; _work.TryDequeue(out var step); steps++)
        {
            if (_state.Ending is not null) break;
            _state = _state with { Steps = _state.Steps + 1 };
            if (steps >= RunLimits.StepsPerEvent || _state.Steps > RunLimits.StepsPerRun)
            {
                _work.Clear();
                Fail(FrameId.Root, Problems.Runtime("The workflow takes more interpreter steps than a run may; does a 'then' jump back for ever?", FrameId.Root));
                break;
            }
            step();
        }
        _work.Clear();
        GiveLocksBack();
        WindDown();
    }
}
