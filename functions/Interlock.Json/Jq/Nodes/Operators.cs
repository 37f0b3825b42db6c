namespace Interlock.Json.Jq;

internal enum Operator
{
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// <summary>A binary operator on values. As in jq, the right operand's outputs are the outer loop.</summary>
internal sealed class Binary(Operator op, Node left, Node right) : Node
{
    public override void Evaluate(JqMachine machine, Bindings? bindings, JsonValue input, Frame next)
    {
        if (right is Literal literal) Left(machine, bindings, input, literal.Value, next);
        else machine.Evaluate(right, bindings, input, new RightFrame(machine, this, bindings, input, next));
    }

    public override Reading Read(ReadAnalysis analysis, Reading input)
    {
        analysis.Use(analysis.Read(left, input));
        analysis.Use(analysis.Read(right, input));
        return Reading.Nothing;
    }

    private void Left(JqMachine machine, Bindings? bindings, JsonValue input, JsonValue second, Frame next)
    {
        if (left is Identity) machine.Complete(JqArithmetic.Apply(machine, op, input, second), next);
        else machine.Evaluate(left, bindings, input, new LeftFrame(machine, op, second, next));
    }

    private sealed class RightFrame(JqMachine machine, Binary binary, Bindings? bindings, JsonValue input, Frame next) : ValueFrame(machine, next)
    {
        protected override void Take(JqMachine machine, JsonValue value, Frame next) => binary.Left(machine, bindings, input, value, next);
    }

    private sealed class LeftFrame(JqMachine machine, Operator op, JsonValue second, Frame next) : ValueFrame(machine, next)
    {
        protected override void Take(JqMachine machine, JsonValue value, Frame next) =>
            machine.Complete(JqArithmetic.Apply(machine, op, value, second), next);
    }
}

internal sealed class Negate(Node operand) : Node
{
    public override void Evaluate(JqMachine machine, Bindings? bindings, JsonValue input, Frame next) =>
        machine.Evaluate(operand, bindings, input, new OperandFrame(next));

    public override Reading Read(ReadAnalysis analysis, Reading input) => analysis.Computed(analysis.Read(operand, input));

    private sealed class OperandFrame(Frame next) : Frame(next)
    {
        public override void Return(JqMachine machine, JsonValue value)
        {
            var next = Next!; // given to the constructor
            if (value.IsNumber) machine.Return(JqNumbers.Negate(value), next);
            else machine.Raise($"{JqText.Describe(value)} cannot be negated", next);
        }
    }
}

/// <summary><c>and</c> and <c>or</c>: the right side is evaluated only when the left does not settle it.</summary>
internal sealed class Logical(bool isAnd, Node left, Node right) : Node
{
    public override void Evaluate(JqMachine machine, Bindings? bindings, JsonValue input, Frame next) =>
        machine.Evaluate(left, bindings, input, new LeftFrame(machine, this, bindings, input, next));

    public override Reading Read(ReadAnalysis analysis, Reading input)
    {
        analysis.Use(analysis.Read(left, input));
        analysis.Use(analysis.Read(right, input));
        return Reading.Nothing;
    }

    private sealed class LeftFrame(JqMachine machine, Logical node, Bindings? bindings, JsonValue input, Frame next) : ValueFrame(machine, next)
    {
        private readonly Logical _node = node;

        protected override void Take(JqMachine machine, JsonValue value, Frame next)
        {
            if (value.IsTruthy != _node.IsAnd) machine.Return(value.IsTruthy, next);
            else machine.Evaluate(_node.Right, bindings, input, new RightFrame(machine, next));
        }
    }

    private bool IsAnd => isAnd;

    private Node Right => right;

    private sealed class RightFrame(JqMachine machine, Frame next) : ValueFrame(machine, next)
    {
        protected override void Take(JqMachine machine, JsonValue value, Frame next) => machine.Return(value.IsTruthy, next);
    }
}

/// <summary><c>a // b</c>: the outputs of a that are neither false nor null, or else those of b.</summary>
internal sealed class Alternative(Node left, Node right) : Node
{
    public override void Evaluate(JqMachine machine, Bindings? bindings, JsonValue input, Frame next)
    {
        var otherwise = new OtherwiseChoice(machine, right, bindings, input, next);
        machine.Push(otherwise);
        machine.Evaluate(left, bindings, input, new LeftFrame(otherwise, next));
    }

    public override Reading Read(ReadAnalysis analysis, Reading input) =>
        analysis.Use(analysis.Read(left, input)).Or(analysis.Read(right, input));

    private sealed class OtherwiseChoice(JqMachine machine, Node node, Bindings? bindings, JsonValue input, Frame next) : Choice(machine)
    {
        public bool Found { get; set; }

        public override void Resume(JqMachine machine)
        {
            if (Found) machine.Backtrack();
            else machine.Evaluate(node, bindings, input, next);
        }
    }

    private sealed class LeftFrame(OtherwiseChoice otherwise, Frame next) : Frame(next)
    {
        public override void Return(JqMachine machine, JsonValue value)
        {
            if (!value.IsTruthy)
            {
                machine.Backtrack();
                return;
            }
            otherwise.Found = true;
            machine.Return(value, Next!); // given to the constructor
        }
    }
}
