namespace Interlock.Json.Schema;

/// <summary>Compares the keywords under which a schema applies on a condition: <c>if</c>, <c>dependentSchemas</c>, and <c>propertyNames</c> for each name.</summary>
internal sealed class ConditionComparison(SchemaComparison comparison, SchemaPlace before, SchemaPlace after, string at)
{
    public void Run()
    {
        If();
        comparison.Optional(before, after, "propertyNames", at);
        if (before.Resource.Dialect.IsOlder) return;
        var (was, now) = (SchemaComparison.Child(before, "dependentSchemas"), SchemaComparison.Child(after, "dependentSchemas"));
        foreach (var name in Names(was).Union(Names(now), StringComparer.Ordinal))
            comparison.Optional(Of(was, name), Of(now, name), JsonPointer.Append(JsonPointer.Append(at, "dependentSchemas"), name));
    }

    /// <summary>Under the same condition what follows from it is compared; <c>then</c> and <c>else</c> mean nothing without one.</summary>
    private void If()
    {
        var where = JsonPointer.Append(at, "if");
        switch (Condition(before), Condition(after))
        {
            case (null, null): break;
            case (null, _): comparison.Add(where, true, false, "a condition was added"); break;
            case (_, null): comparison.Add(where, false, true, "a condition was removed"); break;
            case var (was, now) when comparison.Same(was!, now!): // neither is null here
                comparison.Optional(before, after, "then", at);
                comparison.Optional(before, after, "else", at);
                break;
            default: comparison.Unproved(where, "the condition changed"); break;
        }
    }

    private static JsonValue? Condition(SchemaPlace place) => place.Value["then"] is null && place.Value["else"] is null ? null : place.Value["if"];

    private static IEnumerable<string> Names(SchemaPlace? map) => map?.Value.Members.Names ?? [];

    private static SchemaPlace? Of(SchemaPlace? map, string name) => map is { } place ? SchemaComparison.Child(place, name) : null;
}
