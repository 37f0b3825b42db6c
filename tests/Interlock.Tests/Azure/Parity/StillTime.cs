namespace Interlock.Tests.Azure.Parity;

/// <summary>
/// A clock that stands still until it is moved, so that what two hosts write down at the same step is the same to the tick. Its timers fire when it
/// is moved past them, and also after as long on the machine's clock: what waits a moment and looks again goes on.
/// </summary>
internal sealed class StillTime(DateTimeOffset now) : TimeProvider
{
    private readonly Lock _lock = new();
    private readonly HashSet<Alarm> _alarms = [];
    private DateTimeOffset _now = now;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow()
    {
        lock (_lock) return _now;
    }

    public override long GetTimestamp() => GetUtcNow().UtcTicks;

    public void Advance(TimeSpan by)
    {
        List<Alarm> due;
        lock (_lock)
        {
            _now += by;
            due = [.. _alarms.Where(alarm => alarm.DueAt <= _now)];
        }
        foreach (var alarm in due) alarm.Ring();
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var alarm = new Alarm(this, callback, state);
        alarm.Change(dueTime, period);
        return alarm;
    }

    private void Keep(Alarm alarm, TimeSpan dueTime)
    {
        lock (_lock)
        {
            alarm.DueAt = dueTime == Timeout.InfiniteTimeSpan ? DateTimeOffset.MaxValue : _now + dueTime;
            _alarms.Add(alarm);
        }
    }

    private void Forget(Alarm alarm)
    {
        lock (_lock) _alarms.Remove(alarm);
    }

    private sealed class Alarm : ITimer
    {
        private readonly StillTime _time;
        private readonly ITimer _timer;

        public Alarm(StillTime time, TimerCallback callback, object? state)
        {
            _time = time;
            _timer = System.CreateTimer(
                _ =>
                {
                    DueAt = DateTimeOffset.MaxValue;
                    callback(state);
                },
                null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }

        public DateTimeOffset DueAt { get; set; } = DateTimeOffset.MaxValue;

        public void Ring() => _timer.Change(TimeSpan.Zero, Timeout.InfiniteTimeSpan);

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            _time.Keep(this, dueTime);
            return _timer.Change(dueTime, period);
        }

        public void Dispose()
        {
            _time.Forget(this);
            _timer.Dispose();
        }

        public ValueTask DisposeAsync()
        {
            _time.Forget(this);
            return _timer.DisposeAsync();
        }
    }
}
