namespace Interlock.Json.Schema;

/// <summary>Compares the keywords that constrain a value by themselves: types, values, bounds, patterns, required members.</summary>
internal static class KeywordComparison
{
    private static readonly HashSet<string> Assertions = new(StringComparer.Ordinal)
    {
        "type", "const", "enum", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength",
        "pattern", "format", "minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties", "required", "dependentRequired",
        "properties", "patternProperties", "additionalProperties", "propertyNames", "items", "prefixItems", "additionalItems", "contains",
        "minContains", "maxContains", "allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas", "dependencies",
        "unevaluatedItems", "unevaluatedProperties", "$ref", "$dynamicRef", "$recursiveRef",
    };

    public static bool Asserts(string keyword) => Assertions.Contains(keyword);

    public static void Values(JsonValue was, JsonValue now, string at, List<SchemaChange> changes)
    {
        Types(was["type"], now["type"], at + "/type", changes);
        Allowed(was, now, at + (now["enum"] is null && now["const"] is not null ? "/const" : "/enum"), changes);
        foreach (var keyword in (string[])["minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"]) Bound(keyword, 1);
        foreach (var keyword in (string[])["maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"]) Bound(keyword, -1);
        MultipleOf(was["multipleOf"], now["multipleOf"], at + "/multipleOf", changes);
        foreach (var keyword in (string[])["pattern", "format"]) Same(keyword);
        var (unique, isUnique) = (was["uniqueItems"] == JsonValue.True, now["uniqueItems"] == JsonValue.True);
        if (unique != isUnique) changes.Add(new(at + "/uniqueItems", isUnique, unique, isUnique ? "items must differ now" : "items may repeat now"));
        Required(was["required"], now["required"], at + "/required", changes);
        Dependent(was["dependentRequired"], now["dependentRequired"], at + "/dependentRequired", changes);

        void Bound(string keyword, int direction)
        {
            var (before, after) = (was[keyword], now[keyword]);
            if (before is null ? after is null : after is not null && Order(after, before) == 0) return;
            var tightened = before is null || (after is not null && Order(after, before) * direction > 0);
            changes.Add(new($"{at}/{keyword}", tightened, !tightened,
                $"\"{keyword}\" was {(tightened ? "tightened" : "loosened")} from {Shown(before)} to {Shown(after)}"));
        }

        void Same(string keyword)
        {
            var (before, after) = (was[keyword], now[keyword]);
            if (before == after) return;
            changes.Add((before, after) switch
            {
                (null, _) => new($"{at}/{keyword}", true, false, $"\"{keyword}\" was added"),
                (_, null) => new($"{at}/{keyword}", false, true, $"\"{keyword}\" was removed"),
                _ => new($"{at}/{keyword}", true, true, $"\"{keyword}\" changed from {Shown(before)} to {Shown(after)}: cannot be proved compatible"),
            });
        }
    }

    private static void Types(JsonValue? was, JsonValue? now, string at, List<SchemaChange> changes)
    {
        var (before, after) = (Set(was), Set(now));
        if (before == after) return;
        var (lost, gained) = ((before & ~after) != 0, (after & ~before) != 0);
        changes.Add(new(at, lost, gained,
            $"the type was {(lost && gained ? "changed" : lost ? "narrowed" : "widened")} from {Describe(before)} to {Describe(after)}"));

        static SchemaTypes Set(JsonValue? type) => type switch
        {
            null => SchemaTypes.Any,
            { IsArray: true } => type.Items.Aggregate(SchemaTypes.None, (all, one) => all | (TypeRule.Parse(one.StringOrNull()) ?? 0)),
            _ => TypeRule.Parse(type.StringOrNull()) ?? SchemaTypes.None,
        };

        static string Describe(SchemaTypes types) => types == SchemaTypes.Any ? "any" : TypeRule.Describe(types);
    }

    /// <summary><c>enum</c> and <c>const</c> together are the finite set of values both allow.</summary>
    private static void Allowed(JsonValue was, JsonValue now, string at, List<SchemaChange> changes)
    {
        var (before, after) = (Set(was), Set(now));
        if (before is null && after is null) return;
        if (before is null) changes.Add(new(at, true, false, "only listed values are allowed now"));
        else if (after is null) changes.Add(new(at, false, true, "values are no longer limited to a list"));
        else
        {
            var (gone, added) = (before.Except(after).ToList(), after.Except(before).ToList());
            if (gone.Count > 0) changes.Add(new(at, true, false, $"no longer allowed: {Quote.Values(gone)}"));
            if (added.Count > 0) changes.Add(new(at, false, true, $"newly allowed: {Quote.Values(added)}"));
        }

        static HashSet<JsonValue>? Set(JsonValue schema)
        {
            var set = schema["enum"] is { IsArray: true } list ? new HashSet<JsonValue>(list.Items, DeepComparer.Instance) : null;
            if (schema["const"] is not { } only) return set;
            return set is null || set.Contains(only) ? new(DeepComparer.Instance) { only } : new(DeepComparer.Instance);
        }
    }

    private static void MultipleOf(JsonValue? was, JsonValue? now, string at, List<SchemaChange> changes)
    {
        if (was is null ? now is null : now is not null && Order(was, now) == 0) return;
        var (before, after) = (was is null ? null : ExactNumber.Of(was), now is null ? null : ExactNumber.Of(now));
        var narrows = now is not null && !(before is { } b && after is { } a && b.IsMultipleOf(a));
        var widens = was is not null && !(before is { } c && after is { } d && d.IsMultipleOf(c));
        changes.Add(new(at, narrows, widens, $"\"multipleOf\" changed from {Shown(was)} to {Shown(now)}"));
    }

    private static void Required(JsonValue? was, JsonValue? now, string at, List<SchemaChange> changes)
    {
        var before = (was is { IsArray: true } ? was : JsonValue.EmptyArray).Items;
        var after = (now is { IsArray: true } ? now : JsonValue.EmptyArray).Items;
        var (added, gone) = (after.Except(before).ToList(), before.Except(after).ToList());
        if (added.Count > 0) changes.Add(new(at, true, false, $"required now: {Quote.Values(added)}"));
        if (gone.Count > 0) changes.Add(new(at, false, true, $"no longer required: {Quote.Values(gone)}"));
    }

    private static void Dependent(JsonValue? was, JsonValue? now, string at, List<SchemaChange> changes)
    {
        foreach (var name in Names(was).Union(Names(now), StringComparer.Ordinal))
            Required(was?[name], now?[name], JsonPointer.Append(at, name), changes);

        static IEnumerable<string> Names(JsonValue? map) => map is { IsObject: true } ? map.Members.Names : [];
    }

    private static int Order(JsonValue a, JsonValue b) =>
        ExactNumber.Of(a) is { } x && ExactNumber.Of(b) is { } y ? x.CompareTo(y) : a.AsNumber().CompareTo(b.AsNumber());

    private static string Shown(JsonValue? value) => value is null ? "nothing" : Quote.Value(value);
}
