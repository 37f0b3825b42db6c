using Interlock.Json;
using Interlock.Json.Schema;

namespace Interlock.Tests.Schema;

public sealed class SchemaErrorTests
{
    /// <summary>The shape of a workflow document: tasks are alternatives told apart by a required or constant member.</summary>
    private static readonly JsonSchema Workflow = JsonSchema.Compile(StrictJson.Parse("""
        {"type":"object","required":["do"],"properties":{"do":{"$ref":"#/$defs/tasks"}},"additionalProperties":false,
         "$defs":{
          "tasks":{"type":"array","items":{"type":"object","minProperties":1,"maxProperties":1,"additionalProperties":{"$ref":"#/$defs/task"}}},
          "base":{"type":"object","properties":{"if":{"type":"string"},"then":{"type":"string"}}},
          "task":{"unevaluatedProperties":false,"oneOf":[{"$ref":"#/$defs/call"},{"$ref":"#/$defs/nested"},{"$ref":"#/$defs/for"},{"$ref":"#/$defs/set"}]},
          "call":{"oneOf":[{"$ref":"#/$defs/http"},{"$ref":"#/$defs/human"},{"$ref":"#/$defs/function"}]},
          "http":{"$ref":"#/$defs/base","required":["call","with"],"unevaluatedProperties":false,"properties":{"call":{"const":"http"},
            "with":{"type":"object","required":["method","endpoint"],"additionalProperties":false,
             "properties":{"method":{"enum":["get","post"]},"endpoint":{"oneOf":[{"type":"string","format":"uri"},{"type":"object","required":["uri"]}]},"headers":{"type":"object"}}}}},
          "human":{"$ref":"#/$defs/base","required":["call","with"],"unevaluatedProperties":false,"properties":{"call":{"const":"approval"},
            "with":{"type":"object","required":["approvers"],"additionalProperties":false,
             "properties":{"approvers":{"type":"array"},"deadline":{"type":"string"},"message":{"type":"string"}}}}},
          "function":{"$ref":"#/$defs/base","required":["call"],"unevaluatedProperties":false,
            "properties":{"call":{"type":"string","not":{"enum":["http","approval"]}},"with":{"type":"object"}}},
          "nested":{"$ref":"#/$defs/base","required":["do"],"unevaluatedProperties":false,"properties":{"do":{"$ref":"#/$defs/tasks"}}},
          "for":{"$ref":"#/$defs/base","required":["for","do"],"unevaluatedProperties":false,"properties":{"for":{"type":"object"},"do":{"$ref":"#/$defs/tasks"}}},
          "set":{"$ref":"#/$defs/base","required":["set"],"unevaluatedProperties":false,"properties":{"set":{"type":"object"}}}}}
        """));

    [Fact]
    public void Validate_TypoInAWith_IsOneErrorThereWithTheNameMeant()
    {
        var error = Assert.Single(Validate("""
            {"do":[{"a":{"set":{}}},{"b":{"set":{}}},{"approve":{"call":"approval","with":{"approvers":[],"deadlin":"PT1H"}}}]}
            """));

        Assert.Equal("/do/2/approve/with", error.InstanceLocation);
        Assert.Equal("additionalProperties", error.Keyword);
        Assert.Equal("/$defs/human/properties/with/additionalProperties", error.SchemaLocation);
        Assert.Equal(
            """unknown property "deadlin", allowed: "approvers", "deadline", "message"; did you mean "deadline"?""", error.Message);
    }

    [Fact]
    public void Validate_TypoNestedInManyTasks_StaysOneError()
    {
        var task = """{"call":"approval","with":{"approvers":[],"deadlin":"PT1H"}}""";
        var pointer = "/do/0/t/with";
        for (var i = 0; i < 12; i++) (task, pointer) = ($$"""{"do":[{"t":{{task}}}]}""", "/do/0/t" + pointer);

        Assert.Equal(pointer, Assert.Single(Validate($$"""{"do":[{"t":{{task}}}]}""")).InstanceLocation);
    }

    [Theory]
    [InlineData("""{"do":[{"t":{"call":"http","with":{"method":"gett","endpoint":"http://e"}}}]}""", "/do/0/t/with/method", "did you mean \"get\"?")]
    [InlineData("""{"do":[{"t":{"call":"http","with":{"method":"get","endpoint":7}}}]}""", "/do/0/t/with/endpoint", "expected object or string, found number 7")]
    [InlineData("""{"do":[{"t":{"set":{},"iff":"x"}}]}""", "/do/0/t", "did you mean \"if\"?")]
    [InlineData("""{"do":[{"t":{"xyz":1}}]}""", "/do/0/t", "expected one of the properties \"call\"")]
    [InlineData("""{"do":{}}""", "/do", "expected array, found object {}")]
    [InlineData("""{"d":[]}""", "", "missing property \"do\", found \"d\"")]
    public void Validate_Mistake_IsReportedWhereItIs(string document, string location, string says)
    {
        var error = Validate(document)[0];

        Assert.Equal(location, error.InstanceLocation);
        Assert.Contains(says, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Validate_DiscriminatorTypo_ListsTheValues()
    {
        var schema = JsonSchema.Compile(StrictJson.Parse("""
            {"oneOf":[{"properties":{"kind":{"const":"circle"},"r":{"type":"number"}}},{"properties":{"kind":{"const":"square"},"a":{"type":"number"}}}]}
            """));

        var error = Assert.Single(schema.Validate(StrictJson.Parse("""{"kind":"cirle"}""")));
        Assert.Equal("/kind", error.InstanceLocation);
        Assert.Equal("""expected one of "circle", "square", found "cirle"; did you mean "circle"?""", error.Message);
    }

    [Fact]
    public void Validate_TwoBranchesMatch_SaysWhich()
    {
        var error = Assert.Single(JsonSchema.Compile(StrictJson.Parse("""{"oneOf":[{"minimum":1},{"type":"string"},{"maximum":9}]}""")).Validate(5));

        Assert.Equal("oneOf", error.Keyword);
        Assert.Contains("0 and 2 both", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Validate_ManyErrors_StopsAtTheLimit()
    {
        var schema = JsonSchema.Compile(StrictJson.Parse("""{"items":{"type":"string"}}"""), new() { MaxErrors = 3 });

        Assert.Equal(["/0", "/1", "/2"], schema.Validate(JsonValue.Array(Enumerable.Repeat(JsonValue.Null, 100))).Select(e => e.InstanceLocation));
    }

    [Fact]
    public void Validate_LongValue_IsShortened()
    {
        var error = Assert.Single(JsonSchema.Compile(StrictJson.Parse("""{"type":"number"}""")).Validate(new string('x', 5000)));

        Assert.Equal($"expected number, found string \"{new string('x', 40)}…\"", error.Message);
    }

    [Fact]
    public void Validate_NameWithSlash_IsEscapedInLocations()
    {
        var error = Assert.Single(JsonSchema.Compile(StrictJson.Parse("""{"properties":{"a/b":{"type":"null"}}}""")).Validate(JsonValue.Object(("a/b", 1))));

        Assert.Equal(("/a~1b", "/properties/a~1b/type"), (error.InstanceLocation, error.SchemaLocation));
    }

    private static IReadOnlyList<SchemaError> Validate(string document) => Workflow.Validate(StrictJson.Parse(document));
}
