namespace Interlock.Core.Gateway.Resilience;

/// <summary>
/// How long to wait before trying again: exponential with full jitter, a random part of 100 ms, 200 ms, 400 ms … 10 s, and no less than the upstream asked for.
/// What would end after the deadline, or is asked to last longer than a minute, is not waited for.
/// </summary>
internal sealed class RetryPause(TimeProvider time, Func<double> jitter)
{
    private static readonly TimeSpan First = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Most = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan MostAsked = TimeSpan.FromMinutes(1);

    /// <summary>Waits before the repeat of that number, from 0; false when there is no time for it or nobody waits any more.</summary>
    public async Task<bool> WaitAsync(int repeat, TimeSpan? asked, DateTimeOffset deadline, CancellationToken cancellationToken)
    {
        var pause = First * Math.Pow(2, repeat);
        pause = jitter() * (pause < Most ? pause : Most);
        if (asked > pause) pause = asked.Value; // it is greater, so it is there
        if (asked > MostAsked || time.GetUtcNow() + pause >= deadline) return false;
        try
        {
            if (pause > TimeSpan.Zero) await Task.Delay(pause, time, cancellationToken);
            return !cancellationToken.IsCancellationRequested;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }
}
