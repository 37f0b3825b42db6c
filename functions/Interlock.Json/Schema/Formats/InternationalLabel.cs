using System.Globalization;

namespace Interlock.Json.Schema;

/// <summary>
/// What code points a label may hold (RFC 5892, its contextual rules with it) and in which order if some are written from right to left
/// (RFC 5893). Categories and blocks stand for the Unicode tables; of joining scripts only Arabic's main block is known.
/// </summary>
internal static class InternationalLabel
{
    private const int Joiner = 0x200D;
    private const int NonJoiner = 0x200C;

    /// <summary>How a code point is written, as far as labels may hold it.</summary>
    private enum Direction
    {
        Left,
        Right,
        Digit,
        ArabicDigit,
        Hyphen,
        Mark,
    }

    public static bool IsAllowed(List<int> label)
    {
        if (label is [_, _, '-', '-', ..] || label[0] == '-' || label[^1] == '-' || IsMark(label[0])) return false;
        var (arabic, extended) = (false, false);
        for (var i = 0; i < label.Count; i++)
        {
            arabic |= label[i] is >= 0x660 and <= 0x669;
            extended |= label[i] is >= 0x6F0 and <= 0x6F9;
            if (!IsAllowed(label, i)) return false;
        }
        return !(arabic && extended);
    }

    /// <summary>Where one label of a name goes from right to left, all of them keep the rules of RFC 5893, section 2.</summary>
    public static bool DirectionsFit(List<List<int>> labels)
    {
        var directions = labels.ConvertAll(label => label.ConvertAll(DirectionOf));
        return !directions.Exists(label => label.Exists(IsRight)) || directions.TrueForAll(Fits);
    }

    private static bool IsRight(Direction direction) => direction is Direction.Right or Direction.ArabicDigit;

    private static bool Fits(List<Direction> label)
    {
        var last = label.FindLast(direction => direction != Direction.Mark);
        return label[0] switch
        {
            Direction.Left => !label.Exists(IsRight) && last is Direction.Left or Direction.Digit,
            Direction.Right => !label.Contains(Direction.Left) && last is not (Direction.Hyphen or Direction.Left)
                && !(label.Contains(Direction.Digit) && label.Contains(Direction.ArabicDigit)),
            _ => false,
        };
    }

    private static Direction DirectionOf(int point) => point switch
    {
        '-' => Direction.Hyphen,
        (>= '0' and <= '9') or (>= 0x6F0 and <= 0x6F9) => Direction.Digit,
        >= 0x660 and <= 0x669 => Direction.ArabicDigit,
        NonJoiner or Joiner => Direction.Mark,
        _ when CharUnicodeInfo.GetUnicodeCategory(point) == UnicodeCategory.NonSpacingMark => Direction.Mark,
        (>= 0x590 and <= 0x8FF) or (>= 0xFB1D and <= 0xFDFF) or (>= 0xFE70 and <= 0xFEFF) or (>= 0x10800 and <= 0x10FFF) or (>= 0x1E800 and <= 0x1EFFF) => Direction.Right,
        _ => Direction.Left,
    };

    private static bool IsAllowed(List<int> label, int i)
    {
        var (point, before, after) = (label[i], i > 0 ? label[i - 1] : -1, i + 1 < label.Count ? label[i + 1] : -1);
        return point switch
        {
            0xB7 => before == 'l' && after == 'l',
            0x375 => after is (>= 0x370 and <= 0x3FF) or (>= 0x1F00 and <= 0x1FFF),
            0x5F3 or 0x5F4 => before is >= 0x590 and <= 0x5FF,
            0x30FB => label.Exists(IsJapanese),
            Joiner => IsVirama(before),
            NonJoiner => IsVirama(before) || BreaksJoin(label, i),
            0x640 or 0x7FA or 0x302E or 0x302F or 0x303B or (>= 0x3031 and <= 0x3035) => false,
            0xDF or 0x3C2 or 0x6FD or 0x6FE or 0xF0B or 0x3007 => true,
            _ => point == '-' || IsLetterDigit(point),
        };
    }

    /// <summary>Whether the letters around, marks left aside, would join.</summary>
    private static bool BreaksJoin(List<int> label, int at)
    {
        var (before, after) = (at - 1, at + 1);
        while (before >= 0 && IsMark(label[before])) before--;
        while (after < label.Count && IsMark(label[after])) after++;
        return before >= 0 && after < label.Count && IsJoining(label[before]) && !JoinsOnlyBefore(label[before]) && IsJoining(label[after]);
    }

    private static bool IsJoining(int point) => point is (>= 0x620 and <= 0x63F and not 0x621) or (>= 0x641 and <= 0x64A) or 0x66E or 0x66F or
        (>= 0x671 and <= 0x6D3 and not 0x674) or 0x6D5 or 0x6EE or 0x6EF or (>= 0x6FA and <= 0x6FC) or 0x6FF;

    private static bool JoinsOnlyBefore(int point) => point is (>= 0x622 and <= 0x625) or 0x627 or 0x629 or (>= 0x62F and <= 0x632) or 0x648 or
        (>= 0x671 and <= 0x677) or (>= 0x688 and <= 0x699) or 0x6C0 or (>= 0x6C3 and <= 0x6CB) or 0x6CD or 0x6CF or 0x6D2 or 0x6D3 or 0x6D5 or 0x6EE or 0x6EF;

    private static bool IsJapanese(int point) =>
        point is (>= 0x3041 and <= 0x309F) or (>= 0x30A1 and <= 0x30FA) or (>= 0x30FC and <= 0x30FF) or 0x3005 or 0x3007 or
            (>= 0x3400 and <= 0x4DBF) or (>= 0x4E00 and <= 0x9FFF) or (>= 0xF900 and <= 0xFAFF) or (>= 0x20000 and <= 0x3FFFF);

    private static bool IsVirama(int point) => point is 0x94D or 0x9CD or 0xA4D or 0xACD or 0xB4D or 0xBCD or 0xC4D or 0xCCD or 0xD3B or
        0xD3C or 0xD4D or 0xDCA or 0xE3A or 0xEBA or 0xF84 or 0x1039 or 0x103A or 0x1714 or 0x1734 or 0x17D2 or 0x1A60 or 0x1B44 or
        0x1BAA or 0x1BAB or 0x1BF2 or 0x1BF3 or 0x2D7F or 0xA806 or 0xA8C4 or 0xA953 or 0xA9C0 or 0xAAF6 or 0xABED;

    private static bool IsMark(int point) => CharUnicodeInfo.GetUnicodeCategory(point)
        is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark;

    private static bool IsLetterDigit(int point) => CharUnicodeInfo.GetUnicodeCategory(point) switch
    {
        UnicodeCategory.LowercaseLetter or UnicodeCategory.UppercaseLetter or UnicodeCategory.ModifierLetter or UnicodeCategory.OtherLetter or
            UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.DecimalDigitNumber => true,
        _ => false,
    };
}
