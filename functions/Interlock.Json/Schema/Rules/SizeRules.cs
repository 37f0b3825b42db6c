namespace Interlock.Json.Schema;

/// <summary>The six keywords that bound how long, how many or how large.</summary>
internal sealed class SizeRule(SchemaPlace place, string keyword, JsonKind kind, bool isMaximum, double limit) : Assertion(place, keyword)
{
    public override string Explain(JsonValue instance)
    {
        var size = Size(instance);
        var unit = kind switch { JsonKind.String => "characters", JsonKind.Array => "items", _ => "properties" };
        return $"expected at {(isMaximum ? "most" : "least")} {JsonText.FormatNumber(limit)} {unit}, found {size}";
    }

    protected override bool Holds(JsonValue instance, Evaluation run) =>
        instance.Kind != kind || (isMaximum ? Size(instance) <= limit : Size(instance) >= limit);

    private static int Size(JsonValue instance) => instance.IsString ? Characters(instance.AsString()) : instance.Count;

    /// <summary>Unicode code points, as RFC 8259 counts characters.</summary>
    private static int Characters(string text)
    {
        var count = text.Length;
        for (var i = 1; i < text.Length; i++)
            if (char.IsLowSurrogate(text[i]) && char.IsHighSurrogate(text[i - 1])) count--;
        return count;
    }
}

internal sealed class PatternRule(SchemaPlace place, EcmaPattern pattern) : Assertion(place, "pattern")
{
    public override string Explain(JsonValue instance) =>
        $"expected a string matching {Quote.Text(pattern.Source)}, found {Quote.Value(instance)}";

    protected override bool Holds(JsonValue instance, Evaluation run) =>
        !instance.IsString || pattern.IsMatch(instance.AsString(), run);
}

internal sealed class FormatRule(SchemaPlace place, string format, Func<string, bool> test) : Assertion(place, "format")
{
    public override string Explain(JsonValue instance) => $"expected a string of format {format}, found {Quote.Value(instance)}";

    protected override bool Holds(JsonValue instance, Evaluation run) =>
        !instance.IsString || (run.Spend(instance.Count >> 6) && test(instance.AsString()));
}

internal sealed class UniqueItemsRule(SchemaPlace place) : Assertion(place, "uniqueItems")
{
    private const int FewItems = 8;

    public override string Explain(JsonValue instance)
    {
        var first = new Dictionary<JsonValue, int>(DeepComparer.Instance);
        for (var i = 0; i < instance.Count; i++)
        {
            if (!first.TryAdd(instance.Items[i], i))
                return $"expected items that differ, found {Quote.Value(instance.Items[i])} at {first[instance.Items[i]]} and {i}";
        }
        return "expected items that differ";
    }

    protected override bool Holds(JsonValue instance, Evaluation run)
    {
        if (!instance.IsArray || instance.Count < 2) return true;
        var items = instance.Items.AsSpan();
        if (items.Length > FewItems)
        {
            var set = new HashSet<JsonValue>(items.Length, DeepComparer.Instance);
            foreach (var item in items)
                if (!run.Spend(1) || !set.Add(item)) return false;
            return true;
        }
        for (var i = 1; i < items.Length; i++)
            for (var j = 0; j < i; j++)
                if (items[i].Equals(items[j])) return false;
        return true;
    }
}
