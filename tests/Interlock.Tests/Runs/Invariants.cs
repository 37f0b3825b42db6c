using Interlock.Core;
using Interlock.Core.Approvals;
using Interlock.Core.Runs;
using Interlock.Core.Workflows;

namespace Interlock.Tests.Runs;

/// <summary>What holds after every event of every run.</summary>
internal sealed class Invariants(WorkflowDefinition definition)
{
    private readonly Dictionary<EffectId, string> _issued = [];
    private readonly HashSet<EffectId> _left = [];
    private readonly Dictionary<GateId, GateRequest> _asked = [];
    private readonly Dictionary<GateId, RunEvent.GateClosed> _decided = [];
    private readonly Dictionary<FrameId, int> _calls = [];
    private readonly List<Command> _order = [];

    /// <summary>Off where a run is so long that only its end is of interest.</summary>
    public bool Enabled { get; init; } = true;

    public IReadOnlyList<Command> Issued => _order;

    public void Started(RunState state)
    {
        if (!Enabled) return;
        SurvivesStorage(state);
        Look(null, state);
    }

    public void Stepped(RunState before, RunEvent happened, RunState after)
    {
        if (!Enabled) return;
        AppliesAfterStorage(before, happened, after);
        if (before.Status.IsClosed())
        {
            Assert.Same(before, after);
            return;
        }
        if (happened is RunEvent.GateClosed closed) _decided.TryAdd(closed.Gate, closed);
        SurvivesStorage(after);
        Look(before, after);
        WhatPeopleLetFailIsOver(before, happened, after);
    }

    private void Look(RunState? before, RunState after)
    {
        EffectsAreNew(before, after);
        NothingStartsAfterTheEnd(before, after);
        if (after.Suspended) return;
        PendingBelongsToFrames(after);
        FramesWaitForSomething(after);
        GatesAskTheirRows(after);
        ListenersListen(after);
        GrantsAreApproved(after);
        LocksAreHeld(after);
        ClosedIsOver(after);
    }

    private static void SurvivesStorage(RunState state)
    {
        var stored = RunJson.Serialize(state);
        Assert.Equal(stored, RunJson.Serialize(RunJson.Deserialize<RunState>(stored)));
    }

    private void AppliesAfterStorage(RunState before, RunEvent happened, RunState after)
    {
        var again = Interpreter.Advance(definition, Copy(before), Copy(happened));
        Assert.Equal(RunHarness.Json(after), RunHarness.Json(again));
    }

    private static T Copy<T>(T value) => RunJson.Deserialize<T>(RunJson.Serialize(value));

    /// <summary>One id, one command, once: what left never comes back, and what is abandoned or in doubt was pending before.</summary>
    private void EffectsAreNew(RunState? before, RunState after)
    {
        foreach (var command in after.Pending.Values)
        {
            var json = RunHarness.Json(command);
            if (_issued.TryGetValue(command.Id, out var known)) Assert.Equal(known, json);
            else _order.Add(command);
            Assert.False(_left.Contains(command.Id), $"{command.GetType().Name} {command.Frame} is issued again.");
            _issued[command.Id] = json;
            if (command is Command.OpenApproval open) _asked[open.Gate.Id] = open.Gate;
            if (command is Command.OpenApproval { Gate: { Failure: { } failure, Covers: [var again, ..] } } && definition.IsCovered(again.Task))
                Assert.True(after.Grants.ContainsKey(failure.Frame), $"{failure.Frame} was never granted, and its retry would be.");
            if (command is Command.Call call && known is null) IsCalledSoOften(call);
        }
        foreach (var id in before?.Pending.Keys ?? [])
            if (!after.Pending.ContainsKey(id)) _left.Add(id);
        foreach (var id in after.Abandoned.Keys) Assert.True(_issued.ContainsKey(id) && !after.Pending.ContainsKey(id), $"{id} was abandoned but never pending.");
        foreach (var id in after.InDoubt) Assert.True(after.Pending.ContainsKey(id), $"{id} is in doubt but not pending.");
    }

    private static void NothingStartsAfterTheEnd(RunState? before, RunState after)
    {
        if (after.Ending is null) return;
        Assert.Empty(after.Frames);
        foreach (var command in after.Pending.Values.Where(c => before is null || !before.Pending.ContainsKey(c.Id)))
        {
            var allowed = command is Command.CallTool { IsCompensation: true } or Command.StartTimer { Purpose: TimerPurpose.Compensation }
                || (before?.Ending is null && command is Command.CloseApproval or Command.StartTimer { Purpose: TimerPurpose.Abandoned });
            Assert.True(allowed, $"{RunHarness.Json(command)} started after the end was decided.");
        }
    }

    private static void PendingBelongsToFrames(RunState state)
    {
        foreach (var command in state.Pending.Values)
        {
            var known = command switch
            {
                Command.StartTimer { Purpose: TimerPurpose.Abandoned } => state.Abandoned.Values.Any(a => a.Timer == command.Id),
                Command.StartTimer { Purpose: TimerPurpose.Compensation } or Command.CallTool { IsCompensation: true } => state.Undoing is not null,
                Command.CloseApproval => true,
                Command.HoldLock held when !state.Frames.ContainsKey(held.Frame) => held.Frame == FrameId.Root || state.Abandoned.Values.Any(abandoned => state.Locks![held.Id].IsAround(abandoned.Call.Frame)),
                Command.OpenApproval open when !state.Frames.ContainsKey(command.Frame) =>
                    state.Pending.Values.Any(c => c is Command.CloseApproval close && close.Gate == open.Gate.Id),
                _ => state.Frames.ContainsKey(command.Frame),
            };
            Assert.True(known, $"Pending has {RunHarness.Json(command)}, whose frame is gone.");
        }
    }

    /// <summary>A run that is not closed has something to wait for, and so has every frame without frames in it.</summary>
    private static void FramesWaitForSomething(RunState state)
    {
        if (state.Status.IsClosed()) return;
        Assert.NotEmpty(state.Pending);
        if (state.Ending is null) Assert.True(state.Frames.ContainsKey(FrameId.Root));
        var parents = state.Frames.Values.Select(frame => frame.Parent).OfType<FrameId>().ToHashSet();
        Assert.All(parents, parent => Assert.True(state.Frames.ContainsKey(parent), $"{parent} is gone, what it holds is not."));
        var waiting = state.Pending.Values.Where(c => c is not Command.StartTimer { Purpose: TimerPurpose.Timeout }).Select(c => c.Frame).ToHashSet();
        foreach (var id in state.Frames.Keys.Where(id => !parents.Contains(id)))
            Assert.True(waiting.Contains(id), $"The frame '{id}' waits for nothing.");
    }

    private void GrantsAreApproved(RunState state)
    {
        foreach (var call in state.Pending.Values.OfType<Command.Call>())
        {
            if (call is Command.CallTool { IsCompensation: true })
            {
                Assert.Equal(call.Grant is not null, call.RequiresGrant);
                continue;
            }
            Assert.Equal(definition.IsCovered(call.Task), call.RequiresGrant);
            if (call.Grant is not { } gate) continue;
            Assert.True(Grants(gate), $"{call.Frame} has a grant of {RunHarness.Json(_asked[gate])}, which was not given.");
            var covered = Assert.Single(_asked[gate].Covers, covered => covered.Frame == call.Frame);
            if (call is Command.CallModel) continue; // people approved that the agent is asked, with what it was asked
            var arguments = _decided[gate].Edited.FirstOrDefault(edit => edit.Frame == call.Frame)?.Arguments ?? covered.Arguments;
            Assert.Equal(arguments.ToString(), GrantCheck.Without(call.Arguments, covered.Computed).ToString());
        }
        Assert.All(state.Approved.Keys, frame => Assert.True(state.Grants.ContainsKey(frame), $"{frame} has approved arguments and no grant."));
    }

    /// <summary>Whether people's first word on the gate lets its calls be made.</summary>
    private bool Grants(GateId gate) => _asked.TryGetValue(gate, out var request) && _decided.TryGetValue(gate, out var closed) && closed.Outcome == GateOutcome.Approved
        && (request.Failure is not { } failure || (closed.Choice is "retry" or "edit" && failure.Options.Contains(closed.Choice)));

    /// <summary>A frame's call is made once, and anew only as people were asked about it again. The turns of an agent are counted by its limits.</summary>
    private void IsCalledSoOften(Command.Call call)
    {
        if (call is Command.CallModel) return;
        var calls = _calls[call.Frame] = _calls.GetValueOrDefault(call.Frame) + 1;
        if (calls == 1) return;
        Assert.InRange(calls, 2, 1 + RunLimits.Reopenings);
        var asked = _asked[call.Grant!.Value];
        Assert.True(asked is { Again: not null } or { ChosenBy: not null }, $"{call.Frame} is called again, and nobody was asked about it again.");
    }

    /// <summary>The error goes on outwards: the list that the step stands in is gone.</summary>
    private void WhatPeopleLetFailIsOver(RunState before, RunEvent happened, RunState after)
    {
        if (before.Suspended || happened is not RunEvent.GateClosed closed || _decided[closed.Gate] != closed || Grants(closed.Gate)) return;
        if (before.Frames.Values.FirstOrDefault(frame => frame.State is FrameState.Gate { Request: { Failure: not null } asked } && asked.Id == closed.Gate) is not { State: FrameState.Gate { Request: var gate } } frame) return;
        var isSkipped = (closed is { Outcome: GateOutcome.Approved, Choice: "skip" } && gate.Failure!.Options.Contains("skip")) || (closed.Outcome == GateOutcome.Expired && gate.OnExpiry == "skip");
        if (!isSkipped) Assert.False(after.Frames.ContainsKey(frame.Parent!.Value), $"{frame.Id} was to fail, and its list goes on.");
    }

    /// <summary>A frame that is a gate holds nothing else, and its row is asked.</summary>
    private static void GatesAskTheirRows(RunState state)
    {
        foreach (var frame in state.Frames.Values)
        {
            if (frame.State is FrameState.Sequence { Escalations: { } escalations }) Assert.All(escalations.Values, times => Assert.InRange(times, 1, RunLimits.EscalationsInARow));
            if (frame.State is not FrameState.Gate { Request: var gate }) continue;
            Assert.Contains(state.Pending.Values, command => RunHarness.GateOf(command) == gate.Id && command.Frame == frame.Id);
            Assert.DoesNotContain(state.Frames.Values, other => other.Parent == frame.Id);
            Assert.DoesNotContain(state.Pending.Values, command => command is Command.Call and not Command.CallTool { IsCompensation: true } && (command.Frame == frame.Id || command.Frame.Value.StartsWith(frame.Id.Value + "/", StringComparison.Ordinal)));
        }
    }

    /// <summary>Until enough came a listening frame awaits events, each is taken once, and what waits has its turn.</summary>
    private static void ListenersListen(RunState state)
    {
        foreach (var frame in state.Frames.Values)
        {
            if (frame.State is not FrameState.Listen listen) continue;
            Assert.Equal(!listen.IsOver, state.Pending.Values.Any(command => command is Command.AwaitEvent && command.Frame == frame.Id));
            Assert.Equal(listen.Seen.Count, listen.Seen.Distinct().Count());
            Assert.InRange(listen.Output.Count + listen.Waiting.Count, 0, listen.Seen.Count);
            Assert.Equal(!listen.Waiting.IsEmpty, state.Frames.Values.Any(other => other.Parent == frame.Id));
        }
        foreach (var wanted in state.Pending.Values.OfType<Command.AwaitEvent>()) Assert.IsType<FrameState.Listen>(state.Frames[wanted.Frame].State);
    }

    /// <summary>What is granted stands, and is one of the commands; while a frame's own lock is not granted nothing happens in it.</summary>
    private static void LocksAreHeld(RunState state)
    {
        Assert.All(state.Locks?.Keys ?? [], held => Assert.IsType<Command.HoldLock>(state.Pending[held]));
        foreach (var waiting in state.Pending.Values.OfType<Command.HoldLock>().Where(hold => state.Locks?.ContainsKey(hold.Id) != true))
            Assert.DoesNotContain(state.Pending.Values, command => command is Command.Call && (command.Frame == waiting.Frame || command.Frame.Value.StartsWith(waiting.Frame.Value + "/", StringComparison.Ordinal)));
    }

    private static void ClosedIsOver(RunState state)
    {
        if (!state.Status.IsClosed()) return;
        Assert.Empty(state.Pending);
        Assert.Empty(state.Abandoned);
        Assert.Null(state.Locks);
        Assert.Empty(state.Orphans);
        Assert.Null(state.Undoing);
        if (state.Status != RunStatus.Completed) Assert.Empty(state.Saga);
        if (state.Status == RunStatus.Faulted) Assert.NotNull(state.Error);
    }
}
