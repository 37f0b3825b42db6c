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
    private readonly SemaphoreSlim _turn = new(1, 1);
    private Slice? _slice;
    private (long Since, TimeSpan For)? _empty;
    private int _waiting;

    /// <summary>Whether dropping it loses nothing that is in use.</summary>
    public bool IsIdle
    {
        get
        {
            lock (_lock) return _waiting == 0 && (_slice is null || IsOver(_slice));
        }
    }

    /// <summary>Takes one token, or says when there will be one.</summary>
    /// <exception cref="LimitContentionException">Other instances kept winning the row.</exception>
    public async Task<LimitResult> TakeAsync(CancellationToken cancellationToken = default)
    {
        if (Spend() is { } quick) return quick;
        Interlocked.Increment(ref _waiting);
        try
        {
            await _turn.WaitAsync(cancellationToken);
            try
            {
                return Spend() ?? await LeaseAsync(cancellationToken);
            }
            finally
            {
                _turn.Release();
            }
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
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
        lock (_lock)
        {
            if (_slice is { Left: > 0 } slice && !IsOver(slice)) return Spend(slice);
            if (_empty is not var (since, wait)) return null;
            var left = wait - time.GetElapsedTime(since);
            return left > TimeSpan.Zero ? new LimitResult.Empty(left) : null;
        }
    }

    private static LimitResult.Taken Spend(Slice slice)
    {
        slice.Left--;
        slice.Used++;
        return new LimitResult.Taken(slice);
    }

    private async Task<LimitResult> LeaseAsync(CancellationToken cancellationToken)
    {
        for (var attempt = 1; attempt <= MaxAttempts; attempt++)
        {
            var row = await store.GetAsync(Table, key, cancellationToken);
            // Both clocks are read before the write, this one first: the slice's life begins no later than the row says.
            var (since, now) = (time.GetTimestamp(), time.GetUtcNow());
            var full = row is null ? DateTimeOffset.MinValue : Read(row);
            var tokens = Math.Min(_bucket.Available(full, now), Wanted());
            if (tokens == 0) return Remember(since, _bucket.UntilOne(full, now));
            if (await WriteAsync(row, _bucket.Take(full, now, tokens), cancellationToken) && Begin(new Slice(since) { Left = tokens, Size = tokens }) is { } token) return token;
            await PauseAsync(attempt, cancellationToken);
        }
        throw new LimitContentionException($"The row of the limit {key.Partition} was lost to other instances {MaxAttempts} times in a row; repeat the call.");
    }

    /// <summary>The first token of a new slice; null when the write took so long that the slice is over.</summary>
    private LimitResult.Taken? Begin(Slice slice)
    {
        lock (_lock)
        {
            if (IsOver(slice)) return null;
            (_slice, _empty) = (slice, null);
            return Spend(slice);
        }
    }

    private LimitResult.Empty Remember(long since, TimeSpan wait)
    {
        lock (_lock) _empty = (since, wait);
        return new LimitResult.Empty(wait);
    }

    /// <summary>Twice the last slice where that was used up in its time, else what of it was used; enough for those who wait.</summary>
    private int Wanted()
    {
        lock (_lock)
        {
            var next = _slice is null ? 1 : _slice.Left == 0 && !IsOver(_slice) ? 2 * _slice.Size : _slice.Used;
            return Math.Clamp(Math.Max(next, Volatile.Read(ref _waiting)), 1, Math.Max(1, _bucket.Size / MaxSlices));
        }
    }

    private bool IsOver(Slice slice) => time.GetElapsedTime(slice.Since) >= TokenBucket.SliceLife;

    private async Task<bool> WriteAsync(TableRow? row, DateTimeOffset full, CancellationToken cancellationToken)
    {
        var body = JsonValue.Object((FullMember, full.ToString("O", CultureInfo.InvariantCulture)));
        return row is null
            ? (await store.InsertAsync(Table, key, body, cancellationToken)).Ok
            : (await store.ReplaceAsync(Table, key, body, row.ETag, cancellationToken)).Ok;
    }

    private Task PauseAsync(int attempt, CancellationToken cancellationToken)
    {
        var longest = FirstPause * Math.Pow(2, attempt - 1);
        var pause = (longest < LongestPause ? longest : LongestPause) * jitter();
        return pause > TimeSpan.Zero ? Task.Delay(pause, time, cancellationToken) : Task.CompletedTask;
    }

    private static DateTimeOffset Read(TableRow row) =>
        DateTimeOffset.TryParseExact(row.Body[FullMember]?.StringOrNull(), "O", CultureInfo.InvariantCulture, DateTimeStyles.None, out var full)
            ? full
            : throw new InvalidDataException($"The row of the limit {row.Key.Partition} is no such row.");
}
