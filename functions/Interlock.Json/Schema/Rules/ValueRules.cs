namespace Interlock.Json.Schema;

[Flags]
internal enum SchemaTypes
{
    None = 0,
    Null = 1,
    Boolean = 2,
    Integer = 4,
    Fraction = 8,
    Number = Integer | Fraction,
    String = 16,
    Array = 32,
    Object = 64,
    Any = 127,
}

internal sealed class TypeRule(SchemaPlace place, SchemaTypes types) : Assertion(place, "type")
{
    public SchemaTypes Types => types;

    public override bool IsDecisive => true;

    public override string Explain(JsonValue instance) => $"expected {Describe(types)}, found {Quote.Found(instance)}";

    public static SchemaTypes? Parse(string? name) => name switch
    {
        "null" => SchemaTypes.Null,
        "boolean" => SchemaTypes.Boolean,
        "integer" => SchemaTypes.Integer,
        "number" => SchemaTypes.Number,
        "string" => SchemaTypes.String,
        "array" => SchemaTypes.Array,
        "object" => SchemaTypes.Object,
        _ => null,
    };

    public static string Describe(SchemaTypes types)
    {
        var names = new List<string>();
        foreach (var name in (string[])["object", "array", "string", "number", "boolean", "null"])
            if (Parse(name) is { } one && (types & one) == one) names.Add(name);
        if ((types & SchemaTypes.Number) == SchemaTypes.Integer) names.Add("integer");
        return string.Join(" or ", names);
    }

    public static SchemaTypes Of(JsonValue value) => value.Kind switch
    {
        JsonKind.Null => SchemaTypes.Null,
        JsonKind.True or JsonKind.False => SchemaTypes.Boolean,
        JsonKind.Number => IsWhole(value) ? SchemaTypes.Integer : SchemaTypes.Fraction,
        JsonKind.String => SchemaTypes.String,
        JsonKind.Array => SchemaTypes.Array,
        _ => SchemaTypes.Object,
    };

    protected override bool Holds(JsonValue instance, Evaluation run) => (types & Of(instance)) != 0;

    private static bool IsWhole(JsonValue value) =>
        value.Literal is null ? Math.Floor(value.AsNumber()) == value.AsNumber() : ExactNumber.Of(value) is not { } exact || exact.IsWhole;
}

internal sealed class ConstRule(SchemaPlace place, JsonValue expected) : Assertion(place, "const")
{
    public JsonValue Expected => expected;

    public override bool IsDecisive => true;

    public override string Explain(JsonValue instance) => EnumRule.Explain([expected], instance);

    protected override bool Holds(JsonValue instance, Evaluation run) => expected.Equals(instance);
}

internal sealed class EnumRule(SchemaPlace place, IReadOnlyList<JsonValue> values) : Assertion(place, "enum")
{
    private readonly HashSet<JsonValue> _values = new(values, DeepComparer.Instance);

    public IReadOnlyList<JsonValue> Values => values;

    public override bool IsDecisive => true;

    public override string Explain(JsonValue instance) => Explain(values, instance);

    public static string Explain(IReadOnlyList<JsonValue> values, JsonValue instance)
    {
        var near = instance.StringOrNull() is { } text ? Quote.DidYouMean(text, values.Select(v => v.StringOrNull()).OfType<string>()) : "";
        return $"expected {(values.Count == 1 ? "" : "one of ")}{Quote.Values(values)}, found {Quote.Value(instance)}{near}";
    }

    protected override bool Holds(JsonValue instance, Evaluation run) => _values.Contains(instance);
}

/// <summary>Equality of values with a hash over all of them, so that large sets of similar values stay linear.</summary>
internal sealed class DeepComparer : IEqualityComparer<JsonValue>
{
    public static DeepComparer Instance { get; } = new();

    public bool Equals(JsonValue? x, JsonValue? y) => x is null ? y is null : x.Equals(y);

    public int GetHashCode(JsonValue value)
    {
        switch (value.Kind)
        {
            case JsonKind.Array:
                var hash = default(HashCode);
                foreach (var item in value.Items.AsSpan()) hash.Add(GetHashCode(item));
                return hash.ToHashCode();
            case JsonKind.Object:
                var sum = 0; // members compare in any order
                foreach (var (name, member) in value.Members.AsSpan())
                    sum += HashCode.Combine(string.GetHashCode(name, StringComparison.Ordinal), GetHashCode(member));
                return sum;
            case JsonKind.Number:
                var bits = BitConverter.DoubleToInt64Bits(value.AsNumber() is 0 ? 0 : value.AsNumber()); // -0 equals 0
                return HashCode.Combine((int)bits, (int)(bits >> 32)); // both halves: of numbers whose own hash is the same there are as many as one likes
            default:
                return value.GetHashCode();
        }
    }
}
