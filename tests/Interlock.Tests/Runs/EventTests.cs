using Interlock.Core;
using Interlock.Core.Runs;
using Interlock.Json;

namespace Interlock.Tests.Runs;

public sealed class EventTests
{
    private const string TwoCalls =
        """
          - a: { call: tool, with: { tool: s/a } }
          - b: { call: tool, with: { tool: s/b }, timeout: { after: PT5M } }
        """;

    [Fact]
    public void Late_duplicate_and_foreign_events_change_nothing_but_the_count()
    {
        var run = RunHarness.Tasks(TwoCalls);
        var (first, at) = (run.Call("a").Id, run.Now);
        run.Complete("a");
        var before = Essence(run.State);
        foreach (var noise in Noise(first, run, at)) Assert.Equal(before, Essence(run.Send(noise).State));
        run.Complete("b").Is(RunStatus.Completed).Replayed();
    }

    [Fact]
    public void A_closed_run_takes_no_event()
    {
        var run = RunHarness.Tasks(TwoCalls);
        var first = run.Call("a").Id;
        run.Complete("a").Complete("b").Is(RunStatus.Completed);
        var closed = run.State;
        foreach (var noise in Noise(first, run, run.Now).Append(new RunEvent.CancelRequested(run.Now, "x", null)).Append(new RunEvent.SuspendRequested(run.Now, "x", null)))
            Assert.Same(closed, run.Send(noise).State);
    }

    [Fact]
    public void A_timer_is_ended_by_firing_only()
    {
        var run = RunHarness.Tasks("  - w: { wait: PT5M }\n");
        var timer = run.Timer("w", TimerPurpose.Delay).Id;
        var before = Essence(run.State);
        Assert.Equal(before, Essence(run.Send(new RunEvent.EffectCompleted(run.Now, timer, JsonValue.Null)).State));
        Assert.Equal(before, Essence(run.Send(new RunEvent.EffectFailed(run.Now, timer, new Problem("x:y", 500, "t"))).State));
        run.Fire("w", TimerPurpose.Delay).Is(RunStatus.Completed);
    }

    [Fact]
    public void A_call_is_not_ended_by_a_timer_event_of_its_id()
    {
        var run = RunHarness.Tasks(TwoCalls);
        var before = Essence(run.State);
        Assert.Equal(before, Essence(run.Send(new RunEvent.TimerFired(run.Now, run.Call("a").Id)).State));
        Assert.Equal(before, Essence(run.Send(new RunEvent.GateClosed(run.Now, new GateId(run.Call("a").Id.Value), GateOutcome.Approved, [], null)).State));
    }

    [Fact]
    public void An_event_of_an_earlier_time_does_not_turn_time_back()
    {
        var run = RunHarness.Tasks(TwoCalls).Wait(TimeSpan.FromMinutes(10)).Complete("a");
        var now = run.State.Now;
        run.Send(new RunEvent.EffectCompleted(RunHarness.Noon, run.Call("b").Id, JsonValue.Null)).Is(RunStatus.Completed);
        Assert.Equal(now, run.State.Now);
    }

    [Fact]
    public void What_happens_while_suspended_is_folded_on_resume_in_order()
    {
        var run = RunHarness.Tasks(TwoCalls).Suspend();
        run.Complete("a", JsonValue.Object(("n", 1)));
        Assert.False(run.IsPending("b"));
        Assert.Single(run.State.Deferred);
        run.Resume();
        Assert.True(run.IsPending("b"));
        Assert.Equal(run.Now, run.State.Now);
        Assert.Equal(run.Now + TimeSpan.FromMinutes(5), run.Call("b").Deadline);
        run.Complete("b").Is(RunStatus.Completed).Replayed();
    }

    [Fact]
    public void Resuming_what_is_not_suspended_changes_nothing()
    {
        var run = RunHarness.Tasks(TwoCalls);
        Assert.Equal(Essence(run.State), Essence(run.Resume().State));
    }

    [Fact]
    public void A_cancel_while_suspended_starts_nothing_of_what_was_deferred()
    {
        var run = RunHarness.Tasks(TwoCalls).Suspend().Complete("a").Cancel().Is(RunStatus.Cancelled).Replayed();
        Assert.Equal(["a"], run.Called);
    }

    [Fact]
    public void A_call_that_a_resume_both_starts_and_stops_was_never_issued()
    {
        var run = RunHarness.Tasks(TwoCalls).Suspend();
        run.Complete("a").Send(new RunEvent.TimerFired(run.Now, run.Timer("", TimerPurpose.Timeout).Id)).Resume().Is(RunStatus.Faulted);
        Assert.Equal(["a"], run.Called);
    }

    [Fact]
    public void A_call_that_one_event_both_starts_and_stops_was_never_issued()
    {
        var run = RunHarness.Tasks(
            """
              - t:
                  try:
                    - both:
                        fork:
                          branches:
                            - left: { call: tool, with: { tool: s/left } }
                            - gate: { call: approval, with: { title: T, approvers: [ { group: g } ], expiresAfter: PT1H } }
                            - right: { raise: { error: { type: 'https://x.y/e', status: 500 } } }
                  catch: { do: [ { s: { set: { caught: true } } } ] }
            """).Is(RunStatus.Completed);
        Assert.Empty(run.Called);
        Assert.DoesNotContain(run.Issued, command => command is Command.OpenApproval or Command.CloseApproval);
    }

    [Fact]
    public void A_competitor_that_needs_no_effect_wins_before_the_others_start()
    {
        var run = RunHarness.Tasks(
            """
              - race:
                  fork:
                    compete: true
                    branches:
                      - slow: { call: tool, with: { tool: s/slow } }
                      - fast: { set: { won: fast } }
            """).Is(RunStatus.Completed);
        Assert.Empty(run.Called);
        Assert.Equal("{\"won\":\"fast\"}", run.State.Output?.ToString());
    }

    [Fact]
    public void A_cancel_waits_for_the_abandoned_call_and_undoes_what_it_did()
    {
        var run = RunHarness.Tasks(
            "  - a: { call: tool, with: { tool: s/a }, timeout: { after: PT5M }, metadata: { interlock: { compensate: { tool: s/undo, arguments: { x: '${ $output.x }' } } } } }\n")
            .Cancel().Is(RunStatus.Compensating);
        Assert.Equal(RunHarness.Noon + TimeSpan.FromMinutes(5) + RunLimits.AbandonedGrace, run.Timer("a", TimerPurpose.Abandoned).DueAt);
        run.Complete("a", JsonValue.Object(("x", 1)));
        Assert.Equal(["a", "undo:a"], run.Called);
        run.Complete("undo:a").Is(RunStatus.Cancelled).Replayed();
        Assert.Equal(499, run.State.Error?.Status);
    }

    [Fact]
    public void An_abandoned_call_past_its_deadline_is_waited_for_no_longer()
    {
        var run = RunHarness.Tasks(TwoCalls).Cancel();
        var abandoned = run.Call("a").Id;
        run.Fire("a", TimerPurpose.Abandoned).Is(RunStatus.Cancelled);
        Assert.Same(run.State, run.Send(new RunEvent.EffectCompleted(run.Now, abandoned, JsonValue.Null)).State);
    }

    [Fact]
    public void A_second_cancel_changes_nothing()
    {
        var run = RunHarness.Tasks(TwoCalls).Cancel();
        Assert.Equal(Essence(run.State), Essence(run.Cancel().State));
    }

    private static IEnumerable<RunEvent> Noise(EffectId done, RunHarness run, DateTimeOffset at)
    {
        var foreign = new EffectId("ffffffffffffffffffffffffffffffff");
        yield return new RunEvent.EffectCompleted(at, done, JsonValue.Object(("again", true)));
        yield return new RunEvent.EffectFailed(at, done, new Problem("x:y", 500, "late"));
        yield return new RunEvent.TimerFired(at, done);
        yield return new RunEvent.EffectCompleted(at, foreign, JsonValue.Null);
        yield return new RunEvent.EffectFailed(at, foreign, new Problem("x:y", 500, "foreign"));
        yield return new RunEvent.TimerFired(at, foreign);
        yield return new RunEvent.GateClosed(at, new GateId(foreign.Value), GateOutcome.Approved, [], null);
        yield return run.Events[0];
        yield return new RunEvent.ResumeRequested(at, "x");
    }

    /// <summary>The state but for the count of events and the time of the last.</summary>
    private static string Essence(RunState state) => RunHarness.Json(state with { Events = 0, Now = default });
}
