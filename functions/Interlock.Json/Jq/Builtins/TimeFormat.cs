using System.Globalization;
using System.Text;

namespace Interlock.Json.Jq;

/// <summary>C's strftime and strptime in the C locale and UTC.</summary>
internal static class TimeFormat
{
    private static readonly string[] Days = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

    private static readonly string[] Months =
    [
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
    ];

    public static string Write(CalendarTime time, string format)
    {
        var text = new StringBuilder();
        for (var i = 0; i < format.Length; i++)
        {
            if (format[i] != '%' || Specified(time, format, i + 1, out var end) is not { } field) text.Append(format[i]);
            else
            {
                text.Append(field);
                i = end;
            }
        }
        return text.ToString();
    }

    /// <summary>Null when the text does not start as the format says; else what stands after that. White space in the format matches any, also none.</summary>
    public static CalendarTime? Read(string text, string format, out string rest)
    {
        var reader = new Reader(text);
        var time = reader.Run(format);
        rest = reader.Rest;
        return time;
    }

    /// <summary>A field with the flags and width that may stand before its letter; null when the format ends before that.</summary>
    private static string? Specified(CalendarTime time, string format, int at, out int end)
    {
        var start = at;
        while (at < format.Length && format[at] is '-' or '_' or '^') at++;
        var flags = format[start..at];
        while (at < format.Length && char.IsAsciiDigit(format[at]) && at - start < 4) at++;
        end = at;
        if (at >= format.Length) return null;
        var text = Field(time, format[at]);
        if (flags.Contains('^', StringComparison.Ordinal)) text = text.ToUpperInvariant();
        var isNumber = char.IsAsciiDigit(text[^1]);
        if (isNumber && flags.Contains('-', StringComparison.Ordinal)) text = text.TrimStart('0', ' ') is { Length: > 0 } bare ? bare : "0";
        if (isNumber && flags.Contains('_', StringComparison.Ordinal)) text = text.TrimStart('0').PadLeft(text.Length);
        var width = format[(start + flags.Length)..at];
        return width.Length == 0 ? text : text.PadLeft(int.Parse(width, CultureInfo.InvariantCulture), isNumber && flags.Length == 0 ? '0' : ' ');
    }

    private static string Field(CalendarTime time, char field) => field switch
    {
        'Y' => Year(time.Year),
        'C' => Number(time.Year / 100, 2),
        'y' => Number(((time.Year % 100) + 100) % 100, 2),
        'm' => Number(time.Month + 1, 2),
        'd' => Number(time.Day, 2),
        'e' => Number(time.Day, 1).PadLeft(2),
        'H' => Number(time.Hour, 2),
        'k' => Number(time.Hour, 1).PadLeft(2),
        'I' => Number(((time.Hour + 11) % 12) + 1, 2),
        'l' => Number(((time.Hour + 11) % 12) + 1, 1).PadLeft(2),
        'M' => Number(time.Minute, 2),
        'S' => Number((long)time.Second, 2),
        'j' => Number(time.YearDay + 1, 3),
        'u' => Number(time.WeekDay == 0 ? 7 : time.WeekDay, 1),
        'w' => Number(time.WeekDay, 1),
        'U' => Number((time.YearDay + 7 - time.WeekDay) / 7, 2),
        'W' => Number((time.YearDay + 7 - ((time.WeekDay + 6) % 7)) / 7, 2),
        'G' => Year(IsoWeek(time).Year),
        'g' => Number(((IsoWeek(time).Year % 100) + 100) % 100, 2),
        'V' => Number(IsoWeek(time).Week, 2),
        'a' => Days[time.WeekDay][..3],
        'A' => Days[time.WeekDay],
        'b' or 'h' => Months[time.Month][..3],
        'B' => Months[time.Month],
        'p' => time.Hour < 12 ? "AM" : "PM",
        'P' => time.Hour < 12 ? "am" : "pm",
        's' => Number(time.ToSeconds(), 1),
        'Z' => "UTC",
        'z' => "+0000",
        'n' => "\n",
        't' => "\t",
        '%' => "%",
        'D' or 'x' => Write(time, "%m/%d/%y"),
        'F' => Write(time, "%Y-%m-%d"),
        'T' or 'X' => Write(time, "%H:%M:%S"),
        'R' => Write(time, "%H:%M"),
        'r' => Write(time, "%I:%M:%S %p"),
        'c' => Write(time, "%a %b %e %H:%M:%S %Y"),
        _ => "%" + field,
    };

    /// <summary>At least four digits, a plus before more.</summary>
    private static string Year(long year) => (year > 9999 ? "+" : "") + Number(year, 4);

    private static (long Year, int Week) IsoWeek(CalendarTime time)
    {
        var monday = (time.WeekDay + 6) % 7;
        var week = (time.YearDay - monday + 10) / 7;
        if (week < 1) return (time.Year - 1, WeeksIn(time.Year - 1));
        return week > WeeksIn(time.Year) ? (time.Year + 1, 1) : (time.Year, week);
    }

    private static int WeeksIn(long year)
    {
        var last = CalendarTime.Normalised(year, 11, 31, 0, 0, 0);
        var first = CalendarTime.Normalised(year, 0, 1, 0, 0, 0);
        return last.WeekDay == 4 || first.WeekDay == 4 ? 53 : 52;
    }

    private static string Number(long value, int digits) => value.ToString(new string('0', digits), CultureInfo.InvariantCulture);

    private sealed class Reader(string text)
    {
        private long _year = 1900;
        private int _month;
        private int _day;
        private int _hour;
        private int _minute;
        private int _second;
        private int? _weekDay;
        private int? _yearDay;
        private long? _epoch;
        private bool _isAfternoon;
        private int _at;

        public string Rest => text[_at..];

        public CalendarTime? Run(string format)
        {
            if (!Match(format)) return null;
            if (_epoch is { } seconds) return CalendarTime.FromSeconds(seconds);
            if (_isAfternoon) _hour = (_hour % 12) + 12;
            if (_yearDay is { } yearDay && _day == 0)
            {
                var date = CalendarTime.Normalised(_year, 0, yearDay, 0, 0, 0);
                (_month, _day) = (date.Month, date.Day);
            }
            var known = CalendarTime.Normalised(_year, _month, _day, 0, 0, 0);
            var derived = _day != 0;
            return new CalendarTime(
                _year, _month, _day, _hour, _minute, _second,
                derived ? known.WeekDay : _weekDay ?? 0, derived ? known.YearDay : (_yearDay ?? 1) - 1);
        }

        private bool Match(string format)
        {
            for (var i = 0; i < format.Length; i++)
            {
                if (char.IsWhiteSpace(format[i])) SkipSpace();
                else if (format[i] != '%' || i + 1 == format.Length)
                {
                    if (_at >= text.Length || text[_at++] != format[i]) return false;
                }
                else if (!Field(format[++i])) return false;
            }
            return true;
        }

        private bool Field(char field) => field switch
        {
            'Y' => Number(4, 0, 9999, value => _year = value),
            'y' => Number(2, 0, 99, value => _year = value < 69 ? 2000 + value : 1900 + value),
            'C' => Number(2, 0, 99, value => _year = (value * 100) + (_year % 100)),
            'm' => Number(2, 1, 12, value => _month = (int)value - 1),
            'd' or 'e' => Number(2, 1, 31, value => _day = (int)value),
            'H' or 'k' => Number(2, 0, 23, value => _hour = (int)value),
            'I' or 'l' => Number(2, 1, 12, value => _hour = (int)value % 12),
            'M' => Number(2, 0, 59, value => _minute = (int)value),
            'S' => Number(2, 0, 61, value => _second = (int)value),
            'j' => Number(3, 1, 366, value => _yearDay = (int)value),
            'u' => Number(1, 1, 7, value => _weekDay = (int)value % 7),
            'w' => Number(1, 0, 6, value => _weekDay = (int)value),
            'U' or 'W' or 'V' => Number(2, 0, 53, _ => { }),
            'G' => Number(4, 0, 9999, _ => { }),
            's' => Number(15, 0, long.MaxValue, value => _epoch = value),
            'a' or 'A' => Name(Days, value => _weekDay = value),
            'b' or 'B' or 'h' => Name(Months, value => _month = value),
            'p' or 'P' => Name(["AM", "PM"], value => _isAfternoon = value == 1),
            'Z' => Zone(),
            'z' => Offset(),
            'n' or 't' => SkipSpace(),
            '%' => _at < text.Length && text[_at++] == '%',
            'D' or 'x' => Match("%m/%d/%y"),
            'F' => Match("%Y-%m-%d"),
            'T' or 'X' => Match("%H:%M:%S"),
            'R' => Match("%H:%M"),
            'r' => Match("%I:%M:%S %p"),
            'c' => Match("%a %b %e %H:%M:%S %Y"),
            _ => false,
        };

        private bool Number(int digits, long least, long most, Action<long> set)
        {
            SkipSpace();
            var start = _at;
            while (_at < text.Length && _at - start < digits && char.IsAsciiDigit(text[_at])) _at++;
            if (!long.TryParse(text.AsSpan(start, _at - start), NumberStyles.None, CultureInfo.InvariantCulture, out var value)) return false;
            if (value < least || value > most) return false;
            set(value);
            return true;
        }

        /// <summary>The name in full or its first three letters, in any case.</summary>
        private bool Name(string[] names, Action<int> set)
        {
            for (var i = 0; i < names.Length; i++)
            {
                foreach (var name in new[] { names[i], names[i][..Math.Min(3, names[i].Length)] })
                {
                    if (!text.AsSpan(_at).StartsWith(name, StringComparison.OrdinalIgnoreCase)) continue;
                    _at += name.Length;
                    set(i);
                    return true;
                }
            }
            return false;
        }

        private bool Zone()
        {
            while (_at < text.Length && char.IsAsciiLetter(text[_at])) _at++;
            return true;
        }

        /// <summary>An offset is read but, as in jq, does not shift the time.</summary>
        private bool Offset()
        {
            SkipSpace();
            if (_at < text.Length && text[_at] == 'Z')
            {
                _at++;
                return true;
            }
            if (_at >= text.Length || text[_at] is not ('+' or '-')) return false;
            _at++;
            var hours = Number(2, 0, 99, _ => { });
            if (hours && _at < text.Length && text[_at] == ':') _at++;
            if (_at < text.Length && char.IsAsciiDigit(text[_at])) return Number(2, 0, 59, _ => { });
            return hours;
        }

        private bool SkipSpace()
        {
            while (_at < text.Length && char.IsWhiteSpace(text[_at])) _at++;
            return true;
        }
    }
}
