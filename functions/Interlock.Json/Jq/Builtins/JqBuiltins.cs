namespace Interlock.Json.Jq;

/// <summary>All functions a program finds defined: those on values, a few with their own evaluation, and those written in jq.</summary>
internal sealed class JqBuiltins
{
    private readonly Dictionary<(string Name, int Arity), Func<IReadOnlyList<Node>, Node>> _makers = [];
    private bool _complete;

    private JqBuiltins()
    {
        Add("empty", 0, _ => new Empty());
        Add("halt", 0, _ => new Halt());
        Add("path", 1, arguments => new PathOf(arguments[0]));
        Add("getpath", 1, arguments => new GetPath(arguments[0]));
        Add("debug", 0, _ => Identity.Instance);
        Add("stderr", 0, _ => Identity.Instance);
        Add("_count", 0, _ => new Count());
        Add("builtins", 0, _ => new Literal(JsonValue.Array(PublicNames().Select(JsonValue.From))));
        IEnumerable<Native>[] natives =
            [CoreFunctions.All, StringFunctions.All, CollectionFunctions.All, MathFunctions.All, TimeFunctions.All, RegexFunctions.All];
        foreach (var native in natives.SelectMany(group => group))
            Add(native.Name, native.Arity, arguments => new NativeCall(native, arguments));
        JqParser.Library(Prelude.Source, this);
        _complete = true;
    }

    public static JqBuiltins All { get; } = new();

    public Node? Call(string name, IReadOnlyList<Node> arguments)
    {
        if (_complete && name.StartsWith('_')) return null;
        return _makers.TryGetValue((name, arguments.Count), out var make) ? make(arguments) : null;
    }

    public void Add(JqFunction function) =>
        Add(function.Name, function.Parameters.Count, arguments => new Call(function, -1, arguments));

    /// <summary>Why a function of jq is missing here on purpose, or null.</summary>
    public static string? Refusal(string name, int arity) => (name, arity) switch
    {
        ("env", 0) => "env is not available: programs here see no environment",
        ("input" or "inputs", 0) => $"{name} is not available: a program here has one input",
        ("input_filename" or "input_line_number", 0) => $"{name} is not available: the input here is no file",
        ("modulemeta" or "get_search_list" or "get_prog_origin" or "get_jq_origin", 0) => $"{name} is not available: there are no modules here",
        _ => null,
    };

    private void Add(string name, int arity, Func<IReadOnlyList<Node>, Node> make) => _makers[(name, arity)] = make;

    private IEnumerable<string> PublicNames() =>
        _makers.Keys.Where(key => !key.Name.StartsWith('_')).Select(key => $"{key.Name}/{key.Arity}").Order(StringComparer.Ordinal);
}
