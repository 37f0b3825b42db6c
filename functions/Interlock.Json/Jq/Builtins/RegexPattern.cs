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
    /// <exception cref="FormatException">The pattern is none; says why.</exception>
    /// <exception cref="NotSupportedException">It cannot be matched in linear time.</exception>
    public static RegexPattern Translate(string pattern, bool isExtended, bool dotTakesAll) => new Translator(pattern, isExtended, dotTakesAll).Run();

    private sealed class Translator(string pattern, bool isExtended, bool dotTakesAll)
    {
        private const string LineBreak = @"(?:\r\n|[\n\v\f\r\u0085\u2028\u2029])";
        private const int MaxNesting = 100;

        private readonly StringBuilder _units = new();
        private readonly StringBuilder _pairs = new();
        private readonly List<string?> _names = [];
        private bool _dotTakesAll = dotTakesAll;
        private bool _isExtended = isExtended;
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
                var (units, pairs) = (_units.Length, _pairs.Length);
                var atom = Atom(nesting);
                for (var isFirst = true; Quantifier(isFirst ? null : (units, pairs)) is { } times; isFirst = false) atom = Math.Min(atom * times, int.MaxValue);
                states = Math.Min(states + atom, int.MaxValue);
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
                    var lineEnd = new RegexSet();
                    if (!_dotTakesAll) lineEnd.Add('\n', '\n');
                    Emit(lineEnd, negated: true);
                    return 1;
                case '#' when _isExtended:
                    while (_at < pattern.Length && pattern[_at] != '\n') _at++;
                    return 0;
                case '*' or '+' or '?': throw new FormatException("target of repeat operator is not specified");
                case '{' when Interval() is not null: throw new FormatException("target of repeat operator is not specified");
                case '{':
                    _at++;
                    Emit("\\{");
                    return 1;
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
            var (dotTakesAll, isExtended) = (_dotTakesAll, _isExtended);
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
                if (Options() is not { } options) return 0; // for the rest of the group around
                open = $"(?{options}:";
            }
            else _names.Add(null);
            Emit(open);
            var states = Alternatives(nesting + 1);
            if (_at >= pattern.Length) throw new FormatException("end pattern with unmatched parenthesis");
            _at++;
            Emit(")");
            (_dotTakesAll, _isExtended) = (dotTakesAll, isExtended);
            return states + 1;
        }

        /// <summary>
        /// Options in front of a group, or null for those that hold from here on. In Perl's syntax <c>s</c> is about the dot, and <c>m</c> says of ^ and $
        /// what holds anyway.
        /// </summary>
        private string? Options()
        {
            var end = pattern.AsSpan(_at + 1).IndexOfAny(':', ')');
            if (end < 0) throw new FormatException("end pattern in group");
            var options = pattern.Substring(_at + 1, end);
            if (options.Any(c => c is not ('i' or 'x' or 'm' or 's' or '-'))) throw new FormatException("undefined group option");
            var closes = pattern[_at + 1 + end] == ')';
            _at += end + 2;
            var isSet = true;
            var kept = new StringBuilder();
            foreach (var option in options)
            {
                if (option == '-') isSet = false;
                if (option == 's') _dotTakesAll = isSet;
                if (option == 'x') _isExtended = isSet;
                if (option is not ('s' or 'm')) kept.Append(option);
            }
            var dotNet = kept.ToString().TrimEnd('-');
            if (!closes) return dotNet;
            if (dotNet.Length > 0) Emit($"(?{dotNet})");
            return null;
        }

        private Match? Interval() => Regex.Match(pattern[_at..], @"^\{(\d+)(,?)(\d*)\}", RegexOptions.CultureInvariant) is { Success: true } interval ? interval : null;

        /// <summary>
        /// Copies it and returns how often it repeats its atom at most, or at least where there is no most; null when there is none. Of what already
        /// has one, .NET wants a group made, from the given places on.
        /// </summary>
        private long? Quantifier((int Units, int Pairs)? grouped)
        {
            if (_at >= pattern.Length) return null;
            var times = 1L;
            string text;
            if (pattern[_at] is '*' or '+' or '?') text = pattern[_at++].ToString();
            else if (pattern[_at] == '{' && Interval() is { } counts)
            {
                var least = counts.Groups[1].Value;
                var most = counts.Groups[3].Value;
                if (!long.TryParse(most.Length == 0 ? least : most, out times) || times > 100_000) throw new FormatException("too big number for repeat range");
                if (!long.TryParse(least, out var low) || low > times) throw new FormatException("upper is smaller than lower in repeat range");
                text = $"{{{least}{counts.Groups[2].Value}{most}}}";
                _at += counts.Length;
            }
            else return null;
            if (_at < pattern.Length && pattern[_at] == '?') text += pattern[_at++];
            else if (_at < pattern.Length && pattern[_at] == '+') throw new NotSupportedException();
            if (grouped is var (units, pairs))
            {
                _units.Insert(units, "(?:").Append(')');
                _pairs.Insert(pairs, "(?:").Append(')');
            }
            Emit(text);
            return Math.Max(times, 1);
        }

        private void Escape()
        {
            if (_at + 1 >= pattern.Length) throw new FormatException("end pattern at escape");
            var c = pattern[_at + 1];
            if (c is >= '1' and <= '9' or 'k' or 'K' or 'G' or 'g' or 'X') throw new NotSupportedException();
            _at += 2;
            if (c == 'R') Emit(LineBreak);
            else if (c == 'x' && Rest("{")) Emit($"(?:{Regex.Escape(new Rune(CodePoint()).ToString())})");
            else if (ClassName(c) is { } name)
            {
                var set = new RegexSet();
                set.Add(name, negated: false);
                Emit(set, char.IsUpper(c));
            }
            else if (c is 'p' or 'P' && Rest("{"))
            {
                var set = new RegexSet();
                Property(set, c == 'P');
                Emit(set, negated: false);
            }
            else Emit(char.IsLetter(c) && !"abBAzZtnrfvexc".Contains(c, StringComparison.Ordinal) ? c.ToString() : "\\" + c); // every other letter stands for itself
        }

        private static string? ClassName(char escape) => char.ToLowerInvariant(escape) switch
        {
            'd' => "digit",
            's' => "space",
            'w' => "word",
            _ => null,
        };

        private int CodePoint()
        {
            var end = pattern.IndexOf('}', _at);
            var digits = end < 0 ? "" : pattern[(_at + 1)..end];
            if (!int.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value) || !Rune.IsValid(value))
                throw new FormatException("invalid code point value");
            _at = end + 1;
            return value;
        }

        private void Property(RegexSet set, bool negated)
        {
            var end = pattern.IndexOf('}', _at);
            if (end < 0) throw new FormatException("invalid character property name");
            var name = pattern[(_at + 1)..end];
            if (!set.Add(name.TrimStart('^'), name.StartsWith('^') != negated)) throw new FormatException($"invalid character property name {{{name}}}");
            _at = end + 1;
        }

        /// <summary>A bracket expression; brackets within it and intersections are not available.</summary>
        private void Class()
        {
            var set = new RegexSet();
            _at++;
            var negated = _at < pattern.Length && pattern[_at] == '^';
            if (negated) _at++;
            for (var isFirst = true; ; isFirst = false)
            {
                if (_at >= pattern.Length) throw new FormatException("premature end of char-class");
                if (pattern[_at] == ']' && !isFirst) break;
                if (Rest("&&")) throw new NotSupportedException();
                if (pattern[_at] == '[' && Regex.Match(pattern[_at..], @"^\[:(\^?)([a-z]+):\]", RegexOptions.CultureInvariant) is { Success: true } posix)
                {
                    if (!set.Add(posix.Groups[2].Value, posix.Groups[1].Length > 0)) throw new FormatException("invalid POSIX bracket type");
                    _at += posix.Length;
                }
                else if (pattern[_at] == '\\' && _at + 1 < pattern.Length && ClassName(pattern[_at + 1]) is { } name)
                {
                    set.Add(name, char.IsUpper(pattern[_at + 1]));
                    _at += 2;
                }
                else if (Rest("\\p{") || Rest("\\P{"))
                {
                    _at += 2;
                    Property(set, pattern[_at - 1] == 'P');
                }
                else Range(set);
            }
            _at++;
            Emit(set, negated);
        }

        private void Range(RegexSet set)
        {
            var from = Member();
            if (!(Rest("-") && _at + 1 < pattern.Length && pattern[_at + 1] is not (']' or '[')) || Rest("-\\d") || Rest("-\\w") || Rest("-\\s"))
            {
                set.Add(from, from);
                return;
            }
            _at++;
            var to = Member();
            if (to < from) throw new FormatException("empty range in char class");
            set.Add(from, to);
        }

        /// <summary>One character of a bracket expression, as it is or escaped.</summary>
        private int Member()
        {
            if (pattern[_at] != '\\' || _at + 1 >= pattern.Length)
            {
                if (!Rune.TryGetRuneAt(pattern, _at, out var rune)) rune = Rune.ReplacementChar;
                _at += rune.Utf16SequenceLength;
                return rune.Value;
            }
            var c = pattern[_at + 1];
            _at += 2;
            switch (c)
            {
                case 'n': return '\n';
                case 't': return '\t';
                case 'r': return '\r';
                case 'f': return '\f';
                case 'v': return '\v';
                case 'a': return '\a';
                case 'b': return '\b';
                case 'e': return 0x1B;
                case 'x' when Rest("{"): return CodePoint();
                case 'x':
                    var digits = pattern.AsSpan(_at, Math.Min(2, pattern.Length - _at));
                    if (!int.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value)) throw new FormatException("invalid code point value");
                    _at += digits.Length;
                    return value;
                default: return c;
            }
        }

        private bool Rest(string text) => pattern.AsSpan(_at).StartsWith(text, StringComparison.Ordinal);

        private void Emit(RegexSet set, bool negated) => Emit(set.ForUnits(negated), set.ForPairs(negated));

        private void Emit(string both) => Emit(both, both);

        private void Emit(string units, string pairs)
        {
            _units.Append(units);
            _pairs.Append(pairs);
        }
    }
}
