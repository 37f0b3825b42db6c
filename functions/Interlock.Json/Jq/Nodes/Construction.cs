namespace Interlock.Json.Jq;

/// <summary><c>[body]</c>: all outputs of the body.</summary>
internal sealed class Collect(Node body) : Node
{
    public override void Evaluate(JqMachine machine, Bindings? bindings, JsonValue input, Frame next)
    {
        var done = new DoneChoice(machine, next);
        machine.Push(done);
        machine.Evaluate(body, bindings, input, new ItemFrame(machine, done, next));
    }

    public override Reading Read(ReadAnalysis analysis, Reading input) => analysis.Computed(analysis.Read(body, input));

    private sealed class DoneChoice(JqMachine machine, Frame next) : Choice(machine)
    {
        private JsonValue _items = JsonValue.EmptyArray;

        public void Add(JqMachine machine, JsonValue item) => _items = machine.Built(_items.Append(item), 1);

        public override void Resume(JqMachine machine) => machine.Return(_items.Count > 0 ? _items : JsonValue.NewEmptyArray(), next);
    }

    private sealed class ItemFrame(JqMachine machine, DoneChoice done, Frame next) : ValueFrame(machine, next)
    {
        protected override void Take(JqMachine machine, JsonValue value, Frame next)
        {
            done.Add(machine, value);
            machine.Backtrack();
        }
    }
}

/// <summary><c>{key: value, …}</c>. The first member's outputs are the outer loop, a key's around its value's.</summary>
internal sealed class ObjectConstruction(IReadOnlyList<(Node Key, Node Value)> members) : Node
{
    public override void Evaluate(JqMachine machine, Bindings? bindings, JsonValue input, Frame next) =>
        Member(machine, bindings, input, 0, JsonValue.EmptyObject, next);

    public override Reading Read(ReadAnalysis analysis, Reading input)
    {
        foreach (var (key, value) in members)
        {
            analysis.Use(analysis.Read(key, input));
            analysis.Use(analysis.Read(value, input));
        }
        return Reading.Nothing;
    }

    private void Member(JqMachine machine, Bindings? bindings, JsonValue input, int at, JsonValue built, Frame next)
    {
        if (at == members.Count) machine.Return(built, next);
        else machine.Evaluate(members[at].Key, bindings, input, new KeyFrame(machine, this, bindings, input, at, built, next));
    }

    private sealed class KeyFrame(
        JqMachine machine, ObjectConstruction node, Bindings? bindings, JsonValue input, int at, JsonValue built, Frame next) : ValueFrame(machine, next)
    {
        private readonly ObjectConstruction _node = node;
        private readonly int _at = at;

        protected override void Take(JqMachine machine, JsonValue value, Frame next) =>
            machine.Evaluate(_node.ValueAt(_at), bindings, input, new MemberFrame(machine, _node, bindings, input, _at, built, value, next));
    }

    private Node ValueAt(int at) => members[at].Value;

    private sealed class MemberFrame(
        JqMachine machine, ObjectConstruction node, Bindings? bindings, JsonValue input, int at, JsonValue built, JsonValue key, Frame next) : ValueFrame(machine, next)
    {
        /// <summary>What is no name is found out only where a value is to be set under it.</summary>
        protected override void Take(JqMachine machine, JsonValue value, Frame next)
        {
            if (!key.IsString)
            {
                machine.Raise($"Cannot use {JqText.Describe(key)} as object key", next);
                return;
            }
            machine.CountBytes(2L * key.Count);
            node.Member(machine, bindings, input, at + 1, machine.Built(built.With(key.AsString(), value), 1), next);
        }
    }
}

/// <summary>A string with <c>\(…)</c> in it; each value goes through the format. The last part's outputs are the outer loop.</summary>
internal sealed class Interpolation(string format, IReadOnlyList<object> parts) : Node
{
    public override void Evaluate(JqMachine machine, Bindings? bindings, JsonValue input, Frame next) =>
        Part(machine, bindings, input, parts.Count - 1, "", next);

    public override Reading Read(ReadAnalysis analysis, Reading input)
    {
        foreach (var part in parts.OfType<Node>()) analysis.Use(analysis.Read(part, input));
        return Reading.Nothing;
    }

    private void Part(JqMachine machine, Bindings? bindings, JsonValue input, int at, string tail, Frame next)
    {
        for (; at >= 0 && parts[at] is string text; at--) tail = text + tail;
        if (at < 0) machine.Return(machine.Text(tail), next);
        else machine.Evaluate((Node)parts[at], bindings, input, new PartFrame(machine, this, bindings, input, at, tail, next));
    }

    private string Format { get; } = format;

    private sealed class PartFrame(
        JqMachine machine, Interpolation node, Bindings? bindings, JsonValue input, int at, string tail, Frame next) : ValueFrame(machine, next)
    {
        private readonly Interpolation _node = node;

        protected override void Take(JqMachine machine, JsonValue value, Frame next)
        {
            if (JqFormats.Apply(machine, _node.Format, value) is not { } text)
            {
                machine.Raise(machine.TakeError(), next);
                return;
            }
            machine.CountBytes(2L * tail.Length);
            _node.Part(machine, bindings, input, at - 1, text.AsString() + tail, next);
        }
    }
}
