using System.Globalization;
using System.Text;

namespace Interlock.Json.Schema;

/// <summary>The outcome of a translation: .NET text and a bound on the automaton's size, or why there is none.</summary>
internal sealed record EcmaTranslation(string? Text, int Size, string? Reason, bool IsWellFormed);

/// <summary>Recursive descent over ECMA-262 section 22.2.1 that writes .NET syntax.</summary>
internal sealed class EcmaTranslator
{
    private const int MostNesting = 100;
    private const long LargestSize = 20_000;

    private readonly string _source;
    private readonly StringBuilder _text = new();
    private int _at;
    private int _depth;
    private string? _backtracks;

    private EcmaTranslator(string source) => _source = source;

    public static EcmaTranslation Translate(string source)
    {
        var translator = new EcmaTranslator(source);
        try
        {
            var size = translator.Disjunction();
            if (translator._at < source.Length) throw translator.Bad("has an unmatched ')'");
            if (translator._backtracks is { } what)
                return new(null, 0, $"uses {what}, which needs a backtracking engine; rewrite it without", true);
            return size > LargestSize
                ? new(null, 0, "repeats too much to be run safely; use maxLength or smaller counts", true)
                : new(translator._text.ToString(), (int)size, null, true);
        }
        catch (FormatException e)
        {
            return new(null, 0, e.Message, false);
        }
    }

    private bool End => _at >= _source.Length;

    private char Peek => End ? '\0' : _source[_at];

    private long Disjunction()
    {
        if (++_depth > MostNesting) throw Bad($"nests deeper than {MostNesting} groups");
        long size = 1;
        while (!End && Peek != ')')
        {
            if (Peek == '|')
            {
                _text.Append(_source[_at++]);
                continue;
            }
            var start = _text.Length;
            size = Math.Min(size + Quantifier(Term(out var repeats), repeats, start), LargestSize + 1);
        }
        _depth--;
        return size;
    }

    private long Term(out bool repeats)
    {
        repeats = true;
        var c = _source[_at++];
        switch (c)
        {
            case '^': repeats = false; _text.Append(@"\A"); return 0;
            case '$': repeats = false; _text.Append(@"\z"); return 0;
            case '.': _text.Append(EcmaSet.AnyButLineEnds); return 2;
            case '(': return Group(out repeats);
            case '[': return Class();
            case '\\': return Escape(out repeats);
            case '*' or '+' or '?': throw Bad($"has nothing to repeat before '{c}'");
            case '{' when IsCount(): throw Bad("has nothing to repeat before '{'");
            default: _at--; _text.Append(EcmaSet.Literal(CodePoint())); return 1;
        }
    }

    private long Group(out bool repeats)
    {
        repeats = true;
        if (Peek == '?')
        {
            if (Next("?:")) { }
            else if (Next("?=") || Next("?!"))
            {
                _backtracks ??= "look-ahead";
                repeats = false;
            }
            else if (Next("?<=") || Next("?<!"))
            {
                _backtracks ??= "look-behind";
                repeats = false;
            }
            else if (Next("?<")) Name();
            else throw Bad("has an unknown kind of group '(?'");
        }
        _text.Append("(?:");
        var size = Disjunction();
        if (Peek != ')' || End) throw Bad("has an unclosed '('");
        _at++;
        _text.Append(')');
        return size;
    }

    private void Name()
    {
        var end = _source.IndexOf('>', _at);
        if (end <= _at || char.IsAsciiDigit(_source[_at])) throw Bad("has a malformed group name");
        for (var i = _at; i < end; i++)
            if (!(char.IsLetterOrDigit(_source[i]) || _source[i] is '_' or '$')) throw Bad("has a malformed group name");
        _at = end + 1;
    }

    private long Quantifier(long size, bool repeats, int start)
    {
        long least, most;
        switch (Peek)
        {
            case '*' when !End: (least, most) = (0, -1); _at++; break;
            case '+': (least, most) = (1, -1); _at++; break;
            case '?': (least, most) = (0, 1); _at++; break;
            case '{' when IsCount(): (least, most) = Count(); break;
            default: return size;
        }
        if (!repeats) throw Bad("repeats an assertion");
        if (most >= 0 && most < least) throw Bad("has a repetition whose bounds are out of order");
        if (Peek == '?') _at++; // laziness does not change whether there is a match
        var times = Math.Max(1, most < 0 ? least : most);
        size = Math.Min(Math.Max(size, 1) * times, LargestSize + 1);
        if (size > LargestSize) return size; // .NET counts are 32 bits wide; this pattern is refused anyway
        _text.Insert(start, "(?:").Append(')');
        _text.Append(CultureInfo.InvariantCulture, $"{{{least},{(most < 0 ? "" : most.ToString(CultureInfo.InvariantCulture))}}}");
        return size;
    }

    private bool IsCount()
    {
        var i = Peek == '{' ? _at + 1 : _at;
        var digits = i;
        while (i < _source.Length && char.IsAsciiDigit(_source[i])) i++;
        if (i == digits) return false;
        if (i < _source.Length && _source[i] == ',')
            do i++;
            while (i < _source.Length && char.IsAsciiDigit(_source[i]));
        return i < _source.Length && _source[i] == '}';
    }

    private (long, long) Count()
    {
        var end = _source.IndexOf('}', _at);
        var parts = _source[(_at + 1)..end].Split(',');
        _at = end + 1;
        var least = Number(parts[0]);
        return (least, parts.Length == 1 ? least : parts[1].Length == 0 ? -1 : Number(parts[1]));

        static long Number(string digits) => digits.Length > 9 ? 999_999_999 : long.Parse(digits, CultureInfo.InvariantCulture);
    }

    private long Escape(out bool repeats)
    {
        repeats = true;
        if (End) throw Bad("ends in a lone backslash");
        var c = Peek;
        if (c is 'b' or 'B')
        {
            repeats = false;
            _text.Append('\\').Append(c);
            _at++;
            return 1;
        }
        if (c is >= '1' and <= '9' or 'k')
        {
            _backtracks ??= "a back reference";
            while (char.IsAsciiDigit(Peek)) _at++;
            if (c == 'k')
            {
                _at++;
                if (!Next("<")) throw Bad("has a malformed back reference");
                Name();
            }
            return 1;
        }
        var set = new EcmaSet();
        if (Shorthand(set)) _text.Append(set.Write(negated: false));
        else _text.Append(EcmaSet.Literal(Character(inClass: false)));
        return 1;
    }

    private long Class()
    {
        var negated = Next("^");
        var set = new EcmaSet();
        while (Peek != ']' || End)
        {
            if (End) throw Bad("has an unclosed '['");
            if (Atom(set) is not { } low) continue;
            if (Peek != '-' || _at + 1 >= _source.Length || _source[_at + 1] == ']')
            {
                set.Add(low, low);
                continue;
            }
            _at++;
            var high = Atom(set);
            if (high is null)
            {
                set.Add(low, low);
                set.Add('-', '-');
                continue;
            }
            if (high < low) throw Bad("has a range whose ends are out of order");
            set.Add(low, high.Value);
        }
        _at++;
        _text.Append(set.Write(negated));
        return 2;
    }

    /// <summary>One character of a class, or null when a shorthand went into the set as a whole.</summary>
    private int? Atom(EcmaSet set)
    {
        if (Peek != '\\') return CodePoint();
        _at++;
        if (End) throw Bad("ends in a lone backslash");
        return Shorthand(set) ? null : Character(inClass: true);
    }

    private bool Shorthand(EcmaSet set)
    {
        switch (Peek)
        {
            case 'd': set.AddBmp("0-9"); break;
            case 'D': set.AddBmp(@"\x00-/:-\uffff"); set.AddAstral(); break;
            case 'w': set.AddBmp("A-Za-z0-9_"); break;
            case 'W': set.AddBmp(@"\x00-/:-@\x5b-\x5e\x60\x7b-\uffff"); set.AddAstral(); break;
            case 's': set.AddBmp(@"\t-\r \xa0\ufeff\u2028\u2029\p{Zs}"); break;
            case 'S': set.AddBmp(@"\x00-\x08\x0e-\x1f!-\x9f\xa1-\u167f\u1681-\u1fff\u200b-\u2027\u202a-\u202e\u2030-\u205e\u2060-\u2fff\u3001-\ufefe\uff00-\uffff"); set.AddAstral(); break;
            case 'p' or 'P': Property(set); return true;
            default: return false;
        }
        _at++;
        return true;
    }

    private void Property(EcmaSet set)
    {
        var negated = Peek == 'P';
        _at++;
        var end = _source.IndexOf('}', _at);
        if (Peek != '{' || end < 0) throw Bad("has a \\p without a property name in braces");
        var name = _source[(_at + 1)..end];
        _at = end + 1;
        if (EcmaProperty.Find(name) is not { } category) throw Bad($"names the property {Quote.Text(name)}, which is not supported; use a general category such as \\p{{L}}");
        set.AddBmp(category.Length == 0 ? (negated ? "" : @"\x00-\uffff") : $@"\{(negated ? 'P' : 'p')}{{{category}}}");
        if (negated || category.Length == 0) set.AddAstral();
    }

    private int Character(bool inClass)
    {
        var c = _source[_at++];
        switch (c)
        {
            case 't': return '\t';
            case 'n': return '\n';
            case 'v': return '\v';
            case 'f': return '\f';
            case 'r': return '\r';
            case 'b' when inClass: return '\b';
            case '0' when !char.IsAsciiDigit(Peek): return 0;
            case 'c' when char.IsAsciiLetter(Peek): return _source[_at++] & 31;
            case 'x': return Hex(2);
            case 'u' when Next("{"):
                var end = _source.IndexOf('}', _at);
                if (end < 0 || end - _at is 0 or > 6) throw Bad("has a malformed \\u{…}");
                var point = Hex(end - _at);
                _at++;
                return point <= 0x10FFFF ? point : throw Bad("has a \\u{…} beyond U+10FFFF");
            case 'u':
                var unit = Hex(4);
                if (!char.IsHighSurrogate((char)unit) || !Next("\\u")) return unit;
                var low = Hex(4);
                return char.IsLowSurrogate((char)low) ? char.ConvertToUtf32((char)unit, (char)low) : throw Bad("has half a surrogate pair");
            case var other when char.IsAsciiLetterOrDigit(other): throw Bad($"has the unknown escape '\\{other}'");
            default: _at--; return CodePoint();
        }
    }

    private int Hex(int digits)
    {
        if (_at + digits > _source.Length || !int.TryParse(_source.AsSpan(_at, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value))
            throw Bad("has a malformed hexadecimal escape");
        _at += digits;
        return value;
    }

    private int CodePoint()
    {
        var c = _source[_at++];
        return char.IsHighSurrogate(c) && char.IsLowSurrogate(Peek) ? char.ConvertToUtf32(c, _source[_at++]) : c;
    }

    private bool Next(string text)
    {
        if (string.CompareOrdinal(_source, _at, text, 0, text.Length) != 0) return false;
        _at += text.Length;
        return true;
    }

    private FormatException Bad(string why) => new($"{why} (at character {_at})");
}
