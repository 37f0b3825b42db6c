namespace Interlock.Json.Jq;

/// <summary>What a pattern does, in order, on a stack that starts with the value to take apart.</summary>
internal abstract record PatternStep
{
    /// <summary>Takes the top value; the variable gets it.</summary>
    public sealed record Bind(int Variable) : PatternStep;

    /// <summary>The variable gets the top value, which stays.</summary>
    public sealed record BindAndKeep(int Variable) : PatternStep;

    /// <summary>Puts what the top value holds under the key on top of it; the key is evaluated on the top value.</summary>
    public sealed record Enter(Node Key) : PatternStep;

    public sealed record Leave : PatternStep;
}

/// <summary>
/// The patterns after <c>as</c>, with <c>?//</c> between alternatives: when one fails, or what follows it fails, the
/// next is tried. Variables of all alternatives are bound, in one order; those of the others are null.
/// </summary>
internal sealed class Destructuring(IReadOnlyList<string> variables, IReadOnlyList<IReadOnlyList<PatternStep>> alternatives)
{
    private readonly bool _isName = alternatives is [[PatternStep.Bind]];

    public IReadOnlyList<string> Variables { get; } = variables;

    /// <summary>Goes on with the variables bound and the frame under which errors reach the next alternative.</summary>
    public void Bind(JqMachine machine, Bindings? bindings, JsonValue value, Frame next, Action<Bindings?, Frame> go)
    {
        if (_isName) go(new Bindings(bindings, value), next);
        else new Attempt(this, bindings, value, go).Start(machine, 0, next);
    }

    public ReadAnalysis Read(ReadAnalysis analysis, Reading value)
    {
        if (!_isName) analysis.Use(value);
        foreach (var key in alternatives.SelectMany(steps => steps).OfType<PatternStep.Enter>())
            analysis.Use(analysis.Read(key.Key, Reading.Nothing));
        return Variables.Aggregate(analysis, (inner, _) => inner.With(_isName ? value : Reading.Nothing));
    }

    private sealed class Stack(JsonValue top, Stack? below)
    {
        public JsonValue Top { get; } = top;

        public Stack? Below { get; } = below;
    }

    private sealed class Attempt(Destructuring pattern, Bindings? bindings, JsonValue value, Action<Bindings?, Frame> go)
    {
        public void Start(JqMachine machine, int alternative, Frame next)
        {
            var frame = alternative + 1 < pattern.Alternatives.Count ? new NextAlternativeFrame(machine, this, alternative, next) : next;
            var values = new JsonValue[pattern.Variables.Count];
            Array.Fill(values, JsonValue.Null);
            Run(machine, pattern.Alternatives[alternative], 0, new Stack(value, null), values, frame);
        }

        public void Run(JqMachine machine, IReadOnlyList<PatternStep> steps, int at, Stack? stack, JsonValue[] values, Frame frame)
        {
            for (; at < steps.Count; at++)
            {
                var top = stack!; // a pattern's steps keep the stack as deep as they need it
                switch (steps[at])
                {
                    case PatternStep.Bind bind:
                        values = With(values, bind.Variable, top.Top);
                        stack = top.Below;
                        break;
                    case PatternStep.BindAndKeep bind:
                        values = With(values, bind.Variable, top.Top);
                        break;
                    case PatternStep.Leave:
                        stack = top.Below;
                        break;
                    case PatternStep.Enter { Key: Literal key }:
                        if (JqPaths.Get(machine, top.Top, key.Value) is not { } entered)
                        {
                            machine.Raise(machine.TakeError(), frame);
                            return;
                        }
                        stack = new Stack(entered, top);
                        break;
                    case PatternStep.Enter enter:
                        machine.Evaluate(enter.Key, bindings, top.Top, new KeyFrame(machine, this, steps, at, top, values, frame));
                        return;
                }
            }
            go(values.Aggregate(bindings, (inner, bound) => new Bindings(inner, bound)), frame);
        }

        private static JsonValue[] With(JsonValue[] values, int at, JsonValue value)
        {
            var copy = (JsonValue[])values.Clone();
            copy[at] = value;
            return copy;
        }
    }

    private IReadOnlyList<IReadOnlyList<PatternStep>> Alternatives => alternatives;

    private sealed class NextAlternativeFrame(JqMachine machine, Attempt attempt, int alternative, Frame next) : HandlerFrame(machine, next)
    {
        public override void Handle(JqMachine machine, JsonValue error) => attempt.Start(machine, alternative + 1, Next!); // given to the constructor
    }

    private sealed class KeyFrame(
        JqMachine machine, Attempt attempt, IReadOnlyList<PatternStep> steps, int at, Stack stack, JsonValue[] values, Frame next) : ValueFrame(machine, next)
    {
        protected override void Take(JqMachine machine, JsonValue value, Frame next)
        {
            if (stack.Top.IsObject && !value.IsString) machine.Raise($"Cannot index object with {JqText.Describe(value)}", next);
            else if (JqPaths.Get(machine, stack.Top, value) is not { } entered) machine.Raise(machine.TakeError(), next);
            else attempt.Run(machine, steps, at + 1, new Stack(entered, stack), values, next);
        }
    }
}

/// <summary><c>source as pattern | body</c>.</summary>
internal sealed class As(Node source, Destructuring pattern, Node body) : Node
{
    public override void Evaluate(JqMachine machine, Bindings? bindings, JsonValue input, Frame next) =>
        machine.Evaluate(source, bindings, input, new SourceFrame(machine, this, bindings, input, next));

    public override Reading Read(ReadAnalysis analysis, Reading input) =>
        pattern.Read(analysis, analysis.Read(source, input)).Read(body, input);

    private void Body(JqMachine machine, Bindings? bindings, JsonValue input, JsonValue value, Frame next) =>
        pattern.Bind(machine, bindings, value, next, (inner, frame) => machine.Evaluate(body, inner, input, frame));

    private sealed class SourceFrame(JqMachine machine, As node, Bindings? bindings, JsonValue input, Frame next) : ValueFrame(machine, next)
    {
        protected override void Take(JqMachine machine, JsonValue value, Frame next) => node.Body(machine, bindings, input, value, next);
    }
}
