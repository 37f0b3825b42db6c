using System.Globalization;

namespace Interlock.Core.Workflows;

/// <summary>
/// Five fields in UTC: minute, hour, day of the month, month, day of the week (0 and 7 are Sunday), each of <c>*</c>, numbers, ranges, steps (<c>*/5</c>,
/// <c>8-18/2</c>, <c>5/15</c>: from five on) and lists; months and days also by their English names. Where days of the month and of the week are both given,
/// either will do, as cron has it.
/// </summary>
public sealed class CronExpression
{
    /// <summary>The 29th of February may be eight years away.</summary>
    private const int MostDays = (8 * 366) + 1;

    private static readonly string[] Months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    private static readonly string[] Days = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

    private readonly ulong _minutes;
    private readonly ulong _hours;
    private readonly ulong _days;
    private readonly ulong _months;
    private readonly ulong _weekdays;
    private readonly bool _isEither;

    private CronExpression(string text, string[] fields)
    {
        Text = text;
        _minutes = Field(fields[0], "minute", 0, 59, []);
        _hours = Field(fields[1], "hour", 0, 23, []);
        _days = Field(fields[2], "day of the month", 1, 31, []);
        _months = Field(fields[3], "month", 1, 12, Months);
        _weekdays = Field(fields[4], "day of the week", 0, 7, Days);
        if ((_weekdays & (1UL << 7)) != 0) _weekdays |= 1;
        _isEither = fields[2][0] != '*' && fields[4][0] != '*';
    }

    public string Text { get; }

    /// <exception cref="FormatException">It is none, or a day that never comes.</exception>
    public static CronExpression Parse(string text)
    {
        var fields = text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        if (fields.Length != 5) throw new FormatException("A cron expression has five fields: minute, hour, day of the month, month, day of the week.");
        var cron = new CronExpression(text, fields);
        return cron.Next(DateTimeOffset.UnixEpoch) is null ? throw new FormatException("This cron expression names a day that never comes.") : cron;
    }

    /// <summary>The first time after that one; null when there is none within eight years.</summary>
    public DateTimeOffset? Next(DateTimeOffset after)
    {
        var from = Minute(after).AddMinutes(1);
        for (var (day, i) = (from.Date, 0); i < MostDays; day = day.AddDays(1), i++)
        {
            if (!IsDay(day)) continue;
            var earliest = day == from.Date ? (from.Hour * 60) + from.Minute : 0;
            for (var at = earliest; at < 24 * 60; at++)
                if (IsTime(at)) return At(day, at);
        }
        return null;
    }

    /// <summary>The last time after the one and not after the other; null when there is none.</summary>
    public DateTimeOffset? Latest(DateTimeOffset after, DateTimeOffset until)
    {
        var last = Minute(until);
        for (var day = last.Date; day >= after.UtcDateTime.Date; day = day.AddDays(-1))
        {
            if (!IsDay(day)) continue;
            for (var at = day == last.Date ? (last.Hour * 60) + last.Minute : (24 * 60) - 1; at >= 0; at--)
                if (IsTime(at)) return At(day, at) is var found && found > after ? found : null;
        }
        return null;
    }

    private bool IsDay(DateTime day)
    {
        if (!Has(_months, day.Month)) return false;
        var (isDay, isWeekday) = (Has(_days, day.Day), Has(_weekdays, (int)day.DayOfWeek));
        return _isEither ? isDay || isWeekday : isDay && isWeekday;
    }

    private bool IsTime(int minuteOfDay) => Has(_hours, minuteOfDay / 60) && Has(_minutes, minuteOfDay % 60);

    private static bool Has(ulong field, int value) => (field & (1UL << value)) != 0;

    private static DateTime Minute(DateTimeOffset at) => new(at.UtcTicks - (at.UtcTicks % TimeSpan.TicksPerMinute), DateTimeKind.Utc);

    private static DateTimeOffset At(DateTime day, int minuteOfDay) => new(day.AddMinutes(minuteOfDay), TimeSpan.Zero);

    private static ulong Field(string text, string what, int least, int most, string[] names)
    {
        var field = 0UL;
        foreach (var part in text.Split(','))
        {
            var (range, step) = part.Split('/') switch
            {
                [var whole] => (whole, 0),
                [var whole, var every] when int.TryParse(every, NumberStyles.None, CultureInfo.InvariantCulture, out var by) && by > 0 && by <= most => (whole, by),
                _ => throw Wrong(part, what, least, most),
            };
            var (from, to) = range.Split('-') switch
            {
                ["*"] => (least, most),
                [var one] when Value(one, least, names) is { } value => (value, step > 0 ? most : value),
                [var first, var last] when Value(first, least, names) is { } start && Value(last, least, names) is { } end => (start, end),
                _ => throw Wrong(part, what, least, most),
            };
            if (from < least || to > most || from > to) throw Wrong(part, what, least, most);
            for (var value = from; value <= to; value += Math.Max(step, 1)) field |= 1UL << value;
        }
        return field;
    }

    private static int? Value(string text, int least, string[] names)
    {
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)) return number;
        var index = Array.FindIndex(names, name => name.Equals(text, StringComparison.OrdinalIgnoreCase));
        return index < 0 ? null : index + least;
    }

    private static FormatException Wrong(string part, string what, int least, int most) =>
        new($"'{(part.Length > 40 ? part[..40] : part)}' is no {what} of a cron expression: numbers from {least} to {most}, ranges, steps and lists of them, or '*'.");
}
