namespace Interlock.Json.Schema;

internal enum Bound
{
    Minimum,
    Maximum,
    ExclusiveMinimum,
    ExclusiveMaximum,
}

internal sealed class BoundRule(SchemaPlace place, string keyword, Bound bound, JsonValue limit) : Assertion(place, keyword)
{
    private readonly double _limit = limit.AsNumber();
    private readonly ExactNumber? _exact = ExactNumber.Of(limit);

    public override string Explain(JsonValue instance)
    {
        var relation = bound switch
        {
            Bound.Minimum => "at least",
            Bound.Maximum => "at most",
            Bound.ExclusiveMinimum => "more than",
            _ => "less than",
        };
        return $"expected {relation} {Quote.Value(limit)}, found {Quote.Value(instance)}";
    }

    protected override bool Holds(JsonValue instance, Evaluation run)
    {
        if (!instance.IsNumber) return true;
        var order = (instance.Literal ?? limit.Literal) is not null && _exact is { } exact && ExactNumber.Of(instance) is { } number
            ? number.CompareTo(exact)
            : instance.AsNumber().CompareTo(_limit);
        return bound switch
        {
            Bound.Minimum => order >= 0,
            Bound.Maximum => order <= 0,
            Bound.ExclusiveMinimum => order > 0,
            _ => order < 0,
        };
    }
}

internal sealed class MultipleOfRule(SchemaPlace place, JsonValue divisor) : Assertion(place, "multipleOf")
{
    private const double LargestExact = 9007199254740992;

    private readonly double _divisor = divisor.AsNumber();
    private readonly ExactNumber? _exact = ExactNumber.Of(divisor);

    public override string Explain(JsonValue instance) => $"expected a multiple of {Quote.Value(divisor)}, found {Quote.Value(instance)}";

    protected override bool Holds(JsonValue instance, Evaluation run)
    {
        if (!instance.IsNumber) return true;
        var number = instance.AsNumber();
        if (instance.Literal is null && Whole(number) && Whole(_divisor)) return number % _divisor == 0;
        if (_exact is { } exact && ExactNumber.Of(instance) is { } whole) return whole.IsMultipleOf(exact);
        return number % _divisor == 0;
    }

    private static bool Whole(double number) => Math.Abs(number) <= LargestExact && Math.Floor(number) == number;
}
