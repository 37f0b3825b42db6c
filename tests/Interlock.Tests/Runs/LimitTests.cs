using Interlock.Core;
using Interlock.Core.Runs;
using Interlock.Json;

namespace Interlock.Tests.Runs;

public sealed class LimitTests
{
    [Fact]
    public void A_jump_back_without_end_fails_with_a_clear_error()
    {
        var run = RunHarness.Tasks("  - a: { set: { x: 1 }, then: a }\n").Is(RunStatus.Faulted);
        Assert.Equal(ProblemTypes.Runtime, run.State.Error?.Type);
        Assert.Contains("'then'", run.State.Error?.Detail);
        Assert.InRange(run.State.Steps, 1, RunLimits.StepsPerEvent + 10);
    }

    [Fact]
    public void A_jump_back_without_end_is_not_caught_nor_skipped()
    {
        RunHarness.Tasks(
            """
              - t:
                  metadata: { interlock: { onError: skip } }
                  try: [ { a: { set: { x: 1 }, then: a } } ]
                  catch: { do: [ { s: { set: { caught: true } } } ] }
            """).Is(RunStatus.Faulted);
    }

    [Fact]
    public void A_loop_of_100000_items_without_effects_ends_in_one_event()
    {
        var run = RunHarness.Tasks(
            """
              - sum:
                  for: { in: '[range(100000)]' }
                  do:
                    - s: { set: { n: '${ .n + $item }' } }
            """, JsonValue.Object(("n", 0))).Is(RunStatus.Completed);
        Assert.Equal("{\"n\":4999950000}", run.State.Output?.ToString());
        Assert.InRange(run.State.Steps, 300_000, RunLimits.StepsPerEvent);
    }

    [Fact]
    public void Expressions_that_are_cheap_alone_and_costly_together_fail_the_event()
    {
        var run = RunHarness.Tasks(
            """
              - burn:
                  for: { in: '[range(100000)]' }
                  do:
                    - s: { set: { n: '${ reduce range(20000) as $i (0; . + $i) }' } }
            """, JsonValue.EmptyObject).Is(RunStatus.Faulted);
        Assert.Equal(ProblemTypes.Expression, run.State.Error?.Type);
        Assert.Contains("steps", run.State.Error?.Detail);
    }

    [Theory]
    [InlineData("{ a: '${ . }', b: '${ . }' }")]
    [InlineData("{ a: '${ . }' }")]
    [InlineData("{ a: '${ (.a // \"xxxxxxxx\") + (.a // \"\") + (.a // \"\") }' }")]
    public void A_value_that_grows_with_every_pass_fails_before_it_harms_the_process(string value)
    {
        var run = RunHarness.Tasks(
            $$"""
              - grow:
                  for: { in: '[range(5000)]' }
                  do:
                    - s: { set: {{value}} }
            """, JsonValue.EmptyObject).Is(RunStatus.Faulted);
        Assert.Contains(run.State.Error?.Type, (string[])[ProblemTypes.Validation, ProblemTypes.Expression]);
        Assert.InRange(RunJson.Serialize(run.State).Length, 1, 100_000);
    }

    [Theory]
    [InlineData("do")]
    [InlineData("try")]
    [InlineData("fork")]
    [InlineData("mixed")]
    public void Sixty_levels_of_nesting_complete_fail_and_are_cancelled(string kind)
    {
        var document = Nested(kind, 60);
        var run = RunHarness.Of(document).Complete("a", "done").Is(RunStatus.Completed);
        var output = run.State.Output;
        for (; output?.IsArray == true; output = output[0]) { } // a fork gives the array of its branches' outputs
        Assert.Equal("done", output);
        run = RunHarness.Of(document).Fail("a");
        Assert.Equal(kind is "try" or "mixed" ? RunStatus.Completed : RunStatus.Faulted, run.State.Status);
        RunHarness.Of(document).Cancel().Complete("a").Is(RunStatus.Cancelled);
    }

    [Fact]
    public void Deep_values_survive_storage()
    {
        var deep = JsonValue.Object(("x", 1));
        for (var i = 0; i < 250; i++) deep = i % 2 == 0 ? JsonValue.Array(deep) : JsonValue.Object(("x", deep));
        RunHarness.Tasks("  - a: { call: tool, with: { tool: s/a, arguments: { deep: '${ . }' } } }\n", deep).Cancel().Complete("a", deep).Is(RunStatus.Cancelled).Replayed();
    }

    [Theory]
    [InlineData("- a: { call: tool, with: { tool: s/a }, then: a }")]
    [InlineData("- each: { for: { in: '[range(5000)]' }, do: [ { a: { call: tool, with: { tool: s/a } } } ] }")]
    [InlineData("- t: { try: [ { a: { call: tool, with: { tool: s/a } } } ], catch: { retry: { delay: PT0S } } }")]
    [InlineData("- hear: { listen: { to: { any: [] } }, output: { as: '.[0]' }, then: hear }")]
    [InlineData("- tell: { emit: { event: { with: { source: 'https://x.y', type: t } } }, then: tell }")]
    public void An_event_costs_the_same_after_thousands_of_them(string task)
    {
        var run = RunHarness.Tasks($"  {task}\n", check: false);
        var fails = task.Contains("retry", StringComparison.Ordinal);
        (long Steps, long Bytes, int Size) Cost()
        {
            var (steps, bytes) = (run.State.Steps, GC.GetAllocatedBytesForCurrentThread());
            if (fails) run.Fail("a");
            else if (task.Contains("listen", StringComparison.Ordinal)) run.Arrive("hear", "{}");
            else if (task.Contains("emit", StringComparison.Ordinal)) run.Emitted("tell");
            else run.Complete("a");
            return (run.State.Steps - steps, GC.GetAllocatedBytesForCurrentThread() - bytes, RunJson.Serialize(run.State).Length);
        }
        for (var i = 0; i < 200; i++) Cost();
        var early = Cost();
        for (var i = 0; i < 4000; i++) Cost();
        var late = Cost();
        Assert.Equal(early.Steps, late.Steps);
        Assert.InRange(late.Bytes, 0, early.Bytes * 3 / 2);
        Assert.InRange(late.Size, 0, early.Size + 200);
    }

    private static Interlock.Core.Workflows.WorkflowDefinition Nested(string kind, int levels)
    {
        var task = JsonValue.Object(("call", "tool"), ("with", JsonValue.Object(("tool", "s/a"))));
        var name = "a";
        for (var i = 0; i < levels; i++)
        {
            var list = JsonValue.Array(JsonValue.Object((name, task)));
            task = (kind, i % 6) switch
            {
                ("do", _) or ("mixed", 0 or 3) => JsonValue.Object(("do", list)),
                ("mixed", 1) => JsonValue.Object(("for", JsonValue.Object(("in", "[1]"), ("each", $"e{i}"), ("at", $"i{i}"))), ("do", list)),
                ("fork", _) or ("mixed", 2 or 5) => JsonValue.Object(("fork", JsonValue.Object(("branches", list)))),
                _ => JsonValue.Object(("try", list), ("catch", JsonValue.Object(("do", JsonValue.Array(JsonValue.Object(("s", JsonValue.Object(("set", JsonValue.Object(("caught", true))))))))))),
            };
            name = "n" + i;
        }
        return RandomDocuments.Read(JsonValue.Array(JsonValue.Object((name, task))));
    }
}
