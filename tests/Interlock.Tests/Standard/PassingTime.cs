using System.Diagnostics;
using Interlock.Tests.Azure.Parity;

namespace Interlock.Tests.Standard;

/// <summary>A clock that goes on as clocks do, and can be moved ahead; its timers fire when it is moved past them.</summary>
internal sealed class PassingTime : TimeProvider
{
    private readonly StillTime _moved = new(DateTimeOffset.UtcNow);
    private readonly Stopwatch _passed = Stopwatch.StartNew();

    public override DateTimeOffset GetUtcNow() => _moved.GetUtcNow() + _passed.Elapsed;

    public void Advance(TimeSpan by) => _moved.Advance(by);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => _moved.CreateTimer(callback, state, dueTime, period);
}
