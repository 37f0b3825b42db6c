using Interlock.Json;

namespace Interlock.Tests.Json;

public sealed class JsonDiffTests
{
    [Theory]
    [InlineData("""{"a":1,"b":[1,2],"c":{"d":true}}""", """{"a":1,"b":[1,3,4],"c":{}}""", "/b/1 /b/2 /c/d")]
    [InlineData("""{"a":1}""", """{"a":1.0}""", "")]
    [InlineData("""[1]""", """{"a":1}""", "")]
    public void Between_FewDifferences_NamesTheSmallest(string from, string to, string pointers) =>
        Assert.Equal(pointers, string.Join(' ', JsonDiff.Between(StrictJson.Parse(from), StrictJson.Parse(to)).Select(change => change.Pointer)));

    [Fact]
    public void Between_ManyDifferences_NamesWhatHoldsThem()
    {
        JsonValue Of(int value) => JsonValue.Object(("many", JsonValue.Array(Enumerable.Range(0, 50_000).Select(_ => JsonValue.From(value)))), ("one", value));
        Assert.Equal(["/many", "/one"], JsonDiff.Between(Of(1), Of(2)).Select(change => change.Pointer));
    }

    [Fact]
    public void Between_UnderALongName_NamesWhatHasIt()
    {
        JsonValue Of(int value) => JsonValue.Object(("outer", JsonValue.Object((new string('n', 60_000), JsonValue.Array(Enumerable.Range(0, 100).Select(_ => JsonValue.From(value)))))));
        var change = Assert.Single(JsonDiff.Between(Of(1), Of(2)));
        Assert.Equal(("/outer", Of(2)["outer"]), (change.Pointer, change.To));
    }
}
