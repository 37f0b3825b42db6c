using Interlock.Json;

namespace Interlock.Core.Workflows;

/// <summary>What a workflow takes from whoever gives it arguments as a tool has them: its input, or, where that is no object, an object with the one member <c>input</c>.</summary>
/// <param name="Schema">What the arguments must fit.</param>
/// <param name="IsWrapped">Whether the input is their member <c>input</c>.</param>
public sealed record WorkflowInput(JsonValue Schema, bool IsWrapped)
{
    private const string Member = "input";

    public static WorkflowInput Of(JsonValue document) => document["input"]?["schema"]?["document"] switch
    {
        null => new(JsonValue.Object(("type", "object")), false),
        var schema when schema["type"]?.StringOrNull() == "object" => new(schema, false),
        var schema => new(JsonValue.Object(("type", "object"), ("required", JsonValue.Array(JsonValue.From(Member))), ("properties", JsonValue.Object((Member, schema)))), true),
    };

    /// <summary>The input that arguments stand for.</summary>
    public static JsonValue From(JsonValue arguments, bool isWrapped) => isWrapped ? arguments[Member] ?? JsonValue.Null : arguments;
}
