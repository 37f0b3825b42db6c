using Interlock.Json;
using Interlock.Json.Schema;

namespace Interlock.Tests.Schema;

public sealed class SchemaDefaultsTests
{
    [Theory]
    [InlineData("""{"properties":{"a":{"default":1},"b":{"default":2}}}""", """{"b":3}""", """{"b":3,"a":1}""")]
    [InlineData("""{"properties":{"a":{"default":1}}}""", """{"a":null}""", """{"a":null}""")]
    [InlineData("""{"properties":{"o":{"properties":{"a":{"default":1}}}}}""", """{"o":{}}""", """{"o":{"a":1}}""")]
    [InlineData("""{"properties":{"o":{"properties":{"a":{"default":1}}}}}""", "{}", "{}")]
    [InlineData("""{"properties":{"o":{"default":{},"properties":{"a":{"default":1}}}}}""", "{}", """{"o":{"a":1}}""")]
    [InlineData("""{"allOf":[{"$ref":"#/$defs/x"}],"$defs":{"x":{"properties":{"a":{"$ref":"#v"}}},"v":{"$anchor":"v","default":1}}}""", "{}", """{"a":1}""")]
    [InlineData("""{"properties":{"a":{"$ref":"#/$defs/v","default":2}},"$defs":{"v":{"default":1}}}""", "{}", """{"a":2}""")]
    [InlineData("""{"anyOf":[{"properties":{"a":{"default":1}}}]}""", "{}", "{}")]
    [InlineData("""{"properties":{"a":{"default":{},"$ref":"#"}}}""", "{}", """{"a":{"a":{}}}""")]
    [InlineData("""{"properties":{"a":{"default":1}}}""", "[]", "[]")]
    public void Apply_AbsentMembers_TakeTheirDefaults(string schema, string instance, string expected)
    {
        var (parsed, value) = (StrictJson.Parse(schema), StrictJson.Parse(instance));

        Assert.Equal(expected, SchemaDefaults.Apply(parsed, value).ToString());
        Assert.Equal(expected, SchemaDefaults.Apply(JsonSchema.Compile(parsed), value).ToString());
    }

    [Fact]
    public void Apply_DefaultsThatMultiply_AreRefused()
    {
        var defs = JsonValue.EmptyObject;
        for (var i = 0; i < 40; i++)
        {
            var next = JsonValue.Object(("$ref", $"#/$defs/d{i + 1}"), ("default", JsonValue.EmptyObject));
            defs = defs.With($"d{i}", JsonValue.Object(("properties", JsonValue.Object(("x", next), ("y", next)))));
        }
        var schema = JsonValue.Object(("$ref", "#/$defs/d0"), ("$defs", defs.With("d40", true)));

        Assert.Throws<JsonSchemaException>(() => SchemaDefaults.Apply(schema, JsonValue.EmptyObject));
    }
}
