namespace Interlock.Json.Schema;

internal sealed class AllOfRule(SchemaPlace place, SchemaNode[] nodes) : Rule(place, "allOf")
{
    public override IEnumerable<SchemaNode> InPlace => nodes;

    public override bool Check(JsonValue instance, Evaluation run, EvaluatedSet? seen)
    {
        var valid = true;
        foreach (var node in nodes)
        {
            if (run.Apply(node, instance, seen)) continue;
            valid = false;
            if (!run.Collecting) return false;
        }
        return valid;
    }
}

/// <summary><c>anyOf</c> and <c>oneOf</c>. When no branch matches, the errors are those of the branch meant most likely.</summary>
internal sealed class ChoiceRule(SchemaPlace place, string keyword, SchemaNode[] nodes, bool exactlyOne) : Rule(place, keyword)
{
    public SchemaNode[] Branches => nodes;

    public override IEnumerable<SchemaNode> InPlace => nodes;

    public override bool Check(JsonValue instance, Evaluation run, EvaluatedSet? seen)
    {
        var (first, second) = (-1, -1);
        for (var i = 0; i < nodes.Length; i++)
        {
            var own = run.Apart(seen, instance);
            if (!run.Test(nodes[i], instance, own)) continue;
            if (own is not null) seen?.Add(own);
            if (first >= 0) second = i;
            else first = i;
            if (exactlyOne ? second >= 0 : seen is null) break;
        }
        if (run.Halted is not null) return false;
        if (first >= 0 && (!exactlyOne || second < 0)) return true;
        if (!run.Collecting) return false;
        if (first >= 0)
        {
            return run.Fail(Location, Keyword,
                $"expected exactly one of {nodes.Length} alternatives to match, found that {first} and {second} both do: {Quote.Value(instance)}");
        }
        BranchChoice.Report(this, instance, run, seen);
        return false;
    }
}

internal sealed class NotRule(SchemaPlace place, SchemaNode node) : Rule(place, "not")
{
    public override IEnumerable<SchemaNode> InPlace => [node];

    public override bool Check(JsonValue instance, Evaluation run, EvaluatedSet? seen)
    {
        if (!run.Test(node, instance, null)) return run.Halted is null;
        return run.Collecting && run.Fail(Location, Keyword, $"expected a value that does not match {Quote.Value(node.Place.Value)}, found {Quote.Value(instance)}");
    }
}

internal sealed class ConditionRule(SchemaPlace place, SchemaNode condition, SchemaNode? then, SchemaNode? otherwise) : Rule(place, "if")
{
    public SchemaNode? Then => then;

    public SchemaNode? Else => otherwise;

    public override IEnumerable<SchemaNode> InPlace => [condition];

    public override bool Check(JsonValue instance, Evaluation run, EvaluatedSet? seen)
    {
        var own = run.Apart(seen, instance);
        var holds = run.Test(condition, instance, own);
        if (run.Halted is not null) return false;
        if (holds && own is not null) seen?.Add(own);
        return (holds ? then : otherwise) is not { } next || run.Apply(next, instance, seen);
    }
}
