using System.Globalization;
using System.Text;

namespace Interlock.Http.Pages;

/// <summary>
/// Text as a person is to see it: HTML-encoded, and every character that shows nothing or moves others (controls, bidi, zero-width, fillers,
/// lone surrogates) as a marked escape, so that what reads the same is the same. Line feeds and tabs stay. The mark-up has no quotes:
/// also inside a quoted attribute it stays text.
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
                case '\n' or '\t' or ' ': html.Append((char)rune.Value); break;
                case var _ when IsHidden(rune): Escape(html, rune.Value); break;
                default: html.Append(rune.ToString()); break;
            }
        }
    }

    private static bool IsHidden(Rune rune) => Rune.GetUnicodeCategory(rune) switch
    {
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
            or UnicodeCategory.SpaceSeparator or UnicodeCategory.OtherNotAssigned or UnicodeCategory.PrivateUse => true,
        _ => rune.Value is 0x034F or 0x115F or 0x1160 or 0x17B4 or 0x17B5 or 0x2800 or 0x3164 or 0xFFA0 // fillers without a glyph
            or (>= 0x180B and <= 0x180F) or (>= 0xFE00 and <= 0xFE0F) or (>= 0xE0100 and <= 0xE01EF), // variation selectors
    };

    private static void Escape(StringBuilder html, int code) => html
        .Append("<i class=esc>")
        .Append(code > 0xFFFF ? string.Create(CultureInfo.InvariantCulture, $"\\u{{{code:x}}}") : string.Create(CultureInfo.InvariantCulture, $"\\u{code:x4}"))
        .Append("</i>");
}
