using System.Globalization;
using System.Text;

namespace Interlock.Core;

/// <summary>
/// Characters that show nothing or move others: controls, bidi, zero-width, fillers, spaces other than the plain one, what no font has. Wherever text from
/// outside is shown they appear as escapes, so that what reads the same is the same. This is the one place that says which they are.
/// </summary>
public static class HiddenCharacters
{
    public static bool Contains(Rune rune) => Rune.GetUnicodeCategory(rune) switch
    {
        UnicodeCategory.SpaceSeparator => rune.Value != ' ',
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
            or UnicodeCategory.OtherNotAssigned or UnicodeCategory.PrivateUse => true,
        _ => rune.Value is 0x034F or 0x115F or 0x1160 or 0x17B4 or 0x17B5 or 0x2800 or 0x3164 or 0xFFA0 // fillers without a glyph
            or (>= 0x180B and <= 0x180F) or (>= 0xFE00 and <= 0xFE0F) or (>= 0xE0100 and <= 0xE01EF), // variation selectors
    };

    /// <summary>What stands for a character, or for a lone surrogate: <c>\u202e</c>, <c>\u{e0041}</c>.</summary>
    public static string Escape(int code) =>
        code > 0xFFFF ? string.Create(CultureInfo.InvariantCulture, $"\\u{{{code:x}}}") : string.Create(CultureInfo.InvariantCulture, $"\\u{code:x4}");
}
