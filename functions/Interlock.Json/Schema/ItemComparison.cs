namespace Interlock.Json.Schema;

/// <summary>Compares what two schemas say of an array's items: of each place that either names, of all places after those, and of those that <c>contains</c> counts.</summary>
internal sealed class ItemComparison(SchemaComparison comparison, SchemaPlace before, SchemaPlace after, string at)
{
    public void Run()
    {
        var (was, now) = (Of(before), Of(after));
        for (var i = 0; i < Math.Max(was.Prefix.Length, now.Prefix.Length); i++)
            comparison.Optional(was.At(i), now.At(i), JsonPointer.Append(JsonPointer.Append(at, now.Keyword), i));
        comparison.Optional(was.Rest, now.Rest, JsonPointer.Append(at, "items"));
        Contains();
    }

    private void Contains()
    {
        var (was, now) = (Count(before), Count(after));
        var where = JsonPointer.Append(at, "contains");
        if (was is null && now is null) return;
        if (was is null) comparison.Add(where, true, false, "some items must match \"contains\" now");
        else if (now is null) comparison.Add(where, false, true, "no items need match \"contains\" any more");
        else
        {
            if (!comparison.Same(before.Value["contains"]!, after.Value["contains"]!)) // a count is of it
            {
                if (was.Most is null && now.Most is null) comparison.Optional(before, after, "contains", at); // the more it accepts, the more arrays have enough
                else comparison.Unproved(where, "which items are counted changed");
            }
            Bound("minContains", was.Least, now.Least, now.Least > was.Least);
            Bound("maxContains", was.Most ?? double.PositiveInfinity, now.Most ?? double.PositiveInfinity, (now.Most ?? double.PositiveInfinity) < (was.Most ?? double.PositiveInfinity));
        }
    }

    private void Bound(string keyword, double was, double now, bool tightened)
    {
        if (was.Equals(now)) return;
        comparison.Add(JsonPointer.Append(at, keyword), tightened, !tightened, $"\"{keyword}\" was {(tightened ? "tightened" : "loosened")}");
    }

    /// <summary>How many items must match, or null where any number may.</summary>
    private static Counted? Count(SchemaPlace place)
    {
        if (place.Value["contains"] is null) return null;
        var counted = place.Resource.Dialect.IsOlder ? new Counted(1, null) : new(place.Value["minContains"]?.AsNumber() ?? 1, place.Value["maxContains"]?.AsNumber());
        return counted is { Least: 0, Most: null } ? null : counted;
    }

    private static Positions Of(SchemaPlace place)
    {
        var hasTuples = place.Resource.Dialect.HasTuples;
        var keyword = hasTuples ? "items" : "prefixItems";
        if (hasTuples && place.Value["items"] is not { IsArray: true }) return new(keyword, [], SchemaComparison.Child(place, "items"));
        var prefix = Enumerable.Range(0, place.Value[keyword]?.Count ?? 0).Select(i => place.Child(keyword, i));
        return new(keyword, [.. prefix], SchemaComparison.Child(place, hasTuples ? "additionalItems" : "items"));
    }

    private sealed record Counted(double Least, double? Most);

    private sealed record Positions(string Keyword, SchemaPlace[] Prefix, SchemaPlace? Rest)
    {
        public SchemaPlace? At(int i) => i < Prefix.Length ? Prefix[i] : Rest;
    }
}
