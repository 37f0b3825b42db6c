using Interlock.Json;

namespace Interlock.Core.Storage;

/// <summary>
/// Rows under Azure Table Storage's rules, on every store (see <see cref="TableRules"/>): tables named by 3 to 63 ASCII letters and
/// digits; keys of 1 to 512 characters up to U+FFFF without <c>/ \ # ? %</c> or control characters; bodies of at most 960 KiB as UTF-8 JSON and
/// 256 levels; batches of 1 to 100 rows and 2 MiB, in one partition, each row once; ETags only as returned, never <c>*</c>.
/// Breaking a rule is a bug and throws <see cref="ArgumentException"/>; a missing row or a lost race is a returned value.
/// A write that returned is durable.
/// </summary>
public interface ITableStore
{
    Task<TableRow?> GetAsync(string table, RowKey key, CancellationToken cancellationToken = default);

    Task<WriteResult> InsertAsync(string table, RowKey key, JsonValue body, CancellationToken cancellationToken = default);

    /// <summary>Replaces the row if its ETag is still this one.</summary>
    Task<WriteResult> ReplaceAsync(string table, RowKey key, JsonValue body, string etag, CancellationToken cancellationToken = default);

    /// <summary>Deletes the row if its ETag is still this one.</summary>
    Task<WriteResult> DeleteAsync(string table, RowKey key, string etag, CancellationToken cancellationToken = default);

    /// <summary>All or nothing; <see cref="BatchResult.FailedIndex"/> names the first write whose condition did not hold.</summary>
    Task<BatchResult> BatchAsync(string table, string partition, IReadOnlyList<TableWrite> writes, CancellationToken cancellationToken = default);

    /// <summary>
    /// The rows of one partition in ordinal key order, from <paramref name="from"/> (inclusive) to <paramref name="to"/>
    /// (exclusive). No snapshot: a row changed while the query runs is seen as before or after its change.
    /// </summary>
    IAsyncEnumerable<TableRow> QueryAsync(
        string table, string partition, string? from = null, string? to = null, bool descending = false, CancellationToken cancellationToken = default);
}
