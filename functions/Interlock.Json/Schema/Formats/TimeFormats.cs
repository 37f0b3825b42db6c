using System.Globalization;

namespace Interlock.Json.Schema;

/// <summary>RFC 3339: full-date, full-time with leap seconds at 23:59:60 UTC, date-time, and appendix A durations.</summary>
internal static class TimeFormats
{
    public static bool IsDateTime(string text) =>
        text.Length > 11 && text[10] is 'T' or 't' && IsDate(text.AsSpan(0, 10)) && IsTime(text.AsSpan(11));

    public static bool IsDate(ReadOnlySpan<char> text) =>
        text.Length == 10 && text[4] == '-' && text[7] == '-' &&
        Digits(text[..4]) is >= 0 and var year && Digits(text[5..7]) is >= 1 and <= 12 and var month &&
        Digits(text[8..]) is >= 1 and var day && day <= DaysIn(year, month);

    public static bool IsTime(ReadOnlySpan<char> text)
    {
        if (text.Length < 9 || text[2] != ':' || text[5] != ':') return false;
        var (hour, minute, second) = (Digits(text[..2]), Digits(text[3..5]), Digits(text[6..8]));
        if (hour is < 0 or > 23 || minute is < 0 or > 59 || second is < 0 or > 60) return false;
        var rest = text[8..];
        if (rest[0] == '.')
        {
            var end = 1;
            while (end < rest.Length && char.IsAsciiDigit(rest[end])) end++;
            if (end == 1) return false;
            rest = rest[end..];
        }
        if (Offset(rest) is not { } offset) return false;
        return second < 60 || (hour * 60 + minute - offset + 2880) % 1440 == 1439;
    }

    public static bool IsDuration(string text)
    {
        if (text.Length < 3 || text[0] != 'P') return false;
        if (text[^1] == 'W') return Digits(text.AsSpan(1, text.Length - 2)) >= 0;
        var (units, next, time) = ("YMD", 0, false);
        var any = false;
        for (var i = 1; i < text.Length;)
        {
            if (text[i] == 'T' && !time)
            {
                (units, next, time, any) = ("HMS", 0, true, false);
                i++;
                continue;
            }
            var start = i;
            while (i < text.Length && char.IsAsciiDigit(text[i])) i++;
            if (i == start || i == text.Length) return false;
            var unit = units.IndexOf(text[i++], StringComparison.Ordinal);
            if (unit < next || (any && unit != next)) return false; // units follow each other without a gap
            (next, any) = (unit + 1, true);
        }
        return any;
    }

    /// <summary>Minutes east of UTC, or null when this is no offset.</summary>
    private static int? Offset(ReadOnlySpan<char> text)
    {
        if (text is "Z" or "z") return 0;
        if (text.Length != 6 || text[0] is not ('+' or '-') || text[3] != ':') return null;
        if (Digits(text[1..3]) is not (>= 0 and <= 23 and var hours) || Digits(text[4..]) is not (>= 0 and <= 59 and var minutes)) return null;
        return (text[0] == '-' ? -1 : 1) * (hours * 60 + minutes);
    }

    private static int DaysIn(int year, int month) => month switch
    {
        2 => year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28,
        4 or 6 or 9 or 11 => 30,
        _ => 31,
    };

    private static int Digits(ReadOnlySpan<char> text)
    {
        if (text.IsEmpty || text.ContainsAnyExceptInRange('0', '9')) return -1;
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : int.MaxValue;
    }
}
