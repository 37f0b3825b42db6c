using Interlock.Json;

namespace Interlock.Tests.Json;

public sealed class JsonValueTests
{
    [Fact]
    public void Append_FromTheSamePrefixTwice_KeepsTheTwoApart()
    {
        var prefix = JsonValue.Array(1, 2).Append(3);
        var left = prefix.Append("left");
        var right = prefix.Append("right");

        Assert.Equal("[1,2,3]", prefix.ToString());
        Assert.Equal("""[1,2,3,"left"]""", left.ToString());
        Assert.Equal("""[1,2,3,"right"]""", right.ToString());
    }

    [Fact]
    public void With_FromTheSamePrefixTwice_KeepsTheTwoApart()
    {
        var prefix = JsonValue.EmptyObject;
        for (var i = 0; i < 12; i++) prefix = prefix.With($"k{i}", i);
        var left = prefix.With("x", "left");
        var right = prefix.With("x", "right");

        Assert.Null(prefix["x"]);
        Assert.Equal("left", left["x"]?.AsString());
        Assert.Equal("right", right["x"]?.AsString());
        Assert.Equal(13, left.Count);
    }

    [Fact]
    public void Equals_ObjectsInAnotherOrder_AreEqual()
    {
        Assert.Equal(JsonValue.Object(("a", 1), ("b", 2)), JsonValue.Object(("b", 2), ("a", 1)));
        Assert.NotEqual(JsonValue.Object(("a", 1), ("b", 2)), JsonValue.Object(("a", 1), ("c", 2)));
    }

    [Fact]
    public void Size_HoweverAValueWasBuilt_FollowsWhatItHolds()
    {
        var built = JsonValue.Object(("a", JsonValue.Array("x", 1)), ("b", "text"));
        var changed = JsonValue.EmptyObject.With("b", "a much longer text").With("a", JsonValue.EmptyArray.Append("zzzz").Append(1).WithItem(0, "x"))
            .With("c", true).Without("c").With("b", "text");

        Assert.Equal(built.Size, changed.Size);
        Assert.Equal(JsonValue.EmptyObject.Size, built.Without("a").Without("b").Size);
        var doubled = built;
        for (var i = 0; i < 200; i++) doubled = JsonValue.Array(doubled, doubled);
        Assert.True(doubled.Size > 1L << 58);
    }

    [Fact]
    public void Size_OfWhatWasTooLargeToCount_StaysWhenAPartIsTakenAway()
    {
        var endless = JsonValue.From("x");
        for (var i = 0; i < 200; i++) endless = JsonValue.Array(endless, endless);
        var two = JsonValue.Object(("a", endless), ("b", endless));

        Assert.All([two.With("a", 1), two.Without("a"), JsonValue.Array(endless, endless).WithItem(0, 1)], left => Assert.True(left.Size > 1L << 58));
    }

    [Theory]
    [InlineData(0.1, "0.1")]
    [InlineData(-0.0, "0")]
    [InlineData(1e21, "1e+21")]
    [InlineData(123456789012345680000d, "123456789012345680000")]
    [InlineData(1e-6, "0.000001")]
    [InlineData(1e-7, "1e-7")]
    [InlineData(-1.5e-9, "-1.5e-9")]
    [InlineData(5e-324, "5e-324")]
    [InlineData(1.7976931348623157e308, "1.7976931348623157e+308")]
    [InlineData(333333333.33333329, "333333333.3333333")]
    [InlineData(4.5, "4.5")]
    public void FormatNumber_Rfc8785Samples_PrintAsEcmaScript(double value, string expected) =>
        Assert.Equal(expected, JsonText.FormatNumber(value));
}
