using System.Globalization;

namespace Interlock.Json;

/// <summary>A place at which two values differ: absent before, absent after, or another value.</summary>
public sealed record JsonChange(string Pointer, JsonValue? From, JsonValue? To);

/// <summary>
/// How two JSON values differ, by RFC 6901 pointer: objects member by member, arrays item by item, everything else as a whole. What holds very many differences,
/// or one at a place with a very long name, is itself named as a whole: the list is never much larger than the values.
/// </summary>
public static class JsonDiff
{
    private const int MostPlaces = 200;
    private const int LongestPointer = 1024;

    /// <summary>The smallest values that differ, members in ordinal order; empty when the two are equal.</summary>
    public static IReadOnlyList<JsonChange> Between(JsonValue from, JsonValue to)
    {
        var changes = new List<JsonChange>();
        Compare("", from, to, changes);
        return changes;
    }

    private static void Compare(string pointer, JsonValue? from, JsonValue? to, List<JsonChange> changes)
    {
        if (Parts(from, to) is not { } parts)
        {
            if (from != to) changes.Add(new(pointer, from, to));
            return;
        }
        var before = changes.Count;
        foreach (var (name, was, now) in parts)
        {
            var place = JsonPointer.Append(pointer, name);
            var isShort = place.Length <= LongestPointer;
            if (isShort) Compare(place, was, now, changes);
            if (changes.Count - before <= MostPlaces && (isShort || was == now)) continue;
            changes.RemoveRange(before, changes.Count - before);
            changes.Add(new(pointer, from, to));
            return;
        }
    }

    /// <summary>What two objects, or two arrays, hold at each place; null when they are to be compared as a whole.</summary>
    private static IEnumerable<(string Name, JsonValue? From, JsonValue? To)>? Parts(JsonValue? from, JsonValue? to)
    {
        if (from is { IsObject: true } && to is { IsObject: true })
            return from.Members.Concat(to.Members).Select(member => member.Key).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).Select(name => (name, from[name], to[name]));
        if (from is { IsArray: true } && to is { IsArray: true })
            return Enumerable.Range(0, Math.Max(from.Count, to.Count)).Select(i => (i.ToString(CultureInfo.InvariantCulture), i < from.Count ? from.Items[i] : null, i < to.Count ? to.Items[i] : null));
        return null;
    }
}
