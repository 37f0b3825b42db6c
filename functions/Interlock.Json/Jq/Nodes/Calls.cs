namespace Interlock.Json.Jq;

internal sealed class Variable(int distance) : Node
{
    public override void Evaluate(JqMachine machine, Bindings? bindings, JsonValue input, Frame next) =>
        machine.Return((JsonValue)Bindings.At(bindings, distance).Bound, next);

    public override Reading Read(ReadAnalysis analysis, Reading input) => analysis.Variable(distance);
}

/// <summary>A variable the host supplies.</summary>
internal sealed class GlobalVariable(string name) : Node
{
    public override void Evaluate(JqMachine machine, Bindings? bindings, JsonValue input, Frame next)
    {
        if (!machine.Scope.Variables.TryGetValue(name, out var value))
            throw new ArgumentException($"The jq program was parsed with the global ${name}, but its scope has no such variable.");
        machine.Return(value, next);
    }

    public override Reading Read(ReadAnalysis analysis, Reading input) => Reading.Of(name);
}

/// <summary><c>def …; rest</c>.</summary>
internal sealed class Define(JqFunction function, Node rest) : Node
{
    public override void Evaluate(JqMachine machine, Bindings? bindings, JsonValue input, Frame next) =>
        machine.Evaluate(rest, new Bindings(bindings, function), input, next);

    public override Reading Read(ReadAnalysis analysis, Reading input) => analysis.With(function).Read(rest, input);
}

/// <summary>A call of a defined function: of one in scope, or (distance -1) of a builtin that is itself written in jq.</summary>
internal sealed class Call(JqFunction function, int distance, IReadOnlyList<Node> arguments) : Node
{
    public override void Evaluate(JqMachine machine, Bindings? bindings, JsonValue input, Frame next)
    {
        var inner = distance < 0 ? null : Bindings.At(bindings, distance);
        foreach (var argument in arguments)
            inner = new Bindings(inner, (argument as CallArgument)?.Passed(bindings) ?? new Closure(argument, bindings));
        machine.Evaluate(function.Body, inner, input, next as CallFrame ?? new CallFrame(machine, next));
    }

    public override Reading Read(ReadAnalysis analysis, Reading input) => analysis.Call(function, distance, arguments, input);
}

/// <summary>The use of a function's parameter: evaluates the argument where it was written.</summary>
internal sealed class CallArgument(int distance) : Node
{
    public int Distance { get; } = distance;

    /// <summary>A parameter handed on as it is stays the same closure, so that recursion does not chain them.</summary>
    public Closure Passed(Bindings? bindings) => (Closure)Bindings.At(bindings, Distance).Bound;

    public override void Evaluate(JqMachine machine, Bindings? bindings, JsonValue input, Frame next)
    {
        var closure = Passed(bindings);
        machine.Evaluate(closure.Body, closure.Bindings, input, next as CallFrame ?? new CallFrame(machine, next));
    }

    public override Reading Read(ReadAnalysis analysis, Reading input) => analysis.Argument(Distance, input);
}

/// <summary>A function on values: null after <see cref="JqMachine.Fail"/>.</summary>
internal delegate JsonValue? NativeFunction(JqMachine machine, JsonValue input, JsonValue[] arguments);

/// <summary>A call of a builtin on values. The outer loop is over the last argument's outputs, as for jq's own C functions, or the first one's.</summary>
internal sealed class NativeCall(Native native, IReadOnlyList<Node> arguments) : Node
{
    public override void Evaluate(JqMachine machine, Bindings? bindings, JsonValue input, Frame next)
    {
        if (arguments.Count == 0) machine.Complete(native.Function(machine, input, []), next);
        else Argument(machine, bindings, input, 0, new JsonValue[arguments.Count], next);
    }

    public override Reading Read(ReadAnalysis analysis, Reading input)
    {
        foreach (var argument in arguments) analysis.Use(analysis.Read(argument, input));
        return native.IgnoresInput ? Reading.Nothing : analysis.Computed(input);
    }

    private void Argument(JqMachine machine, Bindings? bindings, JsonValue input, int done, JsonValue[] values, Frame next)
    {
        for (; done < values.Length; done++)
        {
            var at = native.FirstIsOuter ? done : values.Length - 1 - done;
            if (arguments[at] is not Literal literal)
            {
                machine.Evaluate(arguments[at], bindings, input, new ArgumentFrame(machine, this, bindings, input, done, at, values, next));
                return;
            }
            values[at] = literal.Value;
        }
        machine.Complete(native.Function(machine, input, values), next);
    }

    private sealed class ArgumentFrame(
        JqMachine machine, NativeCall call, Bindings? bindings, JsonValue input, int done, int at, JsonValue[] values, Frame next) : ValueFrame(machine, next)
    {
        protected override void Take(JqMachine machine, JsonValue value, Frame next)
        {
            var copy = (JsonValue[])values.Clone();
            copy[at] = value;
            call.Argument(machine, bindings, input, done + 1, copy, next);
        }
    }
}
