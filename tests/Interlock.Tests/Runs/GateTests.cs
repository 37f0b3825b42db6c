using Interlock.Core;
using Interlock.Core.Runs;
using Interlock.Json;

namespace Interlock.Tests.Runs;

public sealed class GateTests
{
    private static string Gated(string more = "", string task = "") =>
        $$"""
          - ask:
              call: approval
              with: { title: Go?, approvers: [ { group: leads } ], covers: [apply], expiresAfter: PT1H{{more}} }
        {{task}}
          - apply: { call: tool, with: { tool: s/apply, arguments: { n: 1 } }, metadata: { interlock: { compensate: { tool: s/undo } } } }
          - after: { call: tool, with: { tool: s/after } }

        """;

    private const string Escalating = ", onTimeout: escalate, escalation: { approvers: [ { group: bosses } ], expiresAfter: PT2H, onTimeout: fail }";

    [Fact]
    public void An_approval_grants_the_covered_call_and_its_compensation_and_no_other()
    {
        var run = RunHarness.Tasks(Gated());
        var gate = run.Gate("ask");
        Assert.Empty(run.Called);
        run.Approve("ask");
        Assert.Equal((gate, true), (run.Call("apply").Grant, run.Call("apply").RequiresGrant));
        run.Complete("apply");
        Assert.Equal((null, false), (run.Call("after").Grant, run.Call("after").RequiresGrant));
        run.Fail("after");
        Assert.Equal((gate, true), (run.Call("undo:apply").Grant, run.Call("undo:apply").RequiresGrant));
        run.Complete("undo:apply").Is(RunStatus.Faulted).Replayed();
    }

    [Fact]
    public void A_rejection_never_executes_what_is_behind_it()
    {
        var run = RunHarness.Tasks(Gated()).Reject("ask").Is(RunStatus.Faulted);
        Assert.Equal(ProblemTypes.GateRejected, run.State.Error?.Type);
        Assert.Empty(run.Called);
    }

    [Fact]
    public void A_rejection_is_not_skipped_by_an_inherited_action()
    {
        var run = RunHarness.Tasks(
            """
              - block:
                  metadata: { interlock: { onError: skip } }
                  do:
                    - ask: { call: approval, with: { title: Go?, approvers: [ { group: leads } ], expiresAfter: PT1H, onReject: fail } }
              - after: { call: tool, with: { tool: s/after } }
            """).Reject("ask").Is(RunStatus.Faulted);
        Assert.Empty(run.Called);
    }

    [Fact]
    public void A_gate_that_may_not_be_asked_again_yet_is_not_retried()
    {
        var run = RunHarness.Tasks(
            """
              - again:
                  try:
                    - ask: { call: approval, with: { title: Go?, approvers: [ { group: leads } ], expiresAfter: PT1H } }
                  catch: { retry: { delay: PT0S } }
            """);
        run.Reject("ask");
        var asked = Assert.Single(run.State.Pending.Values.OfType<Command.OpenApproval>()); // again
        var rests = new Problem(ProblemTypes.Refused, 429, "The gateway refused the call") { Stage = "approval", Rule = "gate-rate" };
        run.Send(new RunEvent.EffectFailed(run.State.Now, asked.Id, rests)).Is(RunStatus.Faulted).Replayed();
        Assert.Equal("gate-rate", run.State.Error?.Rule);
    }

    [Theory]
    [InlineData(GateOutcome.Rejected, ", onReject: skip")]
    [InlineData(GateOutcome.Expired, ", onTimeout: skip")]
    public void After_a_skipped_gate_the_covered_call_requires_a_grant_and_has_none(GateOutcome outcome, string more)
    {
        var run = RunHarness.Tasks(Gated(more)).Close("ask", outcome);
        Assert.Equal((null, true), (run.Call("apply").Grant, run.Call("apply").RequiresGrant));
        Assert.Empty(run.State.Grants);
    }

    [Fact]
    public void A_gate_that_its_condition_passes_by_grants_nothing()
    {
        var run = RunHarness.Tasks("  - ask: { if: .big, call: approval, with: { title: Go?, approvers: [ { group: leads } ], covers: [apply], expiresAfter: PT1H } }\n"
            + "  - apply: { call: tool, with: { tool: s/apply } }\n", JsonValue.Object(("big", false)));
        Assert.Equal((null, true), (run.Call("apply").Grant, run.Call("apply").RequiresGrant));
    }

    [Fact]
    public void An_expiry_only_asks_the_row_and_a_late_approval_that_the_row_took_counts()
    {
        var run = RunHarness.Tasks(Gated()).Fire("ask", TimerPurpose.GateExpiry);
        Assert.Equal(GateOutcome.Expired, run.State.Pending.Values.OfType<Command.CloseApproval>().Single().Cause);
        run.Approve("ask");
        Assert.NotNull(run.Call("apply").Grant);
        Assert.DoesNotContain(run.State.Pending.Values, c => c is Command.CloseApproval or Command.OpenApproval);
        run.Complete("apply").Complete("after").Is(RunStatus.Completed).Replayed();
    }

    [Fact]
    public void An_expiry_that_the_row_took_wins_over_a_later_approval()
    {
        var run = RunHarness.Tasks(Gated()).Fire("ask", TimerPurpose.GateExpiry);
        var gate = run.Gate("ask");
        run.Close("ask", GateOutcome.Expired).Is(RunStatus.Faulted);
        Assert.Equal(ProblemTypes.GateExpired, run.State.Error?.Type);
        Assert.Same(run.State, run.Send(new RunEvent.GateClosed(run.Now, gate, GateOutcome.Approved, ["user:cem"], null)).State);
        Assert.Empty(run.Called);
    }

    [Fact]
    public void A_gate_that_is_closing_keeps_its_first_cause_when_the_run_is_cancelled()
    {
        var run = RunHarness.Tasks(Gated()).Fire("ask", TimerPurpose.GateExpiry).Cancel().Is(RunStatus.Compensating);
        Assert.Equal(GateOutcome.Expired, run.State.Pending.Values.OfType<Command.CloseApproval>().Single().Cause);
        run.Close("ask", GateOutcome.Expired).Is(RunStatus.Cancelled).Replayed();
    }

    [Fact]
    public void A_cancel_withdraws_the_gate_and_an_approval_that_came_first_executes_nothing()
    {
        var run = RunHarness.Tasks(Gated()).Cancel().Is(RunStatus.Compensating);
        Assert.Equal(GateOutcome.Withdrawn, run.State.Pending.Values.OfType<Command.CloseApproval>().Single().Cause);
        run.Approve("ask").Is(RunStatus.Cancelled).Replayed();
        Assert.Empty(run.Called);
        Assert.Empty(run.State.Grants);
    }

    [Fact]
    public void An_escalation_is_another_gate_and_the_first_one_is_out()
    {
        var run = RunHarness.Tasks(Gated(Escalating)).Fire("ask", TimerPurpose.GateExpiry);
        var first = run.Request("ask");
        run.Close("ask", GateOutcome.Expired);
        var second = run.Request("ask");
        Assert.NotEqual(first.Id, second.Id);
        Assert.True(second.IsEscalation);
        Assert.Equal("group:bosses", second.Approvers.Single().ToString());
        Assert.Equal(run.Now + TimeSpan.FromHours(2), second.ExpiresAt);
        run.Send(new RunEvent.GateClosed(run.Now, first.Id, GateOutcome.Approved, ["user:cem"], null));
        Assert.Empty(run.Called);
        run.Approve("ask");
        Assert.Equal(second.Id, run.Call("apply").Grant);
    }

    [Fact]
    public void An_escalation_that_expires_ends_the_run()
    {
        var run = RunHarness.Tasks(Gated(Escalating)).Close("ask", GateOutcome.Expired).Fire("ask", TimerPurpose.GateExpiry).Close("ask", GateOutcome.Expired);
        Assert.Equal(ProblemTypes.GateExpired, run.Is(RunStatus.Faulted).Replayed().State.Error?.Type);
    }

    [Fact]
    public void A_rejected_gate_is_not_escalated()
    {
        Assert.Equal(ProblemTypes.GateRejected, RunHarness.Tasks(Gated(Escalating)).Reject("ask").Is(RunStatus.Faulted).State.Error?.Type);
    }

    [Fact]
    public void A_gate_task_that_times_out_closes_its_gate_and_fails()
    {
        var run = RunHarness.Tasks(
            "  - ask: { call: approval, with: { title: Go?, approvers: [ { group: leads } ], covers: [apply], expiresAfter: PT1H }, timeout: { after: PT10M } }\n"
            + "  - apply: { call: tool, with: { tool: s/apply } }\n").Fire("ask", TimerPurpose.Timeout).Is(RunStatus.Compensating);
        run.Approve("ask").Is(RunStatus.Faulted);
        Assert.Equal(408, run.State.Error?.Status);
        Assert.Empty(run.Called);
    }

    [Fact]
    public void A_gate_that_could_not_be_opened_fails()
    {
        var run = RunHarness.Tasks(Gated());
        run.Send(new RunEvent.EffectFailed(run.Now, run.State.Pending.Values.OfType<Command.OpenApproval>().Single().Id, new Problem(ProblemTypes.Refused, 403, "No")));
        Assert.Equal(403, run.Is(RunStatus.Faulted).State.Error?.Status);
        Assert.Empty(run.Called);
    }

    [Fact]
    public void What_an_approved_gate_says_is_read_by_the_next_task()
    {
        var run = RunHarness.Tasks(Gated(task: "  - s: { set: { who: '${ .decidedBy[0] }', decision: '${ .decision }' }, export: { as: . } }")).Approve("ask").Complete("apply").Complete("after");
        run.Is(RunStatus.Completed);
        Assert.Contains("\"who\":\"user:cem\"", run.States[1]);
    }

    [Fact]
    public void Every_iteration_has_its_own_gate_and_grant()
    {
        var run = RunHarness.Tasks(
            """
              - each:
                  for: { in: '[1, 2]' }
                  do:
                    - ask: { call: approval, with: { title: Go?, approvers: [ { group: leads } ], covers: [apply], expiresAfter: PT1H } }
                    - apply: { call: tool, with: { tool: s/apply, arguments: { n: '${ $item }' } } }
            """);
        var first = run.Request("ask");
        Assert.Equal("{\"n\":1}", first.Covers.Single().Arguments.ToString());
        run.Approve("ask").Complete("apply");
        var second = run.Request("ask");
        Assert.NotEqual(first.Id, second.Id);
        Assert.NotEqual(first.Covers.Single().Frame, second.Covers.Single().Frame);
        run.Approve("ask");
        Assert.Equal(second.Id, run.Call("apply").Grant);
        run.Complete("apply").Is(RunStatus.Completed).Replayed();
    }

    [Fact]
    public void A_jump_back_behind_the_gate_has_no_grant_for_its_second_visit()
    {
        var run = RunHarness.Tasks(
            """
              - ask: { call: approval, with: { title: Go?, approvers: [ { group: leads } ], covers: [apply], expiresAfter: PT1H } }
              - apply: { call: tool, with: { tool: s/apply }, then: apply }
            """).Approve("ask");
        Assert.NotNull(run.Call("apply").Grant);
        run.Complete("apply");
        Assert.Equal((null, true, "/do/1/apply#2"), (run.Call("apply").Grant, run.Call("apply").RequiresGrant, run.Call("apply").Frame.Value));
    }

    [Fact]
    public void A_jump_back_before_the_gate_asks_again_for_the_next_visit()
    {
        var run = RunHarness.Tasks(
            """
              - ask: { call: approval, with: { title: Go?, approvers: [ { group: leads } ], covers: [apply], expiresAfter: PT1H } }
              - apply: { call: tool, with: { tool: s/apply }, then: ask }
            """).Approve("ask").Complete("apply");
        Assert.Equal("/do/1/apply#2", run.Request("ask").Covers.Single().Frame.Value);
        var gate = run.Request("ask").Id;
        run.Approve("ask");
        Assert.Equal(gate, run.Call("apply").Grant);
    }

    [Fact]
    public void A_gate_covers_calls_in_blocks_forks_and_tries_but_not_their_retries()
    {
        var run = RunHarness.Tasks(
            """
              - ask: { call: approval, with: { title: Go?, approvers: [ { group: leads } ], covers: [work], expiresAfter: PT1H } }
              - work:
                  try:
                    - both:
                        fork:
                          branches:
                            - left: { do: [ { a.b: { call: tool, with: { tool: s/a } } } ] }
                            - right: { call: tool, with: { tool: s/b } }
                  catch: { retry: { delay: PT1S, limit: { attempt: { count: 2 } } } }
            """).Approve("ask");
        Assert.All(run.Calls, call => Assert.NotNull(call.Grant));
        Assert.Equal(2, run.Calls.Count());
        run.Fail("right").Complete("a.b").Fire("work", TimerPurpose.Delay);
        Assert.All(run.Calls, call => Assert.Equal((null, true), (call.Grant, call.RequiresGrant)));
        Assert.Equal(2, run.Calls.Count());
    }

    [Fact]
    public void Further_requirements_stand_in_the_request_under_the_gates_exclusions_and_escalations_have_their_own()
    {
        var run = RunHarness.Tasks(Gated(", excludeAuthor: false, also: [ { approvers: [ { group: finance }, { user: eva } ], quorum: 2 } ], onTimeout: escalate, "
            + "escalation: { approvers: [ { group: bosses } ], expiresAfter: PT2H, onTimeout: fail, also: [ { approvers: [ { group: law } ] } ] }"));
        var (first, also) = (run.Request("ask").Requirements[0], run.Request("ask").Requirements[1]);
        Assert.Equal(("group:leads", 1, true, false), (first.Approvers.Single().ToString(), first.Quorum, first.ExcludeInitiator, first.ExcludeAuthor));
        Assert.Equal(("group:finance user:eva", 2, true, false), (string.Join(' ', also.Approvers), also.Quorum, also.ExcludeInitiator, also.ExcludeAuthor));
        run.Close("ask", GateOutcome.Expired);
        Assert.Equal(["group:bosses", "group:law"], run.Request("ask").Requirements.Select(one => one.Approvers.Single().ToString()));
    }

    private const string Form = ", information: { schema: { document: { type: object, properties: { what: { type: string } } } }, then: find }";

    [Fact]
    public void A_gate_that_is_sent_back_grants_nothing_and_asks_again_when_the_run_comes_back_to_it()
    {
        var run = RunHarness.Tasks("  - start: { set: { n: 1 }, then: ask }\n  - find: { call: tool, with: { tool: s/find, arguments: { what: '${ .information.what }', by: '${ .decidedBy[0] }' } } }\n"
            + Gated(Form)).Return("ask", """{"what":"the logs"}""");
        Assert.Equal("""{"what":"the logs","by":"user:cem"}""", run.Call("find").Arguments.ToString());
        Assert.Empty(run.State.Grants);
        Assert.DoesNotContain(run.State.Pending.Values, command => command is Command.StartTimer { Purpose: TimerPurpose.GateExpiry });
        var (first, gate) = (run.Events[^1] as RunEvent.GateClosed, run.Complete("find").Request("ask"));
        Assert.NotEqual(first?.Gate, gate.Id);
        Assert.Equal("what", gate.Information?["properties"]?.Members.Single().Key);
        run.Approve("ask").Complete("apply").Complete("after").Is(RunStatus.Completed).Replayed();
    }

    [Fact]
    public void A_gate_without_a_form_that_is_sent_back_all_the_same_fails()
    {
        var run = RunHarness.Tasks(Gated()).Return("ask", "{}").Is(RunStatus.Faulted);
        Assert.Empty(run.Called);
    }

    [Fact]
    public void Edited_arguments_are_what_the_call_is_made_with_and_computed_ones_still_come_from_the_run()
    {
        var run = RunHarness.Tasks(
            """
              - ask: { call: approval, with: { title: Go?, approvers: [ { group: leads } ], covers: [apply, tell], expiresAfter: PT1H } }
              - apply: { call: tool, with: { tool: s/apply, arguments: { n: 1, deep: { m: 2 } } } }
              - tell:
                  call: tool
                  with: { tool: s/tell, arguments: { text: hello, id: '${ .id }', deep: { id: '${ .id }', kept: 1 } } }
                  metadata: { interlock: { computed: [ id, /deep/id ], compensate: { tool: s/untell, arguments: { text: '${ $input.id }' } } } }
              - after: { call: tool, with: { tool: s/after } }
            """).ApproveEdited("ask", ("apply", """{"n":7}"""), ("tell", """{"text":"good bye","deep":{"kept":2}}"""));
        Assert.Equal("""{"n":7}""", run.Call("apply").Arguments.ToString());
        run.Complete("apply", JsonValue.Object(("id", "x-1")));
        Assert.Equal("""{"text":"good bye","deep":{"kept":2,"id":"x-1"},"id":"x-1"}""", run.Call("tell").Arguments.ToString());
        run.Complete("tell");
        Assert.Empty(run.State.Approved);
        run.Fail("after");
        Assert.Equal("""{"text":"x-1"}""", run.Call("undo:tell").Arguments.ToString());
        run.Complete("undo:tell").Is(RunStatus.Faulted).Replayed();
    }

    [Fact]
    public void What_an_edit_took_away_is_not_brought_back_by_what_was_computed_in_it()
    {
        var run = RunHarness.Tasks(
            """
              - ask: { call: approval, with: { title: Go?, approvers: [ { group: leads } ], covers: [apply], expiresAfter: PT1H } }
              - apply: { call: tool, with: { tool: s/apply, arguments: { n: 1, deep: { id: '${ .id }' } } }, metadata: { interlock: { computed: [ /deep/id ] } } }
            """).ApproveEdited("ask", ("apply", """{"n":2}"""));
        Assert.Equal("""{"n":2}""", run.Call("apply").Arguments.ToString());
    }

    [Fact]
    public void Of_two_gates_the_later_one_says_with_what_the_call_is_made()
    {
        var run = RunHarness.Tasks(
            """
              - first: { call: approval, with: { title: One, approvers: [ { group: a } ], covers: [apply], expiresAfter: PT1H } }
              - second: { call: approval, with: { title: Two, approvers: [ { group: b } ], covers: [apply], expiresAfter: PT1H } }
              - apply: { call: tool, with: { tool: s/apply, arguments: { n: 1 } } }
            """).ApproveEdited("first", ("apply", """{"n":2}"""));
        Assert.Equal("""{"n":1}""", run.Request("second").Covers.Single().Arguments.ToString());
        run.Approve("second");
        Assert.Equal("""{"n":1}""", run.Call("apply").Arguments.ToString());
    }

    [Fact]
    public void An_edit_of_a_call_that_the_gate_does_not_cover_changes_nothing()
    {
        var run = RunHarness.Tasks(Gated());
        run.Send(new RunEvent.GateClosed(run.Now, run.Gate("ask"), GateOutcome.Approved, ["user:cem"], null) { Edited = [new EditedCall(new FrameId("/do/2/after"), JsonValue.Object(("n", 2)))] });
        run.Complete("apply");
        Assert.Equal("{}", run.Call("after").Arguments.ToString());
    }
}
