using System.Globalization;
using System.Text;
using Interlock.Core;

namespace Interlock.Http.Pages;

/// <summary>
/// Text as a person is to see it: HTML-encoded, and every one of the <see cref="HiddenCharacters"/>, and lone surrogates, as a marked escape. Line feeds
/// and tabs stay. The mark-up has no quotes: also inside a quoted attribute it stays text.
/// </summary>
internal static class VisibleText
{
    public static void Append(StringBuilder html, string text)
    {
        for (var i = 0; i < text.Length;)
        {
            if (!Rune.TryGetRuneAt(text, i, out var rune))
            {
                Escape(html, text[i++]);
                continue;
            }
            i += rune.Utf16SequenceLength;
            switch (rune.Value)
            {
                case '&': html.Append("&amp;"); break;
                case '<': html.Append("&lt;"); break;
                case '>': html.Append("&gt;"); break;
                case '"': html.Append("&quot;"); break;
                case '\'': html.Append("&#39;"); break;
                case '\n' or '\t': html.Append((char)rune.Value); break;
                case var _ when HiddenCharacters.Contains(rune): Escape(html, rune.Value); break;
                default: html.Append(rune.ToString()); break;
            }
        }
    }

    /// <summary>
    /// The same for text that a person edits, where no mark-up can stand: what shows nothing becomes <c>\uXXXX</c> for each UTF-16 unit, which inside a JSON
    /// string means what it meant.
    /// </summary>
    public static string Editable(string text)
    {
        var visible = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length;)
        {
            var known = Rune.TryGetRuneAt(text, i, out var rune);
            var unit = text.AsSpan(i, known ? rune.Utf16SequenceLength : 1);
            i += unit.Length;
            if (known && (rune.Value is '\n' or '\t' || !HiddenCharacters.Contains(rune))) visible.Append(unit);
            else foreach (var c in unit) visible.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
        }
        return visible.ToString();
    }

    private static void Escape(StringBuilder html, int code) => html.Append("<i class=esc>").Append(HiddenCharacters.Escape(code)).Append("</i>");
}
