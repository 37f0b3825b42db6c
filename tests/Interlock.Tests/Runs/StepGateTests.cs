using Interlock.Core;
using Interlock.Core.Runs;
using Interlock.Json;

namespace Interlock.Tests.Runs;

/// <summary>Failed steps that people are asked about.</summary>
public sealed class StepGateTests
{
    private const string Escalate = "escalate: { approvers: [ { group: ops } ], expiresAfter: PT1H, onTimeout: fail }";

    private static string Step(string escalate = Escalate, string more = "") =>
        $$"""
          - apply:
              call: tool
              with: { tool: s/apply, arguments: { n: 1, id: '${ .id }' } }
              metadata: { interlock: { onError: escalate, onTimeout: escalate, {{escalate}}, compensate: { tool: s/undo } } }{{more}}
          - after: { call: tool, with: { tool: s/after, arguments: { was: '${ . }' } } }

        """;

    private static RunHarness Failed(string escalate = Escalate, string more = "") =>
        RunHarness.Tasks(Step(escalate, more), JsonValue.Object(("id", "x-1"))).Fail("apply");

    [Fact]
    public void A_failed_call_asks_with_the_error_the_choices_and_the_call_that_a_retry_would_make()
    {
        var run = Failed().Is(RunStatus.Running);
        var gate = run.Request("apply");
        Assert.Equal(("Step 'apply' failed", "It failed: apply failed.", "group:ops", true, true, run.Now + TimeSpan.FromHours(1)),
            (gate.Title, gate.Description, gate.Approvers.Single().ToString(), gate.ExcludeInitiator, gate.ExcludeAuthor, gate.ExpiresAt));
        Assert.Equal((503, "/do/0/apply"), (gate.Failure?.Problem.Status, gate.Failure?.Frame.Value));
        Assert.Equal(["retry", "skip", "edit", "fail"], gate.Failure!.Options);
        var call = Assert.Single(gate.Covers);
        Assert.Equal(("/do/0/apply#2", """{"n":1,"id":"x-1"}""", "s/undo"), (call.Frame.Value, call.Arguments.ToString(), call.Compensation?.Tool));
    }

    [Fact]
    public void A_retry_is_a_new_visit_with_a_new_effect_under_the_decision()
    {
        var run = Failed();
        var (first, gate) = (run.Issued.OfType<Command.Call>().Single(), run.Gate("apply"));
        run.Choose("apply", "retry");
        var second = run.Call("apply");
        Assert.Equal(("/do/0/apply#2", gate, first.Arguments), (second.Frame.Value, second.Grant, second.Arguments));
        Assert.NotEqual(first.Id, second.Id);
        run.Complete("apply").Complete("after").Is(RunStatus.Completed).Replayed();
        Assert.Empty(run.State.Approved);
    }

    [Fact]
    public void An_edited_retry_is_made_with_what_was_typed_and_so_is_the_one_after_it()
    {
        var run = Failed().Choose("apply", "edit", """{"n":2}""");
        Assert.Equal("""{"n":2}""", run.Call("apply").Arguments.ToString());
        run.Fail("apply");
        Assert.Equal(("/do/0/apply#3", """{"n":2}"""), (run.Request("apply").Covers.Single().Frame.Value, run.Request("apply").Covers.Single().Arguments.ToString()));
        run.Choose("apply", "retry").Complete("apply").Complete("after").Is(RunStatus.Completed).Replayed();
    }

    [Fact]
    public void A_skipped_step_ends_with_its_input()
    {
        var run = Failed().Choose("apply", "skip");
        Assert.Equal("""{"was":{"id":"x-1"}}""", run.Call("after").Arguments.ToString());
        Assert.Empty(run.State.Grants);
        run.Complete("after").Is(RunStatus.Completed).Replayed();
    }

    [Theory]
    [InlineData(GateOutcome.Rejected, null)]
    [InlineData(GateOutcome.Approved, "fail")]
    [InlineData(GateOutcome.Expired, null)]
    [InlineData(GateOutcome.Withdrawn, null)]
    [InlineData(GateOutcome.Returned, null)]
    public void Otherwise_the_step_fails_with_its_own_error(GateOutcome outcome, string? choice)
    {
        var run = Failed();
        run.Send(new RunEvent.GateClosed(run.Now, run.Gate("apply"), outcome, [], null) { Choice = choice });
        Assert.Equal(("It failed", 503), (run.Is(RunStatus.Faulted).Replayed().State.Error?.Title, run.State.Error?.Status));
        Assert.Equal(["apply"], run.Called);
    }

    [Fact]
    public void Where_nobody_decides_the_document_says_what_follows()
    {
        var run = Failed(Escalate.Replace("onTimeout: fail", "onTimeout: skip", StringComparison.Ordinal)).Fire("apply", TimerPurpose.GateExpiry).Close("apply", GateOutcome.Expired);
        Assert.True(run.IsPending("after"));
    }

    [Theory]
    [InlineData("retry")]
    [InlineData("edit")]
    [InlineData("nonsense")]
    public void A_choice_that_was_not_offered_fails(string choice)
    {
        var run = Failed(Escalate.Replace("onTimeout", "options: [skip], onTimeout", StringComparison.Ordinal));
        Assert.Equal(["skip", "fail"], run.Request("apply").Failure!.Options);
        run.Choose("apply", choice).Is(RunStatus.Faulted);
        Assert.Equal(["apply"], run.Called);
    }

    [Fact]
    public void A_timeout_is_asked_about_as_well_and_the_late_call_is_undone()
    {
        var run = RunHarness.Tasks(Step(more: "\n      timeout: { after: PT5M }")).Fire("apply", TimerPurpose.Timeout).Is(RunStatus.Running);
        Assert.Equal(408, run.Request("apply").Failure?.Problem.Status);
        run.Complete("/do/0/apply").Complete("undo:apply").Choose("apply", "retry");
        Assert.Equal(run.Now + TimeSpan.FromMinutes(5), run.Call("apply").Deadline);
        run.Complete("apply").Complete("after").Is(RunStatus.Completed).Replayed();
    }

    [Fact]
    public void A_container_is_wound_down_and_begun_anew()
    {
        var run = RunHarness.Tasks(
            $$"""
              - box:
                  metadata: { interlock: { onError: escalate, {{Escalate}} } }
                  do:
                    - both:
                        metadata: { interlock: { onError: fail } }
                        fork:
                          branches:
                            - left: { call: tool, with: { tool: s/left } }
                            - right: { call: tool, with: { tool: s/right } }
              - after: { call: tool, with: { tool: s/after } }
            """).Fail("left").Is(RunStatus.Running);
        Assert.Equal(["retry", "skip", "fail"], run.Request("box").Failure!.Options);
        Assert.Empty(run.Request("box").Covers);
        Assert.Equal("right", Assert.Single(run.State.Abandoned.Values).Call.Task.Name);
        run.Complete("right").Choose("box", "retry");
        Assert.Equal(["/do/0/box#2/do/0/both/fork/branches/0/left", "/do/0/box#2/do/0/both/fork/branches/1/right"], run.Calls.Select(call => call.Frame.Value).Order(StringComparer.Ordinal));
        run.Complete("left").Complete("right").Complete("after").Is(RunStatus.Completed).Replayed();
    }

    [Fact]
    public void A_fork_whose_first_branch_fails_at_once_starts_no_other()
    {
        var run = RunHarness.Tasks(
            $$"""
              - both:
                  metadata: { interlock: { onError: escalate, {{Escalate}} } }
                  fork:
                    branches:
                      - left: { set: { x: '${ error("no") }' } }
                      - right: { call: tool, with: { tool: s/right } }
            """);
        Assert.Empty(run.Called);
        run.Choose("both", "skip").Is(RunStatus.Completed).Replayed();
    }

    [Fact]
    public void What_the_document_raises_is_asked_about_by_a_step_around_it()
    {
        var run = RunHarness.Tasks(
            $$"""
              - box:
                  metadata: { interlock: { onError: escalate, {{Escalate}} } }
                  do: [ { r: { raise: { error: { type: 'https://x.y/e', status: 500 } } } } ]
            """);
        Assert.Equal("https://x.y/e", run.Request("box").Failure?.Problem.Type);
        run.Choose("box", "skip").Is(RunStatus.Completed).Replayed();
    }

    [Theory]
    [InlineData(GateOutcome.Rejected)]
    [InlineData(GateOutcome.Expired)]
    public void What_people_decided_at_a_gate_is_not_asked_about(GateOutcome outcome)
    {
        var run = RunHarness.Tasks(
            $$"""
              - box:
                  metadata: { interlock: { onError: escalate, {{Escalate}} } }
                  do: [ { ask: { call: approval, with: { title: Go?, approvers: [ { group: g } ], expiresAfter: PT1H } } } ]
            """).Close("ask", outcome).Is(RunStatus.Faulted);
        Assert.DoesNotContain(run.Issued, command => command is Command.OpenApproval { Gate.Failure: not null });
    }

    [Fact]
    public void What_people_let_fail_is_caught_but_nobody_else_is_asked_about_it()
    {
        static string Tasks(string inner) =>
            $$"""
              - box:
                  metadata: { interlock: { onError: escalate, {{Escalate}} } }
                  do:
            {{inner}}
            """;
        RunHarness.Tasks(Tasks("        - a: { call: tool, with: { tool: s/a } }")).Fail("a").Reject("a").Is(RunStatus.Faulted).Replayed();
        var run = RunHarness.Tasks(Tasks("        - t: { try: [ { a: { call: tool, with: { tool: s/a } } } ], catch: { do: [ { b: { call: tool, with: { tool: s/b } } } ] } }"));
        Assert.True(run.Fail("a").Reject("a").IsPending("b"));
        run.Fail("b");
        Assert.NotNull(run.Request("b").Failure);
        run.Choose("b", "skip").Is(RunStatus.Completed).Replayed();
    }

    [Fact]
    public void A_surrounding_retry_begins_with_a_step_that_was_never_asked_about()
    {
        var run = RunHarness.Tasks(
            $$"""
              - work:
                  try: [ { a: { call: tool, with: { tool: s/a, idempotencyKey: k }, metadata: { interlock: { onError: escalate, {{Escalate}} } } } } ]
                  catch: { retry: { delay: PT1S, limit: { attempt: { count: 2 } } } }
            """).Fail("a").Reject("a").Fire("work", TimerPurpose.Delay).Fail("a");
        Assert.Equal("/do/0/work/try@2/0/a#2", run.Request("a").Covers.Single().Frame.Value);
        run.Choose("a", "retry").Complete("a").Is(RunStatus.Completed).Replayed();
    }

    [Fact]
    public void A_try_that_is_asked_about_no_longer_counts_its_attempts_time()
    {
        var run = RunHarness.Tasks(
            $$"""
              - work:
                  metadata: { interlock: { onError: escalate, {{Escalate}} } }
                  try: [ { a: { call: tool, with: { tool: s/a, idempotencyKey: k }, metadata: { interlock: { onError: fail } } } } ]
                  catch: { errors: { with: { status: 500 } }, retry: { limit: { attempt: { count: 3, duration: PT1M } } } }
            """).Fail("a");
        Assert.DoesNotContain(run.State.Pending.Values, command => command is Command.StartTimer { Purpose: TimerPurpose.Attempt });
        run.Choose("work", "retry").Complete("a").Is(RunStatus.Completed).Replayed();
    }

    [Fact]
    public void A_step_is_asked_about_five_times_in_a_row_at_most()
    {
        var run = RunHarness.Tasks(Step());
        for (var i = 0; i < RunLimits.EscalationsInARow; i++) run.Fail("apply").Choose("apply", "retry");
        run.Fail("apply").Is(RunStatus.Faulted).Replayed();
    }

    [Fact]
    public void A_step_that_ended_well_between_is_asked_about_as_if_for_the_first_time()
    {
        var run = RunHarness.Tasks(Step().Replace("- after: {", "- after: { then: apply,", StringComparison.Ordinal));
        for (var i = 0; i < RunLimits.EscalationsInARow + 2; i++) run.Fail("apply").Choose("apply", "retry").Complete("apply").Complete("after");
        run.Fail("apply").Is(RunStatus.Running).Cancel().Close("apply", GateOutcome.Withdrawn);
    }

    [Fact]
    public void A_call_whose_arguments_can_not_be_told_can_not_be_made_again()
    {
        var run = RunHarness.Tasks(Step().Replace("${ .id }", "${ error(\"no\") }", StringComparison.Ordinal));
        Assert.Equal(["skip", "fail"], run.Request("apply").Failure!.Options);
        Assert.Empty(run.Request("apply").Covers);
        Assert.True(run.Choose("apply", "skip").IsPending("after"));
    }

    [Fact]
    public void Where_the_call_can_not_be_bound_people_are_asked_what_is_left()
    {
        var run = Failed();
        var first = run.Request("apply");
        run.Send(new RunEvent.EffectFailed(run.Now, new EffectId(first.Id.Value), new Problem(ProblemTypes.Refused, 403, "Refused", "The tool is disabled.") { Rule = "disabled" }));
        var second = run.Request("apply");
        Assert.NotEqual(first.Id, second.Id);
        Assert.Equal(["skip", "fail"], second.Failure!.Options);
        run.Send(new RunEvent.EffectFailed(run.Now, new EffectId(second.Id.Value), new Problem(ProblemTypes.Refused, 403, "Refused", "The desk is closed.")));
        Assert.Equal("apply failed. Nobody could be asked: The desk is closed.", run.Is(RunStatus.Faulted).Replayed().State.Error?.Detail);
    }

    [Fact]
    public void A_covered_call_that_failed_is_granted_anew_and_its_gate_takes_the_second_look()
    {
        var run = RunHarness.Tasks(
            $$"""
              - ask: { call: approval, with: { title: Go?, approvers: [ { group: leads } ], covers: [apply], expiresAfter: PT1H } }
              - apply: { call: tool, with: { tool: s/apply, arguments: { n: 1 } }, metadata: { interlock: { onError: escalate, {{Escalate}} } } }
            """).ApproveEdited("ask", ("apply", """{"n":5}""")).Fail("apply");
        Assert.Equal("""{"n":5}""", run.Request("apply").Covers.Single().Arguments.ToString());
        var gate = run.Gate("apply");
        run.Choose("apply", "retry");
        Assert.Equal((gate, true), (run.Call("apply").Grant, run.Call("apply").RequiresGrant));
        run.Refuse("apply", "second-look-required");
        Assert.Equal("group:leads", run.Request("apply").Approvers.Single().ToString());
        run.Approve("apply").Complete("apply").Is(RunStatus.Completed).Replayed();
    }

    [Theory]
    [InlineData(GateOutcome.Rejected)]
    [InlineData(GateOutcome.Expired)]
    public void What_a_gate_did_not_let_through_nobody_else_can(GateOutcome outcome)
    {
        var run = RunHarness.Tasks(
            $$"""
              - ask: { call: approval, with: { title: Go?, approvers: [ { group: leads } ], covers: [apply], expiresAfter: PT1H, onReject: skip, onTimeout: skip } }
              - apply: { call: tool, with: { tool: s/apply }, metadata: { interlock: { onError: escalate, {{Escalate}} } } }
            """).Close("ask", outcome).Refuse("apply", "grant-required");
        Assert.Equal(["skip", "fail"], run.Request("apply").Failure!.Options);
        Assert.Empty(run.Request("apply").Covers);
        run.Choose("apply", "retry").Is(RunStatus.Faulted).Replayed();
        Assert.Equal(["apply"], run.Called);
    }

    [Theory]
    [InlineData("intent-mismatch")]
    [InlineData("second-look-required")]
    [InlineData("grant-spent")]
    public void What_a_gate_no_longer_lets_through_nobody_else_can(string rule)
    {
        var run = RunHarness.Tasks(
            $$"""
              - ask: { call: approval, with: { title: Go?, approvers: [ { group: leads } ], covers: [apply], expiresAfter: PT1H } }
              - apply: { call: tool, with: { tool: s/apply }, metadata: { interlock: { onError: escalate, {{Escalate}} } } }
            """).Approve("ask");
        for (var i = 0; i < RunLimits.Reopenings && rule == "second-look-required"; i++) run.Refuse("apply", rule).Approve("apply");
        run.Refuse("apply", rule);
        Assert.Equal(["skip", "fail"], run.Request("apply").Failure!.Options);
    }

    [Fact]
    public void A_call_that_only_policy_guards_may_be_granted_once_it_was_refused()
    {
        var run = RunHarness.Tasks(Step()).Refuse("apply", "grant-required");
        var gate = run.Gate("apply");
        Assert.Equal(gate, run.Choose("apply", "retry").Call("apply").Grant);
    }

    [Fact]
    public void The_document_may_say_it_for_all_steps_but_gates_raised_errors_and_branches()
    {
        var head = Workflows.Documents.Head.Replace("onError: fail, onTimeout: fail", "onError: escalate, onTimeout: escalate, " + Escalate, StringComparison.Ordinal);
        var run = RunHarness.Document(head +
            """
              - t: { try: [ { r: { raise: { error: { type: 'https://x.y/e', status: 500 } } } } ], catch: {} }
              - a: { call: tool, with: { tool: s/a } }
              - both: { fork: { branches: [ { b: { call: tool, with: { tool: s/b } } } ] } }
              - ask: { call: approval, with: { title: Go?, approvers: [ { group: g } ], expiresAfter: PT1H } }
            """).Fail("a").Choose("a", "retry").Complete("a").Fail("b");
        Assert.Equal("/do/2/both/fork/branches/0/b", run.Request("both").Failure?.Problem.Instance);
        run.Choose("both", "skip").Reject("ask").Is(RunStatus.Faulted).Replayed();
    }

    [Fact]
    public void A_timeout_around_the_step_withdraws_the_question()
    {
        var run = RunHarness.Tasks(
            $$"""
              - box:
                  timeout: { after: PT10M }
                  do: [ { a: { call: tool, with: { tool: s/a }, metadata: { interlock: { onError: escalate, {{Escalate}} } } } } ]
            """).Fail("a").Fire("box", TimerPurpose.Timeout).Is(RunStatus.Compensating);
        Assert.Equal(GateOutcome.Withdrawn, run.State.Pending.Values.OfType<Command.CloseApproval>().Single().Cause);
        run.Choose("a", "retry").Is(RunStatus.Faulted).Replayed();
        Assert.Equal(["a"], run.Called);
    }

    [Fact]
    public void A_cancel_withdraws_the_question_and_a_decision_that_came_first_executes_nothing()
    {
        var run = Failed().Cancel().Choose("apply", "retry").Is(RunStatus.Cancelled).Replayed();
        Assert.Equal(["apply"], run.Called);
    }

    [Fact]
    public void What_is_decided_while_suspended_counts_afterwards()
    {
        var run = Failed().Suspend().Choose("apply", "retry");
        Assert.False(run.IsPending("apply"));
        run.Resume().Complete("apply").Complete("after").Is(RunStatus.Completed).Replayed();
    }
}
