using System.Text;
using Interlock.Json;

namespace Interlock.Tests.Json;

public sealed class StrictJsonTests
{
    [Theory]
    [InlineData("""{"a":1,"a":2}""", "")]
    [InlineData("""{"o":{"a":1,"\u0061":2}}""", "/o")]
    [InlineData("""["\ud800"]""", "/0")]
    [InlineData("""{"n":9007199254740993}""", "/n")]
    [InlineData("""{"n":1e400}""", "/n")]
    [InlineData("""{"n":1e-400}""", "/n")]
    [InlineData("""{"n":0.1000000000000000055511151231257827}""", "/n")]
    public void Parse_NotIJson_IsRefusedWithItsPointer(string json, string pointer) =>
        Assert.Equal(pointer, Assert.Throws<NotIJsonException>(() => StrictJson.Parse(json)).Pointer);

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("{} {}")]
    [InlineData("{'a':1}")]
    [InlineData("[01]")]
    [InlineData("[1,]")]
    [InlineData("nul")]
    public void Parse_Malformed_SaysSo(string json) => Assert.Throws<NotIJsonException>(() => StrictJson.Parse(json));

    [Fact]
    public void Parse_InvalidUtf8_IsRefused() =>
        Assert.Throws<NotIJsonException>(() => StrictJson.Parse([(byte)'"', 0xC3, 0x28, (byte)'"']));

    [Fact]
    public void Parse_TooDeep_IsRefused() =>
        Assert.Throws<NotIJsonException>(() => StrictJson.Parse(new string('[', 300) + new string(']', 300)));

    [Theory]
    [InlineData("9007199254740992")]
    [InlineData("0.1")]
    [InlineData("1.50")]
    [InlineData("-0")]
    [InlineData("1e2")]
    [InlineData("100000000000000000000")]
    public void Parse_NumbersThatKeepTheirValue_AreAccepted(string json) => Assert.True(StrictJson.Parse(json).IsNumber);

    [Fact]
    public void ParseLenient_BigNumber_KeepsItsText() =>
        Assert.Equal("100000000000000000000000000000001", StrictJson.ParseLenient("100000000000000000000000000000001").ToString());

    [Fact]
    public void Canonical_Rfc8785Example_GivesItsBytes()
    {
        var value = StrictJson.ParseLenient("""
            {"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],
             "string":"\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/","literals":[null,true,false]}
            """);
        var numbers = JsonValue.Array(value["numbers"]!.Items.Select(n => JsonValue.From(n.AsNumber())));

        Assert.Equal(
            """{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}""",
            Encoding.UTF8.GetString(CanonicalJson.Serialize(value.With("numbers", numbers))));
    }

    [Fact]
    public void Canonical_NamesSortByUtf16Units()
    {
        var value = StrictJson.Parse("""{"\ufb33":1,"\ud83d\ude00":2,"\u20ac":3,"1":4,"\r":5}""");

        Assert.Equal("{\"\\r\":5,\"1\":4,\"\u20ac\":3,\"\ud83d\ude00\":2,\"\ufb33\":1}", Encoding.UTF8.GetString(CanonicalJson.Serialize(value)));
    }
}
