using Interlock.Json;
using Interlock.Json.Schema;
using Interlock.Tests.Architecture;

namespace Interlock.Tests.Schema;

/// <summary>Our own cases, a schema each with instances that it accepts and refuses: <c>keywords.json</c>.</summary>
public sealed class KeywordCaseTests
{
    private static readonly JsonSchemaOptions Options = new()
    {
        Remotes = new Dictionary<string, JsonValue>
        {
            ["https://cases.test/remote.json"] = StrictJson.Parse("""{"items":{"$ref":"#/$defs/positive"},"$defs":{"positive":{"exclusiveMinimum":0}}}"""),
            ["https://cases.test/tree"] = StrictJson.Parse("""
                {"$id":"https://cases.test/tree","$dynamicAnchor":"node","type":"object","properties":{"data":true,"children":{"items":{"$dynamicRef":"#node"}}}}
                """),
            ["https://cases.test/old-tree"] = StrictJson.Parse("""
                {"$schema":"https://json-schema.org/draft/2019-09/schema","$id":"https://cases.test/old-tree","$recursiveAnchor":true,
                 "type":"object","properties":{"children":{"items":{"$recursiveRef":"#"}}}}
                """),
            ["https://cases.test/asserting"] = Meta("""{"https://json-schema.org/draft/2020-12/vocab/format-assertion":true}"""),
            ["https://cases.test/no-validation"] = Meta("""{"https://json-schema.org/draft/2020-12/vocab/core":true,"https://json-schema.org/draft/2020-12/vocab/applicator":true}"""),
            ["https://cases.test/optional-unknown"] = Meta("""{"https://json-schema.org/draft/2020-12/vocab/validation":true,"https://cases.test/unheard":false}"""),
            ["https://cases.test/required-unknown"] = Meta("""{"https://json-schema.org/draft/2020-12/vocab/validation":true,"https://cases.test/unheard":true}"""),
        },
    };

    public static IEnumerable<TheoryDataRow<string>> Cases() => All().Select(row => new TheoryDataRow<string>(row["about"]!.AsString())); // each has one

    [Theory]
    [MemberData(nameof(Cases))]
    public void IsValid_KeywordCase_AcceptsAndRefuses(string about)
    {
        var row = All().Single(row => row["about"]!.AsString() == about); // each has one
        var schema = JsonSchema.Compile(row["schema"]!, Options); // the same

        Assert.All(row["accepts"]!.Items, instance => Assert.Empty(schema.Validate(instance))); // the same
        Assert.All(row["refuses"]!.Items, instance => // the same
        {
            Assert.False(schema.IsValid(instance));
            Assert.NotEmpty(schema.Validate(instance));
        });
    }

    [Fact]
    public void Compile_RequiredUnknownVocabulary_IsRefusedByName()
    {
        var refused = Assert.Throws<JsonSchemaException>(() => JsonSchema.Compile(StrictJson.Parse("""{"$schema":"https://cases.test/required-unknown"}"""), Options));

        Assert.Contains("https://cases.test/unheard", refused.Message, StringComparison.Ordinal);
        Assert.Equal("/$schema", refused.Pointer);
    }

    private static JsonValue Meta(string vocabulary) => JsonValue.Object(
        ("$schema", "https://json-schema.org/draft/2020-12/schema"), ("$vocabulary", StrictJson.Parse(vocabulary)));

    private static JsonItems All() =>
        StrictJson.ParseLenient(File.ReadAllBytes(Path.Combine(Assemblies.Repository, "tests/Interlock.Tests/Schema/keywords.json"))).Items;
}
