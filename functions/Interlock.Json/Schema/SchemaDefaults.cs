namespace Interlock.Json.Schema;

/// <summary>Fills in the <c>default</c>s a schema names for members that are absent.</summary>
public static class SchemaDefaults
{
    public static JsonValue Apply(JsonSchema schema, JsonValue instance) => throw new NotImplementedException();

    public static JsonValue Apply(JsonValue schema, JsonValue instance) => throw new NotImplementedException();
}
