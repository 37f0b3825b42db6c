namespace Interlock.Http.Upstreams;

/// <summary>The time a call has left: a token that ends at the deadline or when the caller cancels, and which of the two it was.</summary>
internal sealed class CallBudget : IDisposable
{
    private readonly CancellationTokenSource _deadline;
    private readonly CancellationTokenSource _either;
    private readonly CancellationToken _caller;

    public CallBudget(DateTimeOffset deadline, TimeProvider time, CancellationToken ct)
    {
        _caller = ct;
        var left = deadline - time.GetUtcNow();
        var most = TimeSpan.FromMilliseconds(int.MaxValue);
        _deadline = new CancellationTokenSource(left <= TimeSpan.Zero ? TimeSpan.Zero : left < most ? left : most, time);
        _either = CancellationTokenSource.CreateLinkedTokenSource(_deadline.Token, ct);
        Spent = left <= TimeSpan.Zero || ct.IsCancellationRequested;
    }

    public CancellationToken Token => _either.Token;

    /// <summary>Whether nothing was left to begin with.</summary>
    public bool Spent { get; }

    public bool CancelledByCaller => _caller.IsCancellationRequested;

    public void Dispose()
    {
        _either.Dispose();
        _deadline.Dispose();
    }
}
