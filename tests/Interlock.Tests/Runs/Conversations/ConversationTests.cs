using Interlock.Core;
using Interlock.Core.Agents;
using Interlock.Core.Runs;
using Interlock.Core.Runs.Conversations;
using Interlock.Core.Workflows;
using Interlock.Json;
using Interlock.Tests.Workflows;
using static Interlock.Tests.Runs.Conversations.Loops;

namespace Interlock.Tests.Runs.Conversations;

/// <summary>An agent's loop: turns, choices, and what the model is told of them.</summary>
public sealed class ConversationTests
{
    [Fact]
    public void Autonomous_ModelAnswers_CompletesWithWhatWasUsed()
    {
        var run = RunHarness.Of(Autonomous());
        var open = Assert.IsType<Command.OpenAgent>(Assert.Single(run.State.Pending.Values));
        Assert.Equal(("planner", "crm/*"), (open.Agent, open.Pool.Tools.Single()));
        run.Open(Terms()).Choose(("crm__search", Why("x"))).Complete(Choice(1), "found").Say("Done.").Is(RunStatus.Completed).Replayed();
        Assert.Equal("""{"answer":"Done.","turns":2,"calls":1,"tokens":{"input":20,"output":2},"cost":24}""", run.State.Output?.ToString());
    }

    [Fact]
    public void Turn_ShowsGoalPoolAndReason()
    {
        var turn = Begun().Turn();
        Assert.Equal(("planner", "1.0.0", InDoubtAction.Retry), (turn.Target, turn.Version, turn.OnInDoubt));
        Assert.Equal(["system", "user"], turn.Arguments["messages"]!.Items.Select(message => message["role"]!.AsString()));
        Assert.StartsWith("You triage.", turn.Arguments["messages"]![0]!["content"]!.AsString(), StringComparison.Ordinal);
        Assert.Equal("Solve it.", turn.Arguments["messages"]![1]!["content"]!.AsString());
        var tool = turn.Arguments["tools"]![0]!["function"]!;
        Assert.Equal("crm__search", tool["name"]!.AsString());
        Assert.Equal("""["q","interlock_reason"]""", tool["parameters"]!["required"]!.ToString());
        Assert.Equal("string", tool["parameters"]!["properties"]!["interlock_reason"]!["type"]!.AsString());
        Assert.Equal(4, turn.Arguments["tools"]!.Count);
        Assert.Null(turn.Arguments["model"]);
    }

    [Fact]
    public void Choices_RunSideBySide_AndAreToldInTheOrderChosen()
    {
        var run = Begun().Choose(("crm__search", Why("a")), ("crm__refund", Why("b")));
        var (first, second) = (run.Call(Choice(1)), run.Call(Choice(2)));
        Assert.Equal(("crm/search", "1.0.0", "planner", """{"q":"a"}"""), (first.Target, first.Version, first.Agent, first.Arguments.ToString()));
        Assert.Equal(new TaskPath(Top), first.Task);
        Assert.Equal("crm/refund", second.Target);
        run.Complete(Choice(2), "B");
        Assert.False(run.IsAsked());
        run.Complete(Choice(1), "A");
        Assert.Equal(["assistant", "tool", "tool"], run.Messages().Skip(2).Select(message => message["role"]!.AsString()));
        Assert.Equal(["call_1", "call_2"], run.Messages()[2]["tool_calls"]!.Items.Select(call => call["id"]!.AsString()));
        Assert.Equal("""{"from":"crm/search","untrusted":true,"result":"A"}""", run.Told()[0].ToString());
        Assert.Equal("""{"from":"crm/refund","untrusted":true,"result":"B"}""", run.Told()[1].ToString());
        run.Say("ok").Is(RunStatus.Completed).Replayed();
    }

    [Theory]
    [InlineData("crm__delete", """{"q":"x","interlock_reason":"r"}""", SelectionRules.OutOfPool)]
    [InlineData("CRM__search", """{"q":"x","interlock_reason":"r"}""", SelectionRules.OutOfPool)]
    [InlineData("crm__search", """{"q":"x"}""", SelectionRules.ReasonMissing)]
    [InlineData("crm__search", """{"q":"x","interlock_reason":" "}""", SelectionRules.ReasonMissing)]
    [InlineData("crm__search", """{"q":"x","interlock_reason":7}""", SelectionRules.ReasonMissing)]
    [InlineData("crm__search", """{"q":"x","q":"y","interlock_reason":"r"}""", SelectionRules.Arguments)]
    [InlineData("crm__search", "[1]", SelectionRules.Arguments)]
    [InlineData("crm__search", "{\"q\":", SelectionRules.Arguments)]
    [InlineData("crm__search", "", SelectionRules.Arguments)]
    public void Choice_AgainstARule_IsToldAndCountedAndCallsNothing(string name, string arguments, string rule)
    {
        var run = Begun().Choose((name, arguments));
        Assert.IsType<Command.CallModel>(Assert.Single(run.Calls));
        Assert.Equal(("interlock", rule), (run.Told()[0]["from"]!.AsString(), run.Told()[0]["refused"]!["rule"]!.AsString()));
        Assert.Equal((1, 0), (run.Conversation().Counts.FailuresInARow, run.Conversation().Counts.Calls));
        run.Say("ok").Is(RunStatus.Completed).Replayed();
    }

    [Fact]
    public void Choice_WhoseArgumentsNestTooDeepToBeKept_IsRefused()
    {
        var deep = RunLimits.ValueNesting + 40;
        var run = Begun().Choose(("crm__search", $$"""{"q":{{new string('[', deep)}}{{new string(']', deep)}},"interlock_reason":"r"}"""));
        Assert.Equal(SelectionRules.Arguments, run.Told()[0]["refused"]!["rule"]!.AsString());
        run.Say("ok").Is(RunStatus.Completed).Replayed();
    }

    [Fact]
    public void Choice_OfTheSameOftenEnough_IsRefused()
    {
        var run = Begun();
        for (var i = 1; i <= 3; i++) run.Choose(("crm__search", Why("a", $"{i}"))).Complete(Choice(i), "A");
        run.Choose(("crm__search", Why("a")), ("crm__search", Why("b")));
        Assert.Equal("""{"q":"b"}""", Assert.Single(run.Calls).Arguments.ToString());
        run.Complete(Choice(5), "B");
        Assert.Equal(SelectionRules.Repeated, run.Told()[3]["refused"]!["rule"]!.AsString());
        run.Say("ok").Is(RunStatus.Completed).Replayed();
    }

    [Fact]
    public void Call_ThatFails_IsToldAsData()
    {
        var run = Begun().Choose(("crm__search", Why("a"))).Fail(Choice(1), type: ProblemTypes.InDoubt);
        Assert.Equal(("crm/search", true, 503d), (run.Told()[0]["from"]!.AsString(), run.Told()[0]["untrusted"]!.AsBoolean(), run.Told()[0]["error"]!["status"]!.AsNumber()));
        run.Say("ok").Is(RunStatus.Completed).Replayed();
    }

    [Fact]
    public void Turn_ThatFails_FailsTheTask() => Assert.Equal(503, Begun().Fail(Top).Is(RunStatus.Faulted).Replayed().State.Error?.Status);

    [Theory]
    [InlineData("length")]
    [InlineData("filter")]
    public void Answer_CutOff_FailsTheTask(string finish) => Begun().Say("Half of", finish: finish).Is(RunStatus.Faulted).Replayed();

    [Fact]
    public void Answer_ThatIsNoTurn_FailsTheTask() =>
        Begun().Complete(Top, JsonValue.Object(("artifact", "x"))).Is(RunStatus.Faulted).Replayed();

    [Fact]
    public void Workflow_Chosen_IsAwaited()
    {
        var run = Begun().Choose(("ops__restart", Why("web")));
        var child = run.Pending<Command.StartChild>(Choice(1));
        Assert.Equal(("ops/restart", "2.0.0", true, "planner", """{"q":"web"}"""), (child.Workflow, child.Version, child.IsAwaited, child.Agents?.Single(), child.Input.ToString()));
        run.Ended(Choice(1), RunStatus.Completed, """{"ok":true}""");
        Assert.Equal("""{"from":"workflow:ops/restart","untrusted":true,"result":{"ok":true}}""", run.Told()[0].ToString());
        run.Choose(("ops__restart", Why("db"))).Ended(Choice(2), RunStatus.Faulted, problem: new Problem(ProblemTypes.Runtime, 500, "Broken"));
        Assert.Equal("Broken", run.Told()[1]["error"]!["title"]!.AsString());
        run.Say("ok").Is(RunStatus.Completed).Replayed();
    }

    [Fact]
    public void Workflow_WhoseInputIsNoObject_IsGivenTheArgumentThatStandsForIt()
    {
        var member = Restart with { InputSchema = RunHarness.Parse("""{"type":"object","required":["input"],"properties":{"input":{"type":"string"}}}"""), IsWrapped = true };
        var run = Begun(terms: Terms(member)).Choose(("ops__restart", """{"input":"web","interlock_reason":"it hangs"}"""));
        Assert.Equal("\"web\"", run.Pending<Command.StartChild>(Choice(1)).Input.ToString());
    }

    [Fact]
    public void Agent_Called_MayChooseInAnAutonomousWorkflowOnly()
    {
        var call = "  - ask: { call: agent, with: { agent: planner, input: {} } }\n";
        Assert.False(RunHarness.Of(Documents.Clean(call)).Pending<Command.CallAgent>("/do/0/ask").MayChoose);
        Assert.True(RunHarness.Of(Documents.Clean(Documents.Autonomous(call))).Pending<Command.CallAgent>("/do/0/ask").MayChoose);
        Assert.True(Begun().Choose(("writer", Why("a"))).Pending<Command.CallAgent>(Choice(1)).MayChoose);
    }

    [Fact]
    public void Agent_Chosen_AnswersOrConverses()
    {
        var run = Begun().Choose(("writer", Why("a")), ("writer", Why("b"))).Complete(Choice(1), "from elsewhere");
        run.Open(Nested(Search), Choice(2));
        Assert.Equal(("writer", "planner"), (run.Turn(Choice(2)).Target, run.Turn(Choice(2)).Agent));
        Assert.Equal("""{"q":"b"}""", run.Messages(Choice(2))[1]["content"]!.AsString());
        run.ChooseIn(Choice(2), ("crm__search", Why("c")));
        Assert.Equal(("crm/search", "writer"), (run.Call(Choice(1, Choice(2))).Target, run.Call(Choice(1, Choice(2))).Agent));
        run.Complete(Choice(1, Choice(2)), "C").Say("""{"text":"dear"}""", Choice(2));
        Assert.Equal(["""{"from":"agent:writer","untrusted":true,"result":"from elsewhere"}""", """{"from":"agent:writer","untrusted":true,"result":{"text":"dear"}}"""], run.Told().Select(told => told.ToString()));
        run.Say("ok").Is(RunStatus.Completed).Replayed();
        Assert.Equal("""{"answer":"ok","turns":2,"calls":3,"tokens":{"input":40,"output":4},"cost":48}""", run.State.Output?.ToString());
    }

    [Fact]
    public void Agents_BeneathTooMany_MayChooseNoMore()
    {
        var run = Begun();
        var frame = Top;
        for (var i = 1; i < RunLimits.AgentHops; i++)
        {
            run.ChooseIn(frame, ("writer", Why($"{i}")));
            frame = Choice(1, frame);
            run.Open(Nested(Writer, Search), frame);
        }
        run.ChooseIn(frame, ("writer", Why("deeper")), ("crm__search", Why("x"))).Complete(Choice(2, frame));
        Assert.Equal(SelectionRules.Hops, run.Told(frame)[0]["refused"]!["rule"]!.AsString());
        while (frame != Top)
        {
            run.Say("up", frame);
            frame = frame[..^"/calls@1".Length];
        }
        run.Say("ok").Is(RunStatus.Completed).Replayed();
    }

    [Fact]
    public void CalledAgent_ThatIsAChatAgent_GetsTheInputAndItsTextIsTheOutput()
    {
        var run = Called(Terms(Search));
        Assert.Equal("""{"what":"odd"}""", run.Messages()[1]["content"]!.AsString());
        Assert.Null(run.Turn().Agent);
        run.Choose(("crm__search", Why("a"))).Complete(Choice(1), "A");
        Assert.Equal("Fine.", Called(Terms()).Say("Fine.").Is(RunStatus.Completed).State.Output?.ToString().Trim('"'));
        run.Say("""{"kind":"odd"}""").Is(RunStatus.Completed).Replayed();
        Assert.Equal("""{"kind":"odd"}""", run.State.Output?.ToString());
    }

    [Fact]
    public void CalledAgent_WithoutAPool_IsToldOnlyItsInstructions()
    {
        var run = Called(Terms() with { Pool = [], MaxOutputTokens = 100 });
        Assert.Equal("You triage.", run.Messages()[0]["content"]!.AsString());
        Assert.Null(run.Turn().Arguments["tools"]);
        Assert.Equal(100, run.Turn().Arguments["max_completion_tokens"]!.AsNumber());
    }

    [Fact]
    public void Compensation_OfACalledAgent_IsForItsAnswerOnly()
    {
        const string Undo = "\n      metadata: { interlock: { compensate: { tool: crm/undo, arguments: { of: '${ $output }' } } } }\n  - after: { call: tool, with: { tool: s/after } }";
        var run = Called(Terms(Search), Undo).Choose(("crm__search", Why("a"))).Complete(Choice(1), "A");
        Assert.Empty(run.State.Saga);
        run.Say("Fine.").Fail("after");
        Assert.Equal("""{"of":"Fine."}""", Assert.Single(run.Calls).Arguments.ToString());
        run.Complete("undo:triage").Is(RunStatus.Faulted).Replayed();
    }

    [Fact]
    public void TaskTimeout_EndsTheLoopAndWhatItChose()
    {
        var run = Called(Terms()).Choose(("crm__search", Why("a")), ("ops__restart", Why("b"))).Fire("triage", TimerPurpose.Timeout);
        Assert.Empty(run.State.Frames);
        Assert.Equal("crm/search", Assert.Single(run.State.Abandoned.Values).Call.Target);
        Assert.Empty(run.State.Pending.Values.OfType<Command.StartChild>());
        run.Complete(Choice(1), "late").Is(RunStatus.Faulted).Replayed();
        Assert.Equal(408, run.State.Error?.Status);
    }

    [Fact]
    public void Cancel_DuringATurn_EndsTheRunOnceTheTurnIsSettled() =>
        Begun().Cancel().Is(RunStatus.Compensating).Complete(Top, new ModelAnswer("x", [], "stop", "m", new(1, 1)).ToJson()).Is(RunStatus.Cancelled).Replayed();

    [Fact]
    public void Suspended_TheLoopGoesOnAfterwards()
    {
        var run = RunHarness.Of(Autonomous()).Suspend().Open(Terms());
        Assert.False(run.IsAsked());
        run.Resume().Suspend().Choose(("crm__search", Why("a")));
        Assert.False(run.State.Frames.ContainsKey(new(Choice(1))));
        run.Resume().Complete(Choice(1)).Say("ok").Is(RunStatus.Completed).Replayed();
    }
}
