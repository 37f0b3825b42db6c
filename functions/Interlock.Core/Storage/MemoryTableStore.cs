using System.Globalization;
using System.Runtime.CompilerServices;
using Interlock.Json;

namespace Interlock.Core.Storage;

/// <summary>
/// A table store that lasts as long as its process: for tests and for runs that need no durability. Safe for concurrent use.
/// A query sees the rows as they were when it began.
/// </summary>
public sealed class MemoryTableStore : IJointTables
{
    private readonly Lock _gate = new();
    private readonly Dictionary<(string Table, string Partition), Partition> _partitions = [];
    private long _lastETag;

    public Task<TableRow?> GetAsync(string table, RowKey key, CancellationToken cancellationToken = default)
    {
        TableRules.CheckKey(table, key);
        cancellationToken.ThrowIfCancellationRequested();
        Stored? found;
        lock (_gate) found = _partitions.GetValueOrDefault((table, key.Partition))?.Find(key.Row);
        return Task.FromResult(found is null ? null : Row(key, found));
    }

    public Task<WriteResult> InsertAsync(string table, RowKey key, JsonValue body, CancellationToken cancellationToken = default) =>
        WriteAsync(table, key, new TableWrite.Insert(key.Row, body), cancellationToken);

    public Task<WriteResult> ReplaceAsync(
        string table, RowKey key, JsonValue body, string etag, CancellationToken cancellationToken = default) =>
        WriteAsync(table, key, new TableWrite.Replace(key.Row, body, etag), cancellationToken);

    public Task<WriteResult> DeleteAsync(string table, RowKey key, string etag, CancellationToken cancellationToken = default) =>
        WriteAsync(table, key, new TableWrite.Delete(key.Row, etag), cancellationToken);

    public Task<BatchResult> BatchAsync(
        string table, string partition, IReadOnlyList<TableWrite> writes, CancellationToken cancellationToken = default)
    {
        var bodies = TableRules.EncodeBatch(table, partition, writes);
        cancellationToken.ThrowIfCancellationRequested();
        lock (_gate)
        {
            var rows = Rows(table, partition);
            return Task.FromResult(Check(rows, writes) is { } failed ? failed : new BatchResult(WriteStatus.Written, ETags: Apply(rows, writes, bodies)));
        }
    }

    public Task<JointResult> JointAsync(IReadOnlyList<TableBatch> batches, CancellationToken cancellationToken = default)
    {
        var bodies = TableRules.EncodeJoint(batches);
        cancellationToken.ThrowIfCancellationRequested();
        lock (_gate)
        {
            for (var i = 0; i < batches.Count; i++)
            {
                if (Check(Rows(batches[i].Table, batches[i].Partition), batches[i].Writes) is { } failed)
                    return Task.FromResult(new JointResult(failed.Status, i, failed.FailedIndex));
            }
            return Task.FromResult(new JointResult(WriteStatus.Written, ETags: [.. batches.Select((batch, i) => Apply(Rows(batch.Table, batch.Partition), batch.Writes, bodies[i]))]));
        }
    }

    public async IAsyncEnumerable<TableRow> QueryAsync(
        string table, string partition, string? from = null, string? to = null, bool descending = false,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        TableRules.CheckQuery(table, partition, from, to);
        foreach (var (row, stored) in Range(table, partition, from, to, descending))
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return Row(new RowKey(partition, row), stored);
        }
        await Task.CompletedTask;
    }

    private async Task<WriteResult> WriteAsync(string table, RowKey key, TableWrite write, CancellationToken cancellationToken)
    {
        var result = await BatchAsync(table, key.Partition, [write], cancellationToken);
        return new WriteResult(result.Status, result.ETags?[0]);
    }

    private string?[] Apply(Partition rows, IReadOnlyList<TableWrite> writes, IReadOnlyList<byte[]?> bodies)
    {
        var etags = new string?[writes.Count];
        for (var i = 0; i < writes.Count; i++)
        {
            if (bodies[i] is { } body)
            {
                var etag = (++_lastETag).ToString(CultureInfo.InvariantCulture);
                rows.Put(writes[i].Row, new Stored(body, etag));
                etags[i] = etag;
            }
            else rows.Remove(writes[i].Row);
        }
        return etags;
    }

    /// <summary>The first write whose condition does not hold.</summary>
    private static BatchResult? Check(Partition rows, IReadOnlyList<TableWrite> writes)
    {
        for (var i = 0; i < writes.Count; i++)
        {
            if (Check(rows, writes[i]) is var status and not WriteStatus.Written) return new BatchResult(status, i);
        }
        return null;
    }

    private static WriteStatus Check(Partition rows, TableWrite write)
    {
        var etag = rows.Find(write.Row)?.ETag;
        return write switch
        {
            TableWrite.Insert => etag is null ? WriteStatus.Written : WriteStatus.Exists,
            TableWrite.Replace replace => etag == replace.ETag ? WriteStatus.Written : WriteStatus.Stale,
            TableWrite.Delete delete => etag == delete.ETag ? WriteStatus.Written : WriteStatus.Stale,
            _ => throw new ArgumentException("A write is an insert, a replace or a delete.", nameof(write)),
        };
    }

    private List<KeyValuePair<string, Stored>> Range(string table, string partition, string? from, string? to, bool descending)
    {
        lock (_gate)
        {
            if (!_partitions.TryGetValue((table, partition), out var rows)) return [];
            var range = rows.Range(from, to);
            if (descending) range.Reverse();
            return range;
        }
    }

    private Partition Rows(string table, string partition)
    {
        if (!_partitions.TryGetValue((table, partition), out var rows)) _partitions[(table, partition)] = rows = new Partition();
        return rows;
    }

    private static TableRow Row(RowKey key, Stored stored) => new(key, TableRules.Decode(stored.Body), stored.ETag);

    /// <summary>Bodies are kept as bytes, so that a value reads back exactly as it does from a durable store.</summary>
    private sealed record Stored(byte[] Body, string ETag);

    /// <summary>The rows of one partition: found by their key, and in the order of their keys.</summary>
    private sealed class Partition
    {
        private readonly Dictionary<string, Stored> _rows = new(StringComparer.Ordinal);
        private readonly SortedSet<string> _keys = new(StringComparer.Ordinal);

        public Stored? Find(string row) => _rows.GetValueOrDefault(row);

        public void Put(string row, Stored stored)
        {
            if (_rows.TryAdd(row, stored)) _keys.Add(row);
            else _rows[row] = stored;
        }

        public void Remove(string row)
        {
            if (_rows.Remove(row)) _keys.Remove(row);
        }

        /// <summary>The rows from one key up to another, the latter not among them.</summary>
        public List<KeyValuePair<string, Stored>> Range(string? from, string? to)
        {
            var (first, last) = (from ?? "", to ?? _keys.Max);
            return last is null || string.CompareOrdinal(first, last) > 0 ? []
                : [.. _keys.GetViewBetween(first, last).Where(row => row != to).Select(row => new KeyValuePair<string, Stored>(row, _rows[row]))];
        }
    }
}
