namespace Interlock.Json.Jq;

/// <summary>Functions on arrays and objects as a whole.</summary>
internal static class CollectionFunctions
{
    public static IReadOnlyList<Native> All { get; } =
    [
        new("keys", 0, (machine, input, _) => Keys(machine, input, sorted: true)),
        new("keys_unsorted", 0, (machine, input, _) => Keys(machine, input, sorted: false)),
        new("has", 1, Has),
        new("contains", 1, Contains),
        new("setpath", 2, (machine, input, arguments) => JqPaths.SetPath(machine, input, arguments[0], arguments[1])),
        new("delpaths", 1, (machine, input, arguments) => JqPaths.Delete(machine, input, arguments[0])),
        new("add", 0, Sum),
        new("reverse", 0, Reverse),
        new("flatten", 0, (machine, input, _) => Flatten(machine, input, double.PositiveInfinity)),
        new("flatten", 1, FlattenTo),
        new("indices", 1, (machine, input, arguments) => Indices(machine, input, arguments[0])),
        new("_indices", 1, (machine, input, arguments) => Indices(machine, input, arguments[0])),
        new("index", 1, (machine, input, arguments) => Indices(machine, input, arguments[0]) is { } found ? JqPaths.Get(machine, found, 0) : null),
        new("rindex", 1, (machine, input, arguments) => Indices(machine, input, arguments[0]) is { } found ? JqPaths.Get(machine, found, -1) : null),
        new("sort", 0, (machine, input, _) => Sorted(machine, input, input) is { } sorted ? ToArray(machine, sorted.Select(pair => pair.Value)) : null),
        new("unique", 0, (machine, input, _) => Groups(machine, input, input) is { } groups ? ToArray(machine, groups.Select(group => group[0])) : null),
        new("_sort_by", 1, (machine, input, keys) => Sorted(machine, input, keys[0]) is { } sorted ? ToArray(machine, sorted.Select(pair => pair.Value)) : null),
        new("_unique_by", 1, (machine, input, keys) => Groups(machine, input, keys[0]) is { } groups ? ToArray(machine, groups.Select(group => group[0])) : null),
        new("_group_by", 1, (machine, input, keys) => Groups(machine, input, keys[0]) is { } groups ? ToArray(machine, groups.Select(group => ToArray(machine, group))) : null),
        new("min", 0, (machine, input, _) => Extreme(machine, input, input, isMin: true)),
        new("max", 0, (machine, input, _) => Extreme(machine, input, input, isMin: false)),
        new("_min_by", 1, (machine, input, keys) => Extreme(machine, input, keys[0], isMin: true)),
        new("_max_by", 1, (machine, input, keys) => Extreme(machine, input, keys[0], isMin: false)),
        new("bsearch", 1, Search),
    ];

    private static JsonValue ToArray(JqMachine machine, IEnumerable<JsonValue> items)
    {
        var array = JsonValue.Array(items);
        return machine.Built(array, array.Count);
    }

    private static JsonValue? Keys(JqMachine machine, JsonValue input, bool sorted)
    {
        if (input.IsArray) return ToArray(machine, Enumerable.Range(0, input.Count).Select(i => JsonValue.From(i)));
        if (!input.IsObject) return machine.Fail($"{JqText.Describe(input)} has no keys");
        machine.CountWork(8L * input.Count);
        return ToArray(machine, (sorted ? JqOrder.SortedNames(input) : input.Members.Names).Select(JsonValue.From));
    }

    private static JsonValue? Has(JqMachine machine, JsonValue input, JsonValue[] arguments) => (input.Kind, arguments[0].Kind) switch
    {
        (JsonKind.Null, _) => false,
        (JsonKind.Object, JsonKind.String) => input.Members.Contains(arguments[0].AsString()),
        (JsonKind.Array, JsonKind.Number) => Math.Truncate(arguments[0].AsNumber()) is >= 0 and var index && index < input.Count,
        _ => machine.Fail($"Cannot check whether {JqText.KindName(input)} has a {JqText.KindName(arguments[0])} key"),
    };

    private static JsonValue? Contains(JqMachine machine, JsonValue input, JsonValue[] arguments) =>
        JqText.KindName(input) != JqText.KindName(arguments[0]) || (input.IsBoolean && input.Kind != arguments[0].Kind)
            ? machine.Fail($"{JqText.Describe(input)} and {JqText.Describe(arguments[0])} cannot have their containment checked")
            : IsIn(machine, input, arguments[0]);

    private static bool IsIn(JqMachine machine, JsonValue whole, JsonValue part)
    {
        machine.CountWork(1);
        if (whole.Kind != part.Kind) return false;
        switch (whole.Kind)
        {
            case JsonKind.Object:
                return part.Members.All(member => whole.Members.Find(member.Key) is { } value && IsIn(machine, value, member.Value));
            case JsonKind.Array:
                return part.Items.All(wanted => whole.Items.Any(item => IsIn(machine, item, wanted)));
            case JsonKind.String:
                machine.CountWork(whole.Count);
                return whole.AsString().Contains(part.AsString(), StringComparison.Ordinal);
            default:
                return JqOrder.AreEqual(machine, whole, part);
        }
    }

    private static JsonValue? Sum(JqMachine machine, JsonValue input, JsonValue[] arguments)
    {
        if (!input.IsArray && !input.IsObject) return machine.Fail($"Cannot iterate over {JqText.Describe(input)}");
        var items = input.IsArray ? input.Items : input.Members.Select(member => member.Value);
        if (input.IsArray && input.Count > 1 && input.Items.All(item => item.IsString))
        {
            machine.CountWork(input.Count);
            machine.CountBytes(input.Items.Sum(item => 2L * item.Count));
            return string.Concat(input.Items.Select(item => item.AsString()));
        }
        JsonValue? sum = JsonValue.Null;
        foreach (var item in items)
        {
            machine.CountWork(1);
            if (sum is null) return null;
            sum = JqArithmetic.Add(machine, sum, item);
        }
        return sum;
    }

    private static JsonValue? Reverse(JqMachine machine, JsonValue input, JsonValue[] arguments)
    {
        machine.CountWork(input.Count);
        return input.Kind switch
        {
            JsonKind.Null => JsonValue.EmptyArray,
            JsonKind.Array => ToArray(machine, input.Items.Reverse()),
            JsonKind.String when input.Count == 0 => JsonValue.EmptyArray,
            JsonKind.Object when input.Count == 0 => JsonValue.EmptyArray,
            JsonKind.Number when input.AsNumber() == 0 => JsonValue.EmptyArray,
            JsonKind.Object or JsonKind.Number or JsonKind.String => machine.Fail($"Cannot index {JqText.KindName(input)} with {JqText.Describe(Length(machine, input) - 1)}"),
            _ => machine.Fail($"{JqText.Describe(input)} has no length"),
        };
    }

    private static double Length(JqMachine machine, JsonValue input) => input.Kind switch
    {
        JsonKind.Number => Math.Abs(input.AsNumber()),
        JsonKind.String => JqStrings.Length(machine, input.AsString()),
        _ => input.Count,
    };

    private static JsonValue? FlattenTo(JqMachine machine, JsonValue input, JsonValue[] arguments)
    {
        if (JqOrder.Compare(machine, arguments[0], 0) < 0) return machine.Fail("flatten depth must not be negative");
        return Flatten(machine, input, arguments[0].IsNumber ? arguments[0].AsNumber() : double.PositiveInfinity);
    }

    private static JsonValue? Flatten(JqMachine machine, JsonValue input, double depth)
    {
        if (!input.IsArray && !input.IsObject) return machine.Fail($"Cannot iterate over {JqText.Describe(input)}");
        var flat = new List<JsonValue>();
        AddFlat(machine, flat, input.IsArray ? input.Items : input.Members.Select(member => member.Value), depth);
        return ToArray(machine, flat);
    }

    private static void AddFlat(JqMachine machine, List<JsonValue> flat, IEnumerable<JsonValue> items, double depth)
    {
        foreach (var item in items)
        {
            machine.CountWork(8);
            if (item.IsArray && depth > 0) AddFlat(machine, flat, item.Items, depth - 1);
            else flat.Add(item);
        }
    }

    private static JsonValue? Indices(JqMachine machine, JsonValue input, JsonValue wanted)
    {
        if (input.IsArray) return JqPaths.Get(machine, input, wanted.IsArray ? wanted : JsonValue.Array(wanted));
        if (input.IsString && wanted.IsString) return JqStrings.Positions(machine, input.AsString(), wanted.AsString());
        return JqPaths.Get(machine, input, wanted);
    }

    /// <summary>Items with their keys, in the keys' order; equal keys keep their places.</summary>
    private static (JsonValue Key, JsonValue Value)[]? Sorted(JqMachine machine, JsonValue input, JsonValue keys)
    {
        if (!input.IsArray)
        {
            machine.Fail(ReferenceEquals(input, keys)
                ? $"{JqText.Describe(input)} cannot be sorted, as it is not an array"
                : $"{JqText.Describe(input)} and {JqText.Describe(keys)} cannot be sorted, as they are not both arrays");
            return null;
        }
        machine.CountWork(input.Count);
        return JqOrder.Sort(machine, keys.Items.Zip(input.Items, (key, value) => (Key: key, Value: value)), pair => pair.Key);
    }

    private static List<List<JsonValue>>? Groups(JqMachine machine, JsonValue input, JsonValue keys)
    {
        if (Sorted(machine, input, keys) is not { } sorted) return null;
        var groups = new List<List<JsonValue>>();
        JsonValue? last = null;
        foreach (var (key, value) in sorted)
        {
            if (last is null || JqOrder.Compare(machine, last, key) != 0) groups.Add([]);
            groups[^1].Add(value);
            last = key;
        }
        return groups;
    }

    private static JsonValue? Extreme(JqMachine machine, JsonValue input, JsonValue keys, bool isMin)
    {
        if (!input.IsArray) return machine.Fail($"{JqText.Describe(input)} and {JqText.Describe(keys)} cannot be iterated over");
        if (input.Count == 0) return JsonValue.Null;
        var best = 0;
        for (var i = 1; i < input.Count; i++)
            if (JqOrder.Compare(machine, keys.Items[i], keys.Items[best]) < 0 == isMin) best = i;
        return input.Items[best];
    }

    private static JsonValue? Search(JqMachine machine, JsonValue input, JsonValue[] arguments)
    {
        if (!input.IsArray) return machine.Fail($"{JqText.Describe(input)} cannot be searched from");
        var (start, end) = (0, input.Count);
        while (start < end)
        {
            var middle = start + ((end - start) / 2);
            var order = JqOrder.Compare(machine, arguments[0], input.Items[middle]);
            if (order == 0) return middle;
            if (order < 0) end = middle;
            else start = middle + 1;
        }
        return -1 - start;
    }
}
