namespace Interlock.Json.Schema;

/// <summary>
/// A sound, conservative comparison of two versions of a schema. No change that breaks is missed; what cannot be proved
/// compatible is reported as breaking, so some reported changes may be harmless. Annotations (titles, descriptions,
/// defaults, examples) are no changes. Formats count as assertions. References are followed within each schema only.
/// </summary>
public static class Compatibility
{
    /// <exception cref="JsonSchemaException">One of the schemas cannot be compiled.</exception>
    public static IReadOnlyList<SchemaChange> Compare(JsonValue oldSchema, JsonValue newSchema)
    {
        var (before, after) = (JsonSchema.Compile(oldSchema).Library, JsonSchema.Compile(newSchema).Library);
        var comparison = new SchemaComparison(before, after);
        comparison.Compare(before.Root.Place, after.Root.Place, "");
        return comparison.Changes;
    }
}
