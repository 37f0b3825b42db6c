namespace Interlock.Json.Jq;

internal sealed class If(Node condition, Node whenTrue, Node whenFalse) : Node
{
    public override void Evaluate(JqMachine machine, Bindings? bindings, JsonValue input, Frame next) =>
        machine.Evaluate(condition, bindings, input, new ConditionFrame(machine, this, bindings, input, next));

    public override Reading Read(ReadAnalysis analysis, Reading input)
    {
        analysis.Use(analysis.Read(condition, input));
        return analysis.Read(WhenTrue, input).Or(analysis.Read(WhenFalse, input));
    }

    private Node WhenTrue { get; } = whenTrue;

    private Node WhenFalse { get; } = whenFalse;

    private sealed class ConditionFrame(JqMachine machine, If node, Bindings? bindings, JsonValue input, Frame next) : ValueFrame(machine, next)
    {
        protected override void Take(JqMachine machine, JsonValue value, Frame next) =>
            machine.Evaluate(value.IsTruthy ? node.WhenTrue : node.WhenFalse, bindings, input, next);
    }
}

/// <summary><c>try body catch handler</c>; without a handler the error is an empty result.</summary>
internal sealed class Try(Node body, Node? handler) : Node
{
    public override void Evaluate(JqMachine machine, Bindings? bindings, JsonValue input, Frame next) =>
        machine.Evaluate(body, bindings, input, new CatchFrame(machine, handler, bindings, next));

    public override Reading Read(ReadAnalysis analysis, Reading input)
    {
        var value = analysis.Read(body, input);
        if (handler is null) return value;
        // What an error tells may stem from anything the body reads.
        analysis.Use(value);
        return value.Or(analysis.Read(handler, Reading.Nothing));
    }

    private sealed class CatchFrame(JqMachine machine, Node? handler, Bindings? bindings, Frame next) : HandlerFrame(machine, next)
    {
        public override void Handle(JqMachine machine, JsonValue error)
        {
            if (handler is null) machine.Backtrack();
            else machine.Evaluate(handler, bindings, error, Next!); // given to the constructor
        }
    }
}

/// <summary><c>label $name | body</c>.</summary>
internal sealed class Label(Node body) : Node
{
    public override void Evaluate(JqMachine machine, Bindings? bindings, JsonValue input, Frame next) =>
        machine.Evaluate(body, new Bindings(bindings, new LabelMark(machine.Height)), input, next);

    public override Reading Read(ReadAnalysis analysis, Reading input) => analysis.With(null).Read(body, input);
}

/// <summary><c>break $name</c>: the labelled expression has no more outputs.</summary>
internal sealed class Break(int distance) : Node
{
    public override void Evaluate(JqMachine machine, Bindings? bindings, JsonValue input, Frame next)
    {
        machine.CutTo(((LabelMark)Bindings.At(bindings, distance).Bound).Height);
        machine.Backtrack();
    }

    public override Reading Read(ReadAnalysis analysis, Reading input) => Reading.Nothing;
}

/// <summary><c>halt</c>: the program has no more outputs.</summary>
internal sealed class Halt : Node
{
    public override void Evaluate(JqMachine machine, Bindings? bindings, JsonValue input, Frame next)
    {
        machine.CutTo(0);
        machine.Backtrack();
    }

    public override Reading Read(ReadAnalysis analysis, Reading input) => Reading.Nothing;
}
