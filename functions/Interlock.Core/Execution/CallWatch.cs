namespace Interlock.Core.Execution;

/// <summary>Looks now and then whether a run still waits for a call that is under way; <see cref="Left"/> is cancelled when it does not.</summary>
internal sealed class CallWatch : IDisposable
{
    private readonly CancellationTokenSource _left;
    private readonly CancellationTokenSource _over = new();

    public CallWatch(RunStore runs, TenantId tenant, RunId run, EffectId effect, TimeProvider time, TimeSpan interval, CancellationToken cancellationToken)
    {
        _left = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Left = _left.Token;
        _ = WatchAsync(runs, tenant, run, effect, time, interval, _over.Token);
    }

    public CancellationToken Left { get; }

    public void Dispose()
    {
        _over.Cancel();
        _over.Dispose();
    }

    private async Task WatchAsync(RunStore runs, TenantId tenant, RunId run, EffectId effect, TimeProvider time, TimeSpan interval, CancellationToken over)
    {
        try
        {
            while (true)
            {
                await Task.Delay(interval, time, over);
                if (await IsLeftAsync(runs, tenant, run, effect, over)) break;
            }
            await _left.CancelAsync();
        }
        catch (OperationCanceledException)
        {
            // The call ended first.
        }
        finally
        {
            _left.Dispose();
        }
    }

    private static async Task<bool> IsLeftAsync(RunStore runs, TenantId tenant, RunId run, EffectId effect, CancellationToken over)
    {
        try
        {
            return await runs.FindAsync(tenant, run, over) is not { } stored || !stored.State.Pending.ContainsKey(effect);
        }
        catch (Exception) when (!over.IsCancellationRequested)
        {
            return false; // a store that does not answer says nothing; asked again
        }
    }
}
