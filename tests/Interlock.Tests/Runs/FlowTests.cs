using Interlock.Core;
using Interlock.Core.Runs;
using Interlock.Json;

namespace Interlock.Tests.Runs;

public sealed class FlowTests
{
    [Fact]
    public void A_retry_is_a_new_frame_and_a_new_effect()
    {
        var run = RunHarness.Tasks(
            """
              - t:
                  try:
                    - a: { call: tool, with: { tool: s/a } }
                  catch: { retry: { delay: PT1S, backoff: { exponential: {} }, limit: { attempt: { count: 3 } } } }
            """);
        var first = run.Call("a");
        run.Fail("a");
        Assert.Equal(run.Now + TimeSpan.FromSeconds(1), run.Timer("t", TimerPurpose.Delay).DueAt);
        run.Fire("t", TimerPurpose.Delay);
        var second = run.Call("a");
        Assert.NotEqual(first.Id, second.Id);
        Assert.Equal(("/do/0/t/try/0/a", "/do/0/t/try@2/0/a"), (first.Frame.Value, second.Frame.Value));
        run.Fail("a");
        Assert.Equal(run.Now + TimeSpan.FromSeconds(2), run.Timer("t", TimerPurpose.Delay).DueAt);
        run.Fire("t", TimerPurpose.Delay).Fail("a").Is(RunStatus.Faulted).Replayed();
        Assert.Equal(503, run.State.Error?.Status);
        Assert.Equal(3, run.Called.Count);
    }

    [Fact]
    public void An_attempt_that_takes_too_long_is_abandoned_and_retried()
    {
        var run = RunHarness.Tasks(
            """
              - t:
                  try:
                    - a: { call: tool, with: { tool: s/a }, timeout: { after: PT5M } }
                  catch: { retry: { delay: PT0S, limit: { attempt: { count: 2, duration: PT10S } } } }
            """);
        Assert.Equal(RunHarness.Noon + TimeSpan.FromSeconds(10), run.Call("a").Deadline);
        run.Fire("t", TimerPurpose.Attempt);
        Assert.Equal(run.Now + RunLimits.AbandonedGrace, run.Timer("/do/0/t/try/0/a", TimerPurpose.Abandoned).DueAt);
        Assert.Equal("/do/0/t/try@2/0/a", run.Calls.Single().Frame.Value);
        run.Fire("t", TimerPurpose.Attempt).Is(RunStatus.Compensating);
        Assert.Equal(408, run.State.Ending?.Problem?.Status);
        run.Complete("/do/0/t/try/0/a").Fail("/do/0/t/try@2/0/a").Is(RunStatus.Faulted).Replayed();
    }

    [Fact]
    public void The_time_for_all_attempts_is_bounded()
    {
        var run = RunHarness.Tasks(
            """
              - t:
                  try:
                    - a: { call: tool, with: { tool: s/a } }
                  catch: { retry: { delay: PT30S, limit: { duration: PT1M } } }
            """).Fail("a").Fire("t", TimerPurpose.Delay).Fail("a").Is(RunStatus.Faulted);
        Assert.Equal(2, run.Called.Count);
    }

    [Fact]
    public void An_error_inside_a_handler_is_not_caught_by_the_same_try()
    {
        var run = RunHarness.Tasks(
            """
              - t:
                  try:
                    - a: { call: tool, with: { tool: s/a } }
                  catch: { do: [ { b: { call: tool, with: { tool: s/b } } } ] }
            """).Fail("a", 500).Fail("b", 501).Is(RunStatus.Faulted);
        Assert.Equal(501, run.State.Error?.Status);
    }

    [Fact]
    public void A_jump_back_gives_new_frames_and_new_effects()
    {
        var run = RunHarness.Tasks(
            """
              - a: { call: tool, with: { tool: s/a } }
              - again: { switch: [ { more: { when: '.n < 3', then: a } }, { done: { then: end } } ] }
            """).Complete("a", Number(1)).Complete("a", Number(2)).Complete("a", Number(3)).Is(RunStatus.Completed).Replayed();
        var calls = run.Issued.OfType<Command.Call>().ToList();
        Assert.Equal(["/do/0/a", "/do/0/a#2", "/do/0/a#3"], calls.Select(call => call.Frame.Value));
        Assert.Equal(3, calls.Select(call => call.Id).Distinct().Count());
        Assert.Equal(Number(3), run.State.Output);
    }

    [Theory]
    [InlineData("red", "stop")]
    [InlineData("yellow", "go")]
    public void A_switch_without_a_default_goes_where_its_own_then_says(string colour, string last)
    {
        var run = RunHarness.Tasks("""
              - look:
                  switch: [ { red: { when: .colour == "red", then: stop } } ]
                  then: go
              - stop: { set: { last: stop }, then: end }
              - go: { set: { last: go } }
            """, JsonValue.Object(("colour", colour))).Is(RunStatus.Completed);
        Assert.Equal(JsonValue.Object(("last", last)), run.State.Output);
    }

    [Fact]
    public void A_filter_by_instance_means_the_task_whichever_attempt_or_iteration_failed()
    {
        var run = RunHarness.Tasks("""
              - all:
                  for: { in: '[1, 2]' }
                  do:
                    - safe:
                        try: [ { get: { call: tool, with: { tool: s/get } } } ]
                        catch:
                          errors: { with: { instance: /do/0/all/do/0/safe/try/0/get } }
                          retry: { limit: { attempt: { count: 3 } } }
            """);
        run.Complete("get").Fail("get").Fail("get").Complete("get").Is(RunStatus.Completed).Replayed();
    }

    [Fact]
    public void An_end_inside_a_fork_ends_the_run_and_stops_the_other_branches()
    {
        var run = RunHarness.Tasks(
            """
              - both:
                  fork:
                    branches:
                      - left: { do: [ { a: { call: tool, with: { tool: s/a }, then: end } }, { never: { call: tool, with: { tool: s/never } } } ] }
                      - right: { call: tool, with: { tool: s/right } }
              - after: { call: tool, with: { tool: s/after } }
            """).Complete("a", Number(1)).Is(RunStatus.Running);
        Assert.Equal(RunStatus.Completed, run.State.Ending?.Outcome);
        run.Fail("right").Is(RunStatus.Completed).Replayed();
        Assert.Equal(["a", "right"], run.Called.Order());
        Assert.Equal(Number(1), run.State.Output);
    }

    [Fact]
    public void An_exit_in_a_loop_ends_the_loop_only()
    {
        var run = RunHarness.Tasks(
            """
              - each:
                  for: { in: '[1, 2, 3]' }
                  do:
                    - a: { call: tool, with: { tool: s/a, arguments: { n: '${ $item }', i: '${ $index }' } } }
                    - enough: { switch: [ { yes: { when: '$item == 2', then: exit } }, { no: { then: continue } } ] }
              - after: { call: tool, with: { tool: s/after } }
            """).Complete("a");
        Assert.Equal("{\"n\":2,\"i\":1}", run.Call("a").Arguments.ToString());
        run.Complete("a");
        Assert.True(run.IsPending("after"));
        run.Complete("after").Is(RunStatus.Completed).Replayed();
        Assert.Equal(["a", "a", "after"], run.Called);
    }

    [Fact]
    public void An_end_in_a_nested_loop_ends_every_list()
    {
        RunHarness.Tasks(
            """
              - each:
                  for: { in: '[1, 2]' }
                  do:
                    - b: { do: [ { s: { set: { x: 1 }, then: end } } ] }
              - after: { call: tool, with: { tool: s/after } }
            """).Is(RunStatus.Completed);
    }

    [Fact]
    public void Branches_that_export_the_same_key_differently_fail_the_fork()
    {
        const string Fork = """
              - both:
                  fork:
                    branches:
                      - left: { call: tool, with: { tool: s/l }, export: { as: '$context + { k: .v, l: 1 }' } }
                      - right: { call: tool, with: { tool: s/r }, export: { as: '$context + { k: .v, r: 1 }' } }
              - s: { set: '${ $context }' }
            """;
        var run = RunHarness.Tasks(Fork).Complete("right", JsonValue.Object(("v", 1))).Complete("left", JsonValue.Object(("v", 2))).Is(RunStatus.Faulted);
        Assert.Contains("'left' and 'right' export different values for 'k'", run.State.Error?.Detail);
        run = RunHarness.Tasks(Fork).Complete("right", JsonValue.Object(("v", 1))).Complete("left", JsonValue.Object(("v", 1))).Is(RunStatus.Completed);
        Assert.Equal("{\"k\":1,\"l\":1,\"r\":1}", run.State.Output?.ToString());
    }

    [Fact]
    public void A_task_that_times_out_is_interrupted_with_408()
    {
        var run = RunHarness.Tasks("  - a: { call: tool, with: { tool: s/a }, timeout: { after: PT10S } }\n").Fire("a", TimerPurpose.Timeout).Is(RunStatus.Compensating);
        run.Complete("a").Is(RunStatus.Faulted);
        Assert.Equal((ProblemTypes.Timeout, 408, "/do/0/a"), (run.State.Error?.Type, run.State.Error?.Status, run.State.Error?.Instance));
    }

    [Fact]
    public void A_block_inherits_what_remains_of_the_time_around_it()
    {
        var run = RunHarness.Tasks(
            """
              - block:
                  timeout: { after: PT1M }
                  do:
                    - a: { call: tool, with: { tool: s/a }, timeout: { after: PT40S } }
                    - b: { call: tool, with: { tool: s/b }, timeout: { after: PT40S } }
            """).Wait(TimeSpan.FromSeconds(29)).Complete("a");
        Assert.Equal(RunHarness.Noon + TimeSpan.FromMinutes(1), run.Call("b").Deadline);
    }

    [Fact]
    public void A_step_that_times_out_may_be_skipped()
    {
        var run = RunHarness.Tasks(
            "  - a: { call: tool, with: { tool: s/a }, timeout: { after: PT10S }, metadata: { interlock: { onTimeout: skip } } }\n"
            + "  - b: { call: tool, with: { tool: s/b } }\n").Fire("a", TimerPurpose.Timeout);
        Assert.True(run.IsPending("b"));
        run.Complete("b").Complete("a").Is(RunStatus.Completed).Replayed();
    }

    private static JsonValue Number(int n) => JsonValue.Object(("n", n));
}
