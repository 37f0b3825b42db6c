using System.Collections.Immutable;
using Interlock.Core;
using Interlock.Core.Runs;
using Interlock.Json;

namespace Interlock.Tests.Runs;

public sealed class CoverEditsTests
{
    private const string Document =
        """
          - look: { call: agent, with: { agent: looker, input: 1 }, export: { as: '${ $context + { found: . } }' } }
          - ask: { call: approval, with: { title: Go?, approvers: [ { group: leads } ], covers: [apply, tell, log, bot], expiresAfter: PT1H } }
          - apply: { call: tool, with: { tool: s/apply, arguments: { service: '${ $context.found.service }', n: 1, size: '${ $workflow.input.size }', list: [ '${ $context.found.zone }', x ] } } }
          - tell:
              call: tool
              with: { tool: s/tell, arguments: { text: '${ "restarting " + $context.found.service + " in " + $context.found.zone }', to: { service: '${ $context.found.service }' }, id: '${ .id }' } }
              metadata: { interlock: { computed: [ id ] } }
          - log: { call: tool, with: { tool: s/log, arguments: { what: '${ $context.found }', sizes: '${ [$workflow.input.size, 0] }' } } }
          - bot: { call: agent, with: { agent: bot, input: '${ $context.found.service }' } }

        """;

    private readonly RunHarness _run = RunHarness.Tasks(Document, Json("""{"size":3}""")).Complete("look", Json("""{"service":"web","zone":"eu"}"""));

    [Fact]
    public void Recompute_ArgumentTakenStraightFromContext_ChangesWhatDependsOnIt()
    {
        var covers = Changed(Edit("apply", """{"service":"db","n":1,"size":3,"list":["eu","x"]}"""));
        Assert.Equal("""{"service":"db","n":1,"size":3,"list":["eu","x"]}""", Arguments(covers, "apply"));
        Assert.Equal("""{"text":"restarting db in eu","to":{"service":"db"}}""", Arguments(covers, "tell"));
        Assert.Equal("""{"what":{"service":"db","zone":"eu"},"sizes":[3,0]}""", Arguments(covers, "log"));
        Assert.Equal("\"db\"", Arguments(covers, "bot"));
        Assert.Equal(Current.Select(call => (call.Frame, call.Task, call.Target)), covers.Select(call => (call.Frame, call.Task, call.Target)));
    }

    [Fact]
    public void Recompute_PlacesInListsAndInput_AreSourcesAsWell()
    {
        var covers = Changed(Edit("apply", """{"service":"web","n":1,"size":9,"list":["us","x"]}"""));
        Assert.Equal("restarting web in us", Call(covers, "tell").Arguments["text"]?.AsString());
        Assert.Equal("""{"what":{"service":"web","zone":"us"},"sizes":[9,0]}""", Arguments(covers, "log"));
    }

    [Theory]
    [InlineData("apply", """{"service":"web","n":2,"size":3,"list":["eu","x"]}""")]
    [InlineData("apply", """{"service":"web","n":1,"size":3,"list":["eu","y"]}""")]
    [InlineData("apply", """{"service":"web","n":1,"size":3,"list":["us","x","z"]}""")]
    [InlineData("apply", """{"n":1,"size":3,"list":["eu","x"],"more":true}""")]
    [InlineData("tell", """{"text":"something else","to":{"service":"web"}}""")]
    [InlineData("log", """{"what":{"service":"web","zone":"eu"},"sizes":[4,0]}""")]
    public void Recompute_AnyOtherEdit_ChangesItsOwnCallOnly(string task, string arguments)
    {
        var covers = Changed(Edit(task, arguments));
        Assert.Equal(arguments, Arguments(covers, task));
        Assert.All(Current.Where(call => call.Task.Name != task), call => Assert.Equal(call.Arguments, Call(covers, call.Task.Name).Arguments));
    }

    [Fact]
    public void Recompute_AnEditedCall_KeepsWhatWasTypedAlsoWhereItDependsOnTheSource()
    {
        var covers = Changed(Edit("tell", """{"text":"restarting web in eu","to":{"service":"db"}}"""));
        Assert.Equal("""{"text":"restarting web in eu","to":{"service":"db"}}""", Arguments(covers, "tell"));
        Assert.Equal("db", Call(covers, "apply").Arguments["service"]?.AsString());
    }

    [Fact]
    public void Recompute_AfterEarlierEdits_KeepsThemAndTheirSources()
    {
        var first = Changed(Edit("apply", """{"service":"db","n":7,"size":3,"list":["eu","x"]}"""));
        var second = Changed(CoverEdits.Recompute(_run.Definition, _run.State, _run.Gate("ask"), first, [Of("log", """{"what":{"service":"db","zone":"us"},"sizes":[3,0]}""")]));
        Assert.Equal("""{"service":"db","n":7,"size":3,"list":["us","x"]}""", Arguments(second, "apply"));
        Assert.Equal("restarting db in us", Call(second, "tell").Arguments["text"]?.AsString());
        var third = Changed(CoverEdits.Recompute(_run.Definition, _run.State, _run.Gate("ask"), second, [Of("bot", "\"web\"")]));
        Assert.Equal("""{"service":"web","n":7,"size":3,"list":["us","x"]}""", Arguments(third, "apply"));
        Assert.Equal("restarting web in us", Call(third, "tell").Arguments["text"]?.AsString());
    }

    [Theory]
    [InlineData("bot", "\"b\"", "$context.found.service")]
    [InlineData("log", """{"what":{"service":"b","zone":"eu"},"sizes":[3,0]}""", "$context.found")]
    public void Recompute_TwoValuesForOneSource_IsRefused(string task, string arguments, string source) =>
        Assert.Equal($"The edits give {source} two different values.", Refused(Of("apply", """{"service":"a","n":1,"size":3,"list":["eu","x"]}"""), Of(task, arguments)));

    [Fact]
    public void Recompute_TheSameValueTwice_IsOneEdit() =>
        Assert.Equal("restarting a in eu", Call(Changed(Recompute(Of("apply", """{"service":"a","n":1,"size":3,"list":["eu","x"]}"""), Of("bot", "\"a\""))), "tell").Arguments["text"]?.AsString());

    [Fact]
    public void Recompute_ComputedMember_IsRefused() => Assert.Contains("'/id' is computed", Refused(Of("tell", """{"text":"t","to":{},"id":"mine"}""")), StringComparison.Ordinal);

    [Fact]
    public void Recompute_WhatTheExpressionCanNotTake_IsRefused() => Assert.Contains("expression", Refused(Of("apply", """{"service":{"no":"text"},"n":1,"size":3,"list":["eu","x"]}""")), StringComparison.OrdinalIgnoreCase);

    [Fact]
    public void Recompute_CallThatTheGateDoesNotCover_IsRefused() =>
        Assert.Contains("covers no such call", Refused(new EditedCall(new FrameId("/do/9/x"), JsonValue.EmptyObject)), StringComparison.Ordinal);

    [Fact]
    public void Recompute_OneCallTwice_IsRefused() => Assert.Contains("twice", Refused(Of("bot", "1"), Of("bot", "1")), StringComparison.Ordinal);

    [Fact]
    public void Recompute_GateThatIsNotOpen_IsRefused()
    {
        var (gate, current) = (_run.Gate("ask"), Current);
        _run.Approve("ask");
        Assert.IsType<CoverEditResult.Refused>(CoverEdits.Recompute(_run.Definition, _run.State, gate, current, []));
    }

    [Fact]
    public void Recompute_SecondLookAndFailedStep_TakeTheCallAsTyped()
    {
        _run.Approve("ask").Refuse("apply", "second-look-required");
        var again = Changed(CoverEdits.Recompute(_run.Definition, _run.State, _run.Gate("apply"), _run.Request("apply").Covers, [new EditedCall(new FrameId("/do/2/apply"), Json("""{"service":"z"}"""))]));
        Assert.Equal("""{"service":"z"}""", Assert.Single(again).Arguments.ToString());
    }

    /// <summary>What the desk shows after an edit is what the run does with it.</summary>
    [Fact]
    public void Recompute_ApprovedAsShown_IsCalledAsShown()
    {
        var covers = Changed(Edit("apply", """{"service":"db","n":1,"size":3,"list":["eu","x"]}"""));
        _run.Send(new RunEvent.GateClosed(_run.Now, _run.Gate("ask"), GateOutcome.Approved, ["user:cem"], null) { Edited = [.. covers.Select(call => new EditedCall(call.Frame, call.Arguments))] });
        _run.Complete("apply", Json("""{"id":"c-1"}"""));
        Assert.Equal("""{"text":"restarting db in eu","to":{"service":"db"},"id":"c-1"}""", _run.Call("tell").Arguments.ToString());
        _run.Complete("tell").Complete("log");
        Assert.Equal("\"db\"", _run.Call("bot").Arguments.ToString());
    }

    private ImmutableArray<CoveredCall> Current => _run.Request("ask").Covers;

    private EditedCall Of(string task, string arguments) => new(Call(Current, task).Frame, Json(arguments));

    private CoverEditResult Recompute(params EditedCall[] edits) => CoverEdits.Recompute(_run.Definition, _run.State, _run.Gate("ask"), Current, [.. edits]);

    private CoverEditResult Edit(string task, string arguments) => Recompute(Of(task, arguments));

    private string Refused(params EditedCall[] edits) => Assert.IsType<CoverEditResult.Refused>(Recompute(edits)).Problem.Detail ?? "";

    private static ImmutableArray<CoveredCall> Changed(CoverEditResult result) => Assert.IsType<CoverEditResult.Changed>(result).Covers;

    private static CoveredCall Call(IEnumerable<CoveredCall> covers, string task) => covers.Single(call => call.Task.Name == task);

    private static string Arguments(IEnumerable<CoveredCall> covers, string task) => Call(covers, task).Arguments.ToString();

    private static JsonValue Json(string text) => RunHarness.Parse(text);
}
