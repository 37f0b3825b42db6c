using Interlock.Json;
using Interlock.Json.Schema;

namespace Interlock.Tests.Schema;

public sealed class CompatibilityTests
{
    [Theory]
    [InlineData("""{"type":"string"}""", """{"type":"string","title":"t","description":"d","default":"x"}""", false, false)]
    [InlineData("""{"type":"integer"}""", """{"type":"number"}""", false, true)]
    [InlineData("""{"type":["string","null"]}""", """{"type":"string"}""", true, false)]
    [InlineData("""{"type":"string"}""", """{"type":"number"}""", true, true)]
    [InlineData("""{"enum":["a","b"]}""", """{"enum":["a","c"]}""", true, true)]
    [InlineData("""{"enum":["a","b"]}""", """{"const":"a"}""", true, false)]
    [InlineData("""{"minimum":1}""", """{"minimum":2}""", true, false)]
    [InlineData("""{"maxLength":1}""", """{"maxLength":2}""", false, true)]
    [InlineData("""{"multipleOf":0.1}""", """{"multipleOf":0.2}""", true, false)]
    [InlineData("""{"pattern":"a"}""", """{"pattern":"b"}""", true, true)]
    [InlineData("""{"required":["a"]}""", """{"required":["a","b"]}""", true, false)]
    [InlineData("""{"properties":{"a":true},"additionalProperties":false}""", """{"properties":{"a":true,"b":{"type":"string"}},"additionalProperties":false}""", false, true)]
    [InlineData("""{"properties":{"a":true}}""", """{"properties":{"a":true,"b":{"type":"string"}}}""", true, false)]
    [InlineData("""{"properties":{"a":true,"b":true},"additionalProperties":false}""", """{"properties":{"a":true},"additionalProperties":false}""", true, false)]
    [InlineData("""{"properties":{"a":{"type":"string"}}}""", "{}", false, true)]
    [InlineData("{}", """{"additionalProperties":false}""", true, false)]
    [InlineData("""{"items":{"type":"string"}}""", """{"items":{"type":["string","null"]}}""", false, true)]
    [InlineData("""{"items":{"type":"number"}}""", """{"prefixItems":[{"type":"string"}],"items":{"type":"number"}}""", true, true)]
    [InlineData("""{"anyOf":[{"type":"string"}]}""", """{"anyOf":[{"type":"string"},{"type":"null"}]}""", false, true)]
    [InlineData("""{"allOf":[{"minimum":1}]}""", """{"allOf":[{"minimum":1},{"maximum":2}]}""", true, false)]
    [InlineData("""{"not":{"type":"string"}}""", """{"not":{"type":"null"}}""", true, true)]
    [InlineData("""{"not":{"$ref":"#/$defs/a"},"$defs":{"a":{"type":"string"}}}""", """{"not":{"$ref":"#/$defs/a"},"$defs":{"a":{"type":["string","null"]}}}""", true, true)]
    [InlineData("""{"$ref":"#/$defs/a","$defs":{"a":{"type":"string"}}}""", """{"$ref":"#/$defs/b","$defs":{"b":{"type":"string"}}}""", false, false)]
    [InlineData("""{"properties":{"n":{"$ref":"#"},"v":{"type":"string"}}}""", """{"properties":{"n":{"$ref":"#"},"v":{"type":["string","null"]}}}""", false, true)]
    [InlineData("""{"patternProperties":{"^a":{"type":"string"}},"additionalProperties":false}""", """{"patternProperties":{"^b":{"type":"string"}},"additionalProperties":false}""", true, true)]
    [InlineData("""{"properties":{"a":true},"unevaluatedProperties":false}""", """{"properties":{"a":true,"b":true},"unevaluatedProperties":false}""", true, true)]
    [InlineData("true", "false", true, false)]
    public void Compare_OneDifference_BreaksWhomItBreaks(string before, string after, bool callers, bool results)
    {
        var changes = Compatibility.Compare(StrictJson.Parse(before), StrictJson.Parse(after));

        Assert.Equal((callers, results), (changes.Any(c => c.BreaksCallers), changes.Any(c => c.BreaksResults)));
        Assert.All(changes, change => Assert.NotEmpty(change.Explanation));
    }

    /// <summary>Soundness against the validator: a witness that one schema accepts and the other refuses must be announced.</summary>
    [Fact]
    public void Compare_EveryPairOfSchemas_AnnouncesEveryWitness()
    {
        string[] schemas =
        [
            "true", "false", """{"type":"string"}""", """{"type":"integer"}""", """{"type":"number","minimum":1}""", """{"exclusiveMinimum":1}""",
            """{"enum":[1,"a"]}""", """{"const":"a"}""", """{"maxLength":1}""", """{"pattern":"^a"}""", """{"format":"date"}""",
            """{"properties":{"a":{"type":"string"}}}""", """{"properties":{"a":{"type":"string"}},"additionalProperties":false}""",
            """{"properties":{"a":{"type":"string"},"b":true},"additionalProperties":false}""", """{"additionalProperties":{"type":"integer"}}""",
            """{"patternProperties":{"^a":{"type":"integer"}}}""", """{"patternProperties":{"^a":{"type":"integer"}},"additionalProperties":false}""",
            """{"patternProperties":{"^a":true},"properties":{"a":true},"additionalProperties":false}""", """{"required":["a"]}""",
            """{"dependentRequired":{"a":["b"]}}""", """{"minProperties":1}""", """{"propertyNames":{"maxLength":1}}""",
            """{"items":{"type":"integer"}}""", """{"prefixItems":[{"type":"string"}]}""", """{"prefixItems":[{"type":"string"}],"items":{"type":"integer"}}""",
            """{"prefixItems":[true,true],"items":false}""", """{"prefixItems":[true],"items":false}""", """{"contains":{"const":1}}""", """{"contains":{"const":1},"minContains":2}""",
            """{"contains":{"const":1},"minContains":0}""", """{"minContains":2}""", """{"prefixItems":[true],"unevaluatedItems":false}""", """{"contains":{"const":1},"unevaluatedItems":false}""",
            """{"uniqueItems":true}""", """{"anyOf":[{"type":"string"},{"type":"integer"}]}""", """{"oneOf":[{"type":"string"},{"maxLength":1}]}""",
            """{"not":{"type":"string"}}""", """{"if":{"type":"string"},"then":{"maxLength":1}}""", """{"if":{"type":"string"},"else":false}""", """{"then":false}""",
            """{"if":{"type":"string"},"then":{"maxLength":1},"else":false}""", """{"properties":{"a":true},"unevaluatedProperties":false}""",
            """{"allOf":[{"properties":{"a":true}}],"unevaluatedProperties":false}""", """{"$ref":"#/$defs/x","$defs":{"x":{"type":"string"}}}""",
            """{"$ref":"#/$defs/x","$defs":{"x":{"type":"integer"}}}""", """{"properties":{"a":{"$ref":"#"}},"required":["a"]}""", """{"multipleOf":2}""",
            """{"$schema":"http://json-schema.org/draft-07/schema#","items":[{"type":"string"}],"additionalItems":false}""",
            """{"$schema":"http://json-schema.org/draft-07/schema#","items":{"type":"string"}}""", """{"dependencies":{"a":["b"]}}""",
            """{"dependentSchemas":{"a":{"required":["b"]}}}""", """{"maximum":2,"type":["integer","string"]}""",
        ];
        string[] instances =
        [
            "null", "true", "0", "1", "1.5", "2", "3", "\"\"", "\"a\"", "\"ab\"", "\"b\"", "\"2020-01-01\"", "[]", "[1]", "[1,1]", "[2]", "[\"a\"]", "[\"a\",1]",
            "[\"a\",\"b\"]", "[1,2,3]", "[null]", "{}", """{"a":1}""", """{"a":"x"}""", """{"a":"x","b":1}""", """{"b":1}""", """{"ab":"x"}""", """{"ab":1}""",
            """{"cc":1}""", """{"c":null}""", """{"a":{"a":null}}""",
        ];
        var values = instances.Select(StrictJson.Parse).ToList();
        var compiled = schemas.Select(text => (Json: StrictJson.Parse(text), Schema: JsonSchema.Compile(StrictJson.Parse(text), JsonSchemaOptions.Asserting))).ToList();

        foreach (var before in compiled)
        {
            foreach (var after in compiled)
            {
                var changes = Compatibility.Compare(before.Json, after.Json);
                foreach (var value in values)
                {
                    var (was, now) = (before.Schema.IsValid(value), after.Schema.IsValid(value));
                    if (was && !now) Assert.True(changes.Any(c => c.BreaksCallers), $"{before.Json} → {after.Json}: {value} is refused now");
                    if (!was && now) Assert.True(changes.Any(c => c.BreaksResults), $"{before.Json} → {after.Json}: {value} was refused before");
                }
            }
            Assert.Empty(Compatibility.Compare(before.Json, before.Json));
        }
    }
}
