namespace Interlock.Core.Gateway.Limits;

/// <summary>The span of time that a quota is for, in UTC; a run's is the run.</summary>
internal enum QuotaSpan
{
    Hour,
    Day,
    Month,
    Run,
}

/// <summary>One span as it stands: its name among others, and its end.</summary>
internal readonly record struct QuotaWindow(string Name, DateTimeOffset? End)
{
    public static QuotaWindow Of(QuotaSpan span, DateTimeOffset now)
    {
        now = now.ToUniversalTime();
        var day = new DateTimeOffset(now.Date, TimeSpan.Zero);
        return span switch
        {
            QuotaSpan.Hour => new($"hour-{now:yyyy-MM-dd-HH}", day.AddHours(now.Hour + 1)),
            QuotaSpan.Day => new($"day-{now:yyyy-MM-dd}", day.AddDays(1)),
            QuotaSpan.Month => new($"month-{now:yyyy-MM}", new DateTimeOffset(now.Year, now.Month, 1, 0, 0, 0, TimeSpan.Zero).AddMonths(1)),
            _ => new("run", null),
        };
    }
}
