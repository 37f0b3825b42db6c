using Interlock.Json.Jq;

namespace Interlock.Tests.Jq;

public sealed class JqReferencesTests
{
    [Theory]
    [InlineData("1", false, "")]
    [InlineData("[1, 2] | map(. + 1) | add", false, "")]
    [InlineData("now, null, empty, [range(3)], infinite", false, "")]
    [InlineData(".", true, "")]
    [InlineData(".a", true, "")]
    [InlineData(".a | 1", true, "")]
    [InlineData(". | 1", false, "")]
    [InlineData("[.]", true, "")]
    [InlineData("keys", true, "")]
    [InlineData("[..]", true, "")]
    [InlineData("if .a then 1 else 2 end", true, "")]
    [InlineData("1 as $x | $x", false, "")]
    [InlineData("def f: .a; f", true, "")]
    [InlineData("def f: .a; {a: 1} | f", false, "")]
    [InlineData("def f(g): 1; f(.a)", false, "")]
    [InlineData("$context", false, "context:")]
    [InlineData("$context.a.b.c", false, "context:a.b.c")]
    [InlineData("$context | .a | .b", false, "context:a.b")]
    [InlineData("$context.a, $context.a.b", false, "context:a")]
    [InlineData("$context.a + $context.b.c + $other", false, "context:a;context:b.c;other:")]
    [InlineData("$context.a[0].b", false, "context:a")]
    [InlineData("$context.a[$other.i]", false, "context:a;other:i")]
    [InlineData("$context[\"a\"].b", false, "context:a.b")]
    [InlineData("$context | .[\"a\" + \"b\"]", false, "context:")]
    [InlineData("$context.a as $x | $x.b", false, "context:a.b")]
    [InlineData("$context.a as $x | 1", false, "context:a")]
    [InlineData("$context as {a: $x} | $x", false, "context:")]
    [InlineData("$context.a | select(.b == 1) | .c", false, "context:a.b;context:a.c")]
    [InlineData("$context.items | map(.x)", false, "context:items")]
    [InlineData("$context.a // $context.b", false, "context:a;context:b")]
    [InlineData("try $context.a.b catch .", false, "context:a.b")]
    [InlineData("\"x \\($context.a.b)\"", false, "context:a.b")]
    [InlineData("{a: $context.x.y}", false, "context:x.y")]
    [InlineData("{$context}", false, "context:")]
    [InlineData("def f: $context.a; f | .b", false, "context:a.b")]
    [InlineData("def f(g): g | .z; f($context.a)", false, "context:a.z")]
    [InlineData("def f: if .n then .n | f else .v end; $context.list | f", false, "context:list.n;context:list.v")]
    [InlineData("def f(g): g | f(g); f($context.a)", false, "context:a")]
    [InlineData("reduce $context.a[] as $x (0; . + $x.b)", false, "context:a")]
    [InlineData("$context | keys", false, "context:")]
    [InlineData("$context.a | getpath([\"b\"])", false, "context:a")]
    [InlineData("first($context.a.b, 1)", false, "context:a.b")]
    [InlineData("1 as $context | $context.a", false, "")]
    [InlineData("{} | .a = $context.b.c", false, "context:b.c")]
    [InlineData(".a |= $context.b", true, "context:b")]
    [InlineData("any($context.roles[]; . == \"admin\")", false, "context:roles")]
    [InlineData("$context.a | test(\"x\")", false, "context:a")]
    [InlineData("[limit(2; $context.a[])]", false, "context:a")]
    public void Parse_Program_TellsWhatItReads(string program, bool readsInput, string variables)
    {
        var references = JqProgram.Parse(program, ["context", "other"]).References;
        Assert.Equal(variables, string.Join(';', references.Variables.Select(variable => $"{variable.Variable}:{string.Join('.', variable.Path)}")));
        Assert.Equal(readsInput, references.ReadsInput);
    }

    [Fact]
    public void Parse_ProgramTooLargeToFollow_SaysItReadsEverything()
    {
        var doubling = string.Concat(Enumerable.Range(1, 30).Select(i => $"def f{i}: f{i - 1}, f{i - 1}; "));
        var references = JqProgram.Parse($"def f0: $a.x; {doubling} f30", ["a", "b"]).References;
        Assert.True(references.ReadsInput);
        Assert.Equal(["a", "b"], references.Variables.Select(variable => variable.Variable));
        Assert.All(references.Variables, variable => Assert.Empty(variable.Path));
    }
}
