using System.Globalization;
using System.Text;

namespace Interlock.Json.Jq;

/// <summary>
/// Reads JSON texts one after the other as jq does: also <c>nan</c>, leading zeros and numbers of any size; of a repeated name the last
/// value stands. Mistakes are told in jq's words, with the line and the column in UTF-8 bytes.
/// </summary>
internal sealed class JqReader(string source, bool keepsNumbers)
{
    private readonly Stack<Open> _open = new();
    private readonly StringBuilder _token = new();
    private JsonValue? _value;
    private int _at;
    private int _line = 1;
    private int _column;

    /// <summary>The next value, or null at the end of the text.</summary>
    /// <exception cref="FormatException">The text is no JSON there; says why.</exception>
    public JsonValue? Next()
    {
        while (_at < source.Length)
        {
            var c = Take();
            var isLiteral = c is not (' ' or '\t' or '\r' or '\n' or '"' or '[' or ']' or '{' or '}' or ',' or ':');
            if (isLiteral)
            {
                _token.Append(c);
                continue;
            }
            Literal(atEnd: false);
            if (_open.Count == 0 && _value is not null)
            {
                if (c is not (' ' or '\t' or '\r' or '\n')) (_at, _column) = (_at - 1, _column - 1); // it belongs to what comes next
                return Done();
            }
            if (c == '"') Text();
            else if (c is not (' ' or '\t' or '\r' or '\n')) Structure(c);
            if (_open.Count == 0 && _value is not null) return Done();
        }
        Literal(atEnd: true);
        if (_open.Count > 0) throw Error("Unfinished JSON term", atEnd: true);
        return _value is null ? null : Done();
    }

    private JsonValue Done()
    {
        var value = _value!; // asked for only where there is one
        _value = null;
        return value;
    }

    private char Take()
    {
        var c = source[_at++];
        if (c == '\n') (_line, _column) = (_line + 1, 0);
        else _column += c < 0x80 ? 1 : c < 0x800 || char.IsSurrogate(c) ? 2 : 3;
        return c;
    }

    private void Literal(bool atEnd)
    {
        if (_token.Length == 0) return;
        var text = _token.ToString();
        _token.Clear();
        var named = text[0] switch { 't' => "true", 'f' => "false", 'n' when text.Length > 1 && text[1] == 'u' => "null", _ => null };
        if (text[0] == '\'') throw Error("Invalid string literal; expected \", but got '", atEnd);
        if (named is not null && named != text) throw Error("Invalid literal", atEnd);
        Found(named switch
        {
            "true" => JsonValue.True,
            "false" => JsonValue.False,
            "null" => JsonValue.Null,
            _ => JqNumbers.Parse(text, keepsNumbers) ?? throw Error("Invalid numeric literal", atEnd),
        });
    }

    private void Found(JsonValue value)
    {
        if (_value is not null) throw Error("Expected separator between values");
        _value = value;
    }

    private void Structure(char c)
    {
        switch (c)
        {
            case '[' or '{':
                if (_open.Count >= StrictJson.MaxDepth) throw Error("Exceeds depth limit for parsing");
                if (_value is not null) throw Error("Expected separator between values");
                _open.Push(new Open(c == '{'));
                break;
            case ':': Colon(); break;
            case ',': Comma(); break;
            default: Close(c == '}'); break;
        }
    }

    private void Colon()
    {
        if (_value is null) throw Error("Expected string key before ':'");
        if (!_open.TryPeek(out var open) || !open.IsObject || open.Name is not null) throw Error("':' not as part of an object");
        if (!_value.IsString) throw Error("Object keys must be strings");
        open.Name = Done().AsString();
    }

    private void Comma()
    {
        if (_value is null) throw Error("Expected value before ','");
        if (!_open.TryPeek(out var open)) throw Error("',' not as part of an object or array");
        Add(open);
    }

    private void Close(bool isObject)
    {
        if (!_open.TryPeek(out var open) || open.IsObject != isObject) throw Error(isObject ? "Unmatched '}'" : "Unmatched ']'");
        if (_value is not null) Add(open);
        else if (open.Name is not null) throw Error("Unmatched '}'");
        else if (open.Items.Count > 0) throw Error(isObject ? "Expected another key-value pair" : "Expected another array element");
        _open.Pop();
        _value = open.Items;
    }

    private void Add(Open open)
    {
        if (open.IsObject && open.Name is null) throw Error("Objects must consist of key:value pairs");
        open.Items = open.Name is { } name ? open.Items.With(name, Done()) : open.Items.Append(Done());
        open.Name = null;
    }

    /// <summary>To the closing quotation mark.</summary>
    private void Text()
    {
        var raw = new StringBuilder();
        while (true)
        {
            if (_at >= source.Length) throw Error("Unfinished string", atEnd: true);
            var c = Take();
            if (c == '"') break;
            raw.Append(c);
            if (c != '\\') continue;
            if (_at >= source.Length) throw Error("Unfinished string", atEnd: true);
            raw.Append(Take());
        }
        Found(Unescape(raw.ToString(), out var text) is { } wrong ? throw Error(wrong) : JsonValue.From(text));
    }

    /// <summary>What a string's escapes stand for, or what is wrong with them; half a surrogate pair that cannot start one becomes U+FFFD.</summary>
    public static string? Unescape(string raw, out string text)
    {
        var plain = new StringBuilder(raw.Length);
        text = "";
        for (var i = 0; i < raw.Length; i++)
        {
            if (raw[i] < ' ') return "Invalid string: control characters from U+0000 through U+001F must be escaped";
            if (raw[i] != '\\')
            {
                plain.Append(raw[i]);
                continue;
            }
            switch (++i < raw.Length ? raw[i] : '\0')
            {
                case '"' or '\\' or '/': plain.Append(raw[i]); break;
                case 'b': plain.Append('\b'); break;
                case 'f': plain.Append('\f'); break;
                case 'n': plain.Append('\n'); break;
                case 'r': plain.Append('\r'); break;
                case 't': plain.Append('\t'); break;
                case 'u':
                    if (i + 4 >= raw.Length) return "Invalid \\uXXXX escape";
                    if (Unit(raw, i + 1) is not { } unit) return "Invalid characters in \\uXXXX escape";
                    i += 4;
                    if (char.IsHighSurrogate(unit))
                    {
                        if (i + 6 >= raw.Length || raw[i + 1] != '\\' || raw[i + 2] != 'u' || Unit(raw, i + 3) is not { } low || !char.IsLowSurrogate(low))
                            return "Invalid \\uXXXX\\uXXXX surrogate pair escape";
                        plain.Append(unit).Append(low);
                        i += 6;
                    }
                    else plain.Append(char.IsLowSurrogate(unit) ? '\ufffd' : unit);
                    break;
                default: return "Invalid escape";
            }
        }
        text = plain.ToString();
        return null;
    }

    private static char? Unit(string raw, int at) =>
        ushort.TryParse(raw.AsSpan(at, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var unit) ? (char)unit : null;

    private FormatException Error(string message, bool atEnd = false) =>
        new(string.Create(CultureInfo.InvariantCulture, $"{message}{(atEnd ? " at EOF" : "")} at line {_line}, column {_column}"));

    /// <summary>An array or object that is being read.</summary>
    private sealed class Open(bool isObject)
    {
        public bool IsObject { get; } = isObject;

        public JsonValue Items { get; set; } = isObject ? JsonValue.EmptyObject : JsonValue.EmptyArray;

        /// <summary>The name whose value comes next.</summary>
        public string? Name { get; set; }
    }
}
