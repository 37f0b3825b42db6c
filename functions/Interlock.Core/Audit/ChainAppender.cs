using System.Globalization;
using Interlock.Core.Storage;
using Interlock.Json;

namespace Interlock.Core.Audit;

/// <summary>
/// Writes one chain for this process: appends wait in line and go out in batches, one batch at a time. The head is remembered and
/// read again after any doubt. In a batch the rows that decide an append's result stand before the places, so a refused batch names
/// the append it failed for, or else a place that another process took.
/// </summary>
internal sealed class ChainAppender(ITableStore store, AuditChain chain, TimeProvider time)
{
    private const int MaxBatchRows = 100;
    private const int MaxBatchBytes = 3 * 512 * 1024;
    private const int MaxConflicts = 64;

    private readonly Lock _lock = new();
    private readonly LinkedList<PendingAppend> _line = new();
    private bool _running;
    private (long Seq, string Hash)? _head;

    public bool IsIdle
    {
        get
        {
            lock (_lock) return !_running;
        }
    }

    public void Enqueue(PendingAppend append)
    {
        lock (_lock)
        {
            _line.AddLast(append);
            if (_running) return;
            _running = true;
        }
        _ = RunAsync();
    }

    /// <summary>
    /// The first batch is written by who came first, the rest from the pool, so that nobody is kept to write for others. Who waits hears of it when the next batch has
    /// been taken: the last one goes on at once where nothing is left to be written, and all others from the pool.
    /// </summary>
    private async Task RunAsync()
    {
        for (var batch = Take(); batch is not null;)
        {
            var written = await TryWriteAsync(batch);
            var next = Take();
            for (var i = 0; i < written.Count; i++) written[i].Append.Complete(written[i].Result, atOnce: next is null && i == written.Count - 1);
            if (next is not null) await Task.Yield();
            batch = next;
        }
    }

    private async Task<IReadOnlyList<(PendingAppend Append, AuditAppendResult Result)>> TryWriteAsync(List<PendingAppend> batch)
    {
        try
        {
            return await WriteAsync(batch);
        }
#pragma warning disable CA1031 // every exception belongs to those who wait; what the store holds now is unknown
        catch (Exception e)
#pragma warning restore CA1031
        {
            _head = null;
            foreach (var append in batch) append.Fail(e);
            return [];
        }
    }

    /// <summary>The next appends that fit one batch and don't insert the same row; null, and idle, when none wait.</summary>
    private List<PendingAppend>? Take()
    {
        lock (_lock)
        {
            var batch = new List<PendingAppend>();
            var keys = new HashSet<string>(StringComparer.Ordinal);
            var (rows, bytes) = (0, 0);
            while (_line.First is { } first)
            {
                var append = first.Value;
                if (batch.Count > 0 && (rows + append.Rows > MaxBatchRows || bytes + append.Bytes > MaxBatchBytes || append.Keys.Any(keys.Contains))) break;
                _line.RemoveFirst();
                batch.Add(append);
                keys.UnionWith(append.Keys);
                (rows, bytes) = (rows + append.Rows, bytes + append.Bytes);
            }
            if (batch.Count == 0) _running = false;
            return batch.Count == 0 ? null : batch;
        }
    }

    private async Task<IReadOnlyList<(PendingAppend, AuditAppendResult)>> WriteAsync(List<PendingAppend> batch)
    {
        var conflicts = 0;
        while (batch.Count > 0)
        {
            var head = _head ??= await ReadHeadAsync();
            var (writes, owners, end) = Compose(batch, head);
            var joined = batch.FindAll(append => append.Together is not null);
            var result = await StoreAsync(writes, joined);
            if (result.Ok)
            {
                _head = end;
                return Results(batch, head.Seq, result);
            }
            if (result.FailedBatch > 0)
            {
                var refused = joined[result.FailedBatch - 1];
                refused.Complete(new AuditAppendResult.TogetherRefused());
                batch.Remove(refused);
                continue;
            }
            if (result.FailedIndex < 0 || result.FailedIndex >= writes.Count) throw new InvalidDataException("The store refused an audit batch without naming the row.");
            _head = null;
            if (owners[result.FailedIndex] is { } owner)
            {
                await RefuseAsync(owner, writes[result.FailedIndex].Row);
                batch.Remove(owner);
            }
            else if (++conflicts > MaxConflicts)
            {
                throw new AuditContentionException($"Other processes took the next place of audit chain {chain.Id} {conflicts} times in a row; repeat the append.");
            }
            else if (conflicts > 1)
            {
                await Task.Delay(Jitter(conflicts), time);
            }
        }
        return [];
    }

    /// <summary>Writes the chain's rows as the first batch, and behind it what is to be written together with them.</summary>
    private async Task<JointResult> StoreAsync(List<TableWrite> writes, List<PendingAppend> joined)
    {
        if (joined.Count > 0)
        {
            var own = new TableBatch(AuditChain.RecordsTable, chain.Partition, writes);
            return await ((IJointTables)store).JointAsync([own, .. joined.Select(append => append.Together!)]); // the log says which store can, and those have one
        }
        var result = await store.BatchAsync(AuditChain.RecordsTable, chain.Partition, writes);
        return new JointResult(result.Status, result.Ok ? -1 : 0, result.FailedIndex);
    }

    private static List<(PendingAppend, AuditAppendResult)> Results(List<PendingAppend> batch, long seq, JointResult result)
    {
        var next = 1;
        var results = new List<(PendingAppend, AuditAppendResult)>(batch.Count);
        foreach (var append in batch)
        {
            results.Add((append, new AuditAppendResult.Appended([.. append.Records.Select(_ => ++seq)])
            {
                Together = append.Together is null ? [] : result.ETags![next++], // those of the joint write, in the order of the appends
            }));
        }
        return results;
    }

    private static (List<TableWrite> Writes, List<PendingAppend?> Owners, (long Seq, string Hash) Head) Compose(List<PendingAppend> batch, (long Seq, string Hash) head)
    {
        var decisive = new List<TableWrite>();
        var owners = new List<PendingAppend?>();
        var places = new List<TableWrite>();
        foreach (var append in batch)
        {
            foreach (var record in append.Records)
            {
                var seq = head.Seq + 1;
                var hash = AuditEntry.HashOf(seq, head.Hash, record.Body);
                decisive.Add(new TableWrite.Insert(AuditChain.IdRow(record.Id), JsonValue.Object(("seq", seq), ("mark", append.Mark))));
                places.Add(new TableWrite.Insert(AuditChain.SeqRow(seq), JsonValue.Object(("seq", seq), ("prev", head.Hash), ("hash", hash), ("record", record.Body))));
                owners.Add(append);
                head = (seq, hash);
            }
            foreach (var row in append.Alongside)
            {
                decisive.Add(row.Write);
                owners.Add(append);
            }
        }
        owners.AddRange(places.Select(_ => (PendingAppend?)null));
        return ([.. decisive, .. places], owners, head);
    }

    /// <summary>Tells an append why it can't be written: its records are there already, or else a row alongside is.</summary>
    private async Task RefuseAsync(PendingAppend append, string failedRow)
    {
        var seqs = new List<long>();
        var own = true;
        foreach (var record in append.Records)
        {
            if (await store.GetAsync(AuditChain.RecordsTable, new RowKey(chain.Partition, AuditChain.IdRow(record.Id))) is not { } row) continue;
            seqs.Add((long)(row.Body["seq"] ?? throw Broken(row)).AsNumber());
            own &= row.Body["mark"]?.StringOrNull() == append.Mark;
        }
        if (seqs.Count == append.Records.Length) append.Complete(own && append.Together is null ? new AuditAppendResult.Appended(seqs) : new AuditAppendResult.AlreadyAppended(seqs));
        else if (seqs.Count > 0) append.Fail(new InvalidOperationException($"Of the records appended together to {chain.Id} some were there before and some not; records of one append belong together."));
        else append.Complete(new AuditAppendResult.AlongsideExists(failedRow));
    }

    private async Task<(long Seq, string Hash)> ReadHeadAsync()
    {
        var (from, to) = AuditChain.SeqRange;
        await foreach (var row in store.QueryAsync(AuditChain.RecordsTable, chain.Partition, from, to, descending: true))
        {
            if (row.Body["hash"]?.StringOrNull() is not { } hash || !long.TryParse(row.Key.Row, NumberStyles.None, CultureInfo.InvariantCulture, out var seq)) throw Broken(row);
            return (seq, hash);
        }
        // The index row comes first: a chain that has records is always listed.
        await store.InsertAsync(AuditChain.ChainsTable, chain.IndexKey, JsonValue.Object(("chain", chain.Id)));
        return (0, chain.Genesis);
    }

    private static TimeSpan Jitter(int conflicts) => TimeSpan.FromMilliseconds(1 + (Random.Shared.NextDouble() * Math.Min(100, 1 << Math.Min(conflicts, 7))));

    private static InvalidDataException Broken(TableRow row) => new($"The audit row {row.Key.Partition} {row.Key.Row} has lost its form.");
}
