using System.Text.RegularExpressions;

namespace Interlock.Json.Jq;

/// <summary>
/// A regular expression in Oniguruma's Perl syntax as jq takes it, run in time linear in the text. What that cannot do
/// (lookaround, back-references, atomic groups, longest match) is refused.
/// </summary>
internal sealed class JqRegex
{
    private const int MostStates = 2_000;

    private readonly RegexPattern _pattern;
    private readonly RegexOptions _options;
    private readonly bool _skipsEmpty;
    private Regex? _units;
    private Regex? _pairs;

    private JqRegex(RegexPattern pattern, RegexOptions options, bool isGlobal, bool skipsEmpty) =>
        (_pattern, _options, IsGlobal, _skipsEmpty) = (pattern, options, isGlobal, skipsEmpty);

    public bool IsGlobal { get; }

    /// <summary>The name of each group, in the order of their opening brackets.</summary>
    public IReadOnlyList<string?> GroupNames => _pattern.GroupNames;

    /// <summary>What it costs to make one; a program pays it also where another has made the same before.</summary>
    public long CreationWork => 2_000 + (8L * _pattern.States);

    /// <summary>Null after <see cref="JqMachine.Fail"/>.</summary>
    public static JqRegex? Create(JqMachine machine, string pattern, string flags)
    {
        machine.CountWork(JqMachine.ExceptionWork);
        var options = RegexOptions.NonBacktracking | RegexOptions.CultureInvariant;
        var (isGlobal, skipsEmpty) = (false, false);
        foreach (var flag in flags)
        {
            switch (flag)
            {
                case 'g': isGlobal = true; break;
                case 'i': options |= RegexOptions.IgnoreCase; break;
                case 'x': options |= RegexOptions.IgnorePatternWhitespace; break;
                case 'p' or 'm': options |= RegexOptions.Singleline; break;
                case 's': break; // ^ and $ mean the ends of the text in any case
                case 'n': skipsEmpty = true; break;
                case 'l': return Refuse("the longest match (flag l) is not available");
                default: return Refuse(flags + " is not a valid modifier string", prefix: "");
            }
        }
        try
        {
            var translated = RegexPattern.Translate(pattern, options.HasFlag(RegexOptions.IgnorePatternWhitespace));
            if (translated.States > MostStates) return Refuse("the repetitions in it multiply to too large an expression");
            var regex = new JqRegex(translated, options, isGlobal, skipsEmpty);
            machine.CountWork(regex.CreationWork);
            _ = regex.For("");
            return regex;
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException or FormatException)
        {
            return Refuse(e switch
            {
                NotSupportedException => "it needs backtracking (lookaround, back-reference, atomic group), which is not available",
                RegexParseException { Error: RegexParseError.ReversedCharacterRange } => "empty range in char class",
                RegexParseException { Error: RegexParseError.ReversedQuantifierRange } => "upper is smaller than lower in repeat range",
                RegexParseException { Error: RegexParseError.QuantifierAfterNothing } => "target of repeat operator is not specified",
                _ => e.Message,
            });
        }

        JqRegex? Refuse(string why, string prefix = "Regex failure: ")
        {
            machine.Fail(prefix + why);
            return null;
        }
    }

    public IEnumerable<Match> Matches(JqMachine machine, string text)
    {
        var regex = For(text);
        for (var match = regex.Match(text); match.Success; match = match.NextMatch())
        {
            machine.CountWork(8 + match.Length);
            // Between the halves of a surrogate pair there is nothing.
            var splits = match.Length == 0 && match.Index > 0 && JqStrings.IsPair(text, match.Index - 1);
            if (splits || (_skipsEmpty && match.Length == 0)) continue;
            yield return match;
            if (!IsGlobal) yield break;
        }
    }

    /// <summary>What one run over a text of that length costs.</summary>
    public long Work(string text) => text.Length * (1L + (_pattern.States / 8));

    private Regex For(string text) => text.Any(char.IsSurrogate)
        ? _pairs ??= new Regex(_pattern.ForPairs, _options)
        : _units ??= new Regex(_pattern.ForUnits, _options);
}
