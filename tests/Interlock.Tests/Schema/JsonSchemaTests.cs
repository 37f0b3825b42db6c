using Interlock.Json;
using Interlock.Json.Schema;

namespace Interlock.Tests.Schema;

public sealed class JsonSchemaTests
{
    [Theory]
    [InlineData("""{"multipleOf":0.1}""", "0.3", true)]
    [InlineData("""{"multipleOf":0.01}""", "19.99", true)]
    [InlineData("""{"multipleOf":0.01}""", "19.999", false)]
    [InlineData("""{"multipleOf":1e-30}""", "3e-30", true)]
    [InlineData("""{"multipleOf":0.123456789}""", "1e308", false)]
    [InlineData("""{"type":"integer"}""", "1.0", true)]
    [InlineData("""{"type":"integer"}""", "1.5", false)]
    [InlineData("""{"maxLength":1}""", "\"💩\"", true)]
    [InlineData("""{"uniqueItems":true}""", """[{"a":1,"b":2},{"b":2,"a":1}]""", false)]
    [InlineData("""{"uniqueItems":true}""", "[1,2,3,4,5,6,7,8,9,1]", false)]
    [InlineData("""{"uniqueItems":true}""", "[1,true,0,false,\"1\",[1],[true],{},[],null]", true)]
    [InlineData("""{"contains":{"const":1},"minContains":2,"maxContains":2}""", "[1,1,1]", false)]
    [InlineData("""{"contains":{"const":1},"minContains":0}""", "[]", true)]
    [InlineData("""{"prefixItems":[true],"contains":{"const":2},"unevaluatedItems":false}""", "[1,2,2]", true)]
    [InlineData("""{"prefixItems":[true],"contains":{"const":2},"unevaluatedItems":false}""", "[1,2,3]", false)]
    [InlineData("""{"anyOf":[{"properties":{"a":true}},{"properties":{"b":{"type":"string"}}}],"unevaluatedProperties":false}""", """{"a":1,"b":"x"}""", true)]
    [InlineData("""{"anyOf":[{"properties":{"a":true}},{"properties":{"b":{"type":"string"}}}],"unevaluatedProperties":false}""", """{"a":1,"b":2}""", false)]
    [InlineData("""{"not":{"properties":{"a":true}},"unevaluatedProperties":false}""", "{}", false)]
    [InlineData("""{"properties":{"a":true},"allOf":[{"unevaluatedProperties":false}]}""", """{"a":1}""", false)]
    [InlineData("""{"if":{"required":["a"],"properties":{"a":true}},"then":{"properties":{"b":true}},"unevaluatedProperties":false}""", """{"a":1,"b":2}""", true)]
    [InlineData("""{"if":{"required":["a"],"properties":{"a":true}},"then":{"properties":{"b":true}},"unevaluatedProperties":false}""", """{"b":2}""", false)]
    [InlineData("""{"dependentSchemas":{"a":{"required":["b"]}},"dependentRequired":{"b":["c"]}}""", """{"a":1,"b":1}""", false)]
    [InlineData("""{"properties":{"next":{"$ref":"#"}},"additionalProperties":false}""", """{"next":{"next":{"x":1}}}""", false)]
    [InlineData("""{"$id":"http://e/a","$ref":"b#/$defs/t","$defs":{"x":{"$id":"b","$defs":{"t":{"type":"string"}}}}}""", "1", false)]
    [InlineData("""{"$schema":"http://json-schema.org/draft-07/schema#","definitions":{"s":{"type":"string"}},"$ref":"#/definitions/s","maxLength":1}""", "\"long\"", true)]
    [InlineData("""{"$schema":"http://json-schema.org/draft-07/schema#","items":[{"type":"string"}],"additionalItems":false}""", """["a",1]""", false)]
    [InlineData("""{"$schema":"http://json-schema.org/draft-07/schema#","dependencies":{"a":["b"]}}""", """{"a":1}""", false)]
    [InlineData("""{"$schema":"http://json-schema.org/draft-07/schema#","dependentRequired":{"a":["b"]}}""", """{"a":1}""", true)]
    public void IsValid_Keywords_AsSpecified(string schema, string instance, bool valid)
    {
        var compiled = JsonSchema.Compile(StrictJson.ParseLenient(schema));
        var value = StrictJson.ParseLenient(instance);

        Assert.Equal(valid, compiled.IsValid(value));
        Assert.Equal(valid, compiled.Validate(value).Count == 0);
    }

    [Fact]
    public void IsValid_DynamicReference_TakesTheOutermostAnchor()
    {
        var remotes = new Dictionary<string, JsonValue>
        {
            ["http://e/list"] = StrictJson.Parse("""
                {"$id":"http://e/list","type":"array","items":{"$dynamicRef":"#item"},"$defs":{"any":{"$dynamicAnchor":"item"}}}
                """),
        };
        var strings = JsonSchema.Compile(
            StrictJson.Parse("""{"$id":"http://e/strings","$ref":"list","$defs":{"s":{"$dynamicAnchor":"item","type":"string"}}}"""),
            new() { Remotes = remotes });
        var anything = JsonSchema.Compile(StrictJson.Parse("""{"$ref":"http://e/list"}"""), new() { Remotes = remotes });

        Assert.False(strings.IsValid(JsonValue.Array(1)));
        Assert.True(strings.IsValid(JsonValue.Array("a")));
        Assert.True(anything.IsValid(JsonValue.Array(1)));
    }

    [Theory]
    [InlineData("""{"properties":{"a":{"type":"strin"}}}""", "/properties/a/type")]
    [InlineData("""{"allOf":[]}""", "/allOf")]
    [InlineData("""{"items":[true]}""", "/items")]
    [InlineData("""{"minLength":-1}""", "/minLength")]
    [InlineData("""{"not":3}""", "/not")]
    [InlineData("""{"$ref":"#/$defs/none"}""", "/$ref")]
    [InlineData("""{"$ref":"http://elsewhere/x"}""", "/$ref")]
    [InlineData("""{"$schema":"http://json-schema.org/draft-04/schema#"}""", "/$schema")]
    [InlineData("""{"pattern":"(?=a)"}""", "/pattern")]
    [InlineData("""{"pattern":"(a)\\1"}""", "/pattern")]
    [InlineData("""{"pattern":"((a{99}){99}){99}"}""", "/pattern")]
    [InlineData("""{"$ref":"#"}""", "")]
    [InlineData("""{"$defs":{"a":{"anyOf":[{"$ref":"#/$defs/b"}]},"b":{"not":{"$ref":"#/$defs/a"}}},"$ref":"#/$defs/a"}""", "/$defs/a")]
    public void Compile_BadSchema_IsRefusedWithItsPointer(string schema, string pointer) =>
        Assert.Equal(pointer, Assert.Throws<JsonSchemaException>(() => JsonSchema.Compile(StrictJson.Parse(schema))).Pointer);

    [Fact]
    public void IsValid_ExponentialChoices_EndInAClearError()
    {
        var defs = JsonValue.EmptyObject;
        for (var i = 0; i < 60; i++)
        {
            var next = JsonValue.Object(("$ref", $"#/$defs/d{i + 1}"));
            defs = defs.With($"d{i}", JsonValue.Object(("anyOf", JsonValue.Array(next, next))));
        }
        var schema = JsonSchema.Compile(JsonValue.Object(("not", JsonValue.Object(("$ref", "#/$defs/d0"))), ("$defs", defs.With("d60", false))));

        Assert.False(schema.IsValid(JsonValue.Null)); // "not" must not turn the limit into success
        Assert.Contains("steps", Assert.Single(schema.Validate(JsonValue.Null)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Validate_DeepInstance_EndsInAClearError()
    {
        var deep = JsonValue.EmptyArray;
        for (var i = 0; i < 50_000; i++) deep = JsonValue.Array(deep);
        var schema = JsonSchema.Compile(StrictJson.Parse("""{"items":{"$ref":"#"}}"""));

        Assert.Contains("1024", Assert.Single(schema.Validate(deep)).Message, StringComparison.Ordinal);
    }

    /// <summary>Numbers of one hash, as many as somebody likes to send, must not make a set slow.</summary>
    [Fact]
    public void GetHashCode_NumbersMadeToCollide_Differ()
    {
        var numbers = Enumerable.Range(0, 1_000).Select(i => JsonValue.From(BitConverter.Int64BitsToDouble((0x40000000L + i) << 32 | (0x40000000L + i) ^ 0x1234))).ToList();

        Assert.Single(numbers.Select(number => number.GetHashCode()).Distinct());
        Assert.InRange(numbers.Select(DeepComparer.Instance.GetHashCode).Distinct().Count(), 990, 1_000);
        Assert.Equal(DeepComparer.Instance.GetHashCode(0), DeepComparer.Instance.GetHashCode(-0.0));
    }

    [Fact]
    public void IsValid_CatastrophicPattern_TakesLinearTime()
    {
        var schema = JsonSchema.Compile(StrictJson.Parse("""{"pattern":"^(a+)+$"}"""));

        Assert.False(schema.IsValid(new string('a', 50_000) + "b"));
    }

    [Theory]
    [InlineData(@"^\d+$", "٣", false)]
    [InlineData(@"^\w$", "é", false)]
    [InlineData("^a$", "a\n", false)]
    [InlineData("^.$", "💩", true)]
    [InlineData("^..$", "💩", false)]
    [InlineData("^[^a]$", "💩", true)]
    [InlineData("^[💩-💯]$", "💫", true)]
    [InlineData("^[💩-💯]$", "😀", false)]
    [InlineData(@"^\u{1F4A9}{2}$", "💩💩", true)]
    [InlineData(@"^\p{Letter}+$", "été", true)]
    [InlineData(@"^\cJ$", "\n", true)]
    [InlineData(@"^\s$", "\uFEFF", true)]
    [InlineData(@"^\S$", "\u0085", true)]
    [InlineData("^{a}$", "{a}", true)]
    [InlineData("^a{2,3}?$", "aaaa", false)]
    [InlineData("^[]$", "", false)]
    [InlineData("a|^b", "cb", false)]
    public void IsValid_Pattern_MeansWhatEcmaScriptMeans(string pattern, string text, bool valid) =>
        Assert.Equal(valid, JsonSchema.Compile(JsonValue.Object(("pattern", pattern))).IsValid(text));

    [Theory]
    [InlineData("date-time", "1998-12-31T15:59:60.123-08:00", "1998-12-31T22:59:60Z")]
    [InlineData("date", "2024-02-29", "2023-02-29")]
    [InlineData("time", "08:30:06Z", "08:30:06")]
    [InlineData("duration", "P1Y2M3DT4H5M6S", "P1YT")]
    [InlineData("email", "\"joe bloggs\"@example.com", ".a@example.com")]
    [InlineData("hostname", "xn--ihqwcrb4cv8a8dqg056pqjye", "-a.example")]
    [InlineData("ipv4", "192.168.0.1", "192.168.00.1")]
    [InlineData("ipv6", "::ffff:192.168.0.1", "1::2::3")]
    [InlineData("uri", "http://a.example/?q=%20#f", "/relative")]
    [InlineData("uri-reference", "#frag", "a b")]
    [InlineData("iri", "http://ƒøø.ßår/?∂=πîx", "http://a b")]
    [InlineData("uri-template", "http://e/{x}{?y*,z:3}", "http://e/{x")]
    [InlineData("uuid", "2eb8aa08-aa98-11ea-b4aa-73b441d16380", "2eb8aa08aa9811eab4aa73b441d16380")]
    [InlineData("json-pointer", "/a~1b", "/a~2")]
    [InlineData("relative-json-pointer", "0#", "01/a")]
    [InlineData("regex", "(?=a)[b]", "^(abc]")]
    public void IsValid_Format_IsAssertedWhereAsked(string format, string good, string bad)
    {
        var schema = JsonValue.Object(("format", format));

        Assert.True(JsonSchema.Compile(schema, JsonSchemaOptions.Asserting).IsValid(good));
        Assert.False(JsonSchema.Compile(schema, JsonSchemaOptions.Asserting).IsValid(bad));
        Assert.True(JsonSchema.Compile(schema).IsValid(bad));
    }

    [Fact]
    public void Compile_MetaSchemas_ValidateThemselves()
    {
        foreach (var uri in (string[])["https://json-schema.org/draft/2020-12/schema", "http://json-schema.org/draft-07/schema"])
        {
            var meta = JsonSchema.Compile(JsonValue.Object(("$ref", uri)));
            Assert.Empty(meta.Validate(StrictJson.Parse("""{"properties":{"a":{"type":["string","null"],"minLength":1}}}""")));
            Assert.Equal("/properties/a/minLength", meta.Validate(StrictJson.Parse("""{"properties":{"a":{"minLength":-1}}}"""))[0].InstanceLocation);
        }
    }
}
