namespace Interlock.Json.Jq;

/// <summary>Reading, setting and deleting at keys and paths. Null after <see cref="JqMachine.Fail"/>.</summary>
internal static class JqPaths
{
    private const int LargestIndex = int.MaxValue >> 2;

    /// <summary>Whether it is the very same value, as far as a program can see one: the sign that a path was not left.</summary>
    public static bool Same(JsonValue a, JsonValue? b) =>
        ReferenceEquals(a, b) || (b is not null && a.IsNumber && b.IsNumber && a.AsNumber().Equals(b.AsNumber()));

    public static JsonValue? Get(JqMachine machine, JsonValue from, JsonValue key)
    {
        switch (from.Kind, key.Kind)
        {
            case (JsonKind.Object, JsonKind.String):
                return from.Members.Find(key.AsString()) ?? JsonValue.Null;
            case (JsonKind.Array, JsonKind.Number):
                return At(from, key.AsNumber());
            case (JsonKind.Array, JsonKind.Object):
                if (Slice(machine, from.Count, key) is not var (start, end)) return null;
                return machine.Built(JsonValue.Array(from.Items.AsSpan()[start..end]), end - start);
            case (JsonKind.String, JsonKind.Object):
                if (Slice(machine, JqStrings.Length(machine, from.AsString()), key) is not var (first, last)) return null;
                return machine.Text(JqStrings.Slice(from.AsString(), first, last));
            case (JsonKind.Array, JsonKind.Array):
                return Positions(machine, from.Items, key.Items);
            case (JsonKind.Null, JsonKind.String or JsonKind.Number or JsonKind.Object):
                return JsonValue.Null;
            default:
                return machine.Fail($"Cannot index {JqText.KindName(from)} with {JqText.Describe(key)}");
        }
    }

    public static JsonValue? Set(JqMachine machine, JsonValue target, JsonValue key, JsonValue value)
    {
        switch (target.Kind, key.Kind)
        {
            case (JsonKind.Object or JsonKind.Null, JsonKind.String):
                return JqArithmetic.Put(machine, target.IsNull ? JsonValue.EmptyObject : target, key.AsString(), value);
            case (JsonKind.Array or JsonKind.Null, JsonKind.Number):
                return SetItem(machine, target.IsNull ? JsonValue.EmptyArray : target, key.AsNumber(), value);
            case (JsonKind.Array or JsonKind.Null, JsonKind.Object):
                if (target.IsNull) target = JsonValue.EmptyArray;
                if (Slice(machine, target.Count, key) is not var (start, end)) return null;
                if (!value.IsArray) return machine.Fail("A slice of an array can only be assigned another array");
                JsonValue[] items = [.. target.Items.AsSpan()[..start], .. value.Items.AsSpan(), .. target.Items.AsSpan()[end..]];
                return machine.Built(JsonValue.Array(items), items.Length);
            case (JsonKind.String, JsonKind.Object):
                return machine.Fail("Cannot update string slices");
            default:
                return machine.Fail($"Cannot update field at {JqText.KindName(key)} index of {JqText.KindName(target)}");
        }
    }

    public static JsonValue? GetPath(JqMachine machine, JsonValue root, JsonValue path)
    {
        if (!path.IsArray) return machine.Fail("Path must be specified as an array");
        JsonValue? value = root;
        for (var i = 0; i < path.Count && value is not null; i++)
        {
            machine.CountWork(1);
            value = Get(machine, value, path.Items[i]);
        }
        return value;
    }

    public static JsonValue? SetPath(JqMachine machine, JsonValue root, JsonValue path, JsonValue value) =>
        path.IsArray ? SetPath(machine, root, path.Items.AsSpan(), value) : machine.Fail("Path must be specified as an array");

    public static JsonValue? SetPath(JqMachine machine, JsonValue root, ReadOnlySpan<JsonValue> keys, JsonValue value)
    {
        if (keys.IsEmpty) return value;
        if (keys.Length > StrictJson.MaxDepth) return machine.Fail("Path too deep");
        if (Get(machine, root, keys[0]) is not { } inner) return null;
        return SetPath(machine, inner, keys[1..], value) is { } changed ? Set(machine, root, keys[0], changed) : null;
    }

    /// <summary>Without the values at these paths. Paths into what is deleted anyway do not matter.</summary>
    public static JsonValue? Delete(JqMachine machine, JsonValue root, JsonValue paths)
    {
        if (!paths.IsArray) return machine.Fail("Paths must be specified as an array");
        if (paths.Items.FirstOrDefault(path => !path.IsArray) is { } wrong)
            return machine.Fail($"Path must be specified as array, not {JqText.KindName(wrong)}");
        if (paths.Items.Any(path => path.Count > StrictJson.MaxDepth)) return machine.Fail("Path too deep");
        var sorted = JqOrder.Sort(machine, paths.Items, path => path);
        if (sorted.Length == 0) return root;
        return sorted[0].Count == 0 ? JsonValue.Null : DeleteSorted(machine, root, sorted, 0);
    }

    private static JsonValue? DeleteSorted(JqMachine machine, JsonValue target, ReadOnlySpan<JsonValue> paths, int depth)
    {
        var keys = new List<JsonValue>();
        for (var i = 0; i < paths.Length;)
        {
            var key = paths[i].Items[depth];
            var j = i + 1;
            while (j < paths.Length && JqOrder.AreEqual(machine, key, paths[j].Items[depth])) j++;
            if (paths[i].Count == depth + 1) keys.Add(key);
            else
            {
                if (Get(machine, target, key) is not { } inner) return null;
                if (!inner.IsNull)
                {
                    if (DeleteSorted(machine, inner, paths[i..j], depth + 1) is not { } left) return null;
                    if (Set(machine, target, key, left) is not { } changed) return null;
                    target = changed;
                }
            }
            i = j;
        }
        return DeleteKeys(machine, target, keys);
    }

    private static JsonValue? DeleteKeys(JqMachine machine, JsonValue target, List<JsonValue> keys)
    {
        if (target.IsNull || keys.Count == 0) return target;
        if (target.IsArray) return DeleteItems(machine, target, keys);
        if (!target.IsObject) return machine.Fail($"Cannot delete fields from {JqText.KindName(target)}");
        if (keys.Find(key => !key.IsString) is { } wrong)
            return machine.Fail($"Cannot delete {JqText.KindName(wrong)} field of object");
        var names = keys.Select(key => key.AsString()).ToHashSet(StringComparer.Ordinal);
        var kept = JsonValue.EmptyObject;
        foreach (var (name, value) in target.Members)
            if (!names.Contains(name)) kept = machine.Built(kept.With(name, value), 1);
        return kept;
    }

    private static JsonValue? DeleteItems(JqMachine machine, JsonValue target, List<JsonValue> keys)
    {
        var deleted = new bool[target.Count];
        machine.CountWork(target.Count);
        foreach (var key in keys)
        {
            if (key.IsNumber)
            {
                var index = ToIndex(key.AsNumber(), target.Count);
                if (!double.IsNaN(key.AsNumber()) && index >= 0 && index < target.Count) deleted[index] = true;
            }
            else if (key.IsObject)
            {
                if (Slice(machine, target.Count, key) is not var (start, end)) return null;
                Array.Fill(deleted, true, start, end - start);
            }
            else return machine.Fail($"Cannot delete {JqText.KindName(key)} element of array");
        }
        var kept = target.Items.Where((_, i) => !deleted[i]).ToArray();
        return machine.Built(JsonValue.Array(kept), kept.Length);
    }

    private static JsonValue At(JsonValue array, double key)
    {
        if (double.IsNaN(key)) return JsonValue.Null;
        return array[(int)Math.Clamp(ToIndex(key, array.Count), -1, int.MaxValue)] ?? JsonValue.Null;
    }

    private static JsonValue? SetItem(JqMachine machine, JsonValue array, double key, JsonValue value)
    {
        if (double.IsNaN(key)) return machine.Fail("Cannot set array element at NaN index");
        var index = ToIndex(key, array.Count);
        if (index < 0) return machine.Fail("Out of bounds negative array index");
        if (index > LargestIndex) return machine.Fail("Array index too large");
        if (index < array.Count)
        {
            machine.CountWork(array.Count);
            machine.CountBytes(8L * array.Count);
            return machine.Built(array.WithItem((int)index, value), 1);
        }
        machine.CountBytes(8L * index);
        while (array.Count < index) array = array.Append(JsonValue.Null);
        return machine.Built(array.Append(value), 1);
    }

    /// <summary>Truncated; from the end when negative.</summary>
    private static long ToIndex(double key, int count)
    {
        var index = (long)Math.Truncate(Math.Clamp(key, int.MinValue, int.MaxValue));
        return index < 0 ? index + count : index;
    }

    private static JsonValue Positions(JqMachine machine, JsonItems items, JsonItems wanted)
    {
        var found = JsonValue.EmptyArray;
        if (wanted.Count == 0) return JsonValue.EmptyArray;
        for (var i = 0; i + wanted.Count <= items.Count; i++)
        {
            machine.CountWork(1);
            var at = 0;
            while (at < wanted.Count && JqOrder.AreEqual(machine, items[i + at], wanted[at])) at++;
            if (at == wanted.Count) found = machine.Built(found.Append(i), 1);
        }
        return found;
    }

    /// <summary>First and last item of a slice: the start rounded down, the end up, both within the length.</summary>
    private static (int Start, int End)? Slice(JqMachine machine, int length, JsonValue key)
    {
        if (key["start"] is not { } from || key["end"] is not { } to || (!from.IsNull && !from.IsNumber) || (!to.IsNull && !to.IsNumber))
        {
            machine.Fail("Array/string slice indices must be integers");
            return null;
        }
        var start = Bound(from.IsNull ? 0 : from.AsNumber(), length, ifNaN: 0);
        var first = (int)Math.Floor(start);
        var end = Bound(to.IsNull ? length : to.AsNumber(), length, ifNaN: length);
        return (first, Math.Max(first, (int)Math.Ceiling(end)));
    }

    private static double Bound(double value, int length, double ifNaN)
    {
        if (double.IsNaN(value)) value = ifNaN;
        return Math.Clamp(value < 0 ? value + length : value, 0, length);
    }
}
