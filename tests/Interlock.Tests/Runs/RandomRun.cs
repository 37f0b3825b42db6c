using Interlock.Core;
using Interlock.Core.Runs;
using Interlock.Core.Workflows;
using Interlock.Json;

namespace Interlock.Tests.Runs;

/// <summary>
/// A whole run with outcomes drawn from a seed: calls complete, fail or take too long, gates go every way, events come twice or late, and
/// someone cancels, suspends and resumes. Afterwards every completed compensable effect must have been undone exactly as often as it should.
/// </summary>
internal sealed class RandomRun(int seed, WorkflowDefinition definition)
{
    private const int Hurry = 250;
    private const int Most = 2000;

    private static readonly GateOutcome[] Outcomes =
        [GateOutcome.Approved, GateOutcome.Approved, GateOutcome.Approved, GateOutcome.Rejected, GateOutcome.Expired, GateOutcome.Withdrawn, GateOutcome.Returned];

    private static readonly string[] Rules = ["second-look-required", "second-look-required", "intent-mismatch", "grant-expired", "policy-denied"];
    private static readonly string[] Choices = ["retry", "retry", "edit", "skip", "skip", "fail", "nonsense"];

    private readonly Random _random = new(seed);
    private readonly RunHarness _run = RunHarness.Of(definition, JsonValue.Object(("from", "here")));
    private readonly HashSet<EffectId> _answered = [];
    private readonly Dictionary<FrameId, bool> _compensable = [];
    private DateTimeOffset _now = RunHarness.Noon;

    public RunHarness ToItsEnd()
    {
        while (!_run.State.Status.IsClosed())
        {
            Assert.True(_run.Events.Count < Most, $"The run does not end: {RunHarness.Json(_run.State)}");
            _now += TimeSpan.FromMilliseconds(_random.Next(1500));
            _run.Send(Next());
        }
        CompensationsRanOnce();
        return _run.Replayed();
    }

    private RunEvent Next()
    {
        var hurry = _run.Events.Count > Hurry;
        if (_run.State.Suspended && (hurry || Chance(3))) return new RunEvent.ResumeRequested(_now, "user:ana");
        if (!hurry && Chance(_run.State.Suspended ? 12 : 120)) return new RunEvent.CancelRequested(_now, "user:ana", "enough");
        if (!hurry && Chance(40)) return new RunEvent.SuspendRequested(_now, "user:ana", null);
        if (!hurry && Chance(8)) return Again();
        var commands = _run.State.Pending.Values.Concat(_run.State.Abandoned.Values.Select(a => a.Call)).OrderBy(c => c.Id).ToList();
        var (timers, rest) = (commands.OfType<Command.StartTimer>().ToList(), commands.Where(c => c is not Command.StartTimer && !_answered.Contains(c.Id)).ToList());
        if (rest.Count > 0 && (hurry || timers.Count == 0 || !Chance(6))) return Answer(rest[_random.Next(rest.Count)]);
        if (timers.Where(t => !_answered.Contains(t.Id)).MinBy(t => t.DueAt) is not { } timer) return new RunEvent.ResumeRequested(_now, "user:ana");
        if (timer.DueAt > _now) _now = timer.DueAt;
        _answered.Add(timer.Id);
        if (_run.State.Abandoned.FirstOrDefault(a => a.Value.Timer == timer.Id) is { Value: not null } given) _answered.Add(given.Key);
        return new RunEvent.TimerFired(_now, timer.Id);
    }

    private RunEvent Answer(Command command)
    {
        switch (command)
        {
            case Command.OpenApproval open when Chance(15):
                _answered.Add(open.Id);
                return new RunEvent.EffectFailed(_now, open.Id, new Problem(ProblemTypes.Refused, 403, "Refused", "It can't be opened.") { Rule = "gate-below-policy" });
            case Command.OpenApproval or Command.CloseApproval:
                var outcome = command is Command.CloseApproval close && Chance(2) ? close.Cause : Outcomes[_random.Next(_run.Events.Count > Hurry ? 5 : Outcomes.Length)];
                var gate = RunHarness.GateOf(command)!.Value; // both are about a gate
                foreach (var same in _run.State.Pending.Values.Where(c => RunHarness.GateOf(c) == gate)) _answered.Add(same.Id);
                return Decided(new RunEvent.GateClosed(_now, gate, outcome, outcome == GateOutcome.Expired ? [] : ["user:cem"], null));
            case Command.Call { OnInDoubt: InDoubtAction.Escalate } call when Chance(4) && !_run.State.Suspended && _run.State.Pending.ContainsKey(call.Id) && !_run.State.InDoubt.Contains(call.Id):
                return new RunEvent.EffectFailed(_now, call.Id, new Problem(ProblemTypes.InDoubt, 500, "Nobody knows"));
            case Command.Call { RequiresGrant: true, Grant: null } call:
                _answered.Add(call.Id);
                return new RunEvent.EffectFailed(_now, call.Id, new Problem(ProblemTypes.Refused, 403, "Refused") { Rule = "grant-required" });
            case Command.Call { Grant: not null } call when Chance(2):
                _answered.Add(call.Id);
                return new RunEvent.EffectFailed(_now, call.Id, new Problem(ProblemTypes.Refused, 403, "Refused") { Rule = Rules[_random.Next(Rules.Length)] });
            case Command.Call call when Chance(4):
                _answered.Add(call.Id);
                return new RunEvent.EffectFailed(_now, call.Id, new Problem(ProblemTypes.Communication, Chance(2) ? 503 : 500, "It failed"));
            case Command.AwaitEvent wanted:
                return Happened(wanted);
            case Command.StartChild { IsAwaited: true } child when !Chance(6):
                _answered.Add(child.Id);
                var outcomes = new[] { RunStatus.Completed, RunStatus.Completed, RunStatus.Faulted, RunStatus.Cancelled };
                return Ended(child, outcomes[_random.Next(outcomes.Length)]);
            case Command.EmitEvent or Command.StartChild when Chance(6) || command is Command.StartChild { IsAwaited: true }:
                _answered.Add(command.Id);
                return new RunEvent.EffectFailed(_now, command.Id, new Problem(ProblemTypes.Refused, 403, "Refused", "Not this one."));
            case Command.EmitEvent or Command.StartChild:
                _answered.Add(command.Id);
                return new RunEvent.EffectCompleted(_now, command.Id, command is Command.EmitEvent emit ? emit.Event : JsonValue.Null);
            default:
                _answered.Add(command.Id);
                var effect = (Command.Call)command;
                if (effect is Command.CallTool { IsCompensation: false } && definition.Task(effect.Task) is EffectTask { Compensate: not null })
                    _compensable.Add(effect.Frame, _run.State.Abandoned.ContainsKey(effect.Id));
                return new RunEvent.EffectCompleted(_now, effect.Id, JsonValue.Object(("id", effect.Frame.Value), ("again", _run.Events.Count < Hurry && Chance(2))));
        }
    }

    /// <summary>Some event that may be wanted; often one that came before.</summary>
    private RunEvent.EventArrived Happened(Command.AwaitEvent wanted)
    {
        var type = wanted.Types.IsEmpty ? $"t.{_random.Next(3)}" : wanted.Types[_random.Next(wanted.Types.Length)];
        return new(_now, wanted.Id, JsonValue.Object(
            ("id", $"{_random.Next(60)}"), ("source", "https://x.y"), ("type", type), ("subject", $"s{_random.Next(3)}"),
            ("data", JsonValue.Object(("fits", !Chance(4)), ("k", _random.Next(2))))));
    }

    private RunEvent.ChildCompleted Ended(Command.StartChild child, RunStatus outcome) => new(
        _now, child.Id, new("00000000000000000000000000000002"), outcome, outcome == RunStatus.Completed ? JsonValue.Object(("again", Chance(2))) : null,
        outcome == RunStatus.Faulted ? new Problem(ProblemTypes.Communication, Chance(2) ? 503 : 500, "It failed", null, "/do/0/other") : null);

    /// <summary>What people said besides: other arguments, a form, what to do about a failed step (also what was not offered).</summary>
    private RunEvent.GateClosed Decided(RunEvent.GateClosed closed)
    {
        if (closed.Outcome == GateOutcome.Returned) return closed with { Information = JsonValue.Object(("what", "more")) };
        if (closed.Outcome != GateOutcome.Approved || Asked(closed.Gate) is not { } request) return closed;
        if (request.Failure is not null) closed = closed with { Choice = _run.Events.Count > Hurry ? "skip" : Choices[_random.Next(Choices.Length)] };
        if (request.Covers.IsEmpty || Chance(2)) return closed;
        var call = request.Covers[_random.Next(request.Covers.Length)];
        var edit = new EditedCall(call.Frame, call.Arguments.With(Chance(2) ? "from" : "n", $"edited {_run.Events.Count}"));
        var result = CoverEdits.Recompute(definition, _run.State, request.Id, request.Covers, [edit]);
        if (result is not CoverEditResult.Changed(var covers)) return closed; // the gate closed before it was edited
        return closed with { Edited = [.. covers.Where((one, i) => one.Arguments != request.Covers[i].Arguments).Select(one => new EditedCall(one.Frame, one.Arguments))] };
    }

    private GateRequest? Asked(GateId gate) => _run.Issued.OfType<Command.OpenApproval>().First(open => open.Gate.Id == gate).Gate;

    /// <summary>Something that happened before, as it was or turned round.</summary>
    private RunEvent Again() => _run.Events[_random.Next(_run.Events.Count)] switch
    {
        RunEvent.EffectFailed { Problem.Type: ProblemTypes.InDoubt } doubt when !_answered.Contains(doubt.Effect) && _run.State.Pending.ContainsKey(doubt.Effect) && !_run.State.Suspended => doubt,
        RunEvent.EffectFailed failed when !_answered.Contains(failed.Effect) => new RunEvent.ResumeRequested(_now, "user:ana"),
        RunEvent.EffectCompleted done when Chance(2) => new RunEvent.EffectFailed(_now, done.Effect, new Problem("x:y", 500, "late")),
        RunEvent.EffectFailed failed when Chance(2) => new RunEvent.EffectCompleted(_now, failed.Effect, "late"),
        RunEvent.GateClosed closed => closed with { Outcome = GateOutcome.Approved },
        RunEvent.CancelRequested or RunEvent.SuspendRequested => new RunEvent.TimerFired(_now, new EffectId("none")),
        var old => old,
    };

    private void CompensationsRanOnce()
    {
        var undone = _run.Issued.OfType<Command.CallTool>().Where(call => call.IsCompensation).ToList();
        foreach (var group in undone.GroupBy(call => call.Frame)) Assert.Single(group);
        foreach (var call in undone)
        {
            Assert.Contains(new FrameId(call.Frame.Value[..^"!undo".Length]), _compensable.Keys);
            Assert.Equal(call.Frame.Value, call.Arguments["of"]?.AsString() + "!undo");
        }
        var stopped = _run.State.Status is RunStatus.Faulted or RunStatus.Cancelled;
        foreach (var (frame, late) in _compensable.Where(effect => stopped || effect.Value))
            Assert.True(undone.Any(call => call.Frame.Value == frame.Value + "!undo"), $"{frame} was {(late ? "completed late" : "completed")} and not undone; the run is {_run.State.Status}.");
    }

    private bool Chance(int oneIn) => _random.Next(oneIn) == 0;
}
