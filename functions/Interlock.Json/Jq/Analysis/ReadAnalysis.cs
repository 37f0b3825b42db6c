using System.Runtime.CompilerServices;

namespace Interlock.Json.Jq;

/// <summary>
/// Follows a program without values: which places of the globals and of the input can reach its result or make it fail.
/// Functions are followed where they are called; where that would recur or take too long it settles for "everything".
/// </summary>
internal sealed class ReadAnalysis
{
    private const int MostCalls = 2_000;
    private const int MostPlaces = 64;
    private const int MostDepth = 600;

    private readonly Found _found;
    private readonly object? _bound;
    private readonly ReadAnalysis? _outer;

    private ReadAnalysis(Found found, object? bound, ReadAnalysis? outer) => (_found, _bound, _outer) = (found, bound, outer);

    private sealed record Given(Node Body, ReadAnalysis At);

    public static JqReferences Of(Node program, IEnumerable<string> globals)
    {
        var analysis = new ReadAnalysis(new Found(), null, null);
        analysis.Use(analysis.Read(program, Reading.Input));
        if (analysis._found.GaveUp) return new JqReferences(true, [.. globals.Select(name => new JqReference(name, []))]);
        var places = analysis._found.Summary();
        return new JqReferences(
            places.Any(place => place.Variable is null),
            [.. places.Where(place => place.Variable is not null).Select(place => new JqReference(place.Variable!, place.Path))]);
    }

    /// <summary>The analysis with one more binding: a <see cref="Reading"/> for a variable, a function, or null.</summary>
    public ReadAnalysis With(object? bound) => new(_found, bound, this);

    /// <summary>What an expression reads. Programs may be long chains, so the depth is bounded.</summary>
    public Reading Read(Node node, Reading input)
    {
        if (!_found.TryDescend()) return Use(input);
        var reading = node.Read(this, input);
        _found.Depth--;
        return reading;
    }

    /// <summary>The value as a whole matters.</summary>
    public Reading Use(Reading reading)
    {
        foreach (var place in reading.Places) _found.Used.Add(place);
        return Reading.Nothing;
    }

    /// <inheritdoc cref="Use"/>
    public Reading Computed(Reading reading) => Use(reading);

    /// <summary>A member of the value; whether it has members at all matters, even if nobody looks at this one.</summary>
    public Reading Step(Reading reading, string name)
    {
        var inner = new List<JqPlace>();
        foreach (var place in reading.Places)
        {
            inner.Add(place with { Path = [.. place.Path, name] });
            _found.Touched.Add(inner[^1]);
        }
        return inner.Count > MostPlaces ? Use(reading) : new Reading(inner);
    }

    public Reading Variable(int distance) => At(distance)._bound as Reading ?? Reading.Nothing;

    public Reading Argument(int distance, Reading input)
    {
        var argument = (Given)At(distance)._bound!; // the parser saw a parameter there
        return _found.TryEnter() ? argument.At.Read(argument.Body, input) : Use(input);
    }

    public Reading Call(JqFunction function, int distance, IReadOnlyList<Node> arguments, Reading input)
    {
        var inner = distance < 0 ? new ReadAnalysis(_found, null, null) : At(distance);
        foreach (var argument in arguments)
            inner = inner.With(argument is CallArgument passed ? At(passed.Distance)._bound : new Given(argument, this));
        if (!_found.TryEnter()) return Use(input);
        if (!_found.Active.Add(function))
        {
            // What the inner call sees stems from its input and its arguments, so these count as a whole.
            foreach (var argument in arguments.Where(argument => argument is not CallArgument)) Use(Read(argument, Reading.Nothing));
            return Use(input);
        }
        var result = inner.Read(function.Body, input);
        _found.Active.Remove(function);
        return result;
    }

    private ReadAnalysis At(int distance)
    {
        var analysis = this;
        for (; distance > 0; distance--) analysis = analysis._outer!; // the parser counted these
        return analysis;
    }

    private sealed class Found
    {
        private int _calls;

        public int Depth { get; set; }

        public List<JqPlace> Used { get; } = [];

        public List<JqPlace> Touched { get; } = [];

        public HashSet<JqFunction> Active { get; } = [];

        public bool GaveUp { get; private set; }

        public bool TryEnter()
        {
            GaveUp |= ++_calls > MostCalls;
            return !GaveUp;
        }

        public bool TryDescend()
        {
            GaveUp |= Depth >= MostDepth || !RuntimeHelpers.TryEnsureSufficientExecutionStack();
            if (!GaveUp) Depth++;
            return !GaveUp;
        }

        /// <summary>Used places that lie in no other, and places that were only passed through to no other.</summary>
        public IReadOnlyList<JqPlace> Summary()
        {
            var used = new List<JqPlace>();
            foreach (var place in Used.OrderBy(place => place.Path.Count))
                if (!used.Exists(place.StartsWith)) used.Add(place);
            foreach (var place in Touched.OrderByDescending(place => place.Path.Count))
                if (!used.Exists(other => place.StartsWith(other) || other.StartsWith(place))) used.Add(place);
            return [.. used.OrderBy(place => place.Variable, StringComparer.Ordinal).ThenBy(place => string.Join('\0', place.Path), StringComparer.Ordinal)];
        }
    }
}
