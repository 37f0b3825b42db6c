namespace Interlock.Json.Jq;

/// <summary>jq's order of all values: null, false, true, numbers, strings by code point, arrays, objects by their sorted names first.</summary>
internal static class JqOrder
{
    public static int Compare(JqMachine machine, JsonValue a, JsonValue b)
    {
        machine.CountWork(1);
        if (a.Kind != b.Kind) return a.Kind.CompareTo(b.Kind);
        return a.Kind switch
        {
            JsonKind.Number => JqNumbers.Compare(machine, a, b),
            JsonKind.String => Strings(a.AsString(), b.AsString()),
            JsonKind.Array => Arrays(machine, a.Items, b.Items),
            JsonKind.Object => Objects(machine, a, b),
            _ => 0,
        };
    }

    /// <summary>Equality in jq's sense: NaN equals nothing, not even itself.</summary>
    public static bool AreEqual(JqMachine machine, JsonValue a, JsonValue b)
    {
        if (a.Kind != b.Kind) return false;
        machine.CountWork(1);
        switch (a.Kind)
        {
            case JsonKind.Number:
                return JqNumbers.AreEqual(machine, a, b);
            case JsonKind.String:
                return a.AsString() == b.AsString();
            case JsonKind.Array:
                if (a.Count != b.Count) return false;
                for (var i = 0; i < a.Count; i++)
                    if (!AreEqual(machine, a.Items[i], b.Items[i])) return false;
                return true;
            case JsonKind.Object:
                if (a.Count != b.Count) return false;
                foreach (var (name, value) in a.Members)
                    if (b.Members.Find(name) is not { } twin || !AreEqual(machine, value, twin)) return false;
                return true;
            default:
                return true;
        }
    }

    /// <summary>By code point, as UTF-8 bytes compare; UTF-16 units differ from that where surrogates stand.</summary>
    public static int Strings(string a, string b)
    {
        var common = Math.Min(a.Length, b.Length);
        for (var i = 0; i < common; i++)
        {
            if (a[i] == b[i]) continue;
            var aIsHigh = char.IsSurrogate(a[i]);
            return aIsHigh != char.IsSurrogate(b[i]) ? (aIsHigh ? 1 : -1) : a[i].CompareTo(b[i]);
        }
        return a.Length.CompareTo(b.Length);
    }

    public static string[] SortedNames(JsonValue value)
    {
        var names = value.Members.Names.ToArray();
        Array.Sort(names, Strings);
        return names;
    }

    /// <summary>
    /// A stable merge sort. The platform's sorts wrap what a comparison throws, here a limit, and NaN, which is less than
    /// itself, may confuse them.
    /// </summary>
    public static T[] Sort<T>(JqMachine machine, IEnumerable<T> items, Func<T, JsonValue> key)
    {
        var sorted = items.ToArray();
        for (var width = 1; width < sorted.Length; width *= 2)
        {
            var merged = new T[sorted.Length];
            for (var start = 0; start < sorted.Length; start += 2 * width)
            {
                var (left, middle) = (start, Math.Min(start + width, sorted.Length));
                var (right, end) = (middle, Math.Min(start + (2 * width), sorted.Length));
                for (var to = start; to < end; to++)
                {
                    var takeRight = right < end && (left >= middle || Compare(machine, key(sorted[right]), key(sorted[left])) < 0);
                    merged[to] = takeRight ? sorted[right++] : sorted[left++];
                }
            }
            sorted = merged;
        }
        return sorted;
    }

    private static int Arrays(JqMachine machine, JsonItems a, JsonItems b)
    {
        for (var i = 0; i < a.Count && i < b.Count; i++)
            if (Compare(machine, a[i], b[i]) is not 0 and var order) return order;
        return a.Count.CompareTo(b.Count);
    }

    private static int Objects(JqMachine machine, JsonValue a, JsonValue b)
    {
        machine.CountWork(8L * (a.Count + b.Count));
        var (aNames, bNames) = (SortedNames(a), SortedNames(b));
        for (var i = 0; i < aNames.Length && i < bNames.Length; i++)
            if (Strings(aNames[i], bNames[i]) is not 0 and var order) return order;
        if (aNames.Length != bNames.Length) return aNames.Length.CompareTo(bNames.Length);
        foreach (var name in aNames)
            if (Compare(machine, a.Members.Find(name)!, b.Members.Find(name)!) is not 0 and var order) return order; // both have these names
        return 0;
    }
}
