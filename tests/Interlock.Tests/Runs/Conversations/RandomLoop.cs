using System.Collections.Immutable;
using Interlock.Core;
using Interlock.Core.Agents;
using Interlock.Core.Audit;
using Interlock.Core.Runs;
using Interlock.Core.Runs.Conversations;
using Interlock.Core.Workflows;

namespace Interlock.Tests.Runs.Conversations;

/// <summary>
/// A loop with a pool, limits, a model's answers, failures and people's decisions drawn from a seed, run to its end by a host that answers in any order. What loops promise
/// is looked at after every event.
/// </summary>
internal sealed class RandomLoop
{
    /// <summary>Stands in everything that comes from tools, agents and workflows.</summary>
    private const string Canary = "CANARY";

    private const int Hurry = 250;
    private const int Most = 800;

    private static readonly string[] Texts = ["", "{}", "[]", "{\"q\":", """{"q":"x"}""", """{"q":"x","interlock_reason":""}""", """{"q":1,"q":2,"interlock_reason":"r"}"""];
    private static readonly string[] Strangers = ["crm__delete", "interlock_reason", "x y", "CRM__0"];
    private static readonly GateOutcome[] Outcomes = [GateOutcome.Approved, GateOutcome.Approved, GateOutcome.Rejected, GateOutcome.Expired];

    private readonly Random _random;
    private readonly RunHarness _run;
    private readonly AgentTerms _terms;
    private readonly Dictionary<FrameId, AgentTerms> _opened = [];
    private readonly HashSet<EffectId> _answered = [];
    private readonly HashSet<EffectId> _known = [];
    private readonly HashSet<string> _recorded = new(StringComparer.Ordinal);

    public RandomLoop(int seed)
    {
        _random = new Random(seed);
        _terms = Terms("planner", 0);
        var definition = Loops.Autonomous(Limits(), Chance(2) ? ExhaustedAction.Answer : ExhaustedAction.Fail, Window(), Chance(3) ? Loops.Leads : null);
        _run = RunHarness.Of(definition);
    }

    public SortedSet<string> Seen { get; } = new(StringComparer.Ordinal);

    public IReadOnlyList<AuditRecord> Records { get; private set; } = [];

    public RunHarness ToItsEnd()
    {
        while (!_run.State.Status.IsClosed())
        {
            Assert.True(_run.Events.Count < Most, $"The run does not end: {RunHarness.Json(_run.State)}");
            _run.Wait(TimeSpan.FromMilliseconds(_random.Next(20_000)));
            var (before, happened) = (_run.State, Next());
            _run.Send(happened);
            if (happened is RunEvent.EffectCompleted done) Recorded(before, done);
            Look();
        }
        Assert.Equal(_run.Issued.OfType<Command.Call>().Where(IsChosen).Select(call => call.Frame).Distinct().Count(), _run.Issued.OfType<Command.Call>().Where(IsChosen).Count(call => call.Grant is null));
        Told();
        return _run.Replayed();
    }

    private static bool IsChosen(Command.Call call) => call is Command.CallTool or Command.CallAgent;

    // What happens

    private RunEvent Next()
    {
        var hurry = _run.Events.Count > Hurry;
        if (_run.State.Suspended && (hurry || Chance(3))) return new RunEvent.ResumeRequested(_run.Now, "user:ana");
        if (!hurry && Chance(150)) return new RunEvent.CancelRequested(_run.Now, "user:ana", null);
        if (!hurry && Chance(60)) return new RunEvent.SuspendRequested(_run.Now, "user:ana", null);
        if (!hurry && Chance(15)) return _run.Events[_random.Next(_run.Events.Count)] is var old and not (RunEvent.CancelRequested or RunEvent.SuspendRequested or RunEvent.EffectFailed) ? old : new RunEvent.ResumeRequested(_run.Now, "user:ana");
        var commands = _run.State.Pending.Values.Concat(_run.State.Abandoned.Values.Select(a => a.Call)).Where(c => !_answered.Contains(c.Id)).OrderBy(c => c.Id).ToList();
        var (timers, rest) = (commands.OfType<Command.StartTimer>().ToList(), commands.Where(c => c is not Command.StartTimer).ToList());
        if (rest.Count > 0 && (timers.Count == 0 || !Chance(12))) return Answer(rest[_random.Next(rest.Count)], hurry);
        if (timers.MinBy(timer => timer.DueAt) is not { } due) return new RunEvent.ResumeRequested(_run.Now, "user:ana");
        if (due.DueAt > _run.Now) _run.Wait(due.DueAt - _run.Now);
        _answered.Add(due.Id);
        if (_run.State.Abandoned.FirstOrDefault(a => a.Value.Timer == due.Id) is { Value: not null } given) _answered.Add(given.Key);
        Seen.Add(due.Purpose.ToString());
        return new RunEvent.TimerFired(_run.Now, due.Id);
    }

    private RunEvent Answer(Command command, bool hurry)
    {
        _answered.Add(command.Id);
        switch (command)
        {
            case Command.OpenApproval or Command.CloseApproval:
                var gate = RunHarness.GateOf(command)!.Value; // both are about a gate
                foreach (var same in _run.State.Pending.Values.Where(c => RunHarness.GateOf(c) == gate)) _answered.Add(same.Id);
                var outcome = command is Command.CloseApproval ? GateOutcome.Withdrawn : Outcomes[_random.Next(Outcomes.Length)];
                Seen.Add(outcome.ToString());
                return new RunEvent.GateClosed(_run.Now, gate, outcome, ["user:cem"], null);
            case Command.OpenAgent open:
                if (Chance(25)) return Failed(command, "not-found");
                return Opened(command, open.Agent == "planner" ? _terms : Terms(open.Agent, 9));
            case Command.CallModel when Chance(60): return Failed(command, "circuit-open");
            case Command.CallModel turn: return new RunEvent.EffectCompleted(_run.Now, turn.Id, Turn(turn, hurry).ToJson());
            case Command.CallAgent agent when !Chance(4) && _run.State.Pending.ContainsKey(agent.Id): return Opened(agent, Terms(agent.Target, agent.Frame.Value.Split("/calls@").Length - 1));
            case Command.Call { Grant: null } when Chance(6): return Failed(command, "grant-required");
            case Command.Call { Grant: not null } when Chance(6): return Failed(command, "target-mismatch");
            case Command.Call when Chance(5): return Failed(command, null);
            case Command.Call call: return new RunEvent.EffectCompleted(_run.Now, call.Id, $"{Canary} {call.Frame} {new string('z', _random.Next(600))}");
            case Command.StartChild child when Chance(4): return Failed(child, "causation-limit");
            case Command.StartChild child: return new RunEvent.ChildCompleted(_run.Now, child.Id, new("00000000000000000000000000000002"), RunStatus.Completed, Canary, null);
            default: throw new InvalidOperationException($"Unexpected {command.GetType().Name}.");
        }
    }

    private RunEvent.AgentOpened Opened(Command command, AgentTerms terms)
    {
        if (command is not Command.OpenAgent { Agent: "scribe" }) _opened[command.Frame] = terms;
        Seen.Add(command.Frame.Value == Loops.Top ? "opened" : "nested");
        return new RunEvent.AgentOpened(_run.Now, command.Id, terms);
    }

    private RunEvent.EffectFailed Failed(Command command, string? rule) =>
        new(_run.Now, command.Id, new Problem(rule is null ? ProblemTypes.ToolError : ProblemTypes.Refused, 403, "It failed", $"{Canary} says so.") { Rule = rule });

    private ModelAnswer Turn(Command.CallModel turn, bool hurry)
    {
        var tokens = new TokenCount(_random.Next(40), _random.Next(10));
        if (hurry || Chance(7) || turn.Target == "scribe") return new($"{(turn.Target == "planner" ? "" : Canary)} said", [], Chance(12) ? "length" : "stop", "m", tokens);
        return new(Chance(3) ? "thinking" : "", [.. Enumerable.Range(0, _random.Next(1, 5)).Select(i => Wanted(turn, i))], "calls", "m", tokens);
    }

    private ModelCall Wanted(Command.CallModel turn, int i)
    {
        var pool = _opened.GetValueOrDefault(turn.Frame, _terms).Pool;
        var name = turn.Frame.Value != Loops.Top && Chance(2) ? Loops.Writer.Name : pool.IsEmpty || Chance(6) ? Strangers[_random.Next(Strangers.Length)] : pool[_random.Next(pool.Length)].Name;
        var text = Chance(8) ? Texts[_random.Next(Texts.Length)] : Loops.Why($"{_random.Next(4)}", $"reason {i}");
        return new($"id{_random.Next(3)}", name, text);
    }

    private AgentTerms Terms(string agent, int depth) => new(agent, "1.0.0", "m", depth == 0 && Chance(2) ? "" : "You work.", Pool(depth), [])
    {
        Limits = Limits(),
        Context = Window(),
        Prices = Chance(3) ? null : new TokenPrices(_random.Next(5_000_000), _random.Next(9_000_000)),
    };

    private ImmutableArray<PoolMember> Pool(int depth)
    {
        if (depth == 9) return [];
        var members = Enumerable.Range(0, _random.Next(1, 5)).Select(i => Loops.Tool($"crm__{i}", $"crm/{i}")).ToList();
        if (depth > 0 || Chance(2)) members.Add(Loops.Writer);
        if (Chance(3)) members.Add(Loops.Restart);
        return [.. members];
    }

    private AgentLimits Limits() => new()
    {
        Steps = _random.Next(1, 12),
        Calls = _random.Next(0, 14),
        Tokens = Chance(2) ? null : _random.Next(1, 600),
        Cost = Chance(2) ? null : _random.Next(1, 2000),
        Time = Chance(2) ? null : TimeSpan.FromSeconds(_random.Next(30, 900)),
        ConsecutiveFailures = _random.Next(1, 6),
        Repeats = _random.Next(1, 4),
    };

    private ContextPolicy Window() => new()
    {
        Keep = _random.Next(1, 4),
        MaxTokens = Chance(2) ? 100_000 : _random.Next(100, 900),
        ReferenceAbove = Chance(2) ? 16_384 : _random.Next(20, 500),
        Summarizer = Chance(2) ? "scribe" : null,
    };

    private bool Chance(int oneIn) => _random.Next(oneIn) == 0;

    // What must hold

    private void Look()
    {
        foreach (var command in _run.State.Pending.Values.Where(command => _known.Add(command.Id)))
        {
            if (command is Command.CallModel turn) Asked(turn);
            else if (command is Command.Call or Command.StartChild && command.Frame.Value.Contains("/calls@", StringComparison.Ordinal)) Called(command);
        }
        foreach (var (_, conversation) in Conversations())
        {
            var (limits, counts) = (conversation.Terms.Limits, conversation.Counts);
            Assert.InRange(counts.Turns, 0, limits.Steps + 1);
            Assert.InRange(counts.Calls, 0, limits.Calls);
            Assert.All(conversation.Chosen.GroupBy(key => key), same => Assert.InRange(same.Count(), 1, limits.Repeats));
            if (conversation.Exhausted is { } limit) Seen.Add(limit);
        }
    }

    /// <summary>No turn begins once a limit is reached, but for the last answer; it shows no data outside of tool messages, and no call without its result.</summary>
    private void Asked(Command.CallModel turn)
    {
        var messages = turn.Arguments["messages"]!.Items;
        Assert.All(messages.Where(message => message["role"] != "tool" && message["tool_calls"] is null), message => Assert.DoesNotContain(Canary, message["content"]!.AsString(), StringComparison.Ordinal));
        Assert.Equal(messages.Where(message => message["tool_calls"] is not null).SelectMany(message => message["tool_calls"]!.Items.Select(call => call["id"]!.AsString())),
            messages.Where(message => message["role"] == "tool").Select(message => message["tool_call_id"]!.AsString()));
        Assert.All(messages.Where(message => message["role"] == "tool"), message => Assert.NotEqual("null", message["content"]!.AsString()));
        var conversation = (FrameState.Conversation)_run.State.Frames[turn.Frame].State;
        if (conversation.Phase == ConversationPhase.Concluding)
        {
            Assert.Null(turn.Arguments["tools"]);
            Seen.Add("answer");
            return;
        }
        if (conversation.Phase == ConversationPhase.Summarising) Seen.Add("summary");
        Assert.True(conversation.Counts.Turns < conversation.Terms.Limits.Steps);
        Assert.True(conversation.Counts.FailuresInARow < conversation.Terms.Limits.ConsecutiveFailures);
        Unspent(turn.Frame);
    }

    /// <summary>What is called is in the pool, for a reason, with the arguments chosen, and no limit was reached when it was begun.</summary>
    private void Called(Command command)
    {
        var frame = _run.State.Frames[command.Frame];
        var (target, arguments) = command is Command.Call call ? (call.Target, call.Arguments) : (((Command.StartChild)command).Workflow, ((Command.StartChild)command).Input);
        var terms = _opened[frame.Parent!.Value];
        Assert.Contains(terms.Pool, member => member.Target == target);
        Assert.StartsWith("reason", frame.Choice!.Reason, StringComparison.Ordinal);
        Assert.Null(arguments["interlock_reason"]);
        Assert.Equal(terms.Agent, command is Command.Call made ? made.Agent : ((Command.StartChild)command).Agents![^1]);
        Assert.Contains(command.Frame.Value, _recorded);
        if (command is Command.Call { Grant: not null }) return; // begun before
        foreach (var (at, outer) in Conversations().Where(one => command.Frame.Value.StartsWith(one.Id.Value + "/", StringComparison.Ordinal)))
            Assert.True(outer.Counts.Calls <= outer.Terms.Limits.Calls, $"{at} called too often.");
        Unspent(command.Frame);
        Seen.Add("called");
    }

    private void Unspent(FrameId frame)
    {
        foreach (var (at, conversation) in Conversations().Where(one => one.Id == frame || frame.Value.StartsWith(one.Id.Value + "/", StringComparison.Ordinal)))
        {
            Assert.True(conversation.Terms.Limits.Tokens is not { } tokens || conversation.Counts.Tokens.Total < tokens, $"{frame} goes on though the tokens of {at} are spent.");
            Assert.True(conversation.Terms.Limits.Cost is not { } cost || conversation.Counts.Cost < cost, $"{frame} goes on though the cost of {at} is spent.");
        }
    }

    /// <summary>Each choice of an answer has its record, and what is accepted in it is what is acted on.</summary>
    private void Recorded(RunState before, RunEvent.EffectCompleted done)
    {
        var turn = before.Pending.Values.Concat(before.Abandoned.Values.Select(one => one.Call)).OfType<Command.CallModel>().FirstOrDefault(call => call.Id == done.Effect);
        if (turn is null) return;
        var records = SelectionRecords.Of(before, turn, done.Output, done.At);
        Assert.Equal(ModelAnswer.Read(done.Output).Calls.Length, records.Length);
        Assert.Equal(records.Length, records.Select(record => record.Id).Distinct().Count());
        Assert.All(records, record => Assert.Equal(record.Decision == "accepted", record.Rule is null && record.Reason is not null && record.ContractDigest is not null));
        Seen.UnionWith(records.Select(record => record.Rule ?? "accepted"));
        foreach (var record in records.Where(record => record.Rule is null)) Assert.True(_recorded.Add(record.Frame!.Value.Value));
        if (!before.Pending.ContainsKey(turn.Id)) Assert.All(records, record => Assert.Equal(SelectionRules.NotPending, record.Rule));
        Records = [.. Records, .. records];
    }

    /// <summary>The transcript has each answer once, and one word on each choice at most.</summary>
    private void Told()
    {
        var transcript = Transcript.Of(_run.Definition, _run.Events);
        Assert.All(transcript.Where(entry => entry.Message["choice"] is not null).GroupBy(entry => (entry.Frame, entry.Message["choice"])), said => Assert.Single(said));
        Assert.All(transcript.GroupBy(entry => entry.Frame), said => Assert.Single(said, entry => entry.Message["role"] == "user"));
    }

    private IEnumerable<(FrameId Id, FrameState.Conversation Conversation)> Conversations() =>
        _run.State.Frames.Values.Where(frame => frame.State is FrameState.Conversation).Select(frame => (frame.Id, (FrameState.Conversation)frame.State));
}
