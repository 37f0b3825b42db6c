using System.Collections.Immutable;
using System.Runtime.CompilerServices;
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

    private static readonly ConditionalWeakTable<JsonValue, JsonSchema> Schemas = [];

    public static StageResult<FrozenCall> Run(RoutedCall routed) => Run(routed, []);

    /// <summary>
    /// The same while the members at these pointers are still to be computed: what the contract says of each other argument by itself is asserted, the rest by the call's own validation.
    /// </summary>
    public static StageResult<FrozenCall> Run(RoutedCall routed, ImmutableArray<string> computed)
    {
        var arguments = routed.Call.Arguments;
        if (!arguments.IsObject) return new Refusal(Name, "arguments", 400, "The arguments are a JSON object.");
        if (routed.Contract.InputSchema is { } schema)
        {
            try
            {
                var compiled = Compiled(schema);
                arguments = SchemaDefaults.Apply(compiled, arguments);
                if (compiled.Validate(arguments).FirstOrDefault(error => computed.IsEmpty || IsKnown(error, computed)) is { } first)
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

    /// <summary>Whether the error is of one top-level argument alone, and of none that holds what is still to be computed; an argument too many is wrong whatever the others are.</summary>
    private static bool IsKnown(SchemaError error, ImmutableArray<string> computed)
    {
        if (error is { SchemaLocation: "/additionalProperties", InstanceLocation: "" }) return true;
        if (!error.SchemaLocation.StartsWith("/properties/", StringComparison.Ordinal) || error.InstanceLocation.Length < 2) return false;
        var end = error.InstanceLocation.IndexOf('/', 1);
        var argument = end < 0 ? error.InstanceLocation : error.InstanceLocation[..end];
        return !computed.Any(pointer => pointer.Length == 0 || pointer == argument || pointer.StartsWith(argument + "/", StringComparison.Ordinal));
    }

    public static JsonSchema Compiled(JsonValue schema) => Schemas.GetValue(schema, static source => JsonSchema.Compile(source, JsonSchemaOptions.Asserting));
}
