using Interlock.Core;
using Interlock.Core.Agents;
using Interlock.Core.Runs;
using Interlock.Core.Runs.Conversations;
using Interlock.Core.Workflows;
using static Interlock.Tests.Runs.Conversations.Loops;

namespace Interlock.Tests.Runs.Conversations;

/// <summary>What ends a loop that does not end itself.</summary>
public sealed class LoopLimitTests
{
    private static readonly string First = Choice(1);

    [Fact]
    public void Steps_TheLastTurnMayOnlyAnswer()
    {
        var run = Begun(Autonomous(new() { Steps = 2 })).Choose(("crm__search", Why("a"))).Complete(First).Choose(("crm__search", Why("b")));
        Exhausted(run, LimitNames.Steps);
        Assert.Single(run.Issued.OfType<Command.CallTool>());
        Begun(Autonomous(new() { Steps = 1 })).Say("ok").Is(RunStatus.Completed);
    }

    [Fact]
    public void Calls_OneMoreIsNotMade_AndEndsTheLoopOnceTheOthersAreDone()
    {
        var run = Begun(Autonomous(new() { Calls = 2 })).Choose(("crm__search", Why("a")), ("crm__search", Why("b")), ("crm__search", Why("c")));
        Assert.Equal(2, run.Calls.Count());
        run.Complete(First).Is(RunStatus.Running).Complete(Choice(2));
        Exhausted(run, LimitNames.Calls);
        Begun(Autonomous(new() { Calls = 2 })).Choose(("crm__search", Why("a")), ("crm__search", Why("b"))).Complete(First).Complete(Choice(2)).Say("ok").Is(RunStatus.Completed);
        Begun(Autonomous(new() { Calls = 0 })).Say("ok").Is(RunStatus.Completed);
    }

    [Theory]
    [InlineData(22L, null, LimitNames.Tokens)]
    [InlineData(null, 24L, LimitNames.Cost)]
    public void Spent_NothingMoreIsCalled(long? tokens, long? cost, string limit)
    {
        var run = Begun(Autonomous(new() { Tokens = tokens, Cost = cost })).Choose(("crm__search", Why("a"))).Complete(First).Choose(("crm__search", Why("b")));
        Exhausted(run, limit);
        Assert.Single(run.Issued.OfType<Command.CallTool>());
    }

    [Fact]
    public void Spent_WithTheAnswer_ItIsTheAnswer() => Begun(Autonomous(new() { Tokens = 5 })).Say("ok").Is(RunStatus.Completed);

    [Fact]
    public void OperatorsTokens_BoundTheTaskToo() =>
        Exhausted(Begun(Autonomous(new() { Tokens = 1000 }), Terms() with { Limits = new() { Tokens = 10, Steps = 1 } }).Choose(("crm__search", Why("a"))), LimitNames.Tokens);

    [Fact]
    public void Failures_InARow_EndTheLoop()
    {
        var run = Begun(Autonomous(new() { ConsecutiveFailures = 3 })).Choose(("crm__search", Why("a")), ("nothing", "{}")).Fail(First)
            .Choose(("crm__search", Why("b"))).Complete(Choice(3)).Choose(("nothing", "{}"), ("nothing", "{}")).Choose(("crm__search", Why("c"))).Fail(Choice(6));
        Exhausted(run, LimitNames.Failures);
    }

    [Fact]
    public void Failures_InOneTurn_StopBeforeTheRest()
    {
        var run = Begun(Autonomous(new() { ConsecutiveFailures = 2 })).Choose(("nothing", "{}"), ("nothing", "{}"), ("crm__search", Why("a")));
        Exhausted(run, LimitNames.Failures);
        Assert.Empty(run.Issued.OfType<Command.CallTool>());
    }

    [Fact]
    public void Time_StopsWhatIsUnderWay()
    {
        var run = Begun(Autonomous(new() { Time = TimeSpan.FromMinutes(2) })).Choose(("crm__search", Why("a")), ("crm__refund", Why("b"))).Refuse(Choice(2), "grant-required");
        Assert.Equal(RunHarness.Noon + TimeSpan.FromSeconds(1) + TimeSpan.FromMinutes(2), run.Call(First).Deadline);
        run.Fire("triage", TimerPurpose.Limit);
        Assert.Equal(First, Assert.Single(run.State.Abandoned.Values).Call.Frame.Value);
        run.Complete(First).CloseIn(Choice(2), GateOutcome.Withdrawn);
        Exhausted(run, LimitNames.Time);
    }

    [Fact]
    public void Answer_AtALimit_IsAskedForOnceWithNothingToChoose()
    {
        var run = Begun(Autonomous(new() { Calls = 1 }, ExhaustedAction.Answer)).Choose(("crm__search", Why("a")), ("crm__search", Why("b"))).Complete(First, "A");
        Assert.Null(run.Turn().Arguments["tools"]);
        Assert.Equal(["result", "refused"], run.Told().Select(told => told.Members[^1].Key));
        run.Say("What I have.").Is(RunStatus.Completed).Replayed();
        Assert.Equal("What I have.", run.State.Output?["answer"]?.AsString());
    }

    [Fact]
    public void Answer_WhenTimeIsUp_LeavesNoCallWithoutAWord()
    {
        var run = Begun(Autonomous(new() { Time = TimeSpan.FromMinutes(2) }, ExhaustedAction.Answer)).Choose(("crm__search", Why("a"))).Fire("triage", TimerPurpose.Limit);
        Assert.Equal(SelectionRules.Limit, run.Told()[0]["refused"]!["rule"]!.AsString());
        Assert.Equal(run.Now + RunLimits.LastAnswer, run.Turn().Deadline);
        run.Complete(First, "late").Say("ok").Is(RunStatus.Completed).Replayed();
    }

    [Fact]
    public void Answer_WhenTimeIsUpDuringATurn_IsAnotherTurn()
    {
        var run = Begun(Autonomous(new() { Time = TimeSpan.FromMinutes(2) }, ExhaustedAction.Answer));
        var late = run.Turn();
        run.Fire("triage", TimerPurpose.Limit);
        var asked = Assert.Single(run.Calls);
        Assert.NotEqual(late.Id, asked.Id);
        run.Send(new RunEvent.EffectCompleted(run.Now, late.Id, new ModelAnswer("late", [], "stop", "m", new(1, 1)).ToJson()));
        run.Send(new RunEvent.EffectCompleted(run.Now, asked.Id, new ModelAnswer("ok", [], "stop", "m", new(1, 1)).ToJson())).Is(RunStatus.Completed).Replayed();
        Assert.Equal("ok", run.State.Output?["answer"]?.AsString());
    }

    [Fact]
    public void Answer_ThatChoosesAgainOrFails_IsTheLimit()
    {
        RunHarness AtTheEnd() => Begun(Autonomous(new() { Calls = 0 }, ExhaustedAction.Answer)).Choose(("crm__search", Why("a")));
        Exhausted(AtTheEnd().Choose(("crm__search", Why("b"))), LimitNames.Calls);
        Exhausted(AtTheEnd().Fail(Top), LimitNames.Calls);
    }

    [Fact]
    public void Nested_UsesWhatIsLeft_ThoseThatWaitForAPlaceAreNotBegun()
    {
        var wanted = Enumerable.Range(0, RunLimits.ConcurrentChoices + 1).Select(i => i == 0 ? ("writer", Why("w")) : ("crm__search", Why($"{i}"))).ToArray();
        var run = Begun(Autonomous(new() { Calls = wanted.Length, Repeats = 100 })).Choose(wanted).Open(Nested(Search), First).ChooseIn(First, ("crm__search", Why("b")));
        Assert.Equal(wanted.Length, run.Conversation().Counts.Calls);
        run.Complete(Choice(2));
        Assert.Equal(wanted.Length, run.Conversation().Counts.Calls);
        Assert.DoesNotContain(run.Issued.OfType<Command.CallTool>(), call => call.Frame.Value == Choice(wanted.Length));
    }

    [Fact]
    public void Time_IsUpWhenTheTurnOfItsLastMomentFails()
    {
        var run = Begun(Autonomous(new() { Time = TimeSpan.FromMinutes(2) }));
        run.Wait(TimeSpan.FromMinutes(2)).Fail(Top);
        Exhausted(run, LimitNames.Time);
    }

    [Fact]
    public void Cost_OfTools_CountsForAllWhoWaitForThem()
    {
        var priced = Search with { Cost = 600_000 };
        var run = Begun(Autonomous(new() { Cost = 1_000_000 }), Terms(priced, Writer) with { Prices = null }).Choose(("crm__search", Why("a"))).Complete(First);
        Assert.Equal(600_000, run.Conversation().Counts.Cost);
        run.Choose(("writer", Why("b"))).Open(Nested(priced) with { Prices = null }, Choice(2)).ChooseIn(Choice(2), ("crm__search", Why("c"))).Complete(Choice(1, Choice(2)));
        Exhausted(run, LimitNames.Cost);
    }

    [Fact]
    public void Nested_UseCountsOutwards_AndEndsTheInnerLoopThenTheOuter()
    {
        var run = Begun(Autonomous(new() { Calls = 2 })).Choose(("writer", Why("a"))).Open(Nested(Search), First)
            .ChooseIn(First, ("crm__search", Why("b")), ("crm__search", Why("c"))).Complete(Choice(1, First));
        Assert.Equal(2, run.Conversation().Counts.Calls);
        Assert.Equal(["result", "refused"], run.Told(First).Select(told => told.Members[^1].Key));
        run.Say("half", First).Choose(("crm__search", Why("d")));
        Exhausted(run, LimitNames.Calls);
    }

    [Fact]
    public void Nested_TokensOfTheOuter_EndBoth()
    {
        var run = Begun(Autonomous(new() { Tokens = 25 })).Choose(("writer", Why("a"))).Open(Nested(Search), First)
            .ChooseIn(First, ("crm__search", Why("b"))).Complete(Choice(1, First)).ChooseIn(First, ("crm__search", Why("c")));
        Exhausted(run, LimitNames.Tokens);
        Assert.Single(run.Issued.OfType<Command.CallTool>());
    }

    [Fact]
    public void Nested_OwnLimit_IsToldToTheOuter()
    {
        var run = Begun().Choose(("writer", Why("a"))).Open(Nested(Search) with { Limits = new() { Steps = 1 } }, First).ChooseIn(First, ("crm__search", Why("b")));
        Assert.Equal((409, LimitNames.Steps), ((int)run.Told()[0]["error"]!["status"]!.AsNumber(), run.Told()[0]["error"]!["rule"]!.AsString()));
        run.Say("ok").Is(RunStatus.Completed).Replayed();
    }

    [Fact]
    public void Choices_MoreThanRunAtOnce_Wait()
    {
        var run = Begun(Autonomous(new() { Calls = 40, Repeats = 100 })).Choose([.. Enumerable.Range(0, 20).Select(i => ("crm__search", Why($"{i}")))]);
        Assert.Equal(RunLimits.ConcurrentChoices, run.Calls.Count());
        for (var i = 20; i >= 1; i--) run.Complete(run.Calls.OrderBy(call => call.Frame).Last().Frame.Value, run.Calls.OrderBy(call => call.Frame).Last().Arguments["q"]);
        Assert.Equal(Enumerable.Range(0, 20).Select(i => $"{i}"), run.Told().Select(told => told["result"]!.AsString()));
    }

    [Fact]
    public void Error_IsCaughtLikeAnyOther() => Exhausted(Called(Terms(Search) with { Limits = new() { Calls = 0 } }).Choose(("crm__search", Why("a"))), LimitNames.Calls);

    private static void Exhausted(RunHarness run, string limit)
    {
        run.Is(RunStatus.Faulted).Replayed();
        Assert.Equal((ProblemTypes.Exhausted, limit), (run.State.Error?.Type, run.State.Error?.Rule));
    }
}
