using System.Collections.Immutable;

namespace Interlock.Core.Workflows;

/// <summary>Hours of some days of the week, in UTC, in which a schedule may start runs: from the first minute up to, and without, the other.</summary>
public sealed record TimeWindow(ImmutableArray<DayOfWeek> Days, TimeOnly From, TimeOnly Until)
{
    public bool Contains(DateTimeOffset at)
    {
        var time = TimeOnly.FromDateTime(at.UtcDateTime);
        return Days.Contains(at.UtcDateTime.DayOfWeek) && time >= From && (time < Until || Until == TimeOnly.MinValue);
    }
}
