namespace Interlock.Json.Jq;

/// <summary><c>target[key]</c>. The key is evaluated first, on the input of the whole.</summary>
internal sealed class Index(Node target, Node key, bool optional) : Node
{
    public override void Evaluate(JqMachine machine, Bindings? bindings, JsonValue input, Frame next)
    {
        if (key is Literal literal) Target(machine, bindings, input, literal.Value, next);
        else machine.Evaluate(key, bindings, input, new KeyFrame(machine, this, bindings, input, next));
    }

    public override Reading Read(ReadAnalysis analysis, Reading input)
    {
        if (key is Literal { Value: { IsString: true } name }) return analysis.Step(analysis.Read(target, input), name.AsString());
        analysis.Use(analysis.Read(key, input));
        return analysis.Use(analysis.Read(target, input));
    }

    private void Target(JqMachine machine, Bindings? bindings, JsonValue input, JsonValue at, Frame next)
    {
        if (target is Identity) Step(machine, input, at, optional, next);
        else machine.Evaluate(target, bindings, input, new TargetFrame(at, optional, next));
    }

    /// <summary>One step into a value, keeping track of the path.</summary>
    internal static void Step(JqMachine machine, JsonValue from, JsonValue key, bool optional, Frame next)
    {
        if (machine.Path is { } path)
        {
            if (!JqPaths.Same(from, machine.AtPath))
            {
                machine.Raise($"Invalid path expression near attempt to access element {JqText.Short(key)} of {JqText.Short(from)}", next);
                return;
            }
            if (JqPaths.Get(machine, from, key) is { } reached)
            {
                (machine.Path, machine.AtPath) = (path.Then(key), reached);
                machine.Return(reached, next);
                return;
            }
        }
        else if (JqPaths.Get(machine, from, key) is { } value)
        {
            machine.Return(value, next);
            return;
        }
        var error = machine.TakeError();
        if (optional) machine.Backtrack();
        else machine.Raise(error, next);
    }

    private sealed class KeyFrame(JqMachine machine, Index index, Bindings? bindings, JsonValue input, Frame next) : ValueFrame(machine, next)
    {
        protected override void Take(JqMachine machine, JsonValue value, Frame next) => index.Target(machine, bindings, input, value, next);
    }

    private sealed class TargetFrame(JsonValue key, bool optional, Frame next) : Frame(next)
    {
        public override void Return(JqMachine machine, JsonValue value) =>
            Step(machine, value, key, optional, Next!); // given to the constructor
    }
}

/// <summary><c>from:to</c> inside brackets: the key of a slice, an object of <c>start</c> and <c>end</c>.</summary>
internal sealed class SliceKey(Node from, Node to) : Node
{
    public override void Evaluate(JqMachine machine, Bindings? bindings, JsonValue input, Frame next) =>
        machine.Evaluate(from, bindings, input, new FromFrame(machine, to, bindings, input, next));

    public override Reading Read(ReadAnalysis analysis, Reading input)
    {
        analysis.Use(analysis.Read(from, input));
        analysis.Use(analysis.Read(to, input));
        return Reading.Nothing;
    }

    private sealed class FromFrame(JqMachine machine, Node to, Bindings? bindings, JsonValue input, Frame next) : ValueFrame(machine, next)
    {
        protected override void Take(JqMachine machine, JsonValue value, Frame next) =>
            machine.Evaluate(to, bindings, input, new ToFrame(machine, value, next));
    }

    private sealed class ToFrame(JqMachine machine, JsonValue from, Frame next) : ValueFrame(machine, next)
    {
        protected override void Take(JqMachine machine, JsonValue value, Frame next) =>
            machine.Return(JsonValue.Object(("start", from), ("end", value)), next);
    }
}

/// <summary><c>target[]</c>: every item or member value, in order.</summary>
internal sealed class Each(Node target, bool optional) : Node
{
    public override void Evaluate(JqMachine machine, Bindings? bindings, JsonValue input, Frame next)
    {
        if (target is Identity) Iterate(machine, input, next);
        else machine.Evaluate(target, bindings, input, new TargetFrame(this, next));
    }

    public override Reading Read(ReadAnalysis analysis, Reading input) => analysis.Use(analysis.Read(target, input));

    private void Iterate(JqMachine machine, JsonValue container, Frame next)
    {
        if (machine.Path is not null && !JqPaths.Same(container, machine.AtPath))
            machine.Raise($"Invalid path expression near attempt to iterate through {JqText.Short(container)}", next);
        else if (container.IsArray || container.IsObject) new ItemChoice(machine, container, next).Resume(machine);
        else if (optional) machine.Backtrack();
        else machine.Raise($"Cannot iterate over {JqText.Describe(container)}", next);
    }

    private sealed class TargetFrame(Each each, Frame next) : Frame(next)
    {
        public override void Return(JqMachine machine, JsonValue value) => each.Iterate(machine, value, Next!); // given to the constructor
    }

    private sealed class ItemChoice(JqMachine machine, JsonValue container, Frame next) : Choice(machine)
    {
        private int _index;

        public override void Resume(JqMachine machine)
        {
            if (_index >= container.Count)
            {
                machine.Backtrack();
                return;
            }
            var at = _index++;
            if (_index < container.Count) machine.Push(this);
            var item = container.IsArray ? container.Items[at] : container.Members[at].Value;
            if (Path is not null)
            {
                JsonValue key = container.IsArray ? at : container.Members[at].Key;
                (machine.Path, machine.AtPath) = (Path.Then(key), item);
            }
            machine.Return(item, next);
        }
    }
}
