using Interlock.Core.Storage;
using Interlock.Json;

namespace Interlock.Core.Gateway.Limits;

/// <summary>
/// What was used of one quota in one window, in one row for all instances. An amount counts as used when it is leased, so all instances together never use more than the
/// limit, whatever crashes; what a process had leased and not used is lost with it: at most a thirty-second of what was left then, and 64 calls. Safe for concurrent use.
/// </summary>
internal sealed class QuotaCounter(ITableStore store, RowKey key, Func<CancellationToken, Task> beginning, Func<double> jitter, TimeProvider time)
{
    public const string Table = "quotas";

    private const string UsedMember = "used";
    private const int Share = 32;
    private const int MostAhead = 64;
    private const int MaxAttempts = 100;

    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(40);

    private readonly Lock _lock = new();
    private long _left;

    /// <summary>One lease at a time.</summary>
    private SemaphoreSlim Leasing { get; } = new(1);

    /// <summary>Takes the amount if the limit has it. Exact: nothing is leased ahead.</summary>
    /// <exception cref="LimitContentionException">Other instances kept winning the row.</exception>
    public async Task<bool> TakeAsync(long amount, long limit, bool isExact, CancellationToken cancellationToken)
    {
        if (TrySpend(amount)) return true;
        await Leasing.WaitAsync(cancellationToken);
        try
        {
            for (var attempt = 0; attempt < MaxAttempts; attempt++)
            {
                if (TrySpend(amount)) return true;
                if (await TryLeaseAsync(amount, limit, isExact, cancellationToken) is { } isEnough)
                {
                    if (!isEnough) return false;
                    continue;
                }
                await Task.Delay(LongestPause * jitter(), time, cancellationToken);
            }
            throw Contention();
        }
        finally
        {
            Leasing.Release();
        }
    }

    /// <summary>Whether nothing of the limit is left that this or another instance could use.</summary>
    public async Task<bool> IsUsedUpAsync(long limit, CancellationToken cancellationToken)
    {
        var (_, used) = await ReadAsync(cancellationToken);
        lock (_lock) return used >= limit && _left == 0;
    }

    /// <summary>Counts an amount that was used already, whatever the limit.</summary>
    /// <exception cref="LimitContentionException">Other instances kept winning the row.</exception>
    public async Task ChargeAsync(long amount, CancellationToken cancellationToken)
    {
        if (TrySpend(amount)) return;
        for (var attempt = 0; attempt < MaxAttempts; attempt++)
        {
            var (row, used) = await ReadAsync(cancellationToken);
            if (await TryWriteAsync(row, used + amount, cancellationToken)) return;
            await Task.Delay(LongestPause * jitter(), time, cancellationToken);
        }
        throw Contention();
    }

    /// <summary>Gives back an amount that was not used, to be used here.</summary>
    public void GiveBack(long amount)
    {
        lock (_lock) _left += amount;
    }

    private bool TrySpend(long amount)
    {
        lock (_lock)
        {
            if (_left < amount) return false;
            _left -= amount;
            return true;
        }
    }

    /// <summary>True when there is enough now, false when the limit is used up, null when the row was lost to another instance.</summary>
    private async Task<bool?> TryLeaseAsync(long amount, long limit, bool isExact, CancellationToken cancellationToken)
    {
        var (row, used) = await ReadAsync(cancellationToken);
        var remaining = limit - used;
        long needed;
        lock (_lock) needed = amount - _left;
        if (needed <= 0) return true;
        if (needed > remaining) return false;
        var lease = isExact ? needed : Math.Max(needed, Math.Min(remaining / Share, MostAhead * amount));
        if (!await TryWriteAsync(row, used + lease, cancellationToken)) return null;
        GiveBack(lease);
        return true;
    }

    private async Task<(TableRow? Row, long Used)> ReadAsync(CancellationToken cancellationToken)
    {
        var row = await store.GetAsync(Table, key, cancellationToken);
        return (row, row?.Body[UsedMember] is { IsNumber: true } number ? (long)number.AsNumber() : 0);
    }

    private async Task<bool> TryWriteAsync(TableRow? row, long used, CancellationToken cancellationToken)
    {
        var body = JsonValue.Object((UsedMember, used));
        if (row is null) await beginning(cancellationToken);
        return (row is null ? await store.InsertAsync(Table, key, body, cancellationToken) : await store.ReplaceAsync(Table, key, body, row.ETag, cancellationToken)).Ok;
    }

    private LimitContentionException Contention() => new($"The row of the quota {key.Partition} was lost to other instances {MaxAttempts} times in a row; repeat the call.");
}
