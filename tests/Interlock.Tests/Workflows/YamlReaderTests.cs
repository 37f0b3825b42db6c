using System.Text;
using Interlock.Core.Workflows.Reading;
using Interlock.Json;

namespace Interlock.Tests.Workflows;

public sealed class YamlReaderTests
{
    [Theory]
    [InlineData("null", "null")]
    [InlineData("~", "null")]
    [InlineData("True", "true")]
    [InlineData("FALSE", "false")]
    [InlineData("yes", "\"yes\"")]
    [InlineData("on", "\"on\"")]
    [InlineData("12", "12")]
    [InlineData("+12", "12")]
    [InlineData("012", "12")]
    [InlineData("0o14", "12")]
    [InlineData("0xC", "12")]
    [InlineData("-0.5", "-0.5")]
    [InlineData(".5", "0.5")]
    [InlineData("1.", "1")]
    [InlineData("1e3", "1000")]
    [InlineData("1.0.0", "\"1.0.0\"")]
    [InlineData("'12'", "\"12\"")]
    [InlineData("\"true\"", "\"true\"")]
    [InlineData("-", "[null]")]
    [InlineData("2026-01-01", "\"2026-01-01\"")]
    [InlineData("1_000", "\"1_000\"")]
    [InlineData("^1", "\"^1\"")]
    public void Read_Scalar_IsOfTheCoreSchema(string yaml, string json) =>
        Assert.Equal(StrictJson.Parse(json), YamlReader.Read(yaml).Value);

    [Fact]
    public void Read_JsonText_IsTheSameValue()
    {
        const string json = "{\n\t\"a\": [1, 2.5, \"x\\n\\u00e9\\ud83d\\ude00\\/\", null, true],\n\t\"b\": {\"c\": {}, \"d\": []}\n}";
        Assert.Equal(StrictJson.Parse(json), YamlReader.Read(json).Value);
    }

    [Fact]
    public void Read_Document_KnowsWhereNamesAndValuesStand()
    {
        var (_, map) = YamlReader.Read("a:\n  b: [x,\n    {c: 1}]\n  'd e': >-\n    text\n");
        Assert.Equal(new SourcePosition(2, 3), map.Nearest("/a/b").Key);
        Assert.Equal(new SourcePosition(2, 6), map.Nearest("/a/b").Value);
        Assert.Equal(new SourcePosition(3, 6), map.Nearest("/a/b/1/c").Key);
        Assert.Equal(new SourcePosition(3, 9), map.Nearest("/a/b/1/c").Value);
        Assert.Equal(new SourcePosition(4, 3), map.Nearest("/a/d e").Key);
        Assert.Equal(new SourcePosition(2, 3), map.Nearest("/a/b/7/x").Key);
    }

    [Theory]
    [InlineData("a: &x 1\nb: *x", "yaml", 1, "anchor")]
    [InlineData("a: 1\nb: *x", "yaml", 2, "alias")]
    [InlineData("a: 1\nb: !!str 2", "yaml", 2, "tag")]
    [InlineData("a: !mine 1", "yaml", 1, "tag")]
    [InlineData("a: 1\n---\nb: 2", "yaml", 2, "second document")]
    [InlineData("a: 1\n<<: {b: 2}", "yaml", 2, "merge key")]
    [InlineData("a: 1\nb:\n  c: 1\n  \"c\": 2", "yaml", 4, "stands twice")]
    [InlineData("? [a]\n: 1", "yaml", 1, "plain text")]
    [InlineData("", "yaml", 1, "empty")]
    [InlineData("# nothing\n", "yaml", 2, "empty")]
    [InlineData("a: [1", "yaml", 1, "not YAML")]
    [InlineData("a: 9007199254740993", "not-i-json", 1, "9007199254740993")]
    [InlineData("a:\n  b: 1e400", "not-i-json", 2, "1e400")]
    [InlineData("a: .inf", "not-i-json", 1, ".inf")]
    [InlineData("a: .NaN", "not-i-json", 1, ".NaN")]
    [InlineData("a: 0xFFFFFFFFFFFFFFFF", "not-i-json", 1, "too large")]
    public void Read_WhatJsonCannotSay_IsRefusedWhereItStands(string yaml, string rule, int line, string says)
    {
        var e = Assert.Throws<YamlRefusedException>(() => YamlReader.Read(yaml));
        Assert.Equal(rule, e.Rule);
        Assert.Equal(line, e.Position.Line);
        Assert.Contains(says, e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a: \"\\u{0}\"")] // escaped
    [InlineData("a: {1}")]
    [InlineData("{1}: a")]
    public void Read_LoneSurrogate_IsRefused(string template)
    {
        var yaml = template.Replace("{0}", "d800", StringComparison.Ordinal).Replace("{1}", "x\ud800", StringComparison.Ordinal);
        Assert.Throws<YamlRefusedException>(() => YamlReader.Read(yaml));
    }

    [Fact]
    public void Read_AliasBomb_IsRefusedAtTheFirstAnchor()
    {
        var bomb = new StringBuilder("a0: &a0 [x, x]\n");
        for (var i = 1; i <= 40; i++) bomb.Append(System.Globalization.CultureInfo.InvariantCulture, $"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]\n");
        var e = Assert.Throws<YamlRefusedException>(() => YamlReader.Read(bomb.ToString()));
        Assert.Equal(1, e.Position.Line);
    }

    [Fact]
    public void Read_MoreThanAMebibyte_IsRefused()
    {
        Assert.Equal(JsonKind.String, YamlReader.Read(new string('x', YamlReader.MaxBytes)).Value.Kind);
        Assert.Contains("1 MiB", Assert.Throws<YamlRefusedException>(() => YamlReader.Read(new string('x', YamlReader.MaxBytes + 1))).Message, StringComparison.Ordinal);
        Assert.Contains("1 MiB", Assert.Throws<YamlRefusedException>(() => YamlReader.Read(new string('é', (YamlReader.MaxBytes / 2) + 1))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_200Levels_IsTheDeepest()
    {
        Assert.True(YamlReader.Read(new string('[', 200) + new string(']', 200)).Value.IsArray);
        Assert.Contains("200 levels", Assert.Throws<YamlRefusedException>(() => YamlReader.Read(new string('[', 201) + new string(']', 201))).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("[")]
    [InlineData("{")]
    [InlineData("{a: ")]
    [InlineData("- ")]
    [InlineData("? ")]
    [InlineData("\"")]
    [InlineData("[[],")]
    [InlineData("a: \n")]
    [InlineData("!")]
    [InlineData("x\n\n")]
    public void Read_AMebibyteOfOneThing_EndsInAnAnswer(string piece)
    {
        var text = string.Concat(Enumerable.Repeat(piece, YamlReader.MaxBytes / piece.Length));
        var refused = Record.Exception(() => YamlReader.Read(text));
        Assert.True(refused is null or YamlRefusedException, refused?.ToString());
    }

    [Fact]
    public void Read_MoreThan100000Nodes_IsRefused() =>
        Assert.Contains("nodes", Assert.Throws<YamlRefusedException>(() => YamlReader.Read("[" + string.Concat(Enumerable.Repeat("1,", 100_001)) + "]")).Message, StringComparison.Ordinal);
}
