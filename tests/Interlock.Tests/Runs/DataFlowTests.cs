using Interlock.Core;
using Interlock.Core.Runs;
using Interlock.Json;

namespace Interlock.Tests.Runs;

public sealed class DataFlowTests
{
    private const string Number = "schema: { document: { type: object, required: [n] } }";
    private const string Head = "document: { dsl: 1.0.3, namespace: t, name: d, version: 1.0.0, metadata: { interlock: { mode: supervised, onError: fail, onTimeout: fail } } }\ntimeout: { after: PT1H }\n";

    [Theory]
    [InlineData("input: { " + Number + " }\ndo: [ { a: { call: tool, with: { tool: s/a } } } ]", "", "input")]
    [InlineData("output: { " + Number + " }\ndo: [ { a: { set: { x: 1 } } } ]", "", "output")]
    [InlineData("do: [ { s: { set: { x: 1 }, input: { " + Number + " } } }, { a: { call: tool, with: { tool: s/a } } } ]", "/do/0/s", "input")]
    [InlineData("do: [ { s: { set: { x: 1 }, output: { " + Number + " } } }, { a: { call: tool, with: { tool: s/a } } } ]", "/do/0/s", "output")]
    [InlineData("do: [ { s: { set: { x: 1 }, export: { as: ., " + Number + " } } }, { a: { call: tool, with: { tool: s/a } } } ]", "/do/0/s", "export")]
    public void A_value_against_its_schema_fails_where_it_stands(string document, string at, string what)
    {
        var run = RunHarness.Document(Head + document).Is(RunStatus.Faulted);
        Assert.Equal((ProblemTypes.Validation, at), (run.State.Error?.Type, run.State.Error?.Instance));
        Assert.StartsWith($"The {what} does not match its schema", run.State.Error?.Detail, StringComparison.Ordinal);
        Assert.Empty(run.Called);
    }

    [Theory]
    [InlineData("for: { in: .n }, do: [ { x: { set: { x: 1 } } } ]")]
    [InlineData("wait: '${ .n }'")]
    [InlineData("wait: '${ \"P1Y\" }'")]
    [InlineData("call: tool, with: { tool: s/t, idempotencyKey: '${ .n }' }")]
    [InlineData("call: approval, with: { title: '${ .n }', approvers: [ { group: g } ], expiresAfter: PT1H }")]
    public void A_value_of_the_wrong_kind_is_an_error(string task)
    {
        var run = RunHarness.Tasks($"  - x: {{ {task} }}\n", JsonValue.Object(("n", 1))).Is(RunStatus.Faulted);
        Assert.Equal((ProblemTypes.Validation, "/do/0/x"), (run.State.Error?.Type, run.State.Error?.Instance));
        Assert.Empty(run.Issued);
    }

    [Fact]
    public void Data_that_looks_like_an_expression_is_data()
    {
        var run = RunHarness.Tasks("  - a: { call: tool, with: { tool: s/a, arguments: { said: '${ .text }' } } }\n", JsonValue.Object(("text", "${ error(\"evaluated\") }")));
        Assert.Equal("${ error(\"evaluated\") }", run.Call("a").Arguments["said"]?.AsString());
        run.Complete("a", "${ 1 }").Is(RunStatus.Completed);
        Assert.Equal("${ 1 }", run.State.Output);
    }

    [Fact]
    public void A_branch_does_not_see_what_its_siblings_export()
    {
        var run = RunHarness.Tasks(
            """
              - both:
                  fork:
                    branches:
                      - left: { set: { x: 1 }, export: { as: '$context + { left: true }' } }
                      - right: { do: [ { wait: { wait: PT1S } }, { a: { call: tool, with: { tool: s/a, arguments: '${ $context }' } } } ] }
              - b: { call: tool, with: { tool: s/b, arguments: '${ $context }' } }
            """).Fire("wait", TimerPurpose.Delay);
        Assert.Equal("{}", run.Call("a").Arguments.ToString());
        run.Complete("a");
        Assert.Equal("{\"left\":true}", run.Call("b").Arguments.ToString());
    }

    [Fact]
    public void A_failed_output_of_a_completed_effect_still_undoes_the_effect()
    {
        var run = RunHarness.Tasks(
            "  - a: { call: tool, with: { tool: s/a }, output: { as: .n.m }, metadata: { interlock: { compensate: { tool: s/undo, arguments: { n: '${ $output.n }' } } } } }\n")
            .Complete("a", JsonValue.Object(("n", 5)));
        Assert.Equal("{\"n\":5}", run.Call("undo:a").Arguments.ToString());
        run.Complete("undo:a").Is(RunStatus.Faulted);
        Assert.Equal(ProblemTypes.Expression, run.State.Error?.Type);
    }
}
