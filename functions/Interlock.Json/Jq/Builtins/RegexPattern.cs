using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Interlock.Json.Jq;

/// <summary>
/// A pattern in .NET's syntax, once for texts without surrogate pairs and once for texts with them. Groups carry no
/// names there, since .NET would number named ones last.
/// </summary>
internal sealed record RegexPattern(string ForUnits, string ForPairs, IReadOnlyList<string?> GroupNames, long States)
{
    public static RegexPattern Translate(string pattern, bool isExtended) => new Translator(pattern, isExtended).Run();

    private sealed class Translator(string pattern, bool isExtended)
    {
        private const string Pair = "[\\uD800-\\uDBFF][\\uDC00-\\uDFFF]";
        private const int MaxNesting = 100;

        private readonly StringBuilder _units = new();
        private readonly StringBuilder _pairs = new();
        private readonly List<string?> _names = [];
        private int _at;

        public RegexPattern Run()
        {
            var states = Alternatives(0);
            if (_at < pattern.Length) throw new FormatException("unmatched close parenthesis");
            return new RegexPattern(_units.ToString(), _pairs.ToString(), _names, states);
        }

        /// <summary>Up to the closing bracket; returns how many states an automaton for it has, roughly.</summary>
        private long Alternatives(int nesting)
        {
            if (nesting > MaxNesting) throw new FormatException("too deep nest level");
            var states = 1L;
            while (_at < pattern.Length && pattern[_at] != ')')
            {
                var atom = Atom(nesting);
                states = Math.Min(states + (atom * Quantifier()), int.MaxValue);
            }
            return states;
        }

        private long Atom(int nesting)
        {
            var c = pattern[_at];
            switch (c)
            {
                case '(': return Group(nesting);
                case '[':
                    Class();
                    return 1;
                case '\\':
                    Escape();
                    return 1;
                case '.':
                    _at++;
                    Emit(".", $"(?:{Pair}|.)");
                    return 1;
                case '#' when isExtended:
                    while (_at < pattern.Length && pattern[_at] != '\n') _at++;
                    return 0;
                default:
                    var length = JqStrings.IsPair(pattern, _at) ? 2 : 1;
                    var literal = pattern.Substring(_at, length);
                    _at += length;
                    Emit(length == 2 ? $"(?:{literal})" : literal);
                    return 1;
            }
        }

        private long Group(int nesting)
        {
            _at++;
            var open = "(";
            if (Rest("?#"))
            {
                var end = pattern.IndexOf(')', _at);
                if (end < 0) throw new FormatException("end pattern in group");
                _at = end + 1;
                return 0;
            }
            if (Rest("?<=") || Rest("?<!") || Rest("?=") || Rest("?!") || Rest("?>")) throw new NotSupportedException();
            if (Rest("?<") || Rest("?'"))
            {
                var end = pattern.IndexOf(pattern[_at + 1] == '<' ? '>' : '\'', _at + 2);
                if (end < 0) throw new FormatException("invalid group name <>");
                var name = pattern[(_at + 2)..end];
                if (name.Length == 0) throw new FormatException("group name is empty");
                if (!name.All(c => char.IsLetterOrDigit(c) || c == '_') || char.IsDigit(name[0])) throw new FormatException($"invalid group name <{name}>");
                _names.Add(name);
                _at = end + 1;
            }
            else if (Rest("?"))
            {
                var end = pattern.AsSpan(_at + 1).IndexOfAny(':', ')');
                if (end < 0) throw new FormatException("end pattern in group");
                var options = pattern.Substring(_at + 1, end);
                if (options.Any(c => c is not ('i' or 'x' or 'm' or 's' or '-'))) throw new FormatException("undefined group option");
                var closes = pattern[_at + 1 + end] == ')';
                _at += end + 2;
                options = options.Replace("m", "", StringComparison.Ordinal); // in Perl's syntax it says of ^ and $ what holds anyway
                if (closes)
                {
                    Emit($"(?{options})");
                    return 0;
                }
                open = $"(?{options}:";
            }
            else _names.Add(null);
            Emit(open);
            var states = Alternatives(nesting + 1);
            if (_at >= pattern.Length) throw new FormatException("end pattern with unmatched parenthesis");
            _at++;
            Emit(")");
            return states + 1;
        }

        /// <summary>Copies it and returns how often it repeats its atom at most, or at least where there is no most.</summary>
        private long Quantifier()
        {
            if (_at >= pattern.Length) return 1;
            var times = 1L;
            if (pattern[_at] is '*' or '+' or '?') Emit(pattern[_at++].ToString());
            else if (pattern[_at] == '{' && Regex.Match(pattern[_at..], @"^\{(\d+)(,?)(\d*)\}", RegexOptions.CultureInvariant) is { Success: true } counts)
            {
                var least = counts.Groups[1].Value;
                Emit($"{{{least}{counts.Groups[2].Value}{counts.Groups[3].Value}}}");
                if (!long.TryParse(counts.Groups[3].Length == 0 ? least : counts.Groups[3].Value, out times) || times > 100_000)
                    throw new FormatException("too big number for repeat range");
                _at += counts.Length;
            }
            else
            {
                if (pattern[_at] != '{') return 1;
                _at++;
                Emit("\\{");
                return 2;
            }
            if (_at < pattern.Length && pattern[_at] == '?') Emit(pattern[_at++].ToString());
            else if (_at < pattern.Length && pattern[_at] == '+') throw new NotSupportedException();
            return Math.Max(times, 1);
        }

        private void Escape()
        {
            if (_at + 1 >= pattern.Length) throw new FormatException("end pattern at escape");
            var c = pattern[_at + 1];
            if (c is >= '1' and <= '9' or 'k' or 'K' or 'G' or 'g' or 'X' or 'R') throw new NotSupportedException();
            _at += 2;
            switch (c)
            {
                case 'x' when Rest("{"): Emit(CodePoint()); break;
                case 'D' or 'S' or 'W': Emit("\\" + c, $"(?:{Pair}|\\{c})"); break;
                case 'p' or 'P' when Rest("{"): Emit(Property(c)); break;
                default: Emit(Known(c) ? "\\" + c : Regex.Escape(c.ToString())); break;
            }
        }

        /// <summary>Every other letter after a backslash stands for itself, where .NET would refuse it.</summary>
        private static bool Known(char c) => !char.IsLetter(c) || "abBAzZdDsSwWtnrfvexupPc".Contains(c, StringComparison.Ordinal);

        private string CodePoint()
        {
            var end = pattern.IndexOf('}', _at);
            var digits = end < 0 ? "" : pattern[(_at + 1)..end];
            if (!int.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value) || !Rune.IsValid(value))
                throw new FormatException("invalid code point value");
            _at = end + 1;
            return $"(?:{Regex.Escape(new Rune(value).ToString())})";
        }

        private string Property(char escape)
        {
            var end = pattern.IndexOf('}', _at);
            if (end < 0) throw new FormatException("invalid character property name");
            var name = pattern[(_at + 1)..end];
            var negated = name.StartsWith('^') != (escape == 'P');
            name = name.TrimStart('^');
            _at = end + 1;
            return Posix(name.ToLowerInvariant()) is { } set ? $"[{(negated ? "^" : "")}{set}]" : $"\\{(negated ? 'P' : 'p')}{{{name}}}";
        }

        /// <summary>A bracket expression; POSIX classes in it are spelled out, nested brackets are not available.</summary>
        private void Class()
        {
            var set = new StringBuilder("[");
            _at++;
            var negated = _at < pattern.Length && pattern[_at] == '^';
            if (negated) set.Append(pattern[_at++]);
            for (var first = true; ; first = false)
            {
                if (_at >= pattern.Length) throw new FormatException("premature end of char-class");
                if (pattern[_at] == ']' && !first) break;
                if (pattern[_at] == '[' && Regex.Match(pattern[_at..], @"^\[:(\^?)([a-z]+):\]", RegexOptions.CultureInvariant) is { Success: true } posix)
                {
                    if (posix.Groups[1].Length > 0 || Posix(posix.Groups[2].Value) is not { } members) throw new FormatException("invalid POSIX bracket type");
                    set.Append(members);
                    _at += posix.Length;
                }
                else if (pattern[_at] == '[') Append(set, "\\[");
                else if (pattern[_at] == ']') Append(set, "\\]");
                else if (pattern[_at] == '\\' && _at + 1 < pattern.Length)
                {
                    set.Append(Known(pattern[_at + 1]) ? pattern.Substring(_at, 2) : pattern[_at + 1].ToString());
                    _at += 2;
                }
                else if (pattern.AsSpan(_at).StartsWith("&&")) throw new NotSupportedException();
                else if (JqStrings.IsPair(pattern, _at)) throw new FormatException("characters outside the Basic Multilingual Plane are not available in brackets");
                else if (pattern[_at] == '-' && _at + 1 < pattern.Length && pattern[_at + 1] == '[') Append(set, "\\-");
                else set.Append(pattern[_at++]);
            }
            _at++;
            set.Append(']');
            Emit(set.ToString(), negated ? $"(?:{Pair}|{set})" : set.ToString());
        }

        private void Append(StringBuilder set, string text)
        {
            set.Append(text);
            _at++;
        }

        private static string? Posix(string name) => name switch
        {
            "alpha" => @"\p{L}",
            "digit" => @"\d",
            "alnum" => @"\p{L}\p{Nd}",
            "upper" => @"\p{Lu}",
            "lower" => @"\p{Ll}",
            "space" => @"\s",
            "blank" => @" \t",
            "cntrl" => @"\p{Cc}",
            "punct" => @"\p{P}\p{S}",
            "xdigit" => "0-9a-fA-F",
            "word" => @"\w",
            "graph" => @"\p{L}\p{M}\p{N}\p{P}\p{S}",
            "print" => @"\p{L}\p{M}\p{N}\p{P}\p{S}\p{Zs}",
            "ascii" => @"\x00-\x7f",
            _ => null,
        };

        private bool Rest(string text) => pattern.AsSpan(_at).StartsWith(text, StringComparison.Ordinal);

        private void Emit(string both) => Emit(both, both);

        private void Emit(string units, string pairs)
        {
            _units.Append(units);
            _pairs.Append(pairs);
        }
    }
}
