using System.Globalization;
using Interlock.Core.Storage;
using Interlock.Json;

namespace Interlock.Core.Gateway.Limits;

/// <summary>
/// One limit in one process. The tokens of all processes are in one row; this one leases a slice of them by compare-and-set and spends it without the store.
/// A slice ends <see cref="TokenBucket.SliceLife"/> after its lease was written, by the process's own monotonic clock, and what is left of it is lost: giving it
/// back would be a second write and would let tokens appear again when an old one is late. A slice is at most twice as large as what the last one
/// was used for, so at most two tokens are lost for each used one, and one slice per crash. Safe for concurrent use.
/// </summary>
internal sealed class LeasedBucket(ITableStore store, RowKey key, RateLimit limit, TimeProvider time, Func<double> jitter)
{
    public const string Table = "limits";

    private const string FullMember = "full";
    private const int MaxAttempts = 16;
    private const int MaxSlices = 8;

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(320);

    private readonly TokenBucket _bucket = new(limit);
    private readonly Lock _lock = new();
    private Slice? _slice;
    private (long Since, TimeSpan For)? _empty;
    private Task? _lease;
    private int _waiting;

    /// <summary>Whether dropping it loses nothing that is in use.</summary>
    public bool IsIdle
    {
        get
        {
            lock (_lock) return _waiting == 0 && (_slice is null || IsOver(_slice));
        }
    }

    /// <summary>Takes one token, or says when there will be one. Cancelling stops the waiting only.</summary>
    /// <exception cref="LimitContentionException">Other instances kept winning the row.</exception>
    public async Task<LimitResult> TakeAsync(CancellationToken cancellationToken = default)
    {
        while (true)
        {
            Task lease;
            lock (_lock)
            {
                if (Spend() is { } result) return result;
                _waiting++;
                lease = _lease ??= Task.Run(LeaseAsync, CancellationToken.None); // one at a time, for all who wait
            }
            try
            {
                await lease.WaitAsync(cancellationToken);
            }
            finally
            {
                lock (_lock) _waiting--;
            }
        }
    }

    /// <summary>Gives back a token that was not used; it lives no longer for that.</summary>
    public void GiveBack(LimitResult.Taken token)
    {
        lock (_lock)
        {
            token.From.Left++;
            token.From.Used--;
        }
    }

    /// <summary>A token of the slice, or what was learnt of an empty bucket, which nobody can have filled since; null when the store must be asked.</summary>
    private LimitResult? Spend()
    {
        if (_slice is { Left: > 0 } slice && !IsOver(slice))
        {
            slice.Left--;
            slice.Used++;
            return new LimitResult.Taken(slice);
        }
        if (_empty is not var (since, wait)) return null;
        var left = wait - time.GetElapsedTime(since);
        return left > TimeSpan.Zero ? new LimitResult.Empty(left) : null;
    }

    private async Task LeaseAsync()
    {
        try
        {
            for (var attempt = 1; attempt <= MaxAttempts; attempt++)
            {
                if (await TryLeaseAsync()) return;
                await PauseAsync(attempt);
            }
            throw new LimitContentionException($"The row of the limit {key.Partition} was lost to other instances {MaxAttempts} times in a row; repeat the call.");
        }
        finally
        {
            lock (_lock) _lease = null;
        }
    }

    /// <summary>Leases a slice, or learns that the bucket is empty; false when the row was lost, or won so late that the slice is over.</summary>
    private async Task<bool> TryLeaseAsync()
    {
        var row = await store.GetAsync(Table, key);
        // Both clocks are read before the write, this one first: the slice's life begins no later than the row says.
        var (since, now) = (time.GetTimestamp(), time.GetUtcNow());
        var full = row is null ? DateTimeOffset.MinValue : Read(row);
        var tokens = Math.Min(_bucket.Available(full, now), Wanted());
        if (tokens > 0 && !await WriteAsync(row, _bucket.Take(full, now, tokens))) return false;
        lock (_lock)
        {
            var slice = new Slice(since) { Left = tokens, Size = tokens };
            if (tokens == 0) _empty = (since, _bucket.UntilOne(full, now));
            else if (IsOver(slice)) return false;
            else (_slice, _empty) = (slice, null);
            return true;
        }
    }

    /// <summary>Twice the last slice where that was used up in its time, else what of it was used; enough for those who wait.</summary>
    private int Wanted()
    {
        lock (_lock)
        {
            var next = _slice is null ? 1 : _slice.Left == 0 && !IsOver(_slice) ? 2 * _slice.Size : _slice.Used;
            return Math.Clamp(Math.Max(next, _waiting), 1, Math.Max(1, _bucket.Size / MaxSlices));
        }
    }

    private bool IsOver(Slice slice) => time.GetElapsedTime(slice.Since) >= TokenBucket.SliceLife;

    private async Task<bool> WriteAsync(TableRow? row, DateTimeOffset full)
    {
        var body = JsonValue.Object((FullMember, full.ToString("O", CultureInfo.InvariantCulture)));
        return row is null
            ? (await store.InsertAsync(Table, key, body)).Ok
            : (await store.ReplaceAsync(Table, key, body, row.ETag)).Ok;
    }

    private Task PauseAsync(int attempt)
    {
        var longest = FirstPause * Math.Pow(2, attempt - 1);
        var pause = (longest < LongestPause ? longest : LongestPause) * jitter();
        return pause > TimeSpan.Zero ? Task.Delay(pause, time) : Task.CompletedTask;
    }

    private static DateTimeOffset Read(TableRow row) =>
        DateTimeOffset.TryParseExact(row.Body[FullMember]?.StringOrNull(), "O", CultureInfo.InvariantCulture, DateTimeStyles.None, out var full)
            ? full
            : throw new InvalidDataException($"The row of the limit {row.Key.Partition} is no such row.");
}
