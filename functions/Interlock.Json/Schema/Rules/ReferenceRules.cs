namespace Interlock.Json.Schema;

internal sealed class ReferenceRule(SchemaPlace place, string keyword, SchemaNode target) : Rule(place, keyword)
{
    public SchemaNode Target => target;

    public override IEnumerable<SchemaNode> InPlace => [target];

    public override bool Check(JsonValue instance, Evaluation run, EvaluatedSet? seen) => run.Apply(target, instance, seen);
}

/// <summary>
/// A <c>$dynamicRef</c> whose first target is a <c>$dynamicAnchor</c>: the outermost resource entered that has a dynamic
/// anchor of that name decides (core specification, 8.2.3.2); or draft 2019-09's <c>$recursiveRef</c>, whose anchor has no name.
/// </summary>
internal sealed class DynamicReferenceRule(SchemaPlace place, string keyword, string anchor, SchemaNode first) : Rule(place, keyword)
{
    public SchemaNode First => first;

    public override bool Check(JsonValue instance, Evaluation run, EvaluatedSet? seen)
    {
        var target = first;
        foreach (var resource in run.Scope)
        {
            if (!resource.DynamicNodes.TryGetValue(anchor, out var found)) continue;
            target = found;
            break;
        }
        return run.Apply(target, instance, seen);
    }
}
