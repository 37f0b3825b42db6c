using System.Runtime.CompilerServices;

namespace Interlock.Json.Jq;

/// <summary>Parses by jq 1.8's grammar and resolves every name on the way. From loosest to tightest: queries, operators, terms.</summary>
internal sealed partial class JqParser
{
    private const int MaxNesting = 400;

    private readonly string _source;
    private readonly IReadOnlyList<JqToken> _tokens;
    private readonly IReadOnlySet<string> _globals;
    private readonly JqBuiltins _builtins;
    private readonly bool _keepsNumbers;
    private Names? _names;
    private int _at;
    private int _nesting;

    private JqParser(string source, IReadOnlySet<string> globals, JqBuiltins builtins, bool keepsNumbers)
    {
        _source = source;
        _tokens = new JqLexer(source).Run();
        _globals = globals;
        _builtins = builtins;
        _keepsNumbers = keepsNumbers;
    }

    private JqToken Current => _tokens[_at];

    public static Node Program(string source, IReadOnlySet<string> globals, JqBuiltins builtins, bool keepsNumbers)
    {
        var parser = new JqParser(source, globals, builtins, keepsNumbers);
        if (parser.Current is { Kind: TokenKind.Name, Text: "module" or "import" or "include" })
            throw parser.Error($"'{parser.Current.Text}' is not available: a program here stands alone", parser.Current);
        var program = parser.Query();
        if (parser.Current.Kind != TokenKind.End) throw parser.Unexpected("the end of the program");
        return program;
    }

    /// <summary>Reads definitions one after the other, giving each to the builtins before its body is read.</summary>
    public static void Library(string source, JqBuiltins builtins)
    {
        var parser = new JqParser(source, new HashSet<string>(), builtins, keepsNumbers: false);
        while (parser.Current.Kind != TokenKind.End) parser.Definition(builtins.Add);
    }

    /// <summary>Pipes, commas and what reaches to the end of the query: definitions, bindings, labels.</summary>
    private Node Query()
    {
        var token = Current;
        if (++_nesting > MaxNesting || !RuntimeHelpers.TryEnsureSufficientExecutionStack()) throw Error("The program nests too deep", token);
        var stages = new List<Node> { CommaList() };
        while (Take("|")) stages.Add(CommaList());
        _nesting--;
        var query = stages[^1];
        for (var i = stages.Count - 2; i >= 0; i--) query = new Pipe(stages[i], query);
        return query;
    }

    private Node CommaList()
    {
        var list = QueryItem();
        while (Take(",")) list = new Comma(list, QueryItem());
        return list;
    }

    private Node QueryItem()
    {
        var outer = _names;
        if (Current.IsWord("def"))
        {
            var function = Definition(function => _names = new Names(_names, NameKind.Function, function.Name, function));
            var defined = new Define(function, Query());
            _names = outer;
            return defined;
        }
        if (TakeWord("label"))
        {
            var name = Expect(TokenKind.Variable, "a label name like $out");
            Expect("|");
            _names = new Names(_names, NameKind.Label, name.Text);
            var labelled = new Label(Query());
            _names = outer;
            return labelled;
        }
        var expression = Expression();
        if (!TakeWord("as")) return expression;
        var pattern = Patterns();
        Expect("|");
        Declare(pattern);
        var body = Query();
        _names = outer;
        return new As(expression, pattern, body);
    }

    /// <summary><c>def name(a; $b): body;</c>. The definition is announced before its body is read, so that it can recur.</summary>
    private JqFunction Definition(Action<JqFunction> announce)
    {
        if (!TakeWord("def")) throw Unexpected("a definition");
        var name = Expect(TokenKind.Name, "a function name");
        if (IsKeyword(name.Text)) throw Error($"'{name.Text}' is a keyword and cannot be defined", name);
        var parameters = new List<JqToken>();
        if (Take("("))
        {
            do
            {
                var parameter = Current;
                if (parameter.Kind is not (TokenKind.Name or TokenKind.Variable) || (parameter.Kind == TokenKind.Name && IsKeyword(parameter.Text)))
                    throw Unexpected("a parameter");
                parameters.Add(parameter);
                _at++;
            }
            while (Take(";"));
            Expect(")");
        }
        Expect(":");
        var function = new JqFunction(name.Text, [.. parameters.Select(parameter => parameter.Text)]);
        announce(function);
        var outer = _names;
        foreach (var parameter in function.Parameters) _names = new Names(_names, NameKind.Parameter, parameter);
        var values = parameters.Where(parameter => parameter.Kind == TokenKind.Variable).ToList();
        foreach (var value in values) _names = new Names(_names, NameKind.Variable, value.Text);
        function.Body = WithValues(parameters, values, Query());
        Expect(";");
        _names = outer;
        return function;
    }

    /// <summary>A parameter <c>$a</c> is a parameter <c>a</c> whose outputs are bound to <c>$a</c> one after the other.</summary>
    private static Node WithValues(List<JqToken> parameters, List<JqToken> values, Node body)
    {
        for (var bound = values.Count - 1; bound >= 0; bound--)
        {
            var distance = parameters.Count - 1 - parameters.IndexOf(values[bound]) + bound;
            body = new As(new CallArgument(distance), new Destructuring([values[bound].Text], [[new PatternStep.Bind(0)]]), body);
        }
        return body;
    }

    private Node Expression() => Operators(0);

    /// <summary>Precedence climbing; <c>//</c> groups to the right, assignments and comparisons do not group at all.</summary>
    private Node Operators(int level)
    {
        if (++_nesting > MaxNesting || !RuntimeHelpers.TryEnsureSufficientExecutionStack()) throw Error("The program nests too deep", Current);
        var left = Term();
        while (Level(Current) is { } found && found >= level)
        {
            var token = Current;
            _at++;
            var value = token.Text == "?//" ? "//" : token.Text;
            if (token.Text == "?//") left = new Try(left, null);
            left = Combine(value, left, Operators(found == 0 ? 0 : found + 1));
            if (found is 1 or 4 && Level(Current) == found) throw Unexpected("brackets, since these operators cannot be chained");
        }
        _nesting--;
        return left;
    }


    private static int? Level(JqToken token) => token.Kind switch
    {
        TokenKind.Name => token.Text switch { "or" => 2, "and" => 3, _ => null },
        TokenKind.Symbol => token.Text switch
        {
            "//" or "?//" => 0,
            "=" or "|=" or "+=" or "-=" or "*=" or "/=" or "%=" or "//=" => 1,
            "==" or "!=" or "<" or "<=" or ">" or ">=" => 4,
            "+" or "-" => 5,
            "*" or "/" or "%" => 6,
            _ => null,
        },
        _ => null,
    };

    private static Node Combine(string op, Node left, Node right) => op switch
    {
        "//" => new Alternative(left, right),
        "or" => new Logical(false, left, right),
        "and" => new Logical(true, left, right),
        "=" => new Assign(left, right),
        "|=" => new Update(left, null, right),
        "//=" => new Update(left, right, new Alternative(Identity.Instance, new Variable(0))),
        "+=" or "-=" or "*=" or "/=" or "%=" => new Update(left, right, new Binary(Arithmetic(op[..1]), Identity.Instance, new Variable(0))),
        _ => new Binary(Arithmetic(op), left, right),
    };

    private static Operator Arithmetic(string op) => op switch
    {
        "+" => Operator.Add,
        "-" => Operator.Subtract,
        "*" => Operator.Multiply,
        "/" => Operator.Divide,
        "%" => Operator.Remainder,
        "==" => Operator.Equal,
        "!=" => Operator.NotEqual,
        "<" => Operator.Less,
        "<=" => Operator.LessOrEqual,
        ">" => Operator.Greater,
        _ => Operator.GreaterOrEqual,
    };

    private void Declare(Destructuring pattern)
    {
        foreach (var name in pattern.Variables) _names = new Names(_names, NameKind.Variable, name);
    }

    private static bool IsKeyword(string word) => word is "as" or "def" or "module" or "import" or "include" or "if" or "then" or "else"
        or "elif" or "end" or "reduce" or "foreach" or "and" or "or" or "try" or "catch" or "label" or "break";

    private bool Take(string symbol)
    {
        if (!Current.Is(symbol)) return false;
        _at++;
        return true;
    }

    private bool TakeWord(string word)
    {
        if (!Current.IsWord(word)) return false;
        _at++;
        return true;
    }

    private void Expect(string symbol)
    {
        if (!Take(symbol)) throw Unexpected($"'{symbol}'");
    }

    private void ExpectWord(string word)
    {
        if (!TakeWord(word)) throw Unexpected($"'{word}'");
    }

    private JqToken Expect(TokenKind kind, string what)
    {
        if (Current.Kind != kind) throw Unexpected(what);
        return _tokens[_at++];
    }

    private JqSyntaxException Unexpected(string expected)
    {
        var found = Current.Kind == TokenKind.End ? "end of the program" : $"'{Written()}'";
        return Error($"Unexpected {found}; expected {expected}", Current);
    }

    private string Written()
    {
        var end = _at + 1 < _tokens.Count ? _tokens[_at + 1].Position : _source.Length;
        var text = _source[Current.Position..Math.Max(Current.Position + 1, end)].TrimEnd();
        return text.Length <= 20 ? text : text[..20] + "…";
    }

    private JqSyntaxException Error(string message, JqToken token) => JqLexer.ErrorAt(_source, message, token.Position);

    private JsonValue ParseNumber(string text) => JqNumbers.Parse(text, _keepsNumbers)!; // the lexer knows numbers
}
