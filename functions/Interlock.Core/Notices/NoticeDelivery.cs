using System.Collections.Concurrent;
using System.Text.Json;
using Interlock.Core.Approvals;
using Interlock.Core.Audit;
using Interlock.Core.Storage;

namespace Interlock.Core.Notices;

/// <summary>
/// Delivers what the outbox holds. Before a try its row is moved on by <see cref="Lease"/>, so that of several processes one sends, and what a dead one left
/// comes back. After it the row says how the notice ended, then the audit, then it is gone: a crash in between sends nothing twice, one between
/// sending and that does. Safe to run anywhere, any time, twice at once.
/// </summary>
public sealed class NoticeDelivery(ITableStore store, GateStore gates, AuditLog audit, NoticeChannels channels, INoticeSender sender, TimeProvider time)
{
    public const string Delivered = "delivered";
    public const string GivenUp = "given-up";
    public const string NotNeeded = "not-needed";

    /// <summary>How long a notice is its sender's.</summary>
    public static readonly TimeSpan Lease = TimeSpan.FromMinutes(1);

    /// <summary>The pause after the first try; it doubles with each.</summary>
    public static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(15);

    public static readonly TimeSpan LongestPause = TimeSpan.FromHours(1);

    private const int MostAtOnce = 100;
    private const int Abreast = 8;

    /// <summary>Looks at up to a hundred notices that are due; one that fails does not keep the others from going out.</summary>
    public async Task<NoticePass> RunAsync(TenantId tenant, CancellationToken cancellationToken = default)
    {
        var due = await RowsAsync(tenant, NoticeRows.DueBy(time.GetUtcNow()), cancellationToken);
        var (ended, putOff) = (new ConcurrentQueue<Notice>(), new ConcurrentQueue<Notice>());
        var failed = new ConcurrentQueue<(string Row, Exception Error)>();
        var options = new ParallelOptions { MaxDegreeOfParallelism = Abreast, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(due, options, async (row, stopping) =>
        {
            try
            {
                if (await TakeAsync(tenant, row, stopping) is not { } notice) return;
                (notice.End is null ? putOff : ended).Enqueue(notice);
            }
            catch (Exception e) when (!stopping.IsCancellationRequested)
            {
                failed.Enqueue((row.Key.Row, e));
            }
        });
        foreach (var told in await RowsAsync(tenant, NoticeRows.ToldUntil(time.GetUtcNow()), cancellationToken))
            await store.DeleteAsync(NoticeRows.Table, told.Key, told.ETag, cancellationToken);
        return new NoticePass([.. ended], [.. putOff], [.. failed], due.Count < MostAtOnce);
    }

    private ValueTask<List<TableRow>> RowsAsync(TenantId tenant, (string From, string To) range, CancellationToken cancellationToken) =>
        store.QueryAsync(NoticeRows.Table, NoticeRows.Partition(tenant), range.From, range.To, cancellationToken: cancellationToken)
            .Take(MostAtOnce).ToListAsync(cancellationToken);

    /// <summary>The notice as this left it; null when somebody else has it.</summary>
    private async Task<Notice?> TakeAsync(TenantId tenant, TableRow row, CancellationToken cancellationToken)
    {
        if (Read(tenant, row) is not { } notice)
        {
            var now = time.GetUtcNow();
            await RemoveAsync(NoticeRecords.Unreadable(tenant, row.Key.Row, row.ETag, now), row, cancellationToken);
            return null;
        }
        if (notice.End is not null) return await FinishAsync(notice, row, cancellationToken);
        var gate = (await gates.FindAsync(tenant, notice.Gate, cancellationToken))?.Gate;
        var channel = channels.Find(notice.Channel);
        if (Moot(notice, gate, channel) is { } moot) return await EndAsync(notice with { Reason = moot.Reason }, moot.Outcome, row, cancellationToken);
        notice = notice with { Attempts = notice.Attempts + 1 };
        if (await MoveAsync(notice, row, time.GetUtcNow() + Lease, cancellationToken) is not { } claimed) return null;
        // What comes of a try is written even when the process is told to stop meanwhile: else it would be tried again.
        return await TryAsync(channel!, notice, gate!, cancellationToken) switch // neither is moot
        {
            NoticeResult.Delivered => await EndAsync(notice with { Reason = null }, Delivered, claimed, CancellationToken.None),
            NoticeResult.Refused refused => await EndAsync(notice with { Reason = refused.Reason }, GivenUp, claimed, CancellationToken.None),
            NoticeResult.Later later => await PutOffAsync(notice with { Reason = later.Reason }, later.After, claimed),
            var other => throw new InvalidOperationException($"Unexpected {other.GetType().Name}."),
        };
    }

    /// <summary>Why a notice is not to be sent (any more), if so.</summary>
    private (string Outcome, string Reason)? Moot(Notice notice, Gate? gate, NoticeChannel? channel)
    {
        if (gate is null) return (GivenUp, "The gate's row is gone, or was not written by Interlock.");
        if (channel?.Wants(gate, notice.What) != true) return (NotNeeded, "The channel is not configured for this any more.");
        if (notice.What == NoticeEvents.Opened && gate.Outcome is not null) return (NotNeeded, "The gate was closed before.");
        return time.GetUtcNow() < notice.Until ? null : (GivenUp, notice.Reason ?? "Its time was over before it was tried.");
    }

    private async Task<NoticeResult> TryAsync(NoticeChannel channel, Notice notice, Gate gate, CancellationToken cancellationToken)
    {
        try
        {
            return await sender.SendAsync(channel, notice, gate, cancellationToken);
        }
        catch (Exception e) when (e is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            return new NoticeResult.Later($"Something of ours broke ({e.GetType().Name}).");
        }
    }

    private async Task<Notice?> PutOffAsync(Notice notice, TimeSpan? after, TableRow claimed)
    {
        var pause = FirstPause * Math.Pow(2, Math.Min(notice.Attempts - 1, 16));
        if (pause > LongestPause) pause = LongestPause;
        if (after > pause) pause = after.Value;
        var now = time.GetUtcNow();
        var next = pause < notice.Until - now ? now + pause : notice.Until;
        return await MoveAsync(notice, claimed, next, CancellationToken.None) is null ? null : notice;
    }

    private async Task<Notice?> EndAsync(Notice notice, string outcome, TableRow row, CancellationToken cancellationToken)
    {
        notice = notice with { End = new NoticeEnd(outcome, time.GetUtcNow()) };
        var written = await store.ReplaceAsync(NoticeRows.Table, row.Key, NoticeRows.Body(notice), row.ETag, cancellationToken);
        return written is { Ok: true, ETag: { } etag } ? await FinishAsync(notice, row with { ETag = etag }, cancellationToken) : null;
    }

    private async Task<Notice> FinishAsync(Notice notice, TableRow row, CancellationToken cancellationToken)
    {
        await RemoveAsync(NoticeRecords.Ended(notice, notice.End!), row, cancellationToken); // the caller has looked
        return notice;
    }

    private async Task RemoveAsync(AuditRecord record, TableRow row, CancellationToken cancellationToken)
    {
        await audit.AppendAsync(new AuditChain(record.Tenant, record.Chain), [record], [], cancellationToken);
        await store.DeleteAsync(NoticeRows.Table, row.Key, row.ETag, cancellationToken);
    }

    /// <summary>The row at its new time; null when somebody else moved it.</summary>
    private async Task<TableRow?> MoveAsync(Notice notice, TableRow row, DateTimeOffset at, CancellationToken cancellationToken)
    {
        var (body, key) = (NoticeRows.Body(notice), NoticeRows.DueRow(notice.Id, at));
        if (key == row.Key.Row)
        {
            var replaced = await store.ReplaceAsync(NoticeRows.Table, row.Key, body, row.ETag, cancellationToken);
            return replaced is { Ok: true, ETag: { } same } ? new TableRow(row.Key, body, same) : null;
        }
        var moved = await store.BatchAsync(NoticeRows.Table, row.Key.Partition, [new TableWrite.Delete(row.Key.Row, row.ETag), new TableWrite.Insert(key, body)], cancellationToken);
        return moved is { Ok: true, ETags: [_, { } etag] } ? new TableRow(new RowKey(row.Key.Partition, key), body, etag) : null;
    }

    /// <summary>The row's notice; null when it is none, or another's.</summary>
    private static Notice? Read(TenantId tenant, TableRow row)
    {
        try
        {
            var notice = NoticeRows.Read(row);
            return notice is { Gate.Value: not null, Run: null or { Value: not null }, What: { } what, Channel: { } channel }
                && notice.Tenant == tenant && notice.Id == NoticeId.Of(tenant, notice.Gate, what, channel) ? notice : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
