using System.Text.RegularExpressions;

namespace Interlock.Json.Jq;

/// <summary>
/// A regular expression in Oniguruma's Perl syntax as jq takes it, run in time linear in the text. What that cannot do
/// (lookaround, back-references, atomic groups, longest match) is refused.
/// </summary>
internal sealed class JqRegex
{
    private const int MostStates = 2_000;
    private const int LongestPattern = 64 * 1024;
    private const string TooLarge = "Regex failure: the repetitions in it multiply to too large an expression";

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

    /// <summary>What it costs to make, in items of work.</summary>
    public long Effort => 2_000 + (8L * _pattern.States);

    /// <summary>The expression, or why there is none.</summary>
    public static (JqRegex? Regex, string Error) Create(string pattern, string flags)
    {
        var options = RegexOptions.NonBacktracking | RegexOptions.CultureInvariant;
        var (isGlobal, skipsEmpty, dotTakesAll) = (false, false, false);
        foreach (var flag in flags)
        {
            switch (flag)
            {
                case 'g': isGlobal = true; break;
                case 'i': options |= RegexOptions.IgnoreCase; break;
                case 'x': options |= RegexOptions.IgnorePatternWhitespace; break;
                case 'p' or 'm': dotTakesAll = true; break;
                case 's': break; // ^ and $ mean the ends of the text in any case
                case 'n': skipsEmpty = true; break;
                case 'l': return (null, "Regex failure: the longest match (flag l) is not available");
                default: return (null, flags + " is not a valid modifier string");
            }
        }
        try
        {
            var translated = RegexPattern.Translate(pattern, options.HasFlag(RegexOptions.IgnorePatternWhitespace), dotTakesAll);
            if (translated.States > MostStates) return (null, TooLarge);
            var regex = new JqRegex(translated, options, isGlobal, skipsEmpty);
            return (regex, regex.Unfit("") ?? "");
        }
        catch (NotSupportedException)
        {
            return (null, "Regex failure: it needs backtracking (lookaround, back-reference, atomic group), which is not available");
        }
        catch (Exception e) when (e is ArgumentException or FormatException)
        {
            return (null, "Regex failure: " + e.Message);
        }
    }

    /// <summary>Why no automaton can be made for a text like this, or null.</summary>
    public string? Unfit(string text)
    {
        if (text.Any(char.IsSurrogate) && _pattern.ForPairs.Length > LongestPattern) return TooLarge;
        try
        {
            _ = For(text);
            return null;
        }
        catch (NotSupportedException)
        {
            return TooLarge;
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
    public long Work(string text) => (text.Length * (1L + (_pattern.States / 8))) + (text.Any(char.IsSurrogate) ? _pattern.ForPairs.Length : 0);

    private Regex For(string text) => text.Any(char.IsSurrogate)
        ? _pairs ??= new Regex(_pattern.ForPairs, _options)
        : _units ??= new Regex(_pattern.ForUnits, _options);
}
