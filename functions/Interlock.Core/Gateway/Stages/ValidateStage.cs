using System.Collections.Concurrent;
using Interlock.Json;
using Interlock.Json.Schema;

namespace Interlock.Core.Gateway.Stages;

/// <summary>
/// Validate: defaults are filled in, the schema is asserted, and the canonical bytes are frozen. Nothing is coerced. From here on the
/// arguments are these bytes.
/// </summary>
internal static class ValidateStage
{
    public const string Name = "validate";

    private const int MaxCachedSchemas = 2048;
    private static readonly ConcurrentDictionary<string, JsonSchema> Schemas = new(StringComparer.Ordinal);

    public static StageResult<FrozenCall> Run(RoutedCall routed)
    {
        var arguments = routed.Call.Arguments;
        if (!arguments.IsObject) return new Refusal(Name, "arguments", 400, "The arguments are a JSON object.");
        if (routed.Contract.InputSchema is { } schema)
        {
            try
            {
                arguments = WithDefaults(schema, arguments);
                if (Compiled(schema).Validate(arguments) is [var first, ..])
                    return new Refusal(Name, "arguments", 400, $"The arguments do not match the contract of '{routed.Entry.Name}' at '{first.InstanceLocation}': {first.Message}");
            }
            catch (JsonSchemaException e)
            {
                return new Refusal(Name, "contract-invalid", 502, $"The input schema of '{routed.Entry.Name}' can't be used: {e.Message}");
            }
        }
        var bytes = CanonicalJson.Serialize(arguments);
        return new FrozenCall(routed, arguments, bytes, CanonicalJson.Digest(bytes));
    }

    /// <summary>The arguments with the schema's defaults, as they will be frozen.</summary>
    public static JsonValue WithDefaults(JsonValue schema, JsonValue arguments) => SchemaDefaults.Apply(schema, arguments);

    private static JsonSchema Compiled(JsonValue schema)
    {
        if (Schemas.Count > MaxCachedSchemas) Schemas.Clear();
        return Schemas.GetOrAdd(CanonicalJson.Digest(schema), static (_, source) => JsonSchema.Compile(source), schema);
    }
}
