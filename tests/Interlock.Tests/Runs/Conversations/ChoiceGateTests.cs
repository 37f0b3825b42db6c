using Interlock.Core;
using Interlock.Core.Runs;
using Interlock.Core.Runs.Conversations;
using static Interlock.Tests.Runs.Conversations.Loops;

namespace Interlock.Tests.Runs.Conversations;

/// <summary>Calls of a loop that people must approve.</summary>
public sealed class ChoiceGateTests
{
    private static readonly string First = Choice(1);

    [Fact]
    public void Refused_ForWantOfAGrant_AsksAboutExactlyThisCall_AndIsMadeAnewOnceApproved()
    {
        var run = Begun().Choose(("crm__refund", Why("100", "the order is lost")));
        var refused = run.Call(First);
        run.Refuse(First, "grant-required").Is(RunStatus.Running);
        var gate = run.RequestIn(First);
        Assert.Equal((true, 1, "planner", "the order is lost", "Solve it."), (gate.AsksPolicy, gate.Quorum, gate.ChosenBy!.Agent, gate.ChosenBy.Reason, gate.ChosenBy.Goal));
        Assert.Empty(gate.Approvers);
        var covered = Assert.Single(gate.Covers);
        Assert.Equal((new FrameId(First), "tool", "crm/refund", """{"q":"100"}"""), (covered.Frame, covered.Kind, covered.Target, covered.Arguments.ToString()));
        Assert.False(run.IsAsked());
        run.CloseIn(First, GateOutcome.Approved);
        var again = run.Call(First);
        Assert.Equal((gate.Id, refused.Arguments, "planner"), (again.Grant, again.Arguments, again.Agent));
        Assert.NotEqual(refused.Id, again.Id);
        run.Complete(First, "paid");
        Assert.Equal("""{"from":"crm/refund","untrusted":true,"result":"paid"}""", run.Told()[0].ToString());
        Assert.Empty(run.State.Grants);
        run.Say("ok").Is(RunStatus.Completed).Replayed();
    }

    [Fact]
    public void Approved_WithOtherArguments_TheseAreCalledAndTold()
    {
        var run = Begun().Choose(("crm__refund", Why("100"))).Refuse(First, "grant-required");
        run.CloseIn(First, GateOutcome.Approved, new EditedCall(new(First), RunHarness.Parse("""{"q":"10"}""")));
        Assert.Equal("""{"q":"10"}""", run.Call(First).Arguments.ToString());
        run.Complete(First, "paid");
        Assert.Equal("""{"q":"10"}""", run.Told()[0]["approvedArguments"]!.ToString());
        run.Say("ok").Is(RunStatus.Completed).Replayed();
    }

    [Fact]
    public void AskedTwiceAtOnce_OneNoCountsForBoth()
    {
        var run = Begun().Choose(("crm__refund", Why("100")), ("crm__refund", Why("100", "twice"))).Refuse(First, "grant-required").Refuse(Choice(2), "grant-required");
        run.CloseIn(First, GateOutcome.Rejected).CloseIn(Choice(2), GateOutcome.Approved);
        Assert.DoesNotContain(run.Issued.OfType<Command.CallTool>(), call => call.Grant is not null);
        Assert.Equal(SelectionRules.Denied, run.Told()[1]["error"]!["rule"]!.AsString());
        run.Say("ok").Is(RunStatus.Completed).Replayed();
    }

    [Theory]
    [InlineData(GateOutcome.Rejected, 403)]
    [InlineData(GateOutcome.Expired, 408)]
    public void NotApproved_IsToldAndNobodyIsAskedAgain(GateOutcome outcome, int status)
    {
        var run = Begun().Choose(("crm__refund", Why("100"))).Refuse(First, "grant-required").CloseIn(First, outcome);
        Assert.Equal(status, run.Told()[0]["error"]!["status"]!.AsNumber());
        Assert.Equal(1, run.Conversation().Counts.FailuresInARow);
        run.Choose(("crm__refund", Why("100", "really"))).Refuse(Choice(2), "grant-required");
        Assert.Empty(run.State.Pending.Values.OfType<Command.OpenApproval>());
        Assert.Equal(SelectionRules.Denied, run.Told()[1]["error"]!["rule"]!.AsString());
        run.Choose(("crm__refund", Why("5"))).Refuse(Choice(3), "grant-required").CloseIn(Choice(3), GateOutcome.Approved).Complete(Choice(3), "paid");
        run.Say("ok").Is(RunStatus.Completed).Replayed();
    }

    [Fact]
    public void NotApproved_ForAnAgentBeneath_IsNotAskedAgainInTheWholeLoop()
    {
        var run = Begun().Choose(("writer", Why("a"))).Open(Nested(Refund), First).ChooseIn(First, ("crm__refund", Why("100")));
        run.Refuse(Choice(1, First), "grant-required");
        Assert.Equal(["planner"], run.RequestIn(Choice(1, First)).ChosenBy!.Behind);
        run.CloseIn(Choice(1, First), GateOutcome.Rejected).Say("no", First);
        run.Choose(("crm__refund", Why("100"))).Refuse(Choice(2), "grant-required");
        Assert.Equal(SelectionRules.Denied, run.Told()[1]["error"]!["rule"]!.AsString());
        run.Say("ok").Is(RunStatus.Completed).Replayed();
    }

    [Fact]
    public void Expiry_AsksTheRow()
    {
        var run = Begun().Choose(("crm__refund", Why("100"))).Refuse(First, "grant-required").Fire(First, TimerPurpose.GateExpiry);
        Assert.Single(run.State.Pending.Values.OfType<Command.CloseApproval>());
        run.CloseIn(First, GateOutcome.Approved).Complete(First).Say("ok").Is(RunStatus.Completed).Replayed();
    }

    [Fact]
    public void WithPeopleOfTheDocument_TheseAreAsked()
    {
        var run = Begun(Autonomous(approval: Leads)).Choose(("crm__refund", Why("100"))).Refuse(First, "grant-required");
        var gate = run.RequestIn(First);
        Assert.Equal((false, 2, "group:leads", run.Now + TimeSpan.FromHours(1)), (gate.AsksPolicy, gate.Quorum, gate.Approvers.Single().ToString(), gate.ExpiresAt));
        run.CloseIn(First, GateOutcome.Approved).Complete(First).Say("ok").Is(RunStatus.Completed).Replayed();
    }

    [Fact]
    public void Gate_OfALoopWithoutMuchTime_HasNoMore()
    {
        var run = Begun(Autonomous(new() { Time = TimeSpan.FromMinutes(5) })).Choose(("crm__refund", Why("100"))).Refuse(First, "grant-required");
        Assert.Equal(RunHarness.Noon + TimeSpan.FromSeconds(1) + TimeSpan.FromMinutes(5), run.RequestIn(First).ExpiresAt);
    }

    [Fact]
    public void Gate_ThatCannotBeOpened_IsTold()
    {
        var run = Begun().Choose(("crm__refund", Why("100"))).Refuse(First, "grant-required");
        run.Send(new RunEvent.EffectFailed(run.Now, run.State.Pending.Values.OfType<Command.OpenApproval>().Single().Id, new Problem(ProblemTypes.Refused, 429, "Refused", "Too often.") { Rule = "gate-rate" }));
        Assert.Equal("gate-rate", run.Told()[0]["error"]!["rule"]!.AsString());
        run.Say("ok").Is(RunStatus.Completed).Replayed();
    }

    [Fact]
    public void Grant_ThatNoLongerFits_IsAskedForAgainSoOften()
    {
        var run = Begun().Choose(("crm__refund", Why("100"))).Refuse(First, "grant-required");
        for (var i = 1; i < RunLimits.Reopenings; i++) run.CloseIn(First, GateOutcome.Approved).Refuse(First, "target-mismatch");
        Assert.Equal("target-mismatch", run.RequestIn(First).Again);
        run.CloseIn(First, GateOutcome.Approved).Refuse(First, "target-mismatch");
        Assert.Equal("target-mismatch", run.Told()[0]["error"]!["rule"]!.AsString());
        run.Say("ok").Is(RunStatus.Completed).Replayed();
    }

    [Fact]
    public void Guarded_AgentOfTheChat_IsOpenedUnderTheGrantAndKeepsIt()
    {
        var run = Begun().Choose(("writer", Why("a"))).Refuse(First, "grant-required");
        var gate = run.RequestIn(First);
        Assert.Equal(("agent", "writer"), (gate.Covers.Single().Kind, gate.Covers.Single().Target));
        run.CloseIn(First, GateOutcome.Approved).Open(Nested(Search), First);
        Assert.Equal(gate.Id, run.Turn(First).Grant);
    }

    [Fact]
    public void Cancelled_WhileAsked_TheGateIsWithdrawn()
    {
        var run = Begun().Choose(("crm__refund", Why("100"))).Refuse(First, "grant-required").Cancel();
        Assert.Equal(GateOutcome.Withdrawn, run.State.Pending.Values.OfType<Command.CloseApproval>().Single().Cause);
        run.CloseIn(First, GateOutcome.Withdrawn).Is(RunStatus.Cancelled).Replayed();
    }
}
