using System.Globalization;
using Interlock.Core.Workflows;

namespace Interlock.Tests.Events;

public sealed class CronExpressionTests
{
    private static readonly string[] Days = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
    private static readonly string[] Months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

    [Theory]
    [InlineData("0 0 * * *", "2026-03-03T08:30:00Z", "2026-03-04T00:00:00Z")]
    [InlineData("*/15 9-17 * * mon-fri", "2026-03-06T17:45:00Z", "2026-03-09T09:00:00Z")]
    [InlineData("0 12 29 2 *", "2026-03-03T00:00:00Z", "2028-02-29T12:00:00Z")]
    [InlineData("0 12 29 2 *", "2096-03-01T00:00:00Z", "2104-02-29T12:00:00Z")]
    [InlineData("0 0 13 * 5", "2026-03-03T00:00:00Z", "2026-03-06T00:00:00Z")] // the 13th, and any Friday
    [InlineData("5/20 * * * *", "2026-03-03T00:05:00Z", "2026-03-03T00:25:00Z")]
    [InlineData("0 0 1 JAN 7", "2026-03-03T00:00:00Z", "2027-01-01T00:00:00Z")]
    [InlineData("0 0 * jan sun", "2026-03-03T00:00:00Z", "2027-01-03T00:00:00Z")]
    public void Next_IsTheFirstTimeAfter(string cron, string after, string next) => Assert.Equal(At(next), CronExpression.Parse(cron).Next(At(after)));

    [Theory]
    [InlineData("")]
    [InlineData("* * * *")]
    [InlineData("* * * * * *")]
    [InlineData("60 * * * *")]
    [InlineData("* 24 * * *")]
    [InlineData("* * 0 * *")]
    [InlineData("* * * 13 *")]
    [InlineData("* * * * 8")]
    [InlineData("5-1 * * * *")]
    [InlineData("*/0 * * * *")]
    [InlineData("*/x * * * *")]
    [InlineData("1,,2 * * * *")]
    [InlineData("-1 * * * *")]
    [InlineData("1-2-3 * * * *")]
    [InlineData("* * * * feb")]
    [InlineData("@daily")]
    [InlineData("0 0 31 4 *")]
    [InlineData("+1 * * * *")]
    public void Parse_WhatIsNone_IsRefused(string text) => Assert.Throws<FormatException>(() => CronExpression.Parse(text));

    /// <summary>Random expressions, against every minute looked at one by one by another reading of them.</summary>
    [Fact]
    public void NextAndLatest_OfRandomExpressions_AreThoseOfAllMinutes()
    {
        var random = new Random(20260303);
        var tried = 0;
        for (var i = 0; i < 400; i++)
        {
            var fields = new[] { Field(random, 0, 59, []), Field(random, 0, 23, []), Field(random, 1, 31, []), Field(random, 1, 12, Months), Field(random, 0, 6, Days) };
            var text = string.Join(' ', fields.Select(field => field.Text));
            CronExpression cron;
            try
            {
                cron = CronExpression.Parse(text);
            }
            catch (FormatException e) when (e.Message.Contains("never comes", StringComparison.Ordinal))
            {
                continue;
            }
            var start = At("2026-01-01T00:00:00Z").AddMinutes(random.Next(0, 400 * 24 * 60)).AddSeconds(random.Next(60));
            var end = start.AddDays(40);
            var all = Minutes(start, end).Where(at => Matches(at, fields)).ToList();
            var next = cron.Next(start);
            Assert.True(all.Count > 0 ? next == all[0] : next > end, $"{text} after {start:O}: {next:O}");
            Assert.Equal(all.Count > 0 ? all[^1] : null, cron.Latest(start, end));
            if (all.Count > 0) tried++;
        }
        Assert.InRange(tried, 150, 400);
    }

    private static IEnumerable<DateTimeOffset> Minutes(DateTimeOffset after, DateTimeOffset until)
    {
        for (var at = new DateTimeOffset(after.Year, after.Month, after.Day, after.Hour, after.Minute, 0, TimeSpan.Zero).AddMinutes(1); at <= until; at = at.AddMinutes(1)) yield return at;
    }

    private static bool Matches(DateTimeOffset at, (string Text, HashSet<int> Values)[] fields)
    {
        if (!fields[0].Values.Contains(at.Minute) || !fields[1].Values.Contains(at.Hour) || !fields[3].Values.Contains(at.Month)) return false;
        var (day, weekday) = (fields[2].Values.Contains(at.Day), fields[4].Values.Contains((int)at.DayOfWeek));
        return fields[2].Text.StartsWith('*') || fields[4].Text.StartsWith('*') ? day && weekday : day || weekday;
    }

    private static (string Text, HashSet<int> Values) Field(Random random, int least, int most, string[] names)
    {
        string Name(int value) => names.Length > 0 && random.Next(2) == 0 ? names[value - least] : value.ToString(CultureInfo.InvariantCulture);
        var (texts, values) = (new List<string>(), new HashSet<int>());
        for (var parts = random.Next(1, 4); parts > 0; parts--)
        {
            var (from, to) = (random.Next(least, most + 1), random.Next(least, most + 1));
            if (from > to) (from, to) = (to, from);
            var step = random.Next(1, (most / 2) + 1);
            switch (random.Next(6))
            {
                case 0:
                    texts.Add("*");
                    (from, to, step) = (least, most, 1);
                    break;
                case 1:
                    texts.Add($"*/{step}");
                    (from, to) = (least, most);
                    break;
                case 2:
                    texts.Add(Name(from));
                    (to, step) = (from, 1);
                    break;
                case 3:
                    texts.Add($"{Name(from)}/{step}");
                    to = most;
                    break;
                case 4:
                    texts.Add($"{Name(from)}-{Name(to)}");
                    step = 1;
                    break;
                default:
                    texts.Add($"{Name(from)}-{Name(to)}/{step}");
                    break;
            }
            for (var value = from; value <= to; value += step) values.Add(value);
        }
        return (string.Join(',', texts), values);
    }

    private static DateTimeOffset At(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture);
}
