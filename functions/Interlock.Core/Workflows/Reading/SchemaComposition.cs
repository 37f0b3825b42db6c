using Interlock.Json;

namespace Interlock.Core.Workflows.Reading;

/// <summary>
/// Makes one schema out of ours and the DSL's. The other one stands under <c>$defs/dsl</c> and every reference is a pointer into the document: editors
/// follow those, while few know what an <c>$id</c> inside a document means, and none should fetch.
/// </summary>
internal static class SchemaComposition
{
    private const string Place = "#/$defs/dsl";

    public static JsonValue Compose(JsonValue own, JsonValue other, string otherUri)
    {
        var inner = Refer(other.Without("$id").Without("$schema"), pointer => pointer.StartsWith("#/", StringComparison.Ordinal) ? Place + pointer[1..] : pointer);
        var outer = Refer(own, pointer => pointer.StartsWith(otherUri + "#", StringComparison.Ordinal) ? Place + pointer[(otherUri.Length + 1)..] : pointer);
        return outer.With("allOf", JsonValue.Array(JsonValue.Object(("$ref", Place)))).With("$defs", outer["$defs"]!.With("dsl", inner)); // ours has definitions
    }

    /// <summary>The schema with every <c>$ref</c> moved.</summary>
    private static JsonValue Refer(JsonValue schema, Func<string, string> move) => schema.Kind switch
    {
        JsonKind.Array => JsonValue.Array(schema.Items.Select(item => Refer(item, move))),
        JsonKind.Object => JsonValue.Object(schema.Members.Select(member => KeyValuePair.Create(member.Key,
            member is { Key: "$ref", Value.IsString: true } ? JsonValue.From(move(member.Value.AsString())) : Refer(member.Value, move)))),
        _ => schema,
    };
}
