namespace Interlock.Json.Jq;

/// <summary><c>reduce source as pattern (start; update)</c>. An update without outputs leaves null; of several the last one counts.</summary>
internal sealed class Reduce(Node source, Destructuring pattern, Node start, Node update) : Node
{
    public override void Evaluate(JqMachine machine, Bindings? bindings, JsonValue input, Frame next) =>
        machine.Evaluate(start, bindings, input, new StartFrame(this, bindings, input, next));

    public override Reading Read(ReadAnalysis analysis, Reading input)
    {
        analysis.Use(analysis.Read(source, input));
        analysis.Use(analysis.Read(start, input));
        analysis.Use(pattern.Read(analysis, Reading.Nothing).Read(update, Reading.Nothing));
        return Reading.Nothing;
    }

    private Node Source => source;

    private void Step(JqMachine machine, Bindings? bindings, JsonValue item, DoneChoice state, Frame next) =>
        pattern.Bind(machine, bindings, item, next, (inner, frame) =>
        {
            var before = state.Value;
            state.Value = JsonValue.Null;
            machine.Evaluate(update, inner, before, new UpdateFrame(state, frame));
        });

    private sealed class StartFrame(Reduce node, Bindings? bindings, JsonValue input, Frame next) : Frame(next)
    {
        private readonly Reduce _node = node;

        public override void Return(JqMachine machine, JsonValue value)
        {
            var next = Next!; // given to the constructor
            var state = new DoneChoice(machine, value, next);
            machine.Push(state);
            machine.Evaluate(_node.Source, bindings, input, new ItemFrame(_node, bindings, state, next));
        }
    }

    private sealed class DoneChoice(JqMachine machine, JsonValue start, Frame next) : Choice(machine)
    {
        public JsonValue Value { get; set; } = start;

        public override void Resume(JqMachine machine) => machine.Return(Value, next);
    }

    private sealed class ItemFrame(Reduce node, Bindings? bindings, DoneChoice state, Frame next) : Frame(next)
    {
        public override void Return(JqMachine machine, JsonValue value) => node.Step(machine, bindings, value, state, Next!); // given to the constructor
    }

    private sealed class UpdateFrame(DoneChoice state, Frame next) : Frame(next)
    {
        public override void Return(JqMachine machine, JsonValue value)
        {
            state.Value = value;
            machine.Backtrack();
        }
    }
}

/// <summary><c>foreach source as pattern (start; update; extract)</c>: every state goes through extract.</summary>
internal sealed class Foreach(Node source, Destructuring pattern, Node start, Node update, Node extract) : Node
{
    public override void Evaluate(JqMachine machine, Bindings? bindings, JsonValue input, Frame next) =>
        machine.Evaluate(start, bindings, input, new StartFrame(this, bindings, input, next));

    public override Reading Read(ReadAnalysis analysis, Reading input)
    {
        analysis.Use(analysis.Read(source, input));
        analysis.Use(analysis.Read(start, input));
        var inner = pattern.Read(analysis, Reading.Nothing);
        analysis.Use(inner.Read(update, Reading.Nothing));
        return inner.Read(extract, Reading.Nothing);
    }

    private Node Source => source;

    private void Step(JqMachine machine, Bindings? bindings, JsonValue item, State state, Frame next) =>
        pattern.Bind(machine, bindings, item, next, (inner, frame) =>
        {
            var before = state.Value;
            state.Value = JsonValue.Null;
            machine.Evaluate(update, inner, before, new UpdateFrame(extract, inner, state, frame));
        });

    private sealed class State(JsonValue start)
    {
        public JsonValue Value { get; set; } = start;
    }

    private sealed class StartFrame(Foreach node, Bindings? bindings, JsonValue input, Frame next) : Frame(next)
    {
        private readonly Foreach _node = node;

        public override void Return(JqMachine machine, JsonValue value) =>
            machine.Evaluate(_node.Source, bindings, input, new ItemFrame(_node, bindings, new State(value), Next!)); // given to the constructor
    }

    private sealed class ItemFrame(Foreach node, Bindings? bindings, State state, Frame next) : Frame(next)
    {
        public override void Return(JqMachine machine, JsonValue value) => node.Step(machine, bindings, value, state, Next!); // given to the constructor
    }

    private sealed class UpdateFrame(Node extract, Bindings? bindings, State state, Frame next) : Frame(next)
    {
        public override void Return(JqMachine machine, JsonValue value)
        {
            state.Value = value;
            machine.Evaluate(extract, bindings, value, Next!); // given to the constructor
        }
    }
}
