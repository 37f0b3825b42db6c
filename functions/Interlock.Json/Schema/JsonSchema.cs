namespace Interlock.Json.Schema;

/// <summary>
/// A compiled JSON Schema, draft 2020-12 (the default) or draft-07, chosen by <c>$schema</c>. Compile once, validate many
/// times from any thread. Work is bounded by <see cref="JsonSchemaOptions"/>; past a bound the instance counts as invalid
/// and the error says which bound. Sources: draft-bhutton-json-schema-01, draft-bhutton-json-schema-validation-01.
/// </summary>
public sealed class JsonSchema
{
    /// <exception cref="JsonSchemaException">The schema cannot be compiled; says what is wrong and where.</exception>
    public static JsonSchema Compile(JsonValue schema, JsonSchemaOptions? options = null) => throw new NotImplementedException();

    /// <summary>Why the instance is invalid, most relevant first; empty when it is valid.</summary>
    public IReadOnlyList<SchemaError> Validate(JsonValue instance) => throw new NotImplementedException();

    /// <summary>Whether the instance is valid; stops at the first failure and allocates next to nothing.</summary>
    public bool IsValid(JsonValue instance) => throw new NotImplementedException();
}
