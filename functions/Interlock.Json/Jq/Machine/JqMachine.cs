namespace Interlock.Json.Jq;

/// <summary>
/// Runs one program: an expression is evaluated and its value returned to a frame, step by step and without recursion,
/// so no program can exhaust the process's stack. Further outputs come from backtracking to the newest choice point.
/// Errors of the program are values handed to the nearest handler frame; only those nobody handles become exceptions.
/// </summary>
internal sealed class JqMachine
{
    /// <summary>What a .NET exception costs, in items of work.</summary>
    public const int ExceptionWork = 800;

    private const int ChoicesPerDepth = 128;

    private readonly Stack<Choice> _choices = new();
    private readonly Dictionary<(string, string), JqRegex> _regexes = [];
    private readonly RegexCache _shared;
    private State _state = State.Backtracking;
    private Node _node = Identity.Instance;
    private Bindings? _bindings;
    private JsonValue _value = JsonValue.Null;
    private Frame _frame = new OutputFrame();
    private JsonValue? _error;
    private long _steps;
    private long _work;
    private long _bytes;

    private JqMachine(JqScope scope, bool keepsNumbers, RegexCache shared) => (Scope, KeepsNumbers, _shared) = (scope, keepsNumbers, shared);

    private enum State
    {
        Evaluating,
        Returning,
        Backtracking,
        Output,
    }

    /// <summary>Where in the input of <c>path(…)</c> the current value stands; null when nobody asks.</summary>
    public PathTrail? Path { get; set; }

    /// <summary>The value at <see cref="Path"/>: only from this very value the path goes on.</summary>
    public JsonValue? AtPath { get; set; }

    public JqScope Scope { get; }

    /// <summary>Whether numbers read from texts keep their digits.</summary>
    public bool KeepsNumbers { get; }

    public int Height => _choices.Count;

    public static IEnumerable<JsonValue> Run(Node program, JsonValue input, JqScope scope, bool keepsNumbers, RegexCache regexes)
    {
        var machine = new JqMachine(scope, keepsNumbers, regexes);
        machine.Evaluate(program, null, input, machine._frame);
        while (machine.Next() is { } output)
        {
            if (!ReferenceEquals(output, input)) machine.Measure(output);
            yield return output;
            machine.Backtrack();
        }
    }

    // What nodes, frames and choices ask for; each call replaces what would have been next.

    public void Evaluate(Node node, Bindings? bindings, JsonValue input, Frame next)
    {
        (_node, _bindings, _value, _frame) = (node, bindings, input, next);
        _state = State.Evaluating;
    }

    public void Return(JsonValue value, Frame next)
    {
        (_value, _frame) = (value, next);
        _state = State.Returning;
    }

    public void Backtrack() => _state = State.Backtracking;

    public void Output(JsonValue value)
    {
        _value = value;
        _state = State.Output;
    }

    /// <summary>Hands the error to the nearest handler from that frame on.</summary>
    /// <exception cref="JqException">There is none.</exception>
    public void Raise(JsonValue error, Frame from)
    {
        for (Frame? frame = from; frame is not null; frame = frame.Next)
        {
            if (frame is not HandlerFrame handler) continue;
            CutTo(handler.Height);
            (Path, AtPath) = (handler.Path, handler.AtPath);
            handler.Handle(this, error);
            return;
        }
        throw new JqException(error);
    }

    /// <summary>Returns a function's value, or raises the error it left with <see cref="Fail(JsonValue)"/>.</summary>
    public void Complete(JsonValue? value, Frame next)
    {
        if (value is not null) Return(value, next);
        else Raise(TakeError(), next);
    }

    public JsonValue? Fail(JsonValue error)
    {
        _error = error;
        return null;
    }

    public bool HasFailed => _error is not null;

    public JsonValue TakeError()
    {
        var error = _error ?? throw new InvalidOperationException("A jq function gave neither a value nor an error.");
        _error = null;
        return error;
    }

    public void Push(Choice choice)
    {
        if (_choices.Count >= Scope.Limits.Depth * (long)ChoicesPerDepth)
            throw new JqLimitException("depth", $"The jq program keeps more than {_choices.Count} alternatives open; end generators it does not need.");
        _choices.Push(choice);
    }

    public void CutTo(int height)
    {
        while (_choices.Count > height) _choices.Pop();
    }

    // Limits.

    public void CheckDepth(int depth)
    {
        if (depth > Scope.Limits.Depth)
            throw new JqLimitException("depth", $"The jq program has more than {Scope.Limits.Depth} calls pending.");
    }

    /// <summary>Counts work that one step does on that many items or characters; eight make a step.</summary>
    public void CountWork(long items)
    {
        _work += items;
        if (_work < 8) return;
        CountSteps(_work >> 3);
        _work &= 7;
    }

    public void CountBytes(long bytes)
    {
        _bytes += bytes;
        if (_bytes > Scope.Limits.OutputBytes || _bytes < 0)
            throw new JqLimitException("output", $"The jq program builds values of more than {Scope.Limits.OutputBytes} bytes.");
    }

    /// <summary>Counts a new array or object of which that many items are new, and refuses it when it nests too deep.</summary>
    public JsonValue Built(JsonValue container, int items)
    {
        CountBytes(32 + 24L * items);
        if (container.Nesting > StrictJson.MaxDepth)
            throw new JqLimitException("depth", $"The jq program nests a value deeper than {StrictJson.MaxDepth}.");
        return container;
    }

    public JsonValue Text(string text)
    {
        CountBytes(32 + 2L * text.Length);
        return JsonValue.From(text);
    }

    /// <summary>Null after <see cref="Fail(JsonValue)"/>. It costs the same whether another evaluation made it before or not.</summary>
    public JqRegex? Regex(string pattern, string flags)
    {
        if (_regexes.TryGetValue((pattern, flags), out var known)) return known;
        CountWork(ExceptionWork);
        var (regex, error) = _shared.Find(pattern, flags);
        if (regex is null || error.Length > 0)
        {
            Fail(error);
            return null;
        }
        CountWork(regex.Effort);
        if (_regexes.Count >= RegexCache.MostKept) _regexes.Clear();
        _regexes.Add((pattern, flags), regex);
        return regex;
    }

    private JsonValue? Next()
    {
        while (true)
        {
            switch (_state)
            {
                case State.Evaluating:
                    CountSteps(1);
                    _node.Evaluate(this, _bindings, _value, _frame);
                    break;
                case State.Returning:
                    _frame.Return(this, _value);
                    break;
                case State.Backtracking:
                    if (!_choices.TryPop(out var choice)) return null;
                    CountSteps(1);
                    (Path, AtPath) = (choice.Path, choice.AtPath);
                    choice.Resume(this);
                    break;
                default:
                    return _value;
            }
        }
    }

    /// <summary>
    /// Bounds an output by its size when written. Values share parts, so a small one may be endless text: thirty times
    /// <c>[., .]</c> is a gigabyte of brackets. Takes no longer for a large one, or a run that gathers a list would pay for all of it with each item.
    /// </summary>
    private void Measure(JsonValue output)
    {
        if (output.Size > Scope.Limits.OutputBytes)
            throw new JqLimitException("output", $"An output of the jq program is larger than {Scope.Limits.OutputBytes} bytes.");
    }

    private void CountSteps(long steps)
    {
        _steps += steps;
        if (_steps > Scope.Limits.Steps)
            throw new JqLimitException("steps", $"The jq program takes more than {Scope.Limits.Steps} steps.");
        if (Scope.Budget is { } budget && !budget.TryTake(steps))
            throw new JqLimitException("steps", "The jq programs take more steps together than they may.");
    }
}
