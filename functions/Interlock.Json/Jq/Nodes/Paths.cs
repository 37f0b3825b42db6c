namespace Interlock.Json.Jq;

/// <summary><c>path(body)</c>: where in the input the body's outputs stand.</summary>
internal sealed class PathOf(Node body) : Node
{
    public override void Evaluate(JqMachine machine, Bindings? bindings, JsonValue input, Frame next)
    {
        var frame = new PathFrame(machine, next);
        (machine.Path, machine.AtPath) = (PathTrail.Root, input);
        machine.Evaluate(body, bindings, input, frame);
    }

    public override Reading Read(ReadAnalysis analysis, Reading input) => analysis.Computed(analysis.Read(body, input));

    /// <summary>The keys leading to a value a path expression returned, or null after raising that they do not.</summary>
    public static JsonValue[]? Keys(JqMachine machine, JsonValue value, Frame next)
    {
        if (machine.Path is { } path && JqPaths.Same(value, machine.AtPath)) return path.ToKeys();
        machine.Raise($"Invalid path expression with result {JqText.Short(value)}", next);
        return null;
    }

    private sealed class PathFrame(JqMachine machine, Frame next) : Frame(next)
    {
        private readonly PathTrail? _path = machine.Path;
        private readonly JsonValue? _at = machine.AtPath;

        public override void Return(JqMachine machine, JsonValue value)
        {
            var next = Next!; // given to the constructor
            if (Keys(machine, value, next) is not { } keys) return;
            (machine.Path, machine.AtPath) = (_path, _at);
            machine.Return(machine.Built(JsonValue.Array(keys), keys.Length), next);
        }
    }
}

/// <summary><c>getpath(keys)</c>, which is itself a path expression.</summary>
internal sealed class GetPath(Node keys) : Node
{
    public override void Evaluate(JqMachine machine, Bindings? bindings, JsonValue input, Frame next) =>
        machine.Evaluate(keys, bindings, input, new KeysFrame(machine, input, next));

    public override Reading Read(ReadAnalysis analysis, Reading input)
    {
        analysis.Use(analysis.Read(keys, input));
        return analysis.Computed(input);
    }

    private sealed class KeysFrame(JqMachine machine, JsonValue input, Frame next) : ValueFrame(machine, next)
    {
        protected override void Take(JqMachine machine, JsonValue value, Frame next)
        {
            var reached = JqPaths.GetPath(machine, input, value);
            if (reached is not null && machine.Path is { } path && JqPaths.Same(input, machine.AtPath))
                (machine.Path, machine.AtPath) = (path.Then(value.Items), reached);
            machine.Complete(reached, next);
        }
    }
}

/// <summary><c>target = value</c>: once for every output of the value.</summary>
internal sealed class Assign(Node target, Node value) : Node
{
    public override void Evaluate(JqMachine machine, Bindings? bindings, JsonValue input, Frame next) =>
        machine.Evaluate(value, bindings, input, new ValueGiven(machine, target, bindings, input, next));

    public override Reading Read(ReadAnalysis analysis, Reading input)
    {
        analysis.Use(analysis.Read(target, input));
        analysis.Use(analysis.Read(value, input));
        return analysis.Computed(input);
    }

    private sealed class ValueGiven(JqMachine machine, Node target, Bindings? bindings, JsonValue input, Frame next) : ValueFrame(machine, next)
    {
        protected override void Take(JqMachine machine, JsonValue value, Frame next)
        {
            var done = new UpdatedChoice(machine, input, next);
            machine.Push(done);
            (machine.Path, machine.AtPath) = (PathTrail.Root, input);
            machine.Evaluate(target, bindings, input, new TargetFrame(done, value, next));
        }
    }

    private sealed class TargetFrame(UpdatedChoice done, JsonValue assigned, Frame next) : Frame(next)
    {
        public override void Return(JqMachine machine, JsonValue value)
        {
            var next = Next!; // given to the constructor
            if (PathOf.Keys(machine, value, next) is not { } keys) return;
            if (done.Draft.Set(machine, keys, assigned)) machine.Backtrack();
            else machine.Raise(machine.TakeError(), next);
        }
    }
}

/// <summary>
/// <c>target |= update</c>, or <c>target op= value</c> where the update sees the value as its innermost variable.
/// Each place gets the update's first output; places without one are deleted in the end.
/// </summary>
internal sealed class Update(Node target, Node? value, Node update) : Node
{
    public override void Evaluate(JqMachine machine, Bindings? bindings, JsonValue input, Frame next)
    {
        if (value is null) Start(machine, bindings, bindings, input, next);
        else machine.Evaluate(value, bindings, input, new ValueGiven(machine, this, bindings, input, next));
    }

    public override Reading Read(ReadAnalysis analysis, Reading input)
    {
        analysis.Use(analysis.Read(target, input));
        var inner = analysis;
        if (value is not null)
        {
            analysis.Use(analysis.Read(value, input));
            inner = analysis.With(Reading.Nothing);
        }
        analysis.Use(inner.Read(update, Reading.Nothing));
        return analysis.Computed(input);
    }

    private void Start(JqMachine machine, Bindings? targetBindings, Bindings? updateBindings, JsonValue input, Frame next)
    {
        var done = new UpdatedChoice(machine, input, next);
        machine.Push(done);
        (machine.Path, machine.AtPath) = (PathTrail.Root, input);
        machine.Evaluate(target, targetBindings, input, new TargetFrame(update, updateBindings, done, next));
    }

    private sealed class ValueGiven(JqMachine machine, Update node, Bindings? bindings, JsonValue input, Frame next) : ValueFrame(machine, next)
    {
        protected override void Take(JqMachine machine, JsonValue value, Frame next) =>
            node.Start(machine, bindings, new Bindings(bindings, value), input, next);
    }

    private sealed class TargetFrame(Node update, Bindings? bindings, UpdatedChoice done, Frame next) : Frame(next)
    {
        public override void Return(JqMachine machine, JsonValue value)
        {
            var next = Next!; // given to the constructor
            if (PathOf.Keys(machine, value, next) is not { } keys) return;
            (machine.Path, machine.AtPath) = (null, null);
            if (done.Draft.Get(machine, keys) is not { } old)
            {
                machine.Raise(machine.TakeError(), next);
                return;
            }
            var height = machine.Height;
            machine.Push(new NoOutputChoice(machine, done, keys));
            machine.Evaluate(update, bindings, old, new UpdateFrame(height, done, keys, next));
        }
    }

    private sealed class NoOutputChoice(JqMachine machine, UpdatedChoice done, JsonValue[] keys) : Choice(machine)
    {
        public override void Resume(JqMachine machine)
        {
            done.Deleted.Add(JsonValue.Array(keys));
            machine.Backtrack();
        }
    }

    private sealed class UpdateFrame(int height, UpdatedChoice done, JsonValue[] keys, Frame next) : Frame(next)
    {
        public override void Return(JqMachine machine, JsonValue value)
        {
            machine.CutTo(height);
            if (done.Draft.Set(machine, keys, value)) machine.Backtrack();
            else machine.Raise(machine.TakeError(), Next!); // given to the constructor
        }
    }
}

/// <summary>Below the choices of a target's paths: when all are done, the changed value is the result.</summary>
internal sealed class UpdatedChoice(JqMachine machine, JsonValue input, Frame next) : Choice(machine)
{
    public Draft Draft { get; } = new(input);

    public List<JsonValue> Deleted { get; } = [];

    public override void Resume(JqMachine machine)
    {
        var result = Draft.ToValue(machine);
        machine.Complete(Deleted.Count == 0 ? result : JqPaths.Delete(machine, result, JsonValue.Array(Deleted)), next);
    }
}

/// <summary>From an array of three numbers, every number from the first on, below the second, by the third.</summary>
internal sealed class Count : Node
{
    public override void Evaluate(JqMachine machine, Bindings? bindings, JsonValue input, Frame next)
    {
        var (from, to, by) = (input.Items[0], input.Items[1], input.Items[2]);
        if (!from.IsNumber || !to.IsNumber || !by.IsNumber) machine.Raise("Range bounds must be numeric", next);
        else new NumberChoice(machine, from.AsNumber(), to.AsNumber(), by.AsNumber(), next).Resume(machine);
    }

    public override Reading Read(ReadAnalysis analysis, Reading input) => analysis.Computed(input);

    private sealed class NumberChoice(JqMachine machine, double from, double to, double by, Frame next) : Choice(machine)
    {
        private double _at = from;

        public override void Resume(JqMachine machine)
        {
            if (by > 0 ? !(_at < to) : !(by < 0 && _at > to))
            {
                machine.Backtrack();
                return;
            }
            var value = _at;
            _at += by;
            machine.Push(this);
            machine.Return(value, next);
        }
    }
}
