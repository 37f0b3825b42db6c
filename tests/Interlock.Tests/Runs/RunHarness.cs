using System.Text;
using Interlock.Core;
using Interlock.Core.Identity;
using Interlock.Core.Runs;
using Interlock.Core.Workflows;
using Interlock.Json;
using Interlock.Tests.Workflows;

namespace Interlock.Tests.Runs;

/// <summary>
/// A run folded by hand. Commands are answered by the name of their task (or by frame id where a name is not enough), time moves only when
/// told to, and after every event <see cref="Invariants"/> must hold.
/// </summary>
internal sealed class RunHarness
{
    public static readonly DateTimeOffset Noon = new(2026, 3, 10, 12, 0, 0, TimeSpan.Zero);

    private readonly Invariants _invariants;
    private readonly List<RunEvent> _events = [];
    private readonly List<string> _states = [];

    private RunHarness(WorkflowDefinition definition, RunEvent.RunStarted started, bool check)
    {
        Definition = definition;
        Now = started.At;
        _invariants = new Invariants(definition) { Enabled = check };
        State = Interpreter.Start(definition, started);
        Record(started);
        _invariants.Started(State);
    }

    public WorkflowDefinition Definition { get; }
    public RunState State { get; private set; }
    public DateTimeOffset Now { get; private set; }
    public IReadOnlyList<RunEvent> Events => _events;

    /// <summary>The serialized state after each event.</summary>
    public IReadOnlyList<string> States => _states;

    /// <summary>Every command that was ever pending, in the order in which they appeared.</summary>
    public IReadOnlyList<Command> Issued => _invariants.Issued;

    public IEnumerable<Command.Call> Calls => State.Pending.Values.OfType<Command.Call>();

    /// <summary>The tasks whose calls were issued so far, compensations as <c>undo:task</c>.</summary>
    public IReadOnlyList<string> Called => [.. Issued.OfType<Command.Call>().Select(Name)];

    /// <summary>Starts a run of tasks under <see cref="Documents.Head"/>.</summary>
    public static RunHarness Tasks(string tasks, JsonValue? input = null, bool check = true) => Document(Documents.Head + tasks, input, check);

    public static RunHarness Document(string text, JsonValue? input = null, bool check = true)
    {
        var result = WorkflowReader.Read(text, "doc.yaml");
        Assert.True(result.Definition is not null, string.Join("\n", result.Findings));
        return Of(result.Definition, input, check);
    }

    public static RunHarness Of(WorkflowDefinition definition, JsonValue? input = null, bool check = true) => new(definition, Started(definition, input), check);

    public static RunHarness Of(WorkflowDefinition definition, RunEvent.RunStarted started) => new(definition, started, check: true);

    public static RunEvent.RunStarted Started(WorkflowDefinition definition, JsonValue? input = null)
    {
        var starter = new Principal(new("acme"), "ana", PrincipalKind.User, "Ana", [], []);
        return new(Noon, new("00000000000000000000000000000001"), new("acme"),
            new(definition.Name.ToString(), definition.Version, definition.Digest), LogicVersion.V1, new RunOrigin(starter, "user:bob", "api"), input ?? JsonValue.EmptyObject);
    }

    public static string Name(Command command) => command switch
    {
        Command.CallTool { IsCompensation: true } call => "undo:" + call.Task.Name,
        Command.Call call => call.Task.Name,
        _ => new TaskPath(command.Frame.Value).Name.Split('#')[0],
    };

    public RunHarness Send(RunEvent happened)
    {
        var before = State;
        State = Interpreter.Advance(Definition, before, happened);
        Record(happened);
        _invariants.Stepped(before, happened, State);
        return this;
    }

    public RunHarness Wait(TimeSpan time)
    {
        Now += time;
        return this;
    }

    public RunHarness Complete(string task, JsonValue? output = null) => Send(new RunEvent.EffectCompleted(Tick(), Call(task).Id, output ?? JsonValue.EmptyObject));

    public RunHarness Fail(string task, int status = 503, string type = ProblemTypes.Communication) =>
        Send(new RunEvent.EffectFailed(Tick(), Call(task).Id, new Problem(type, status, "It failed", $"{task} failed.")));

    /// <summary>What the task emits, awaits or starts.</summary>
    public T Pending<T>(string task) where T : Command => State.Pending.Values.OfType<T>().SingleOrDefault(command => Name(command) == task || command.Frame.Value == task)
        ?? throw new InvalidOperationException($"No single {typeof(T).Name} of {task}; {Describe()}");

    public RunHarness Emitted(string task) => Pending<Command.EmitEvent>(task) is var emit ? Send(new RunEvent.EffectCompleted(Tick(), emit.Id, emit.Event)) : this;

    /// <summary>An event (with an id of its own, unless it has one) comes for the listening task.</summary>
    public RunHarness Arrive(string task, string happened)
    {
        var json = Parse(happened);
        if (json["id"] is null) json = json.With("id", $"e{_events.Count}");
        if (json["source"] is null) json = json.With("source", "https://x.y");
        return Send(new RunEvent.EventArrived(Tick(), Pending<Command.AwaitEvent>(task).Id, json));
    }

    /// <summary>The run that the task started, and does not wait for, is durable.</summary>
    public RunHarness Started(string task) => Send(new RunEvent.EffectCompleted(Tick(), Pending<Command.StartChild>(task).Id, JsonValue.Null));

    /// <summary>The run that the task started ends.</summary>
    public RunHarness Ended(string task, RunStatus outcome, string? output = null, Problem? problem = null) => Send(new RunEvent.ChildCompleted(
        Tick(), Pending<Command.StartChild>(task).Id, new("00000000000000000000000000000002"), outcome, output is null ? null : Parse(output), problem));

    /// <summary>Fires the task's timer of that purpose at the time it is due.</summary>
    public RunHarness Fire(string task, TimerPurpose purpose)
    {
        var timer = Timer(task, purpose);
        if (timer.DueAt > Now) Now = timer.DueAt;
        return Send(new RunEvent.TimerFired(Now, timer.Id));
    }

    /// <summary>The gate's row says so, whatever was asked of it.</summary>
    public RunHarness Close(string task, GateOutcome outcome, params string[] by) => Send(new RunEvent.GateClosed(Tick(), Gate(task), outcome, [.. by], null));

    public RunHarness Approve(string task) => Close(task, GateOutcome.Approved, "user:cem");

    /// <summary>Approved with other arguments for the covered calls of these tasks.</summary>
    public RunHarness ApproveEdited(string task, params (string Covered, string Arguments)[] edits)
    {
        var covers = Request(task).Covers;
        return Send(new RunEvent.GateClosed(Tick(), Gate(task), GateOutcome.Approved, ["user:cem"], null)
        {
            Edited = [.. edits.Select(edit => new EditedCall(covers.Single(call => call.Task.Name == edit.Covered).Frame, Parse(edit.Arguments)))],
        });
    }

    /// <summary>Sent back with the form filled in.</summary>
    public RunHarness Return(string task, string information) =>
        Send(new RunEvent.GateClosed(Tick(), Gate(task), GateOutcome.Returned, ["user:cem"], "Say more.") { Information = Parse(information) });

    /// <summary>What people decide about a failed step, with other arguments if given.</summary>
    public RunHarness Choose(string task, string choice, string? arguments = null) =>
        Send(new RunEvent.GateClosed(Tick(), Gate(task), GateOutcome.Approved, ["user:cem"], null)
        {
            Choice = choice,
            Edited = arguments is null ? [] : [new EditedCall(Request(task).Covers.Single().Frame, Parse(arguments))],
        });

    /// <summary>The gateway refuses the task's call by that rule.</summary>
    public RunHarness Refuse(string task, string rule) =>
        Send(new RunEvent.EffectFailed(Tick(), Call(task).Id, new Problem(ProblemTypes.Refused, 403, "Refused", $"{rule}.") { Rule = rule, Stage = "authorize" }));

    /// <summary>The lock that the task waits for is the run's.</summary>
    public RunHarness Granted(string task, long fence) => Send(new RunEvent.LockGranted(Tick(), Pending<Command.HoldLock>(task).Id, fence));

    public RunHarness Reject(string task) => Close(task, GateOutcome.Rejected, "user:cem");

    public RunHarness Cancel() => Send(new RunEvent.CancelRequested(Tick(), "user:ana", null));

    public RunHarness Suspend() => Send(new RunEvent.SuspendRequested(Tick(), "user:ana", null));

    public RunHarness Resume() => Send(new RunEvent.ResumeRequested(Tick(), "user:ana"));

    /// <summary>The pending or abandoned call of that task or frame.</summary>
    public Command.Call Call(string task) =>
        Calls.Concat(State.Abandoned.Values.Select(a => a.Call)).SingleOrDefault(call => Name(call) == task || call.Frame.Value == task)
        ?? throw new InvalidOperationException($"No single call of {task}; {Describe()}");

    public Command.StartTimer Timer(string task, TimerPurpose purpose) =>
        State.Pending.Values.OfType<Command.StartTimer>().SingleOrDefault(t => t.Purpose == purpose && (Name(t) == task || t.Frame.Value == task))
        ?? throw new InvalidOperationException($"No single {purpose} timer of {task}; {Describe()}");

    public GateRequest Request(string task) => State.Pending.Values.OfType<Command.OpenApproval>().Single(o => Name(o) == task).Gate;

    public GateId Gate(string task) => State.Pending.Values.Where(c => Name(c) == task).Select(GateOf).First(id => id is not null)!.Value; // just tested

    public bool IsPending(string task) => Calls.Any(call => Name(call) == task);

    public RunHarness Is(RunStatus status)
    {
        Assert.True(State.Status == status, $"{State.Status} ({State.Error}); {Describe()}");
        return this;
    }

    /// <summary>Folds everything again from the start: every prefix must give the state it gave.</summary>
    public RunHarness Replayed()
    {
        var state = Interpreter.Start(Definition, (RunEvent.RunStarted)_events[0]);
        for (var i = 0; i < _events.Count; i++)
        {
            if (i > 0) state = Interpreter.Advance(Definition, state, _events[i]);
            Assert.Equal(_states[i], Json(state));
        }
        return this;
    }

    public static JsonValue Parse(string json) => StrictJson.Parse(Encoding.UTF8.GetBytes(json));

    public static string Json<T>(T value) => Encoding.UTF8.GetString(RunJson.Serialize(value));

    internal static GateId? GateOf(Command command) => command switch
    {
        Command.OpenApproval open => open.Gate.Id,
        Command.CloseApproval close => close.Gate,
        _ => null,
    };

    /// <summary>Events are a second apart.</summary>
    private DateTimeOffset Tick() => Now += TimeSpan.FromSeconds(1);

    private void Record(RunEvent happened)
    {
        _events.Add(happened);
        if (_invariants.Enabled) _states.Add(Json(State));
    }

    private string Describe() => $"{State.Status}, pending: {string.Join(", ", State.Pending.Values.Select(c => $"{c.GetType().Name} {c.Frame}"))}";
}
