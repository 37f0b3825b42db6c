using System.Text.RegularExpressions;

namespace Interlock.Json.Schema;

/// <summary>
/// An ECMA-262 regular expression (Unicode mode, with the literal braces and escaped punctuation of annex B) that runs in
/// time linear in its input: .NET's non-backtracking engine on a translated pattern. Look-around and back references are
/// refused, and so are automata past the engine's own bound (some 2000 repetitions of a plain class, some 660 of
/// <c>.</c> or a negated class). Two differences remain: <c>\b</c> takes Unicode letters as word characters, and <c>\p{…}</c> sees only the
/// basic multilingual plane.
/// </summary>
internal sealed class EcmaPattern
{
    private const int SmallSize = 64;

    private readonly Regex _regex;

    private EcmaPattern(string source, Regex regex, int size) => (Source, _regex, Size) = (source, regex, size);

    public string Source { get; }

    /// <summary>A bound on the states of the automaton.</summary>
    public int Size { get; }

    /// <summary>The pattern, or null and the reason as the end of a sentence that begins with it.</summary>
    public static EcmaPattern? Compile(string source, out string reason)
    {
        var translation = EcmaTranslator.Translate(source);
        reason = translation.Reason ?? "";
        if (translation.Text is null) return null;
        try
        {
            return new(source, new Regex(translation.Text, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant), translation.Size);
        }
        catch (NotSupportedException)
        {
            reason = "repeats too much to be run safely; use maxLength or smaller counts";
            return null;
        }
        catch (ArgumentException e)
        {
            reason = $"is no regular expression this validator can run: {e.Message}";
            return null;
        }
    }

    /// <summary>Whether ECMA-262 accepts the pattern, runnable here or not: what the format <c>regex</c> asks.</summary>
    public static bool IsWellFormed(string source) => EcmaTranslator.Translate(source).IsWellFormed;

    /// <summary>The text with every match replaced; one of no characters is none.</summary>
    public string Replace(string text, string replacement) => _regex.Replace(text, match => match.Length == 0 ? "" : replacement);

    /// <summary>Large automata may cost their whole size per character, so they are charged for it.</summary>
    public bool IsMatch(string text, Evaluation run) =>
        run.Spend((Size <= SmallSize ? text.Length : (long)text.Length * Size) >> 4) && _regex.IsMatch(text);
}
