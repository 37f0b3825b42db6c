using System.Globalization;
using System.Text;

namespace Interlock.Json.Jq;

/// <summary>Takes a program's text apart. Inside strings, <c>\(</c> switches back to program text until its bracket closes.</summary>
internal sealed class JqLexer(string source)
{
    private static readonly string[] Symbols =
    [
        "?//=", "?//", "//=", "|=", "+=", "-=", "*=", "/=", "%=", "==", "!=", "<=", ">=", "//", "..",
        ".", "?", "=", ";", ",", ":", "|", "+", "-", "*", "/", "%", "$", "<", ">", "[", "]", "{", "}", "(", ")",
    ];

    private readonly List<JqToken> _tokens = [];
    private readonly Stack<char> _open = new(); // brackets; 'i' for an interpolation
    private int _at;

    public IReadOnlyList<JqToken> Run()
    {
        while (true)
        {
            SkipBlanks();
            if (_at >= source.Length) break;
            Next();
        }
        if (_open.TryPeek(out var open))
            throw Error(open == 'i' ? "The interpolation \\( in a string is not closed" : $"'{open}' is not closed", source.Length);
        Add(TokenKind.End, "", source.Length);
        return _tokens;
    }

    public static JqSyntaxException ErrorAt(string source, string message, int position)
    {
        var before = source.AsSpan(0, Math.Min(position, source.Length));
        var line = before.Count('\n') + 1;
        return new JqSyntaxException(message, line, before.Length - (before.LastIndexOf('\n') + 1) + 1);
    }

    private void SkipBlanks()
    {
        for (; _at < source.Length; _at++)
        {
            if (source[_at] == '#') SkipComment();
            if (_at >= source.Length || source[_at] is not (' ' or '\t' or '\r' or '\n')) return;
        }
    }

    /// <summary>To the end of the line; an odd number of backslashes before it carries the comment over to the next.</summary>
    private void SkipComment()
    {
        for (; _at < source.Length && source[_at] != '\n'; _at++)
        {
            if (source[_at] != '\\') continue;
            if (source.AsSpan(_at + 1).StartsWith("\r\n")) _at += 2;
            else if (_at + 1 < source.Length && source[_at + 1] is '\\' or '\n') _at++;
        }
    }

    private void Next()
    {
        var (start, c) = (_at, source[_at]);
        if (c == '"') StringFrom(start);
        else if (IsNameStart(c)) Add(TokenKind.Name, QualifiedName(), start);
        else if (c == '.' && IsNameStart(Peek(1))) Prefixed(TokenKind.Field, QualifiedPart);
        else if (c == '$' && IsNameStart(Peek(1))) Prefixed(TokenKind.Variable, QualifiedName);
        else if (c == '@' && IsNamePart(Peek(1))) Prefixed(TokenKind.Format, QualifiedPart);
        else if (char.IsAsciiDigit(c) || (c == '.' && char.IsAsciiDigit(Peek(1)))) Add(TokenKind.Number, Number(), start);
        else Symbol(start);
    }

    private void Symbol(int start)
    {
        var symbol = Array.Find(Symbols, symbol => source.AsSpan(start).StartsWith(symbol, StringComparison.Ordinal))
            ?? throw Error($"Unexpected character {JsonValue.From(Rune.TryGetRuneAt(source, start, out var rune) ? rune.ToString() : "\ufffd")}", start);
        if (symbol == "?//=") symbol = "?"; // only ?// is an operator; here // belongs to what follows
        _at += symbol.Length;
        if (symbol is "(" or "[" or "{") _open.Push(symbol[0]);
        if (symbol is ")" or "]" or "}") Close(symbol, start);
        else Add(TokenKind.Symbol, symbol, start);
    }

    private void Close(string symbol, int start)
    {
        var expected = symbol switch { ")" => '(', "]" => '[', _ => '{' };
        if (!_open.TryPop(out var open) || (open != expected && !(open == 'i' && symbol == ")"))) throw Error($"Unexpected '{symbol}'", start);
        if (open != 'i')
        {
            Add(TokenKind.Symbol, symbol, start);
            return;
        }
        Add(TokenKind.InterpolationEnd, symbol, start);
        StringRest(start);
    }

    private void StringFrom(int start)
    {
        Add(TokenKind.StringStart, "\"", start);
        _at++;
        StringRest(start);
    }

    private void StringRest(int start)
    {
        var text = new StringBuilder();
        var textStart = _at;
        while (true)
        {
            if (_at >= source.Length) throw Error("The string is not closed", start);
            var c = source[_at++];
            if (c != '"' && !(c == '\\' && Peek(0) == '('))
            {
                if (c == '\\') text.Append(Escape());
                else text.Append(c);
                continue;
            }
            if (text.Length > 0) Add(TokenKind.StringText, text.ToString(), textStart);
            if (c == '"')
            {
                Add(TokenKind.StringEnd, "\"", _at - 1);
                return;
            }
            _at++;
            Add(TokenKind.InterpolationStart, "\\(", _at - 2);
            _open.Push('i');
            return;
        }
    }

    /// <summary>What an escape stands for: that of the first half of a surrogate pair needs the other, which alone is U+FFFD.</summary>
    private string Escape()
    {
        var start = _at - 1;
        _at++;
        if (Unit(start) is not { } unit)
        {
            return Peek(-1) switch
            {
                '"' or '\\' or '/' => source[(_at - 1).._at],
                'b' => "\b",
                'f' => "\f",
                'n' => "\n",
                'r' => "\r",
                't' => "\t",
                _ => throw Error("Invalid escape in a string", start),
            };
        }
        _at += 4;
        if (char.IsLowSurrogate(unit)) return "\ufffd";
        if (!char.IsHighSurrogate(unit)) return unit.ToString();
        if (Unit(_at) is not { } low || !char.IsLowSurrogate(low)) throw Error("Invalid \\uXXXX\\uXXXX surrogate pair escape", start);
        _at += 6;
        return new string([unit, low]);
    }

    private char? Unit(int at) => at + 6 <= source.Length && source[at] == '\\' && source[at + 1] == 'u'
        && ushort.TryParse(source.AsSpan(at + 2, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var unit) ? (char)unit : null;

    private string Number()
    {
        var start = _at;
        SkipDigits();
        if (Peek(0) == '.')
        {
            _at++;
            SkipDigits();
        }
        if (Peek(0) is 'e' or 'E' && (char.IsAsciiDigit(Peek(1)) || (Peek(1) is '+' or '-' && char.IsAsciiDigit(Peek(2)))))
        {
            _at += 2;
            SkipDigits();
        }
        return source[start.._at];
    }

    private void SkipDigits()
    {
        while (char.IsAsciiDigit(Peek(0))) _at++;
    }

    private void Prefixed(TokenKind kind, Func<string> read)
    {
        var start = _at++;
        Add(kind, read(), start);
    }

    private string QualifiedName()
    {
        var name = QualifiedPart();
        while (Peek(0) == ':' && Peek(1) == ':' && IsNameStart(Peek(2)))
        {
            _at += 2;
            name += "::" + QualifiedPart();
        }
        return name;
    }

    private string QualifiedPart()
    {
        var start = _at;
        while (IsNamePart(Peek(0))) _at++;
        return source[start.._at];
    }

    private char Peek(int ahead) => _at + ahead < source.Length ? source[_at + ahead] : '\0';

    private static bool IsNameStart(char c) => char.IsAsciiLetter(c) || c == '_';

    private static bool IsNamePart(char c) => char.IsAsciiLetterOrDigit(c) || c == '_';

    private void Add(TokenKind kind, string text, int start) => _tokens.Add(new JqToken(kind, text, start));

    private JqSyntaxException Error(string message, int position) => ErrorAt(source, message, position);
}
