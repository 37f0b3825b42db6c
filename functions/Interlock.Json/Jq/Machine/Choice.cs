namespace Interlock.Json.Jq;

/// <summary>What to do when the machine backtracks to here. It is taken off before it resumes and may put itself back.</summary>
internal abstract class Choice(JqMachine machine)
{
    public PathTrail? Path { get; } = machine.Path;

    public JsonValue? AtPath { get; } = machine.AtPath;

    public abstract void Resume(JqMachine machine);
}

/// <summary>Evaluates another expression on the same input.</summary>
internal sealed class EvaluateChoice(JqMachine machine, Node node, Bindings? bindings, JsonValue input, Frame next) : Choice(machine)
{
    public override void Resume(JqMachine machine) => machine.Evaluate(node, bindings, input, next);
}

/// <summary>The position of a path expression: the keys that led there, last first.</summary>
internal sealed class PathTrail(PathTrail? before, JsonValue? key)
{
    public static PathTrail Root { get; } = new(null, null);

    private readonly int _length = before is null ? 0 : before._length + 1;

    public PathTrail Then(JsonValue next) => new(this, next);

    public PathTrail Then(IEnumerable<JsonValue> keys) => keys.Aggregate(this, (trail, next) => trail.Then(next));

    public JsonValue[] ToKeys()
    {
        var keys = new JsonValue[_length];
        var trail = this;
        for (var i = _length - 1; i >= 0; i--) (keys[i], trail) = (trail.Key, trail.Before);
        return keys;
    }

    private JsonValue Key => key!; // every trail but the root has a key and one before it

    private PathTrail Before => before!;
}
