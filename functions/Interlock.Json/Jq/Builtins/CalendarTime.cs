namespace Interlock.Json.Jq;

/// <summary>
/// C's broken-down time in UTC: month and day of the year from 0, week days from Sunday, seconds with a fraction.
/// The proleptic Gregorian calendar without leap seconds.
/// </summary>
internal readonly record struct CalendarTime(long Year, int Month, int Day, int Hour, int Minute, double Second, int WeekDay, int YearDay)
{
    private const long Day0 = 719_468; // days from 0000-03-01 to 1970-01-01

    public static CalendarTime FromSeconds(double seconds)
    {
        var whole = (long)seconds;
        var time = FromWholeSeconds(whole);
        return time with { Second = time.Second + (seconds - Math.Floor(seconds)) };
    }

    /// <summary>Fields beyond their range carry over, as in C's timegm.</summary>
    public static CalendarTime Normalised(double year, double month, double day, double hour, double minute, double second)
    {
        var months = (long)month;
        var years = (long)year + (long)Math.Floor(months / 12d);
        var days = DaysFrom(years, (int)(((months % 12) + 12) % 12), 1) + (long)day - 1;
        return FromWholeSeconds((days * 86_400) + ((long)hour * 3600) + ((long)minute * 60) + (long)second);
    }

    public long ToSeconds() => (DaysFrom(Year, Month, Day) * 86_400) + (Hour * 3600L) + (Minute * 60L) + (long)Second;

    private static CalendarTime FromWholeSeconds(long seconds)
    {
        var (days, rest) = (Floor(seconds, 86_400), seconds - (Floor(seconds, 86_400) * 86_400));
        var shifted = days + Day0;
        var era = Floor(shifted, 146_097);
        var dayOfEra = shifted - (era * 146_097);
        var yearOfEra = (dayOfEra - (dayOfEra / 1460) + (dayOfEra / 36_524) - (dayOfEra / 146_096)) / 365;
        var dayOfYear = dayOfEra - ((365 * yearOfEra) + (yearOfEra / 4) - (yearOfEra / 100));
        var marchMonth = ((5 * dayOfYear) + 2) / 153;
        var month = (int)(marchMonth < 10 ? marchMonth + 2 : marchMonth - 10);
        var year = yearOfEra + (era * 400) + (month <= 1 ? 1 : 0);
        return new CalendarTime(
            year, month, (int)(dayOfYear - (((153 * marchMonth) + 2) / 5) + 1),
            (int)(rest / 3600), (int)(rest / 60 % 60), rest % 60,
            (int)((((days + 4) % 7) + 7) % 7), (int)(days - DaysFrom(year, 0, 1)));
    }

    private static long DaysFrom(long year, int month, int day)
    {
        if (month <= 1) year--;
        var era = Floor(year, 400);
        var yearOfEra = year - (era * 400);
        var marchMonth = (month + 10) % 12;
        var dayOfYear = (((153 * marchMonth) + 2) / 5) + day - 1;
        return (era * 146_097) + (yearOfEra * 365) + (yearOfEra / 4) - (yearOfEra / 100) + dayOfYear - Day0;
    }

    private static long Floor(long value, long by) => (value / by) - (value % by < 0 ? 1 : 0);
}
