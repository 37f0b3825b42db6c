using Interlock.Core;
using Interlock.Core.Runs;
using Interlock.Json;

namespace Interlock.Tests.Runs;

public sealed class FailureTests
{
    private static string Tool(string name, string more = "") => $"  - {name}: {{ call: tool, with: {{ tool: s/{name} }}{more} }}\n";

    private static string Undone(string name, string timeout = "PT1M") =>
        Tool(name, $", metadata: {{ interlock: {{ compensate: {{ tool: s/undo, arguments: {{ of: '${{ $output.n }}' }}, timeout: {timeout} }} }} }}");

    [Fact]
    public void An_unhandled_failure_stops_everything_and_compensates_in_reverse()
    {
        var run = RunHarness.Tasks(Undone("a") + Undone("b") + Tool("c") + Tool("d"))
            .Complete("a", JsonValue.Object(("n", 1))).Complete("b", JsonValue.Object(("n", 2))).Fail("c").Is(RunStatus.Compensating);
        Assert.Equal("{\"of\":2}", run.Call("undo:b").Arguments.ToString());
        run.Complete("undo:b").Complete("undo:a").Is(RunStatus.Faulted).Replayed();
        Assert.Equal(["a", "b", "c", "undo:b", "undo:a"], run.Called);
        Assert.Equal(503, run.State.Error?.Status);
        Assert.Null(run.State.Output);
    }

    [Fact]
    public void A_failing_branch_stops_its_siblings_and_what_they_complete_late_is_undone()
    {
        var run = RunHarness.Tasks(
            """
              - both:
                  fork:
                    branches:
                      - left: { call: tool, with: { tool: s/left }, metadata: { interlock: { compensate: { tool: s/undo, arguments: { x: '${ $output.x }' } } } } }
                      - right: { call: tool, with: { tool: s/right } }
              - after: { call: tool, with: { tool: s/after } }
            """).Fail("right").Is(RunStatus.Compensating);
        Assert.Single(run.State.Abandoned);
        run.Complete("left", JsonValue.Object(("x", 7)));
        Assert.Equal("{\"x\":7}", run.Call("undo:left").Arguments.ToString());
        run.Complete("undo:left").Is(RunStatus.Faulted).Replayed();
        Assert.DoesNotContain("after", run.Called);
    }

    [Fact]
    public void A_compensation_that_fails_or_runs_out_of_time_is_told_and_the_others_still_run()
    {
        var run = RunHarness.Tasks(Undone("a") + Undone("b") + Undone("c") + Tool("d"))
            .Complete("a").Complete("b").Complete("c").Fail("d");
        run.Fail("undo:c", 500).Fire("/do/1/b!undo", TimerPurpose.Compensation).Complete("undo:a").Is(RunStatus.Faulted).Replayed();
        Assert.Equal(["undo:c", "undo:b", "undo:a"], run.Called.Skip(4));
        Assert.Contains("Not undone: /do/2/c!undo", run.State.Error?.Detail);
        Assert.Contains("/do/1/b!undo", run.State.Error?.Detail);
        Assert.DoesNotContain("/do/0/a", run.State.Error?.Detail);
    }

    [Fact]
    public void A_completed_run_compensates_nothing()
    {
        var run = RunHarness.Tasks(Undone("a") + Tool("b")).Complete("a").Complete("b").Is(RunStatus.Completed);
        Assert.Equal(["a", "b"], run.Called);
    }

    [Theory]
    [InlineData("{ if: 'error(\"no\")', set: { x: 1 } }")]
    [InlineData("{ if: '.missing.deeper | length > 0 | not | error', set: { x: 1 } }")]
    [InlineData("{ if: .n, set: { x: 1 } }")]
    [InlineData("{ if: 'null', set: { x: 1 } }")]
    [InlineData("{ if: empty, set: { x: 1 } }")]
    [InlineData("{ if: '\"true\"', set: { x: 1 } }")]
    [InlineData("{ switch: [ { a: { when: .n, then: continue } }, { b: { then: continue } } ] }")]
    [InlineData("{ switch: [ { a: { when: 'error(\"no\")', then: continue } }, { b: { then: continue } } ] }")]
    [InlineData("{ for: { in: '[1]' }, while: .n, do: [ { y: { set: { x: 1 } } } ] }")]
    [InlineData("{ set: { x: '${ error(\"no\") }' } }")]
    [InlineData("{ call: tool, with: { tool: s/t, arguments: { x: '${ .n.m }' } } }")]
    [InlineData("{ wait: '${ error(\"no\") }' }")]
    public void A_failing_or_non_boolean_expression_is_an_error_never_false(string task)
    {
        var run = RunHarness.Tasks($"  - x: {task}\n" + Tool("after"), JsonValue.Object(("n", 1))).Is(RunStatus.Faulted);
        Assert.Equal(ProblemTypes.Expression, run.State.Error?.Type);
        Assert.Equal("/do/0/x", run.State.Error?.Instance);
        Assert.Empty(run.Called);
    }

    [Theory]
    [InlineData("catch: { when: .n, do: [ { y: { set: { x: 1 } } } ] }")]
    [InlineData("catch: { exceptWhen: 'error(\"no\")', do: [ { y: { set: { x: 1 } } } ] }")]
    [InlineData("catch: { retry: { when: .n, delay: PT1S, limit: { attempt: { count: 3 } } } }")]
    [InlineData("catch: { retry: { when: .n, delay: PT1S, limit: { attempt: { count: 3 } } }, do: [ { y: { set: { x: 1 } } } ] }")]
    public void A_failing_filter_of_a_catch_is_the_error_it_never_means_not_caught(string handler)
    {
        var run = RunHarness.Tasks($"  - t:\n      try:\n        - a: {{ call: tool, with: {{ tool: s/a }} }}\n      {handler}\n").Fail("a").Is(RunStatus.Faulted);
        Assert.Equal(ProblemTypes.Expression, run.State.Error?.Type);
    }

    [Fact]
    public void A_raised_error_can_be_caught_and_read()
    {
        var run = RunHarness.Tasks(
            """
              - t:
                  try:
                    - r: { raise: { error: { type: 'https://x.y/e', status: 418, title: '${ "is " + .who }' } } }
                  catch:
                    errors: { with: { status: 418 } }
                    as: problem
                    do:
                      - s: { set: { title: '${ $problem.title }', at: '${ $problem.instance }' } }
            """, JsonValue.Object(("who", "teapot"))).Is(RunStatus.Completed);
        Assert.Equal("{\"title\":\"is teapot\",\"at\":\"/do/0/t/try/0/r\"}", run.State.Output?.ToString());
    }

    [Fact]
    public void An_effect_in_doubt_waits_for_a_person_only_where_the_document_says_so()
    {
        RunHarness.Tasks(Tool("a")).Fail("a", 500, ProblemTypes.InDoubt).Is(RunStatus.Faulted);
        var run = RunHarness.Tasks("  - a: { call: tool, with: { tool: s/a, onInDoubt: escalate } }\n").Fail("a", 500, ProblemTypes.InDoubt).Is(RunStatus.Running);
        Assert.Single(run.State.InDoubt);
        run.Fail("a", 500, ProblemTypes.InDoubt).Is(RunStatus.Running);
        Assert.Single(run.State.InDoubt);
        RunHarness.Of(run.Definition).Fail("a", 500, ProblemTypes.InDoubt).Fail("a").Is(RunStatus.Faulted);
        run.Complete("a").Is(RunStatus.Completed);
        Assert.Empty(run.State.InDoubt);
    }

    [Fact]
    public void A_compensation_whose_arguments_fail_is_told_when_the_run_fails()
    {
        var run = RunHarness.Tasks(
            "  - a: { call: tool, with: { tool: s/a }, metadata: { interlock: { compensate: { tool: s/undo, arguments: { x: '${ $output.n + 1 | error }' } } } } }\n" + Tool("b"))
            .Complete("a", JsonValue.Object(("n", 1))).Fail("b").Is(RunStatus.Faulted);
        Assert.Contains("Not undone: /do/0/a", run.State.Error?.Detail);
    }
}
