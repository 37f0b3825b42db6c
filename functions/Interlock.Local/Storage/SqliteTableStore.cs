using System.Globalization;
using System.Runtime.CompilerServices;
using Interlock.Core.Storage;
using Interlock.Json;

namespace Interlock.Local.Storage;

/// <summary>
/// The embedded host's table store. ETags are numbers of one counter, never used twice. Writes can't be cancelled once queued. A query
/// reads page by page and holds nothing between pages: rows changed meanwhile are seen as they are when their page is read.
/// </summary>
internal sealed class SqliteTableStore(SqliteDatabase database) : IJointTables
{
    private const int PageRows = 100;
    private const int PageBytes = 1 << 20;

    public Task<TableRow?> GetAsync(string table, RowKey key, CancellationToken cancellationToken = default)
    {
        TableRules.CheckKey(table, key);
        cancellationToken.ThrowIfCancellationRequested();
        var stored = database.Read(reader => Find(reader, table, key));
        return Task.FromResult(stored is var (etag, body) ? new TableRow(key, TableRules.Decode(body), Format(etag)) : null);
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
        TableWrite[] copy = [.. writes];
        var bodies = TableRules.EncodeBatch(table, partition, copy);
        cancellationToken.ThrowIfCancellationRequested();
        return database.WriteHereAsync(writer =>
            Check(writer, table, partition, copy) is { } failed ? failed : new BatchResult(WriteStatus.Written, ETags: Apply(writer, table, partition, copy, bodies)));
    }

    public Task<JointResult> JointAsync(IReadOnlyList<TableBatch> batches, CancellationToken cancellationToken = default)
    {
        TableBatch[] copy = [.. batches.Select(batch => batch with { Writes = [.. batch.Writes] })];
        var bodies = TableRules.EncodeJoint(copy);
        cancellationToken.ThrowIfCancellationRequested();
        return database.WriteHereAsync(writer =>
        {
            for (var i = 0; i < copy.Length; i++)
            {
                if (Check(writer, copy[i].Table, copy[i].Partition, copy[i].Writes) is { } failed) return new JointResult(failed.Status, i, failed.FailedIndex);
            }
            var etags = new string?[copy.Length][];
            for (var i = 0; i < copy.Length; i++) etags[i] = Apply(writer, copy[i].Table, copy[i].Partition, copy[i].Writes, bodies[i]);
            return new JointResult(WriteStatus.Written, ETags: etags);
        });
    }

    public async IAsyncEnumerable<TableRow> QueryAsync(
        string table, string partition, string? from = null, string? to = null, bool descending = false,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        TableRules.CheckQuery(table, partition, from, to);
        string? last = null;
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var after = last;
            var (page, more) = database.Read(reader => Page(reader, table, partition, from, to, after, descending));
            foreach (var (row, etag, body) in page)
            {
                cancellationToken.ThrowIfCancellationRequested();
                last = row;
                yield return new TableRow(new RowKey(partition, row), TableRules.Decode(body), Format(etag));
            }
            if (!more) yield break;
            await Task.Yield(); // a long query lets others run between pages
        }
    }

    private async Task<WriteResult> WriteAsync(string table, RowKey key, TableWrite write, CancellationToken cancellationToken)
    {
        var result = await BatchAsync(table, key.Partition, [write], cancellationToken);
        return new WriteResult(result.Status, result.ETags?[0]);
    }

    /// <summary>The first write whose condition does not hold. Since each row occurs once, no write changes another's: all are checked before the first is written.</summary>
    private static BatchResult? Check(SqliteWriter writer, string table, string partition, IReadOnlyList<TableWrite> writes)
    {
        for (var i = 0; i < writes.Count; i++)
        {
            if (Check(writer, table, partition, writes[i]) is var status and not WriteStatus.Written) return new BatchResult(status, i);
        }
        return null;
    }

    private static string?[] Apply(SqliteWriter writer, string table, string partition, IReadOnlyList<TableWrite> writes, IReadOnlyList<byte[]?> bodies)
    {
        var etags = new string?[writes.Count];
        for (var i = 0; i < writes.Count; i++) etags[i] = Apply(writer, table, partition, writes[i], bodies[i]);
        return etags;
    }

    private static WriteStatus Check(SqliteReader reader, string table, string partition, TableWrite write)
    {
        using var find = reader.Statement("SELECT etag FROM rows WHERE tbl = ?1 AND pk = ?2 AND rk = ?3");
        var etag = find.Bind(table).Bind(partition).Bind(write.Row).Step() ? Format(find.Int64(0)) : null;
        return write switch
        {
            TableWrite.Insert => etag is null ? WriteStatus.Written : WriteStatus.Exists,
            TableWrite.Replace replace => etag == replace.ETag ? WriteStatus.Written : WriteStatus.Stale,
            TableWrite.Delete delete => etag == delete.ETag ? WriteStatus.Written : WriteStatus.Stale,
            _ => throw new ArgumentException("A write is an insert, a replace or a delete.", nameof(write)),
        };
    }

    private static string? Apply(SqliteWriter writer, string table, string partition, TableWrite write, byte[]? body)
    {
        if (body is null)
        {
            using var delete = writer.Statement("DELETE FROM rows WHERE tbl = ?1 AND pk = ?2 AND rk = ?3");
            delete.Bind(table).Bind(partition).Bind(write.Row).Run();
            return null;
        }
        var etag = writer.NextETag();
        using var put = writer.Statement(write is TableWrite.Insert
            ? "INSERT INTO rows (etag, body, tbl, pk, rk) VALUES (?1, ?2, ?3, ?4, ?5)"
            : "UPDATE rows SET etag = ?1, body = ?2 WHERE tbl = ?3 AND pk = ?4 AND rk = ?5");
        put.Bind(etag).Bind(body).Bind(table).Bind(partition).Bind(write.Row).Run();
        return Format(etag);
    }

    private static (long ETag, byte[] Body)? Find(SqliteReader reader, string table, RowKey key)
    {
        using var find = reader.Statement("SELECT etag, body FROM rows WHERE tbl = ?1 AND pk = ?2 AND rk = ?3");
        return find.Bind(table).Bind(key.Partition).Bind(key.Row).Step() ? (find.Int64(0), find.Blob(1)) : null;
    }

    private static (List<(string Row, long ETag, byte[] Body)> Rows, bool More) Page(
        SqliteReader reader, string table, string partition, string? from, string? to, string? after, bool descending)
    {
        using var select = reader.Statement(Select(from is not null, to is not null, after is not null, descending));
        select.Bind(table).Bind(partition);
        foreach (var bound in (ReadOnlySpan<string?>)[from, to, after])
        {
            if (bound is not null) select.Bind(bound);
        }
        var (rows, bytes) = (new List<(string, long, byte[])>(), 0);
        while (select.Step())
        {
            if (rows.Count == PageRows || bytes >= PageBytes) return (rows, true);
            var body = select.Blob(2);
            rows.Add((select.Text(0), select.Int64(1), body));
            bytes += body.Length;
        }
        return (rows, false);
    }

    /// <summary>One of sixteen texts. The page's own bound stands beside the query's: SQLite seeks by one of them and tests the other.</summary>
    private static string Select(bool from, bool to, bool after, bool descending) =>
        "SELECT rk, etag, body FROM rows WHERE tbl = ? AND pk = ?"
        + (from ? " AND rk >= ?" : "") + (to ? " AND rk < ?" : "")
        + (after ? descending ? " AND rk < ?" : " AND rk > ?" : "")
        + (descending ? " ORDER BY rk DESC" : " ORDER BY rk");

    private static string Format(long etag) => etag.ToString(CultureInfo.InvariantCulture);
}
