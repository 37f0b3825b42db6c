namespace Interlock.Tests.Gateway;

/// <summary>Time, timestamps and timers that move by hand. One of several that share a hand may show another time of day.</summary>
internal sealed class ManualClock(DateTimeOffset now) : TimeProvider
{
    private readonly Lock _lock = new();
    private readonly List<Timer> _timers = [];
    private readonly List<(TimeSpan Due, int Count, TaskCompletionSource Set)> _expected = [];
    private TimeSpan _elapsed;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow()
    {
        lock (_lock) return now + _elapsed;
    }

    public override long GetTimestamp()
    {
        lock (_lock) return _elapsed.Ticks;
    }

    /// <summary>Moves on, and fires what is due on the way, in order.</summary>
    public void Advance(TimeSpan by)
    {
        TimeSpan end;
        lock (_lock) end = _elapsed + by;
        while (true)
        {
            Timer? next;
            lock (_lock)
            {
                next = _timers.Where(timer => timer.At <= end).MinBy(timer => timer.At);
                _elapsed = next is null ? end : next.At > _elapsed ? next.At : _elapsed;
                if (next is null) return;
                _timers.Remove(next);
            }
            next.Fire();
        }
    }

    /// <summary>Ends when so many wait for just so long.</summary>
    public Task TimerAsync(TimeSpan due, int count = 1)
    {
        lock (_lock)
        {
            if (_timers.Count(timer => timer.Due == due) >= count) return Task.CompletedTask;
            var set = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _expected.Add((due, count, set));
            return set.Task.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        }
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Timer(this, () => callback(state));
        timer.Change(dueTime, period);
        return timer;
    }

    private sealed class Timer(ManualClock clock, Action fire) : ITimer
    {
        public TimeSpan Due { get; private set; }

        public TimeSpan At { get; private set; }

        public void Fire() => fire();

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (clock._lock)
            {
                clock._timers.Remove(this);
                if (dueTime == Timeout.InfiniteTimeSpan) return true;
                (Due, At) = (dueTime, clock._elapsed + dueTime);
                clock._timers.Add(this);
                foreach (var (due, count, set) in clock._expected)
                    if (clock._timers.Count(timer => timer.Due == due) >= count) set.TrySetResult();
                return true;
            }
        }

        public void Dispose()
        {
            lock (clock._lock) clock._timers.Remove(this);
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
