namespace Interlock.Json.Schema;

/// <summary>A compiled schema: rules in the order they are checked. Built once, then read from any thread.</summary>
internal sealed class SchemaNode(SchemaPlace place)
{
    public SchemaPlace Place { get; } = place;

    public SchemaResource Resource => Place.Resource;

    /// <summary>Whether this is the schema <c>false</c>.</summary>
    public bool IsFalse { get; } = place.Value.Kind == JsonKind.False;

    public Rule[] Rules { get; set; } = [];

    /// <summary>Whether a rule asks which members or items its neighbours evaluated.</summary>
    public bool TracksEvaluated { get; set; }
}

/// <summary>One keyword, or several that must be read together.</summary>
internal abstract class Rule(SchemaPlace place, string keyword)
{
    public string Keyword { get; } = keyword;

    public string Location { get; } = $"{place.Location}/{JsonPointer.Escape(keyword)}";

    /// <summary>Whether the other rules of the schema say nothing useful once this one failed.</summary>
    public virtual bool IsDecisive => false;

    /// <summary>The schemas applied to the same instance whatever it is; a cycle of these never ends.</summary>
    public virtual IEnumerable<SchemaNode> InPlace => [];

    public abstract bool Check(JsonValue instance, Evaluation run, EvaluatedSet? seen);
}

/// <summary>A rule about the instance alone.</summary>
internal abstract class Assertion(SchemaPlace place, string keyword) : Rule(place, keyword)
{
    public sealed override bool Check(JsonValue instance, Evaluation run, EvaluatedSet? seen) =>
        Holds(instance, run) || run.Fail(this, instance);

    public abstract string Explain(JsonValue instance);

    protected abstract bool Holds(JsonValue instance, Evaluation run);
}
