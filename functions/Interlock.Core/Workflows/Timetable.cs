namespace Interlock.Core.Workflows;

/// <summary>When runs of a workflow start by themselves, in UTC.</summary>
public abstract record Timetable
{
    /// <summary>
    /// The latest time that has come and was not seen to yet, or null: of several that were missed only the last one counts.
    /// </summary>
    /// <param name="activated">From when on the timetable holds.</param>
    /// <param name="seen">The last time that was seen to.</param>
    /// <param name="ended">When the run that was started last ended: null while it has not, and the time of activation where there was none. Only <see cref="After"/> asks.</param>
    /// <param name="now">The time by which to judge.</param>
    public abstract DateTimeOffset? Due(DateTimeOffset activated, DateTimeOffset seen, DateTimeOffset? ended, DateTimeOffset now);

    /// <summary>First an interval after it was activated, and then in the same rhythm, however long runs take.</summary>
    public sealed record Every(TimeSpan Interval) : Timetable
    {
        public override DateTimeOffset? Due(DateTimeOffset activated, DateTimeOffset seen, DateTimeOffset? ended, DateTimeOffset now)
        {
            var due = activated + (Interval * Math.Floor((now - activated) / Interval));
            return due > activated && due > seen && due <= now ? due : null;
        }
    }

    public sealed record Cron(CronExpression Expression) : Timetable
    {
        public override DateTimeOffset? Due(DateTimeOffset activated, DateTimeOffset seen, DateTimeOffset? ended, DateTimeOffset now) =>
            Expression.Latest(seen > activated ? seen : activated, now);
    }

    /// <summary>First when it is activated, and then so long after the end of the run before; after a time that had no run, so long after it, a second at the least.</summary>
    public sealed record After(TimeSpan Delay) : Timetable
    {
        private static readonly TimeSpan Shortest = TimeSpan.FromSeconds(1);

        public override DateTimeOffset? Due(DateTimeOffset activated, DateTimeOffset seen, DateTimeOffset? ended, DateTimeOffset now)
        {
            if (ended is not { } end) return null;
            var due = seen < activated ? activated : end + Delay > seen ? end + Delay : seen + (Delay > Shortest ? Delay : Shortest);
            return due <= now ? due : null;
        }
    }
}
