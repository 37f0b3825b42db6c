using System.Runtime.CompilerServices;

namespace Interlock.Json.Schema;

/// <summary>
/// Walks two schemas in step. A schema is the conjunction of its keywords, so it is enough to compare keyword by keyword
/// (keywords that are read together as one), and each difference narrows, widens, or cannot be told. Recursive schemas are
/// compared once per pair of places, which is sound because a pair under comparison adds no difference of its own.
/// </summary>
internal sealed class SchemaComparison(SchemaLibrary oldLibrary, SchemaLibrary newLibrary)
{
    private const int MostPairs = 20_000;

    /// <summary>What widens in one place may narrow in another here, so only equality is proof.</summary>
    private static readonly string[] MustEqual = ["not", "oneOf", "dependencies"];

    private readonly List<SchemaChange> _changes = [];
    private readonly HashSet<(string, string)> _compared = [];

    public IReadOnlyList<SchemaChange> Changes => [.. _changes.Distinct()];

    /// <summary>Adds the changes from one schema to the other; <paramref name="at"/> is where the new one is used.</summary>
    public void Compare(SchemaPlace before, SchemaPlace after, string at)
    {
        if (!_compared.Add((before.Location, after.Location))) return;
        if (_compared.Count > MostPairs || !RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            Unproved(at, "the schemas are too large to compare");
            return;
        }
        (before, after) = (Boolean(before), Boolean(after));
        if (Trivial(before, after, at)) return;
        if (before.Resource.Dialect != after.Resource.Dialect)
        {
            Unproved(at, "the two schemas are of different dialects");
            return;
        }
        if (before.Resource.Dialect.IsOlder && (before.Value["$ref"] ?? after.Value["$ref"]) is not null)
        {
            References(before, after, at);
            return;
        }
        KeywordComparison.Values(before.Value, after.Value, at, _changes);
        References(before, after, at);
        Fixed(before, after, at);
        Lists(before, after, at);
        new ConditionComparison(this, before, after, at).Run();
        new ItemComparison(this, before, after, at).Run();
        new MemberComparison(this, before, after, at).Run();
        Unevaluated(before, after, at);
    }

    public void Add(string at, bool breaksCallers, bool breaksResults, string explanation) =>
        _changes.Add(new(at, breaksCallers, breaksResults, explanation));

    public void Unproved(string at, string what) => Add(at, true, true, $"{what}: cannot be proved compatible");

    /// <summary>Compares with the schema <c>true</c> where one side has none.</summary>
    public void Optional(SchemaPlace? before, SchemaPlace? after, string at)
    {
        if (before is { } was && after is { } now) Compare(was, now, at);
        else if (before is { } gone && !IsTrue(gone.Value)) Add(at, false, true, "a constraint was removed");
        else if (after is { } added && !IsTrue(added.Value)) Add(at, true, false, "a constraint was added where any value was allowed");
    }

    /// <summary>The same for the schemas of a keyword.</summary>
    public void Optional(SchemaPlace before, SchemaPlace after, string keyword, string at) =>
        Optional(Child(before, keyword), Child(after, keyword), JsonPointer.Append(at, keyword));

    /// <summary>Whether two parts of the schemas say the same, and no reference in them changed its meaning.</summary>
    public bool Same(JsonValue was, JsonValue now) => was == now && !(MayRefer(now) && oldLibrary.Root.Root != newLibrary.Root.Root);

    public static SchemaPlace? Child(SchemaPlace place, string keyword) => place.Value[keyword] is null ? null : place.Child(keyword);

    public static bool IsTrue(JsonValue schema) =>
        schema.Kind == JsonKind.True || (schema.IsObject && schema.Members.All(member => !KeywordComparison.Asserts(member.Key)));

    private static SchemaPlace Boolean(SchemaPlace place) => IsTrue(place.Value) ? place with { Value = JsonValue.True } : place;

    private bool Trivial(SchemaPlace before, SchemaPlace after, string at)
    {
        var (was, now) = (before.Value.Kind, after.Value.Kind);
        if (was is not (JsonKind.True or JsonKind.False) && now is not (JsonKind.True or JsonKind.False)) return false;
        if (was == now) return true;
        if (was == JsonKind.True || now == JsonKind.False) Add(at, true, false, now == JsonKind.False ? "no value is allowed any more" : "any value was allowed, now only some are");
        else Add(at, false, true, now == JsonKind.True ? "any value is allowed now" : "no value was allowed, now some are");
        return true;
    }

    private void References(SchemaPlace before, SchemaPlace after, string at)
    {
        Dynamic(before, after, at);
        if (Target(oldLibrary, before) is not { } was)
        {
            if (Target(newLibrary, after) is { } added) Optional(null, added, JsonPointer.Append(at, "$ref"));
            if (!after.Resource.Dialect.IsOlder || Target(newLibrary, after) is null) return;
            Unproved(at, "a schema was replaced by a reference");
            return;
        }
        if (Target(newLibrary, after) is { } now) Compare(was, now, at);
        else if (before.Resource.Dialect.IsOlder) Unproved(at, "a reference was replaced by a schema");
        else Inlined(was, after, at);
    }

    /// <summary>A reference that is gone: fine for callers; for results the rest of the new schema does not vouch for it.</summary>
    private void Inlined(SchemaPlace was, SchemaPlace after, string at) => Optional(was, null, JsonPointer.Append(at, "$ref"));

    private void Dynamic(SchemaPlace before, SchemaPlace after, string at)
    {
        foreach (var keyword in (string[])["$dynamicRef", "$recursiveRef"])
        {
            if ((before.Value[keyword] ?? after.Value[keyword]) is null || oldLibrary.Root.Root == newLibrary.Root.Root) continue;
            Unproved(JsonPointer.Append(at, keyword), "what a dynamic reference reaches depends on the whole schema");
        }
    }

    private static SchemaPlace? Target(SchemaLibrary library, SchemaPlace place) =>
        place.Value["$ref"]?.StringOrNull() is { } reference ? library.Resolve(place.Resource, reference, place.Location + "/$ref") : null;

    /// <summary>Keywords that are only proved compatible when both sides say the same and no reference in them changed meaning.</summary>
    private void Fixed(SchemaPlace before, SchemaPlace after, string at)
    {
        foreach (var keyword in MustEqual)
        {
            var (was, now) = (before.Value[keyword], after.Value[keyword]);
            if (was is null && now is null) continue;
            var where = JsonPointer.Append(at, keyword);
            if (was is null) Add(where, true, false, $"\"{keyword}\" was added");
            else if (now is null) Add(where, false, true, $"\"{keyword}\" was removed");
            else if (!Same(was, now)) Unproved(where, $"\"{keyword}\" changed");
        }
    }

    private void Lists(SchemaPlace before, SchemaPlace after, string at)
    {
        foreach (var keyword in (string[])["allOf", "anyOf"])
        {
            var (was, now) = (before.Value[keyword], after.Value[keyword]);
            var where = JsonPointer.Append(at, keyword);
            if (was is null && now is null) continue;
            if (was is null) Add(where, true, false, $"\"{keyword}\" was added");
            else if (now is null) Add(where, false, true, $"\"{keyword}\" was removed");
            else
            {
                var shared = Math.Min(was.Count, now.Count);
                for (var i = 0; i < shared; i++) Compare(before.Child(keyword, i), after.Child(keyword, i), JsonPointer.Append(where, i));
                var narrows = keyword == "allOf" ? now.Count > was.Count : now.Count < was.Count;
                if (now.Count != was.Count) Add(where, narrows, !narrows, $"{Math.Abs(now.Count - was.Count)} alternatives or parts of \"{keyword}\" were {(now.Count > was.Count ? "added" : "removed")}");
            }
        }
    }

    /// <summary>What is unevaluated depends on every other keyword, so any difference in the schema spoils the proof.</summary>
    private void Unevaluated(SchemaPlace before, SchemaPlace after, string at)
    {
        foreach (var keyword in (string[])["unevaluatedItems", "unevaluatedProperties"])
        {
            var (was, now) = (before.Value[keyword], after.Value[keyword]);
            if (was is null && now is null) continue;
            var where = JsonPointer.Append(at, keyword);
            if (was is null) Add(where, true, false, $"\"{keyword}\" was added");
            else if (now is null) Add(where, false, true, $"\"{keyword}\" was removed");
            else if (!Same(before.Value, after.Value))
                Unproved(where, $"what \"{keyword}\" covers may have changed");
        }
    }

    private static bool MayRefer(JsonValue? schema) => schema switch
    {
        { IsObject: true } => schema.Members.Any(member => member.Key is "$ref" or "$dynamicRef" or "$recursiveRef" || MayRefer(member.Value)),
        { IsArray: true } => schema.Items.Any(MayRefer),
        _ => false,
    };
}
