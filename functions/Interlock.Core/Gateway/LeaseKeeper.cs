using Interlock.Core.Gateway.Stages;

namespace Interlock.Core.Gateway;

/// <summary>Prolongs the lease of a call while it waits for its answer.</summary>
internal sealed class LeaseKeeper(EffectLease? lease, Ledger ledger, TimeProvider time)
{
    /// <summary>
    /// The answer, with the lease kept until it came. A process that stood still until its lease had ended was taken for dead, and people may have been asked
    /// what happened, or told that nothing is under way any more: it sends nothing.
    /// </summary>
    public async Task<Answer> DuringAsync(CommittedCall committed, DateTimeOffset? seenUntil, Func<Task<Answer>> invoke)
    {
        if (lease is null) return await invoke();
        if (committed.Row.LeasedUntil <= time.GetUtcNow() || seenUntil <= time.GetUtcNow())
            return new Answer(new UpstreamResult.NotSent(new Problem(ProblemTypes.Runtime, 503, "The call was not made", "The process that was to make it was held up for too long; nothing was sent.")), null);
        using var answered = new CancellationTokenSource();
        var keeping = KeepAsync(committed, answered.Token);
        try
        {
            return await invoke();
        }
        finally
        {
            await answered.CancelAsync();
            await keeping;
        }
    }

    /// <summary>
    /// A lease that can't be prolonged ends: others then take this worker for dead, and its answer is still recorded when it comes. So a broken
    /// store is no reason to give the call up.
    /// </summary>
    private async Task KeepAsync(CommittedCall committed, CancellationToken answered)
    {
        var interval = lease!.Time / 3; // only with a lease
        while (true)
        {
            await Task.Delay(interval, time, answered).ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            if (answered.IsCancellationRequested) return;
            try
            {
                var call = committed.Authorized.Call;
                if (await ledger.FindAsync(call, answered) is not var (row, etag) || row.State != LedgerState.Intended || row.Attempt != committed.Row.Attempt || row.LeasedBy != lease.Holder) return;
                await ledger.WriteAsync(call, row with { LeasedUntil = time.GetUtcNow() + lease.Time }, etag, answered);
            }
            catch (Exception) when (!answered.IsCancellationRequested)
            {
                // See above: tried again after the interval.
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }
}
