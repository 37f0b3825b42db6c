using Interlock.Json;
using Interlock.Json.Jq;

namespace Interlock.Tests.Jq;

public sealed class JqLimitTests
{
    private const int Mebi = 1024 * 1024;

    [Theory]
    [InlineData("range(1e12) | empty")]
    [InlineData("[recurse(.)] | length")]
    [InlineData("def f: f; f")]
    [InlineData("def f(g): f(g | g); f(.)")]
    [InlineData("repeat(empty)")]
    [InlineData("last(repeat(1))")]
    [InlineData("until(false; .)")]
    [InlineData("reduce range(80) as $i (1; [., .]) | . == .")]
    [InlineData("reduce range(80) as $i (1; [., .]) | sort_by(.) | length")]
    [InlineData("(\"x\" * 1000000) as $s | [range(10000) | $s | length] | length")]
    [InlineData("(\"x\" * 1000000) as $s | [range(10000) | $s | test(\"y\")] | length")]
    [InlineData("[range(100000) | tostring | test(\"x\\(.)\")] | length")]
    public void Evaluate_EndlessWork_StopsAtTheStepLimit(string program) => Assert.Equal("steps", LimitOf(program, new JqLimits()));

    [Theory]
    [InlineData("\"x\" * 1e9")]
    [InlineData("[range(1e9)]")]
    [InlineData("reduce range(80) as $i (\"x\"; . + .)")]
    [InlineData("reduce range(80) as $i ([1]; . + .)")]
    [InlineData("reduce range(80) as $i (1; [., .])")]
    [InlineData("reduce range(80) as $i (1; {a: ., b: .}) | tojson")]
    [InlineData("reduce range(80) as $i (1; [., .]) | \"\\(.)\"")]
    [InlineData("[limit(100000; repeat(\"x\" * 1000))]")]
    [InlineData("(\"x\" * 1000000) | explode")]
    [InlineData("(\"x\" * 1000000) | split(\"\")")]
    [InlineData("(\",\" * 1000000) | split(\",\")")]
    [InlineData("\"x\" * 100000 | gsub(\"\"; \"y\" * 1000)")]
    [InlineData(".[1e8] = 1")]
    [InlineData("[range(2000)] as $a | [range(2000) | . as $i | $a | .[$i] = 0]")]
    [InlineData("[range(1000) | [range(1000)]] | transpose")]
    [InlineData("reduce range(80) as $i (1; [., .]) | {a: ., b: .} | .a = 1")]
    public void Evaluate_LargeValues_StopAtTheOutputLimit(string program) => Assert.Equal("output", LimitOf(program, new JqLimits()));

    [Theory]
    [InlineData("def f: 1 + f; f")]
    [InlineData("def f: [f]; f")]
    [InlineData("def f: try f catch .; f")]
    [InlineData("def f: f | .; f")]
    [InlineData("def f: f // 1; f")]
    [InlineData("def f: reduce f as $x (0; 1); f")]
    [InlineData("def f: . as [$x] ?// $x | f; f")]
    [InlineData("def f(g): g | f(f(g)); f(f(.))")]
    [InlineData("def f: .a |= f; f")]
    [InlineData("def f: path(f); f")]
    [InlineData("def f: {a: f}; f")]
    [InlineData("def f: \"\\(f)\"; f")]
    [InlineData("def f: (., .) | f; f")]
    [InlineData("reduce range(100000) as $i (0; [.])")]
    [InlineData("reduce range(100000) as $i (0; {a: .})")]
    [InlineData("reduce range(100000) as $i (null; setpath([\"a\"]; .))")]
    public void Evaluate_DeepRecursion_StopsAtTheDepthLimit(string program) => Assert.Equal("depth", LimitOf(program, new JqLimits()));

    /// <summary>What backtracking would take exponential time for is answered within the steps there are.</summary>
    [Theory]
    [InlineData("(\"a\" * 20000) + \"b\" | test(\"(a+)+$\")", "none")]
    [InlineData("(\"a\" * 20000) | test(\"(a|a)*b\")", "none")]
    [InlineData("(\"x\" * 5000) | [match(\"(x+x+)+y\"; \"g\")]", "none")]
    [InlineData("(\"ab\" * 30000) | [scan(\"(a|b|ab)*?c\")]", "none")]
    [InlineData("\"x\" | test(\"((a{1,100}){1,100}){1,100}\")", "error")]
    [InlineData("\"x\" | test(\"a{100001}\")", "error")]
    [InlineData("\"😀\" | test(\"[\\\\w]{200}\")", "error")]
    [InlineData("[range(2000)|\"😀\" | test(\"\\\\w{9}\\(.)\")] | length", "steps")]
    public void Evaluate_RegexBombs_AreBounded(string program, string end) => Assert.Equal(end, LimitOf(program, new JqLimits()));

    [Fact]
    public void Evaluate_LimitsOfTheScope_AreTheOnesThatCount()
    {
        var recursive = "def f: if . == 0 then 0 else 1 + (. - 1 | f) end; 100 | f";
        Assert.Equal("none", LimitOf(recursive, new JqLimits()));
        Assert.Equal("depth", LimitOf(recursive, new JqLimits { Depth = 99 }));
        Assert.Equal("steps", LimitOf("[range(100)]", new JqLimits { Steps = 100 }));
        Assert.Equal("none", LimitOf("[range(100)]", new JqLimits { Steps = 500 }));
        Assert.Equal("output", LimitOf("\"x\" * 1000", new JqLimits { OutputBytes = 1000 }));
        Assert.Equal("none", LimitOf("\"x\" * 1000", new JqLimits { OutputBytes = 4000 }));
    }

    /// <summary>What an output would be as text counts, and to ask that costs the same however much it holds: lists grow item by item over a whole run.</summary>
    [Fact]
    public void Evaluate_ManyOutputsOfOneLargeValue_AreMeasuredWithoutBeingRead()
    {
        var large = JsonValue.Array([.. Enumerable.Repeat((JsonValue)1, 1_000_000)]);

        Assert.Equal(300_000, JqProgram.Parse("(range(300000) | 0) as $i | .all").Evaluate(JsonValue.Object(("all", large)), JqScope.Empty with { Limits = new JqLimits { Steps = 10_000_000 } }).Count());
        Assert.Equal("output", LimitOf("[range(200)] | ., .", new JqLimits { OutputBytes = 200 * 9 }));
    }

    [Fact]
    public void Evaluate_TailCalls_TakeNoDepth() =>
        Assert.Equal(50_000, JqProgram.Parse("def f: if . < 50000 then . + 1 | f else . end; 0 | f").Evaluate(JsonValue.Null, JqScope.Empty).Single());

    [Fact]
    public void Evaluate_LimitReached_CannotBeCaught() =>
        Assert.Equal("steps", LimitOf("try (range(1e12) | empty) catch \"caught\"", new JqLimits()));

    [Fact]
    public void EvaluateAndParse_WorstCasesOnASmallStack_LeaveTheStackAlone()
    {
        var deep = Nested(200);
        string[] programs =
        [
            "def f: 1 + f; f",
            "reduce range(250) as $i (.; [.]) | tojson | fromjson | [., .] | sort | flatten | length",
            string.Concat(Enumerable.Repeat("[", 5_000)),
            new string('(', 150) + "1" + new string(')', 150),
            new string('(', 100_000) + "1" + new string(')', 100_000),
            string.Concat(Enumerable.Repeat("-", 100_000)) + "1",
            string.Concat(Enumerable.Repeat("try ", 100_000)) + "1",
            string.Join('+', Enumerable.Repeat(".", 50_000)),
            string.Join('|', Enumerable.Repeat(".", 50_000)),
            string.Join(',', Enumerable.Repeat(".", 50_000)),
            "." + string.Concat(Enumerable.Repeat("[0]", 50_000)),
            "." + string.Concat(Enumerable.Repeat("?", 50_000)),
            string.Concat(Enumerable.Repeat("1 as $x | ", 5_000)) + "$x",
            string.Concat(Enumerable.Repeat("def f: 1; ", 5_000)) + "f",
            string.Concat(Enumerable.Repeat("if . then 1 el", 20_000)) + "se 2 end",
            string.Concat(Enumerable.Repeat("\"\\(", 20_000)),
            ". as " + new string('[', 50_000) + "$x",
            "\"a\" | test(\"" + new string('(', 50_000) + "\")",
            "[.., .] | contains([.[0]]), (. == .), tostring, (.. |= .)",
            "\"[\" * 100000 | fromjson",
            "\"" + new string('x', Mebi) + "\"",
            "1" + string.Concat(Enumerable.Repeat("+1", Mebi / 2)),
            "." + string.Concat(Enumerable.Repeat("|.", Mebi / 2)),
            "[1" + string.Concat(Enumerable.Repeat(",1", Mebi / 2)) + "]",
            string.Concat(Enumerable.Repeat(".a", Mebi / 2)),
            new string('(', 10_000) + "1" + new string(')', 10_000),
            new string('(', Mebi),
            "#" + new string('x', Mebi) + "\n1",
        ];
        Exception? failure = null;
        var finished = 0;
        var thread = new Thread(
            () =>
            {
                try
                {
                    foreach (var program in programs)
                    {
                        LimitOf(program, new JqLimits { Steps = 200_000 }, deep);
                        finished++;
                    }
                }
                catch (Exception e) when (e is not OutOfMemoryException)
                {
                    failure = e;
                }
            },
            maxStackSize: 512 * 1024);
        thread.Start();
        thread.Join();
        Assert.Null(failure);
        Assert.Equal(programs.Length, finished);
    }

    [Fact]
    public void Evaluate_ManyUpdates_TakeStepsInProportion() =>
        Assert.Equal("none", LimitOf("[range(20000)] | .[] |= . + 1 | (.[] | select(. % 2 == 0)) |= empty | length", new JqLimits()));

    private static JsonValue Nested(int depth)
    {
        var value = JsonValue.Null;
        for (var i = 0; i < depth; i++) value = JsonValue.Array(value);
        return value;
    }

    private static string LimitOf(string program, JqLimits limits, JsonValue? input = null)
    {
        try
        {
            foreach (var _ in JqProgram.Parse(program).Evaluate(input ?? JsonValue.Null, JqScope.Empty with { Limits = limits }))
            {
            }
            return "none";
        }
        catch (JqLimitException e)
        {
            return e.Limit;
        }
        catch (JqSyntaxException)
        {
            return "syntax";
        }
        catch (JqException)
        {
            return "error";
        }
    }
}
