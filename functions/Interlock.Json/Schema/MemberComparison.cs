namespace Interlock.Json.Schema;

/// <summary>
/// Compares what two schemas say of each property name: its own schema, those of matching patterns, and
/// <c>additionalProperties</c> for names neither covers. A name one side does not list falls under the other rule there.
/// </summary>
internal sealed class MemberComparison(SchemaComparison comparison, SchemaPlace before, SchemaPlace after, string at)
{
    public void Run()
    {
        var (was, now) = (before.Value["properties"], after.Value["properties"]);
        var names = (was?.Members.Names ?? []).Concat(now?.Members.Names ?? []).Distinct(StringComparer.Ordinal).ToList();
        var (oldPatterns, newPatterns) = (before.Value["patternProperties"], after.Value["patternProperties"]);
        var patterned = oldPatterns is { Count: > 0 } || newPatterns is { Count: > 0 };
        foreach (var name in names) Property(name, was?[name] is not null, now?[name] is not null, patterned);
        if (patterned && !Patterns(oldPatterns, newPatterns)) return;
        comparison.Optional(Additional(before), Additional(after), JsonPointer.Append(at, "additionalProperties"));
    }

    private void Property(string name, bool wasListed, bool isListed, bool patterned)
    {
        var where = JsonPointer.Append(JsonPointer.Append(at, "properties"), name);
        if (wasListed && isListed)
        {
            comparison.Compare(before.Child("properties", name), after.Child("properties", name), where);
            return;
        }
        if (patterned)
        {
            comparison.Unproved(where, $"the property {Quote.Text(name)} was {(isListed ? "added" : "removed")} beside patternProperties");
            return;
        }
        if (isListed) Added(name, where);
        else Removed(name, where);
    }

    private void Added(string name, string where)
    {
        var schema = after.Child("properties", name).Value;
        if (Additional(before) is not { } closed)
        {
            if (!SchemaComparison.IsTrue(schema))
                comparison.Add(where, true, false, $"the property {Quote.Text(name)} was added; any value was allowed under that name before");
        }
        else if (closed.Value.Kind == JsonKind.False)
        {
            if (schema.Kind != JsonKind.False) comparison.Add(where, false, true, $"the property {Quote.Text(name)} was added; it was not allowed before");
        }
        else comparison.Compare(closed, after.Child("properties", name), where);
    }

    private void Removed(string name, string where)
    {
        var schema = before.Child("properties", name).Value;
        if (Additional(after) is not { } closed)
        {
            if (!SchemaComparison.IsTrue(schema))
                comparison.Add(where, false, true, $"the property {Quote.Text(name)} was removed; any value is allowed under that name now");
        }
        else if (closed.Value.Kind == JsonKind.False)
        {
            if (schema.Kind != JsonKind.False) comparison.Add(where, true, false, $"the property {Quote.Text(name)} was removed and is refused now");
        }
        else comparison.Compare(before.Child("properties", name), closed, where);
    }

    /// <summary>False when the patterns differ, so that nothing can be said of additional properties.</summary>
    private bool Patterns(JsonValue? was, JsonValue? now)
    {
        var where = JsonPointer.Append(at, "patternProperties");
        var same = (was?.Members.Names ?? []).ToHashSet(StringComparer.Ordinal).SetEquals(now?.Members.Names ?? []);
        if (!same)
        {
            comparison.Unproved(where, "which property names the patterns cover changed");
            return false;
        }
        foreach (var name in now?.Members.Names ?? [])
            comparison.Compare(before.Child("patternProperties", name), after.Child("patternProperties", name), JsonPointer.Append(where, name));
        return true;
    }

    private static SchemaPlace? Additional(SchemaPlace place) =>
        place.Value["additionalProperties"] is { } schema && !SchemaComparison.IsTrue(schema) ? place.Child("additionalProperties") : null;
}
