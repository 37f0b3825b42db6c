using System.Text;
using Interlock.Core;

namespace Interlock.Http.Notices;

/// <summary>
/// Other people's text for where no mark-up of ours can hold it: one line, cut at a length, with <see cref="HiddenCharacters"/> and the backslash as escapes.
/// What a receiver's program would make a link of, or a date (<c>{{</c> in Adaptive Cards), is broken up in the same way.
/// </summary>
internal static class PlainText
{
    public static string Of(string text, int length)
    {
        var plain = new StringBuilder();
        for (var i = 0; i < text.Length;)
        {
            var isWhole = Rune.TryGetRuneAt(text, i, out var rune);
            var code = isWhole ? rune.Value : text[i];
            var shown = code == '\\' ? "\\\\" : !isWhole || HiddenCharacters.Contains(rune) || IsActive(text, i) ? HiddenCharacters.Escape(code) : rune.ToString();
            if (plain.Length + shown.Length > length) return plain.Append('…').ToString();
            plain.Append(shown);
            i += isWhole ? rune.Utf16SequenceLength : 1;
        }
        return plain.ToString();
    }

    /// <summary>The colon of <c>://</c>, the dot of <c>www.</c>, the second brace of two.</summary>
    private static bool IsActive(string text, int at) => text[at] switch
    {
        ':' => text.AsSpan(at + 1).StartsWith("//"),
        '.' => text.AsSpan(0, at).EndsWith("www", StringComparison.OrdinalIgnoreCase),
        '{' => at > 0 && text[at - 1] == '{',
        _ => false,
    };
}
