namespace Interlock.Core.Gateway.Limits;

/// <summary>
/// A token bucket as one moment: when it will be full again if nobody takes anything (the generic cell rate algorithm). Taking moves that moment on and nothing
/// moves it back, so whichever order, clock or crash, what was taken stays taken.
/// What is leased may be used for <see cref="SliceLife"/> and clocks may differ by <see cref="MaxSkew"/>; the bucket is smaller than the burst by what comes in
/// during both, so that in no span of time more is used than burst plus rate times its length. Clocks further apart add the rate times the excess.
/// </summary>
internal readonly record struct TokenBucket
{
    public static readonly TimeSpan SliceLife = TimeSpan.FromSeconds(2);
    public static readonly TimeSpan MaxSkew = TimeSpan.FromSeconds(1);

    private readonly long _interval;
    private readonly long _size;

    public TokenBucket(RateLimit limit)
    {
        _interval = (long)Math.Ceiling(TimeSpan.TicksPerSecond / limit.PerSecond);
        _size = (limit.Burst * _interval) - Hold.Ticks;
    }

    /// <summary>The time for which leased tokens may be unused, by any clock.</summary>
    public static TimeSpan Hold => SliceLife + MaxSkew;

    /// <summary>The most tokens that can be taken at once.</summary>
    public int Size => (int)(_size / _interval);

    /// <summary>The whole tokens there are at this time.</summary>
    public int Available(DateTimeOffset full, DateTimeOffset now) => (int)Math.Max(0, (_size - Debt(full, now)) / _interval);

    /// <summary>When it will be full after so many were taken.</summary>
    public DateTimeOffset Take(DateTimeOffset full, DateTimeOffset now, int tokens) => (full > now ? full : now).AddTicks(tokens * _interval);

    /// <summary>How long until there is a token.</summary>
    public TimeSpan UntilOne(DateTimeOffset full, DateTimeOffset now) => new(Math.Max(0, Debt(full, now) + _interval - _size));

    private static long Debt(DateTimeOffset full, DateTimeOffset now) => full > now ? (full - now).Ticks : 0;
}
