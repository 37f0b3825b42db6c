namespace Interlock.Json;

/// <summary>A place at which two values differ: absent before, absent after, or another value.</summary>
public sealed record JsonChange(string Pointer, JsonValue? From, JsonValue? To);

/// <summary>How two JSON values differ, by RFC 6901 pointer: objects member by member, arrays item by item, everything else as a whole.</summary>
public static class JsonDiff
{
    /// <summary>The smallest values that differ, members in ordinal order; empty when the two are equal.</summary>
    public static IReadOnlyList<JsonChange> Between(JsonValue from, JsonValue to)
    {
        var changes = new List<JsonChange>();
        Compare("", from, to, changes);
        return changes;
    }

    private static void Compare(string pointer, JsonValue? from, JsonValue? to, List<JsonChange> changes)
    {
        if (from is { IsObject: true } && to is { IsObject: true })
        {
            foreach (var name in from.Members.Concat(to.Members).Select(member => member.Key).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal))
                Compare(JsonPointer.Append(pointer, name), from[name], to[name], changes);
        }
        else if (from is { IsArray: true } && to is { IsArray: true })
        {
            for (var i = 0; i < Math.Max(from.Count, to.Count); i++)
                Compare(JsonPointer.Append(pointer, i), i < from.Count ? from.Items[i] : null, i < to.Count ? to.Items[i] : null, changes);
        }
        else if (from != to)
        {
            changes.Add(new(pointer, from, to));
        }
    }
}
