using Interlock.Core;
using Interlock.Core.Runs;

namespace Interlock.Tests.Runs;

/// <summary>Granted calls that are refused as no longer what was approved.</summary>
public sealed class SecondLookTests
{
    private static string Gated(string more = "", string title = "Go?") =>
        $$"""
          - ask:
              call: approval
              with: { title: '{{title}}', approvers: [ { group: leads } ], quorum: 2, excludeAuthor: false, also: [ { approvers: [ { group: law } ] } ], covers: [apply], expiresAfter: PT1H{{more}} }
          - look: { call: tool, with: { tool: s/look } }
          - apply:
              call: tool
              with: { tool: s/apply, arguments: { n: 1, id: '${ .id }' } }
              timeout: { after: PT5M }
              metadata: { interlock: { computed: [ id ], compensate: { tool: s/undo } } }
          - after: { call: tool, with: { tool: s/after, arguments: { was: '${ . }' } } }

        """;

    private const string Escalating = ", onTimeout: escalate, escalation: { approvers: [ { group: bosses } ], expiresAfter: PT2H, onTimeout: fail }";

    private static RunHarness AtTheCall(string more = "", string title = "Go?") =>
        RunHarness.Tasks(Gated(more, title)).Approve("ask").Complete("look", RunHarness.Parse("""{"id":"x-1"}"""));

    [Fact]
    public void A_second_look_asks_the_same_people_for_exactly_the_call_and_makes_it_as_another_effect()
    {
        var run = AtTheCall();
        var refused = run.Call("apply");
        run.Refuse("apply", "second-look-required").Is(RunStatus.Running);
        var gate = run.Request("apply");
        Assert.Equal(("second-look-required", "Go?", 2, false, run.Now + TimeSpan.FromHours(1)), (gate.Again, gate.Title, gate.Quorum, gate.ExcludeAuthor, gate.ExpiresAt));
        Assert.Equal(["group:leads", "group:law"], gate.Requirements.Select(one => one.Approvers.Single().ToString()));
        var covered = Assert.Single(gate.Covers);
        Assert.Equal((refused.Frame, """{"n":1,"id":"x-1"}""", "s/undo"), (covered.Frame, covered.Arguments.ToString(), covered.Compensation?.Tool));
        Assert.Empty(covered.Computed);
        run.Approve("apply");
        Assert.Equal((gate.Id, true, refused.Arguments, refused.Frame), (run.Call("apply").Grant, run.Call("apply").RequiresGrant, run.Call("apply").Arguments, run.Call("apply").Frame));
        Assert.NotEqual(refused.Id, run.Call("apply").Id);
        run.Complete("apply").Fail("after");
        Assert.Equal(gate.Id, run.Call("undo:apply").Grant);
        run.Complete("undo:apply").Is(RunStatus.Faulted).Replayed();
    }

    [Fact]
    public void At_a_second_look_everything_may_be_edited()
    {
        var run = AtTheCall().Refuse("apply", "second-look-required").ApproveEdited("apply", ("apply", """{"n":2,"id":"y"}"""));
        Assert.Equal("""{"n":2,"id":"y"}""", run.Call("apply").Arguments.ToString());
        run.Complete("apply").Complete("after").Is(RunStatus.Completed).Replayed();
    }

    [Theory]
    [InlineData("intent-mismatch")]
    [InlineData("target-mismatch")]
    [InlineData("grant-expired")]
    [InlineData("incarnation-changed")]
    public void A_mismatch_reopens_only_where_the_gate_says_so(string rule)
    {
        Assert.Equal(rule, AtTheCall().Refuse("apply", rule).Is(RunStatus.Faulted).State.Error?.Rule);
        var run = AtTheCall(", onMismatch: reopen").Refuse("apply", rule).Is(RunStatus.Running);
        Assert.Equal(rule, run.Request("apply").Again);
    }

    [Fact]
    public void Another_refusal_reopens_nothing() => AtTheCall(", onMismatch: reopen").Refuse("apply", "policy-denied").Is(RunStatus.Faulted);

    [Fact]
    public void A_call_without_a_grant_reopens_nothing() =>
        RunHarness.Tasks(Gated(", onReject: skip, onMismatch: reopen")).Reject("ask").Complete("look").Refuse("apply", "intent-mismatch").Is(RunStatus.Faulted);

    [Fact]
    public void A_call_is_asked_about_three_times_more_at_most()
    {
        var run = AtTheCall();
        for (var i = 0; i < RunLimits.Reopenings; i++) run.Refuse("apply", "second-look-required").Approve("apply");
        run.Refuse("apply", "second-look-required").Is(RunStatus.Faulted).Replayed();
        Assert.Equal(1 + RunLimits.Reopenings, run.Called.Count(name => name == "apply"));
    }

    [Fact]
    public void A_rejected_second_look_fails_and_executes_nothing()
    {
        var run = AtTheCall().Refuse("apply", "second-look-required").Reject("apply").Is(RunStatus.Faulted);
        Assert.Equal(ProblemTypes.GateRejected, run.State.Error?.Type);
        Assert.Single(run.Called, "apply");
    }

    [Theory]
    [InlineData(GateOutcome.Rejected, ", onReject: skip")]
    [InlineData(GateOutcome.Expired, ", onTimeout: skip")]
    public void Where_the_gate_says_skip_the_call_is_left_out(GateOutcome outcome, string more)
    {
        var run = AtTheCall(more).Refuse("apply", "second-look-required").Close("apply", outcome);
        Assert.Equal("""{"was":{"id":"x-1"}}""", run.Call("after").Arguments.ToString());
        run.Complete("after").Is(RunStatus.Completed).Replayed();
        Assert.Single(run.Called, "apply");
    }

    [Fact]
    public void An_expired_second_look_goes_to_the_gates_next_people()
    {
        var run = AtTheCall(Escalating).Refuse("apply", "second-look-required").Fire("apply", TimerPurpose.GateExpiry);
        var first = run.Request("apply");
        run.Close("apply", GateOutcome.Expired);
        var second = run.Request("apply");
        Assert.NotEqual(first.Id, second.Id);
        Assert.Equal((true, "second-look-required", "group:bosses"), (second.IsEscalation, second.Again, second.Approvers.Single().ToString()));
        Assert.Equal(first.Covers.Single(), second.Covers.Single());
        run.Approve("apply");
        Assert.Equal(second.Id, run.Call("apply").Grant);
    }

    [Fact]
    public void The_steps_clock_stands_still_while_people_are_asked_and_starts_anew_for_the_call()
    {
        var run = AtTheCall().Refuse("apply", "second-look-required");
        Assert.DoesNotContain(run.State.Pending.Values, command => command is Command.StartTimer { Purpose: TimerPurpose.Timeout } && command.Frame.Value == "/do/2/apply");
        run.Wait(TimeSpan.FromMinutes(30)).Approve("apply");
        Assert.Equal(run.Now + TimeSpan.FromMinutes(5), run.Call("apply").Deadline);
        run.Fire("apply", TimerPurpose.Timeout).Is(RunStatus.Compensating).Complete("apply").Complete("undo:apply");
        Assert.Equal(408, run.Is(RunStatus.Faulted).Replayed().State.Error?.Status);
    }

    [Fact]
    public void A_cancel_withdraws_the_second_look()
    {
        var run = AtTheCall().Refuse("apply", "second-look-required").Cancel().Is(RunStatus.Compensating);
        Assert.Equal(GateOutcome.Withdrawn, run.State.Pending.Values.OfType<Command.CloseApproval>().Single().Cause);
        run.Approve("apply").Is(RunStatus.Cancelled).Replayed();
        Assert.Single(run.Called, "apply");
    }

    [Fact]
    public void What_is_decided_while_suspended_counts_afterwards()
    {
        var run = AtTheCall().Refuse("apply", "second-look-required").Suspend().Approve("apply");
        Assert.False(run.IsPending("apply"));
        run.Resume().Complete("apply").Complete("after").Is(RunStatus.Completed).Replayed();
    }

    [Theory]
    [InlineData("${ $workflow.input.kind + \" it\" }", "restart it")]
    [InlineData("${ .kind }", "ask: apply once more")]
    [InlineData("${ $input.kind }", "ask: apply once more")]
    public void Its_title_is_the_gates_where_that_can_be_told(string title, string shown)
    {
        var run = RunHarness.Tasks(Gated("", title), RunHarness.Parse("""{"kind":"restart"}""")).Approve("ask").Complete("look").Refuse("apply", "second-look-required");
        Assert.Equal(shown, run.Request("apply").Title);
    }

    [Fact]
    public void Of_several_gates_that_cover_a_call_the_one_that_granted_it_asks_again()
    {
        var run = RunHarness.Tasks(
            """
              - first: { call: approval, with: { title: One, approvers: [ { group: a } ], covers: [apply], expiresAfter: PT1H } }
              - second: { call: approval, with: { title: Two, approvers: [ { group: b } ], covers: [apply], expiresAfter: PT1H, onMismatch: reopen } }
              - apply: { call: tool, with: { tool: s/apply } }
            """).Approve("first").Approve("second").Refuse("apply", "grant-expired");
        Assert.Equal(("Two", "group:b"), (run.Request("apply").Title, run.Request("apply").Approvers.Single().ToString()));
        run.Approve("apply").Complete("apply").Is(RunStatus.Completed).Replayed();
    }

    [Fact]
    public void A_call_in_a_branch_of_a_fork_is_asked_about_in_its_place()
    {
        var run = RunHarness.Tasks(
            """
              - ask: { call: approval, with: { title: Go?, approvers: [ { group: leads } ], covers: [both], expiresAfter: PT1H } }
              - both: { fork: { branches: [ { left: { call: tool, with: { tool: s/left } } }, { right: { call: tool, with: { tool: s/right } } } ] } }
            """).Approve("ask").Refuse("left", "second-look-required").Complete("right").Approve("left").Complete("left");
        run.Is(RunStatus.Completed).Replayed();
    }
}
