using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Interlock.Core.Gateway;
using Interlock.Json;

namespace Interlock.Core.Registry.Contracts;

/// <summary>
/// Looks through every text that a model sees of a tool (names, titles, descriptions also of nested schemas, enum values, defaults, examples,
/// prompts, <c>_meta</c>, the server's instructions) for what is written to steer it: the rules of <see cref="ScanRule"/>, characters that show nothing, text out
/// of sight or out of proportion. A finding makes a person look; that there is none proves nothing.
/// </summary>
internal static class ContractScan
{
    /// <summary>The rule that quarantines.</summary>
    public const string Rule = "suspicious-contract";

    public const int MaxFindings = 20;

    private const int LongText = 16_384;
    private const int ManyLineBreaks = 16;
    private const int ManySpaces = 160;
    private const int Around = 30;
    private const int MaxExcerpt = 160;

    /// <summary>The first findings, at most <see cref="MaxFindings"/>, one of each rule at a place.</summary>
    public static IReadOnlyList<ContractFinding> Run(ToolContract tool, string? instructions, ForeignTools foreign) =>
        [.. Texts("", tool.Raw).Concat(instructions is null ? [] : [("/instructions", instructions)]).SelectMany(text => Findings(text.Pointer, text.Text, foreign)).Take(MaxFindings)];

    /// <summary>The findings in a sentence that holds nothing of the server's.</summary>
    public static string Describe(IReadOnlyList<ContractFinding> findings) => $"{Rule}: {string.Join(", ", findings.Select(finding => finding.Rule).Distinct())}";

    private static IEnumerable<(string Pointer, string Text)> Texts(string pointer, JsonValue value)
    {
        if (value.StringOrNull() is { } text) return [(pointer, text)];
        if (value.IsArray) return value.Items.SelectMany((item, i) => Texts(JsonPointer.Append(pointer, i), item));
        if (!value.IsObject) return [];
        return value.Members.SelectMany(member => Texts(JsonPointer.Append(pointer, member.Key), member.Value).Prepend((pointer, member.Key)));
    }

    private static IEnumerable<ContractFinding> Findings(string pointer, string text, ForeignTools foreign)
    {
        var place = Excerpt.Of(pointer, 500);
        if (HiddenAt(text) is >= 0 and var at) yield return new("hidden-characters", place, Shown(text, at, 1));
        if (PaddingAt(text) is >= 0 and var from) yield return new("out-of-sight", place, Shown(text, from, 1));
        var isImage = text.StartsWith("data:image/", StringComparison.OrdinalIgnoreCase) && pointer.Contains("/icons/", StringComparison.Ordinal);
        if (text.Length > LongText && !isImage) yield return new("long-text", place, Shown(text, 0, MaxExcerpt));
        var line = Line(text);
        if (foreign.Find(line) is { } named) yield return new("foreign-tool", place, Shown(line, named.Index, named.Length));
        foreach (var rule in ScanRule.All)
            if (!(isImage && rule.Name == "encoded-text") && rule.Pattern.Match(line) is { Success: true } match) yield return new(rule.Name, place, Shown(line, match.Index, match.Length));
    }

    /// <summary>As a model reads it: one line, letters as what they look like, without what shows nothing.</summary>
    private static string Line(string text)
    {
        var line = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
            if (Rune.IsWhiteSpace(rune)) line.Append(' ');
            else if (!HiddenCharacters.Contains(rune)) line.Append(LookAlikes.Letter(rune).ToString());
        return Regex.Replace(line.ToString(), " +", " ", RegexOptions.NonBacktracking);
    }

    /// <summary>Line feeds, tabs, the usual wide spaces and what joins emoji are no secrets.</summary>
    private static int HiddenAt(string text)
    {
        var (at, before) = (0, default(Rune));
        foreach (var rune in text.EnumerateRunes())
        {
            var isUsual = rune.Value is '\n' or '\r' or '\t' or 0xA0 or 0x202F or 0x3000
                || (rune.Value is 0x200D or 0xFE0F or 0xFE0E && Rune.GetUnicodeCategory(before) is UnicodeCategory.OtherSymbol or UnicodeCategory.ModifierSymbol or UnicodeCategory.MathSymbol or UnicodeCategory.NonSpacingMark or UnicodeCategory.OtherPunctuation or UnicodeCategory.DecimalDigitNumber);
            if (!isUsual && HiddenCharacters.Contains(rune)) return at;
            (at, before) = (at + rune.Utf16SequenceLength, rune);
        }
        return -1;
    }

    /// <summary>Where text begins that stands behind so much space that nobody scrolls to it.</summary>
    private static int PaddingAt(string text)
    {
        var (breaks, spaces) = (0, 0);
        for (var i = 0; i < text.Length; i++)
        {
            if (!char.IsWhiteSpace(text[i]))
            {
                if (breaks >= ManyLineBreaks || spaces >= ManySpaces) return i;
                (breaks, spaces) = (0, 0);
            }
            else if (text[i] == '\n') (breaks, spaces) = (breaks + 1, 0);
            else spaces++;
        }
        return -1;
    }

    private static string Shown(string text, int at, int length)
    {
        var start = Math.Max(0, at - Around);
        if (start > 0 && char.IsLowSurrogate(text[start])) start++;
        return VisibleExcerpt.Of(text[start..Math.Min(text.Length, at + length + Around)], MaxExcerpt);
    }
}
