using Interlock.Json;
using Interlock.Json.Jq;

namespace Interlock.Tests.Jq;

public sealed class JqProgramTests
{
    [Fact]
    public void Evaluate_Global_IsTheScopesVariable()
    {
        var scope = JqScope.Empty with { Variables = new Dictionary<string, JsonValue> { ["who"] = "you" } };
        Assert.Equal("hello you", JqProgram.Parse("\"hello \\($who)\"", ["who"]).Evaluate(JsonValue.Null, scope).Single());
    }

    [Fact]
    public void Evaluate_LocalOfTheSameName_HidesTheGlobal()
    {
        var scope = JqScope.Empty with { Variables = new Dictionary<string, JsonValue> { ["x"] = 1 } };
        Assert.Equal([2, 1], JqProgram.Parse("(2 as $x | $x), $x", ["x"]).Evaluate(JsonValue.Null, scope));
    }

    [Fact]
    public void Evaluate_ScopeWithoutADeclaredGlobal_IsTheHostsMistake() =>
        Assert.Throws<ArgumentException>(() => JqProgram.Parse("$x", ["x"]).Evaluate(JsonValue.Null, JqScope.Empty).ToList());

    [Fact]
    public void Evaluate_Now_IsTheScopesTime()
    {
        var scope = JqScope.Empty with { Now = new DateTimeOffset(2024, 2, 29, 12, 0, 0, 500, TimeSpan.FromHours(2)) };
        Assert.Equal([1709200800.5, "2024-02-29T10:00:00Z", 0], JqProgram.Parse("now, (now | todate), now - now").Evaluate(JsonValue.Null, scope));
    }

    [Fact]
    public void Evaluate_EnumeratedTwice_StartsAnew()
    {
        var outputs = JqProgram.Parse("1, 2").Evaluate(JsonValue.Null, JqScope.Empty);
        Assert.Equal([1, 2], outputs);
        Assert.Equal([1, 2], outputs);
    }

    [Fact]
    public void Evaluate_EndlessProgram_GivesOutputsAsTheyAreAskedFor()
    {
        var scope = JqScope.Empty with { Limits = new JqLimits { Steps = 1_000 } };
        Assert.Equal([0, 1, 2], JqProgram.Parse("range(1e15)").Evaluate(JsonValue.Null, scope).Take(3));
        Assert.Equal([5, 5], JqProgram.Parse("def f: ., f; f").Evaluate(5, scope).Take(2));
    }

    [Fact]
    public void Evaluate_ErrorAfterOutputs_ComesAfterThem()
    {
        using var outputs = JqProgram.Parse("1, error(\"late\")").Evaluate(JsonValue.Null, JqScope.Empty).GetEnumerator();
        Assert.True(outputs.MoveNext());
        Assert.Equal(1, outputs.Current);
        Assert.Equal("late", Assert.Throws<JqException>(() => outputs.MoveNext()).Message);
    }

    [Theory]
    [InlineData("error({a: 1})", "{\"a\":1} (not a string)")]
    [InlineData("error(null)", "null (not a string)")]
    [InlineData("null + \"a\" | . + 1", "string (\"a\") and number (1) cannot be added")]
    public void Evaluate_UncaughtError_HasJqsMessage(string program, string message) =>
        Assert.Equal(message, Assert.Throws<JqException>(() => JqProgram.Parse(program).Evaluate(JsonValue.Null, JqScope.Empty).ToList()).Message);

    [Fact]
    public void Evaluate_HaltError_PassesEveryHandler() =>
        Assert.Equal("bye", Assert.Throws<JqException>(() =>
            JqProgram.Parse("try (\"bye\" | halt_error) catch 1").Evaluate(JsonValue.Null, JqScope.Empty).ToList()).Value);

    [Fact]
    public void Evaluate_Halt_EndsWithoutAnError() => Assert.Equal([1], JqProgram.Parse("1, halt, 2").Evaluate(JsonValue.Null, JqScope.Empty));

    [Fact]
    public void Evaluate_NumbersAsWritten_AreKeptOnRequestOnly()
    {
        const string program = "1.0, 100000000000000000001, (\"1.50\" | tonumber), (\"[1e1000]\" | fromjson[0]), have_decnum";
        var kept = JqProgram.Parse(program, keepsNumbers: true).Evaluate(JsonValue.Null, JqScope.Empty).Select(JqJson.Write);
        var plain = JqProgram.Parse(program).Evaluate(JsonValue.Null, JqScope.Empty).ToList();
        Assert.Equal(["1.0", "100000000000000000001", "1.50", "1E+1000", "true"], kept);
        Assert.All(plain, value => Assert.Null(value.Literal));
        Assert.Equal([1, 1e20, 1.5, double.PositiveInfinity, JsonValue.False], plain);
    }

    [Fact]
    public void Evaluate_RegexMadeBefore_TakesTheSameSteps()
    {
        var program = JqProgram.Parse("test(\"^[a-z]+$\")");
        var budgets = new[] { new JqBudget(100_000), new JqBudget(100_000) };
        foreach (var budget in budgets) Assert.Equal(true, program.Evaluate("abc", JqScope.Empty with { Budget = budget }).Single());
        Assert.Equal(budgets[0].Left, budgets[1].Left);
    }

    [Theory]
    [InlineData("1 2 [3]\n{\"a\":1.0}", "1,2,[3],{\"a\":1.0}")]
    [InlineData("", "")]
    [InlineData(" \n", "")]
    [InlineData("\"a\"\"b\"[]{}null", "\"a\",\"b\",[],{},null")]
    public void Read_SeveralTexts_GivesEach(string text, string values) => Assert.Equal(values, string.Join(',', JqJson.Read(text).Select(JqJson.Write)));

    [Theory]
    [InlineData("1 tru", "Invalid literal at EOF at line 1, column 5")]
    [InlineData("[1,\n 2 3]", "Expected separator between values at line 2, column 5")]
    [InlineData("{\"a\":1,}", "Expected another key-value pair at line 1, column 8")]
    [InlineData("[", "Unfinished JSON term at EOF at line 1, column 1")]
    public void Read_NoJson_SaysWhere(string text, string message) =>
        Assert.Equal(message, Assert.Throws<FormatException>(() => JqJson.Read(text).ToList()).Message);

    [Theory]
    [InlineData("1 +\n  foo", 2, 3)]
    [InlineData(".a |\n\n.b | $x", 3, 6)]
    [InlineData("[1,\n2", 2, 2)]
    public void Parse_Mistake_TellsLineAndColumn(string program, int line, int column)
    {
        var error = Assert.Throws<JqSyntaxException>(() => JqProgram.Parse(program));
        Assert.Equal((line, column), (error.Line, error.Column));
    }

    [Theory]
    [InlineData("env")]
    [InlineData("$ENV.HOME")]
    [InlineData("input")]
    [InlineData("[inputs]")]
    [InlineData("input_filename")]
    [InlineData("input_line_number")]
    [InlineData("import \"m\" as m; 1")]
    [InlineData("include \"m\"; 1")]
    [InlineData("\"m\" | modulemeta")]
    [InlineData("get_search_list")]
    [InlineData("$__prog_args")]
    [InlineData("_match(\"a\"; null; false)")]
    public void Parse_WhatReachesOutside_IsRefused(string program) => Assert.Throws<JqSyntaxException>(() => JqProgram.Parse(program));

    [Fact]
    public async Task Evaluate_OneProgramOnManyThreads_GivesEachItsOwnResult()
    {
        var program = JqProgram.Parse("""[.[] | . as $x | {("k\($x)"): ($x * 2)}] | add | to_entries | map(.value) | [., (.[] |= . + 1)] | tojson | gsub("[0-9]+"; "n") | length""");
        var shared = JsonValue.Array(Enumerable.Range(0, 200).Select(i => JsonValue.From(i)));
        var expected = program.Evaluate(shared, JqScope.Empty).Single();
        var results = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ =>
            Task.Run(() => program.Evaluate(shared, JqScope.Empty).Single(), TestContext.Current.CancellationToken)));
        Assert.All(results, result => Assert.Equal(expected, result));
    }
}
