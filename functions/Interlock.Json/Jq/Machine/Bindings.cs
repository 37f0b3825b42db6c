namespace Interlock.Json.Jq;

/// <summary>
/// One lexical binding and those outside it, newest first. The parser knows every program's bindings, so a reference is
/// a distance. Never changed: closures and choice points keep whichever they saw.
/// </summary>
internal sealed class Bindings(Bindings? outer, object bound)
{
    /// <summary>A <see cref="JsonValue"/>, <see cref="Closure"/>, <see cref="JqFunction"/> or <see cref="LabelMark"/>.</summary>
    public object Bound { get; } = bound;

    public static Bindings At(Bindings? bindings, int distance)
    {
        for (; distance > 0; distance--) bindings = bindings!.Outer; // the parser counted these
        return bindings!;
    }

    private Bindings? Outer { get; } = outer;
}

/// <summary>A function argument: an expression and where it was written.</summary>
internal sealed record Closure(Node Body, Bindings? Bindings);

/// <summary>A running <c>label</c>: how many choice points there were when it began.</summary>
internal sealed record LabelMark(int Height);

/// <summary>A definition. The body is set once it is parsed, since it may call itself.</summary>
internal sealed class JqFunction(string name, IReadOnlyList<string> parameters)
{
    public string Name { get; } = name;

    public IReadOnlyList<string> Parameters { get; } = parameters;

    public Node Body { get; set; } = Identity.Instance;
}
