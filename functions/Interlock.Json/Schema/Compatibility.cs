namespace Interlock.Json.Schema;

/// <summary>A sound, conservative comparison of two versions of a schema: what it cannot prove compatible it reports as breaking.</summary>
public static class Compatibility
{
    public static IReadOnlyList<SchemaChange> Compare(JsonValue oldSchema, JsonValue newSchema) => throw new NotImplementedException();
}
