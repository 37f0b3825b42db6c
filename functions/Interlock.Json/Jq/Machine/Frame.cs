namespace Interlock.Json.Jq;

/// <summary>What happens to the value an expression returns. Frames form a list that is never changed, so that a choice point can return again.</summary>
internal abstract class Frame
{
    protected Frame(Frame? next)
    {
        Next = next;
        Depth = next?.Depth ?? 0;
    }

    public Frame? Next { get; }

    /// <summary>The number of calls that are pending.</summary>
    public int Depth { get; protected init; }

    public abstract void Return(JqMachine machine, JsonValue value);
}

/// <summary>Takes the value of an expression whose path does not matter, and then goes on with the path there was before.</summary>
internal abstract class ValueFrame : Frame
{
    private readonly PathTrail? _path;
    private readonly JsonValue? _at;

    protected ValueFrame(JqMachine machine, Frame next) : base(next)
    {
        (_path, _at) = (machine.Path, machine.AtPath);
        machine.Path = null;
    }

    public sealed override void Return(JqMachine machine, JsonValue value)
    {
        (machine.Path, machine.AtPath) = (_path, _at);
        Take(machine, value, Next!); // given to the constructor
    }

    protected abstract void Take(JqMachine machine, JsonValue value, Frame next);
}

/// <summary>Marks a call, so that calls can be counted. A call in tail position needs none and so does not go deeper.</summary>
internal sealed class CallFrame : Frame
{
    public CallFrame(JqMachine machine, Frame next) : base(next)
    {
        Depth = next.Depth + 1;
        machine.CheckDepth(Depth);
    }

    public override void Return(JqMachine machine, JsonValue value) => machine.Return(value, Next!); // given to the constructor
}

/// <summary>A frame that handles errors of the expression it takes the values of, but not errors of what comes after it.</summary>
internal abstract class HandlerFrame(JqMachine machine, Frame next) : Frame(next)
{
    public int Height { get; } = machine.Height;

    public PathTrail? Path { get; } = machine.Path;

    public JsonValue? AtPath { get; } = machine.AtPath;

    public override void Return(JqMachine machine, JsonValue value) => machine.Return(value, Next!); // given to the constructor

    public abstract void Handle(JqMachine machine, JsonValue error);
}

/// <summary>The end of the program: the value is an output.</summary>
internal sealed class OutputFrame() : Frame(null)
{
    public override void Return(JqMachine machine, JsonValue value) => machine.Output(value);
}
