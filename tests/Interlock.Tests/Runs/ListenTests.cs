using Interlock.Core;
using Interlock.Core.Runs;

namespace Interlock.Tests.Runs;

public sealed class ListenTests
{
    private const string Hot = """{"type":"t.hot","data":{"c":39}}""";
    private const string Cold = """{"type":"t.hot","data":{"c":20}}""";
    private const string Out = """{"type":"t.out","data":"bye"}""";

    [Fact]
    public void One_TakesTheFirstThatFits()
    {
        var run = Listen("one: { with: { type: t.hot, data: '${ .c > 38 }' } }");
        var wanted = run.Pending<Command.AwaitEvent>("hear");
        Assert.Equal(["t.hot"], wanted.Types);
        Assert.Equal(RunHarness.Noon, wanted.Since);
        run.Arrive("hear", Cold).Arrive("hear", Out).Is(RunStatus.Running).Arrive("hear", Hot).Is(RunStatus.Completed).Replayed();
        Output("""[{"c":39}]""", run);
    }

    [Theory]
    [InlineData("one: { with: { type: t.hot, data: '${ .c > 38 }' } }")]
    [InlineData("one: { with: { type: t.hot }, correlate: { c: { from: .data.c, expect: '${ 39 }' } } }")]
    public void One_AnEventThatTheFilterFailsOn_DoesNotFit(string to) => Listen(to)
        .Arrive("hear", """{"type":"t.hot","data":"text"}""").Arrive("hear", """{"type":"t.hot","data":[1]}""").Is(RunStatus.Running).Arrive("hear", Hot).Is(RunStatus.Completed).Replayed();

    [Fact]
    public void One_WhatIsExpectedFails_IsTheTasksError()
    {
        var run = Listen("one: { with: { type: t.hot }, correlate: { c: { from: .data.c, expect: '${ .c.d }' } } }", """{"c":"text"}""").Arrive("hear", Hot).Is(RunStatus.Faulted);
        Assert.Equal((ProblemTypes.Expression, "/do/0/hear"), (run.State.Error?.Type, run.State.Error?.Instance));
    }

    [Fact]
    public void All_TakesOneOfEachInTheOrderTheyCome()
    {
        var run = Listen("all: [ { with: { type: t.hot } }, { with: { type: t.hot } }, { with: { type: t.out } } ]");
        Assert.Equal(["t.hot", "t.out"], run.Pending<Command.AwaitEvent>("hear").Types);
        run.Arrive("hear", Out).Arrive("hear", Out).Arrive("hear", Hot).Is(RunStatus.Running).Arrive("hear", Cold).Is(RunStatus.Completed).Replayed();
        Output("""["bye",{"c":39},{"c":20}]""", run);
    }

    [Fact]
    public void Any_WithoutUntil_TakesOne()
    {
        var run = Listen("any: [ { with: { type: t.hot } }, { with: { type: t.out } } ]").Arrive("hear", Out).Is(RunStatus.Completed).Replayed();
        Output("""["bye"]""", run);
    }

    [Fact]
    public void Any_OfNothing_TakesWhatever()
    {
        var run = Listen("any: []");
        Assert.Empty(run.Pending<Command.AwaitEvent>("hear").Types);
        Output("""["bye"]""", run.Arrive("hear", Out).Is(RunStatus.Completed).Replayed());
    }

    [Fact]
    public void Any_UntilACondition_TakesEventsUpToTheOneAfterWhichItHolds()
    {
        var run = Listen("any: [ { with: { type: t.hot } } ], until: '( . | length ) == 2 or .[-1].c < 30'").Arrive("hear", Hot).Arrive("hear", Out).Is(RunStatus.Running)
            .Arrive("hear", Cold).Is(RunStatus.Completed).Replayed();
        Output("""[{"c":39},{"c":20}]""", run);
    }

    [Fact]
    public void Any_UntilEvents_LeavesThoseOut()
    {
        var run = Listen("any: [ { with: { type: t.hot } } ], until: { all: [ { with: { type: t.out } }, { with: { type: t.end } } ] }");
        Assert.Equal(["t.hot", "t.out", "t.end"], run.Pending<Command.AwaitEvent>("hear").Types);
        run.Arrive("hear", Hot).Arrive("hear", Out).Arrive("hear", Cold).Arrive("hear", Out).Is(RunStatus.Running)
            .Arrive("hear", """{"type":"t.end"}""").Is(RunStatus.Completed).Replayed();
        Output("""[{"c":39},{"c":20}]""", run);
    }

    [Fact]
    public void ForEach_GoesThroughEventsOneAfterTheOtherInTheOrderOfTheirArrival()
    {
        var run = RunHarness.Tasks("""
              - hear:
                  listen: { to: { any: [ { with: { type: t.hot } } ], until: { one: { with: { type: t.out } } } } }
                  foreach:
                    item: reading
                    at: n
                    do:
                      - look: { call: tool, with: { tool: s/look, arguments: { c: '${ $reading.c }', n: '${ $n }', in: '${ . }' } } }
                    output: { as: '${ { n: $n, was: $reading.c, seen: . } }' }
                    export: { as: '${ $context + { last: .n } }' }
              - tell: { set: { all: '${ . }', last: '${ $context.last }' } }
            """);
        run.Arrive("hear", Hot).Arrive("hear", Cold).Arrive("hear", Out);
        Assert.Equal("/do/0/hear/foreach/do@1/0/look", run.Call("look").Frame.Value);
        Assert.Equal(RunHarness.Parse("""{"c":39,"n":0,"in":{"c":39}}"""), run.Call("look").Arguments);
        Assert.Empty(run.State.Pending.Values.OfType<Command.AwaitEvent>()); // enough came
        run.Complete("look", "ok").Complete("look", "cool").Is(RunStatus.Completed).Replayed();
        Output("""{"all":[{"n":0,"was":39,"seen":"ok"},{"n":1,"was":20,"seen":"cool"}],"last":1}""", run);
    }

    [Fact]
    public void ForEach_UntilACondition_SeesWhatTheIterationsGaveAndDropsWhatWaits()
    {
        var run = RunHarness.Tasks("""
              - hear:
                  listen: { to: { any: [], until: '$context.seen == 1 and .[0].ok' } }
                  foreach: { do: [ { look: { call: tool, with: { tool: s/look } } } ], export: { as: '{ seen: ($index + 1) }' } }
            """);
        run.Arrive("hear", Hot).Arrive("hear", Hot).Complete("look", RunHarness.Parse("""{"ok":true}""")).Is(RunStatus.Completed).Replayed();
        Output("""[{"ok":true}]""", run);
    }

    [Theory]
    [InlineData("data", """[{"c":39}]""")]
    [InlineData("raw", """[{"c":39}]""")]
    [InlineData("envelope", """[{"type":"t.hot","data":{"c":39},"id":"e1","source":"https://x.y"}]""")]
    public void Read_SaysWhatIsTakenOfAnEvent(string read, string output) =>
        Output(output, RunHarness.Tasks($"  - hear: {{ listen: {{ to: {{ any: [] }}, read: {read} }} }}").Arrive("hear", Hot).Is(RunStatus.Completed));

    [Fact]
    public void Correlation_WithoutExpectation_TakesWhatTheFirstEventSays()
    {
        var run = Listen("""all: [ { with: { type: t.a }, correlate: { room: { from: .roomid } } }, { with: { type: t.b }, correlate: { room: { from: .data.room } } } ]""");
        run.Arrive("hear", """{"type":"t.a"}""") // nothing to correlate by
            .Arrive("hear", """{"type":"t.b","data":{"room":4}}""").Arrive("hear", """{"type":"t.a","roomid":5,"data":1}""").Is(RunStatus.Running)
            .Arrive("hear", """{"type":"t.a","roomid":4,"data":2}""").Is(RunStatus.Completed).Replayed();
        Output("""[{"room":4},2]""", run);
    }

    [Fact]
    public void Correlation_WithExpectation_IsHeldAgainstIt()
    {
        var run = Listen("one: { with: { type: t.a }, correlate: { order: { from: .data.order, expect: '${ .order }' }, kind: { from: .subject, expect: big } } }", """{"order":7}""");
        run.Arrive("hear", """{"type":"t.a","subject":"big","data":{"order":8}}""").Arrive("hear", """{"type":"t.a","subject":"small","data":{"order":7}}""").Is(RunStatus.Running)
            .Arrive("hear", """{"type":"t.a","subject":"big","data":{"order":7}}""").Is(RunStatus.Completed);
    }

    [Theory]
    [InlineData("source: 'https://x.y/a?b=1'", "https://x.y/a?b=1", true)] // a text is first of all itself
    [InlineData("source: 'https://x.y/.+'", "https://x.y/a", true)]
    [InlineData("source: 'https://x.y/.+'", "https://x.y/", false)]
    [InlineData("source: 'https://x.[a-c]+'", "https://x.abcd", false)] // from end to end
    [InlineData("source: 'https://x.y/(a'", "https://x.y/(a", true)] // no regular expression
    [InlineData("source: 'https://x.y'", "https://xxy", false)] // a point alone makes none
    [InlineData("source: '${ startswith(\"ab\") }'", "abc", true)]
    [InlineData("type: 't\\.(hot|out)'", "s", true)]
    public void Filter_TakesTextsRegularExpressionsAndExpressions(string with, string source, bool fits)
    {
        var run = Listen($"one: {{ with: {{ {with} }} }}").Arrive("hear", $$"""{"type":"t.hot","source":"{{source}}"}""");
        Assert.Equal(fits ? RunStatus.Completed : RunStatus.Running, run.State.Status);
    }

    [Fact]
    public void Arrive_OfTheSameEventAgain_ChangesNothing()
    {
        var run = Listen("all: [ { with: { type: t.hot } }, { with: { type: t.hot } } ]");
        run.Arrive("hear", """{"type":"t.hot","id":"1","source":"a"}""").Arrive("hear", """{"type":"t.hot","id":"1","source":"a","data":"again"}""").Is(RunStatus.Running)
            .Arrive("hear", """{"type":"t.hot","id":"1","source":"b"}""").Is(RunStatus.Completed);
    }

    [Fact]
    public void Arrive_OfMoreThanIsKept_IsAnError()
    {
        var run = RunHarness.Tasks("  - hear: { listen: { to: { any: [], until: 'false' } } }", check: false);
        for (var i = 0; i < RunLimits.ConsumedEvents; i++) run.Arrive("hear", Out);
        run.Is(RunStatus.Running).Arrive("hear", Out).Is(RunStatus.Faulted);
        Assert.Equal(ProblemTypes.Runtime, run.State.Error?.Type);
    }

    [Fact]
    public void Arrive_WhileSuspended_IsTakenOnResume()
    {
        var run = Listen("any: [], until: '( . | length ) == 2'").Suspend().Arrive("hear", Hot).Arrive("hear", Out).Is(RunStatus.Running).Resume().Is(RunStatus.Completed).Replayed();
        Output("""[{"c":39},"bye"]""", run);
    }

    [Fact]
    public void Arrive_OfAFloodWhileSuspended_IsBoundedAndAnErrorAfterwards()
    {
        var run = RunHarness.Tasks("  - hear: { listen: { to: { any: [ { with: { type: other } } ] } } }", check: false).Suspend();
        for (var i = 0; i < RunLimits.ConsumedEvents + 20; i++) run.Arrive("hear", Out);
        Assert.Equal(RunLimits.ConsumedEvents + 1, run.State.Deferred.Count);
        run.Resume().Is(RunStatus.Faulted);
        Assert.Equal((ProblemTypes.Runtime, "/do/0/hear"), (run.State.Error?.Type, run.State.Error?.Instance));
    }

    [Fact]
    public void Listen_OutOfTime_StopsListeningAndWhatItWasDoing()
    {
        var run = RunHarness.Tasks("""
              - hear:
                  listen: { to: { any: [], until: 'false' } }
                  foreach: { do: [ { look: { call: tool, with: { tool: s/look } } } ] }
                  timeout: { after: PT1M }
                  metadata: { interlock: { onTimeout: skip } }
            """).Arrive("hear", Hot).Fire("hear", TimerPurpose.Timeout);
        Assert.Empty(run.State.Pending.Values.OfType<Command.AwaitEvent>());
        run.Complete("look").Is(RunStatus.Completed).Replayed();
    }

    [Fact]
    public void Listen_InALosingBranch_IsGivenUp()
    {
        var run = RunHarness.Tasks("""
              - race: { fork: { compete: true, branches: [ { hear: { listen: { to: { any: [] } } } }, { pause: { wait: PT5S } } ] } }
            """).Fire("pause", TimerPurpose.Delay).Is(RunStatus.Completed).Replayed();
        Assert.Empty(run.State.Pending);
    }

    [Fact]
    public void Listen_WhenTheRunIsCancelled_IsGivenUp() => Listen("any: []").Cancel().Is(RunStatus.Cancelled).Replayed();

    private static RunHarness Listen(string to, string? input = null) =>
        RunHarness.Tasks($"  - hear: {{ listen: {{ to: {{ {to} }} }} }}", input is null ? null : RunHarness.Parse(input));

    private static void Output(string expected, RunHarness run) => Assert.Equal(RunHarness.Parse(expected), run.State.Output);
}
