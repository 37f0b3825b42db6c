using Interlock.Core.Runs;
using Interlock.Core.Workflows;
using Interlock.Json;
using Interlock.Tests.Runs;

namespace Interlock.Tests.Workflows;

/// <summary>How and where expressions are evaluated: <c>evaluate</c>, and which runtime arguments there are.</summary>
public sealed class EvaluateTests
{
    [Fact]
    public void Loose_ATextIsAnExpressionWhereItIsOne()
    {
        var run = Of("evaluate: { mode: loose, language: jq }", "  - a: { set: { n: '.n + 1', text: plain text, deep: [ '$workflow.input.n', red ], marked: '${ .n }', failing: '.n.m', none: empty } }", """{"n":4}""");
        Assert.Equal(RunHarness.Parse("""{"n":5,"text":"plain text","deep":[4,"red"],"marked":4,"failing":".n.m","none":"empty"}"""), run.State.Output);
    }

    [Fact]
    public void Loose_AMarkedExpressionThatFails_IsAnError() =>
        Assert.Equal(RunStatus.Faulted, Of("evaluate: { mode: loose }", "  - a: { set: { n: '${ .n.m }' } }", """{"n":4}""").State.Status);

    [Fact]
    public void Loose_AWholeSetMayStandBare() =>
        Assert.Equal(RunHarness.Parse("""{"n":4,"m":5}"""), Of("evaluate: { mode: loose }", "  - a: { set: '. + { m: 5 }' }", """{"n":4}""").State.Output);

    [Fact]
    public void Loose_ATextThatReadsSecrets_IsRefused() =>
        Assert.Equal("secrets", Assert.Single(WorkflowReader.Read("evaluate: { mode: loose }\n" + Documents.Head + "  - a: { set: { n: $secrets.key } }", "doc.yaml").Findings).Rule);

    [Theory]
    [InlineData("")]
    [InlineData("evaluate: { mode: strict }")]
    public void Strict_ATextIsAText(string evaluate) =>
        Assert.Equal(RunHarness.Parse("""{"n":".n + 1"}"""), Of(evaluate, "  - a: { set: { n: '.n + 1' } }", """{"n":4}""").State.Output);

    [Fact]
    public void Language_OtherThanJq_IsRefused()
    {
        var finding = Assert.Single(WorkflowReader.Read("evaluate: { language: javascript }\n" + Documents.Head + "  - a: { set: { n: 1 } }", "doc.yaml").Findings);
        Assert.Equal(("unsupported", "/evaluate/language"), (finding.Rule, finding.Pointer));
    }

    [Theory]
    [InlineData("input: { from: $context }", "$workflow, $runtime")]
    [InlineData("input: { from: $input }", "$workflow, $runtime")]
    [InlineData("input: { from: $task.name }", "$workflow, $runtime")]
    [InlineData("output: { as: $input }", "$context, $workflow, $runtime")]
    [InlineData("output: { as: $output }", "$context, $workflow, $runtime")]
    [InlineData("output: { as: $task.name }", "$context, $workflow, $runtime")]
    [InlineData("schedule: { on: { one: { with: { type: t, data: '${ $workflow.id }' } } } }", "its input")]
    public void Arguments_OutsideOfTasks_AreThoseOfTheTable(string part, string known)
    {
        var finding = Assert.Single(WorkflowReader.Read(part + "\n" + Documents.Head + "  - a: { set: { n: 1 } }", "doc.yaml").Findings);
        Assert.Equal("expression", finding.Rule);
        Assert.EndsWith("it may read " + known, finding.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Arguments_OfATask_HaveTheMembersOfTheSpecification()
    {
        var run = RunHarness.Tasks("""
              - a:
                  if: '$task.name == "a" and $workflow.input.n == 4 and $runtime.name == "interlock" and $context == {}'
                  input: { from: '{ m: .n }' }
                  set: { task: '${ $task }', input: '${ $input }' }
                  output: { as: '{ made: ., raw: $task.output.input, in: $input }' }
                  export: { as: '{ output: $output, raw: $task.output, given: $task.input, in: $input }' }
              - b: { set: { workflow: '${ $workflow | keys }', at: '${ $workflow.startedAt }', context: '${ $context }', runtime: '${ $runtime | keys }' } }
            """, RunHarness.Parse("""{"n":4}""")).Is(RunStatus.Completed);
        var output = run.State.Output!;
        Assert.Equal(RunHarness.Parse("""["definition","id","input","startedAt"]"""), output["workflow"]);
        Assert.Equal(RunHarness.Parse("""["metadata","name","version"]"""), output["runtime"]);
        Assert.Equal(RunHarness.Parse("""{"iso8601":"2026-03-10T12:00:00.000Z","epoch":{"seconds":1773144000,"milliseconds":1773144000000}}"""), output["at"]);
        var context = output["context"]!;
        var made = context["output"]!["made"]!;
        Assert.Equal(RunHarness.Parse("""{"m":4}"""), made["input"]);
        Assert.Equal(made, context["raw"]); // before output.as
        Assert.Equal(RunHarness.Parse("""{"n":4}"""), context["given"]); // before input.from
        Assert.Equal(RunHarness.Parse("""{"m":4}"""), context["in"]);
        Assert.Equal(RunHarness.Parse("""{"m":4}"""), context["output"]!["raw"]); // the raw output is there for output.as
        var task = made["task"]!;
        Assert.Equal(["name", "reference", "definition", "input", "output", "startedAt"], task.Members.Names);
        Assert.Equal("/do/0/a", task["reference"]!.AsString());
        Assert.Equal(JsonValue.Null, task["output"]);
    }

    private static RunHarness Of(string evaluate, string tasks, string input) => RunHarness.Document($"{evaluate}\n{Documents.Head}{tasks}", RunHarness.Parse(input));
}
