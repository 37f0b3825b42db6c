namespace Interlock.Json.Jq;

/// <summary>An expression. Evaluating it asks the machine for exactly one thing: to evaluate, return, raise or backtrack.</summary>
internal abstract class Node
{
    public abstract void Evaluate(JqMachine machine, Bindings? bindings, JsonValue input, Frame next);

    /// <summary>What of the variables and the input the expression reads; tells the source of the value it returns.</summary>
    public abstract Reading Read(ReadAnalysis analysis, Reading input);
}

internal sealed class Identity : Node
{
    private Identity()
    {
    }

    public static Identity Instance { get; } = new();

    public override void Evaluate(JqMachine machine, Bindings? bindings, JsonValue input, Frame next) => machine.Return(input, next);

    public override Reading Read(ReadAnalysis analysis, Reading input) => input;
}

internal sealed class Literal(JsonValue value) : Node
{
    public JsonValue Value { get; } = value;

    public override void Evaluate(JqMachine machine, Bindings? bindings, JsonValue input, Frame next) => machine.Return(Value, next);

    public override Reading Read(ReadAnalysis analysis, Reading input) => Reading.Nothing;
}

internal sealed class Empty : Node
{
    public override void Evaluate(JqMachine machine, Bindings? bindings, JsonValue input, Frame next) => machine.Backtrack();

    public override Reading Read(ReadAnalysis analysis, Reading input) => Reading.Nothing;
}

internal sealed class Pipe(Node left, Node right) : Node
{
    public override void Evaluate(JqMachine machine, Bindings? bindings, JsonValue input, Frame next) =>
        machine.Evaluate(left, bindings, input, new Then(right, bindings, next));

    public override Reading Read(ReadAnalysis analysis, Reading input) => analysis.Read(right, analysis.Read(left, input));

    private sealed class Then(Node node, Bindings? bindings, Frame next) : Frame(next)
    {
        public override void Return(JqMachine machine, JsonValue value) =>
            machine.Evaluate(node, bindings, value, Next!); // given to the constructor
    }
}

internal sealed class Comma(Node left, Node right) : Node
{
    public override void Evaluate(JqMachine machine, Bindings? bindings, JsonValue input, Frame next)
    {
        machine.Push(new EvaluateChoice(machine, right, bindings, input, next));
        machine.Evaluate(left, bindings, input, next);
    }

    public override Reading Read(ReadAnalysis analysis, Reading input) =>
        analysis.Read(left, input).Or(analysis.Read(right, input));
}
