namespace Interlock.Json.Jq;

internal sealed partial class JqParser
{
    private Node Term()
    {
        var term = Primary();
        while (true)
        {
            if (Current.Kind == TokenKind.Field) term = new Index(term, new Literal(_tokens[_at++].Text), Take("?"));
            else if (Current.Is("[") || (Current.Is(".") && _tokens[_at + 1].Is("[")))
            {
                Take(".");
                term = Brackets(term);
            }
            else if (Current.Is(".") && StartsString(_at + 1))
            {
                _at++;
                term = new Index(term, String(), Take("?"));
            }
            else if (Take("?")) term = new Try(term, null);
            else return term;
        }
    }

    private Node Primary()
    {
        var token = Current;
        switch (token.Kind)
        {
            case TokenKind.Number:
                _at++;
                return new Literal(ParseNumber(token.Text));
            case TokenKind.StringStart:
                return String();
            case TokenKind.Format:
                return StartsString(_at) ? String() : Format();
            case TokenKind.Field:
                return Identity.Instance;
            case TokenKind.Variable:
                _at++;
                return VariableNamed(token);
            case TokenKind.Name:
                return Word(token);
            case TokenKind.Symbol:
                return Symbol(token);
            case TokenKind.End when _tokens.Count == 1 || _tokens[_at - 1].Is(";"):
                throw Error("Top-level program not given (try \".\")", token);
            default:
                throw Unexpected("an expression");
        }
    }

    private Node Symbol(JqToken token)
    {
        switch (token.Text)
        {
            case ".":
                _at++;
                if (StartsString(_at)) return new Index(Identity.Instance, String(), Take("?"));
                if (Current.Kind is TokenKind.Name or TokenKind.Number && Current.Position == token.Position + 1)
                    throw Error("Try .[\"field\"] instead of .field for an unusually named field", token);
                return Identity.Instance;
            case "..":
                _at++;
                return CallOf(token with { Text = "recurse" }, []);
            case "-":
                return Negated();
            case "(":
                _at++;
                var inner = Query();
                Expect(")");
                return inner;
            case "[":
                _at++;
                if (Take("]")) return new Literal(JsonValue.NewEmptyArray());
                var items = Query();
                Expect("]");
                return new Collect(items);
            case "{":
                return Object();
            default:
                throw Unexpected("an expression");
        }
    }

    private Node Negated()
    {
        if (++_nesting > MaxNesting) throw Error("The program nests too deep", Current);
        _at++;
        var operand = Term();
        _nesting--;
        return operand is Literal { Value: { IsNumber: true } number } ? new Literal(number.AsNumber() == 0 && number.Literal is null ? number : JqNumbers.Negate(number)) : new Negate(operand);
    }

    private Node Word(JqToken token)
    {
        switch (token.Text)
        {
            case "if": return Conditional();
            case "try": return TryTerm();
            case "reduce": return Fold(isReduce: true);
            case "foreach": return Fold(isReduce: false);
            case "break": return BreakTerm();
            case "def": throw Error("A definition needs brackets around it here", token);
            case "import" or "include" or "module": throw Error($"'{token.Text}' is not available: a program here stands alone", token);
        }
        if (IsKeyword(token.Text)) throw Unexpected("an expression");
        _at++;
        var arguments = new List<Node>();
        if (Take("("))
        {
            do arguments.Add(Query());
            while (Take(";"));
            Expect(")");
        }
        if (arguments.Count == 0 && token.Text is "null" or "true" or "false")
            return new Literal(token.Text switch { "null" => JsonValue.Null, "true" => JsonValue.True, _ => JsonValue.False });
        return CallOf(token, arguments);
    }

    private Node CallOf(JqToken token, List<Node> arguments)
    {
        var name = token.Text;
        var found = Names.Find(_names, entry => entry.Name == name && entry.Kind switch
        {
            NameKind.Function => entry.Function!.Parameters.Count == arguments.Count, // such entries carry their function
            NameKind.Parameter => arguments.Count == 0,
            _ => false,
        });
        if (found is ({ } distance, { Kind: NameKind.Parameter })) return new CallArgument(distance);
        if (found is { } function) return new Call(function.Entry.Function!, function.Distance, arguments);
        if (JqBuiltins.Refusal(name, arguments.Count) is { } refusal) throw Error(refusal, token);
        return _builtins.Call(name, arguments) ?? throw Error($"{name}/{arguments.Count} is not defined", token);
    }

    private Node VariableNamed(JqToken token)
    {
        if (token.Text == "__loc__") return new Literal(Location(token));
        var found = Names.Find(_names, entry => entry.Kind == NameKind.Variable && entry.Name == token.Text);
        if (found is { } variable) return new Variable(variable.Distance);
        if (_globals.Contains(token.Text)) return new GlobalVariable(token.Text);
        throw Error(token.Text == "ENV" ? "$ENV is not available: programs here see no environment" : $"${token.Text} is not defined", token);
    }

    private JsonValue Location(JqToken token) =>
        JsonValue.Object(("file", "<top-level>"), ("line", _source.AsSpan(0, token.Position).Count('\n') + 1));

    private Node Brackets(Node target)
    {
        Expect("[");
        if (Take("]")) return new Each(target, Take("?"));
        Node key;
        if (Take(":")) key = new SliceKey(new Literal(JsonValue.Null), Query());
        else
        {
            key = Query();
            if (Take(":")) key = new SliceKey(key, Current.Is("]") ? new Literal(JsonValue.Null) : Query());
        }
        Expect("]");
        return new Index(target, key, Take("?"));
    }

    private If Conditional()
    {
        if (++_nesting > MaxNesting) throw Error("The program nests too deep", Current);
        _at++;
        var condition = Query();
        ExpectWord("then");
        var whenTrue = Query();
        if (Current.IsWord("elif"))
        {
            var rest = Conditional();
            _nesting--;
            return new If(condition, whenTrue, rest);
        }
        var whenFalse = TakeWord("else") ? Query() : Identity.Instance;
        ExpectWord("end");
        _nesting--;
        return new If(condition, whenTrue, whenFalse);
    }

    private Try TryTerm()
    {
        _at++;
        if (++_nesting > MaxNesting) throw Error("The program nests too deep", Current);
        var body = Term();
        var handler = TakeWord("catch") ? Term() : null;
        _nesting--;
        return new Try(body, handler);
    }

    private Break BreakTerm()
    {
        _at++;
        var name = Expect(TokenKind.Variable, "the label to break to");
        var found = Names.Find(_names, entry => entry.Kind == NameKind.Label && entry.Name == name.Text);
        return found is { } label ? new Break(label.Distance) : throw Error($"$*label-{name.Text} is not defined", name);
    }

    private Node Fold(bool isReduce)
    {
        _at++;
        var source = Expression();
        ExpectWord("as");
        var pattern = Patterns();
        Expect("(");
        var start = Query();
        Expect(";");
        var outer = _names;
        Declare(pattern);
        var update = Query();
        Node? extract = null;
        if (!isReduce) extract = Take(";") ? Query() : Identity.Instance;
        _names = outer;
        Expect(")");
        return extract is null ? new Reduce(source, pattern, start, update) : new Foreach(source, pattern, start, update, extract);
    }

    private Node Object()
    {
        _at++;
        var members = new List<(Node, Node)>();
        while (!Current.Is("}"))
        {
            members.Add(Member());
            if (!Take(",")) break;
        }
        Expect("}");
        return members.Count == 0 ? new Literal(JsonValue.NewEmptyObject()) : new ObjectConstruction(members);
    }

    private (Node Key, Node Value) Member()
    {
        var token = Current;
        if (token.Kind == TokenKind.Variable)
        {
            _at++;
            var variable = VariableNamed(token);
            return Take(":") ? (variable, MemberValue()) : (new Literal(token.Text), variable);
        }
        if (Take("("))
        {
            var key = Key(Query(), token);
            Expect(")");
            Expect(":");
            return (key, MemberValue());
        }
        if (!StartsString(_at) && token.Kind != TokenKind.Name) throw Error("May need parentheses around object key expression", token);
        Node name = token.Kind == TokenKind.Name ? new Literal(_tokens[_at++].Text) : String();
        if (Take(":")) return (name, MemberValue());
        if (!Current.Is(",") && !Current.Is("}")) throw Error("May need parentheses around object key expression", token);
        return (name, new Index(Identity.Instance, name, false));
    }

    private Node Key(Node key, JqToken token) => key is Literal { Value: { IsString: false } value }
        ? throw Error($"Cannot use {JqText.Describe(value)} as object key", token)
        : key;

    /// <summary>Operators and pipes, but no commas.</summary>
    private Node MemberValue()
    {
        if (++_nesting > MaxNesting) throw Error("The program nests too deep", Current);
        var value = Expression();
        if (Take("|")) value = new Pipe(value, MemberValue());
        _nesting--;
        return value;
    }

    private bool StartsString(int at) => _tokens[at].Kind == TokenKind.StringStart
        || (_tokens[at].Kind == TokenKind.Format && _tokens[at + 1].Kind == TokenKind.StringStart);

    private Node Format()
    {
        var format = _tokens[_at++];
        return _builtins.Call("format", [new Literal(format.Text)])!; // this builtin exists
    }

    private Node String()
    {
        var format = Current.Kind == TokenKind.Format ? _tokens[_at++].Text : "text";
        Expect(TokenKind.StringStart, "a string");
        var parts = new List<object>();
        while (Current.Kind != TokenKind.StringEnd)
        {
            if (Current.Kind == TokenKind.StringText) parts.Add(_tokens[_at++].Text);
            else
            {
                Expect(TokenKind.InterpolationStart, "the end of the string");
                parts.Add(Query());
                Expect(TokenKind.InterpolationEnd, "')'");
            }
        }
        _at++;
        return parts.TrueForAll(part => part is string) ? new Literal(string.Concat(parts)) : new Interpolation(format, parts);
    }
}
