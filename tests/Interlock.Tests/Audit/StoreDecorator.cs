using Interlock.Core.Storage;
using Interlock.Json;

namespace Interlock.Tests.Audit;

internal abstract class StoreDecorator(ITableStore inner) : ITableStore
{
    public Task<TableRow?> GetAsync(string table, RowKey key, CancellationToken cancellationToken = default) => inner.GetAsync(table, key, cancellationToken);

    public Task<WriteResult> InsertAsync(string table, RowKey key, JsonValue body, CancellationToken cancellationToken = default) =>
        inner.InsertAsync(table, key, body, cancellationToken);

    public Task<WriteResult> ReplaceAsync(string table, RowKey key, JsonValue body, string etag, CancellationToken cancellationToken = default) =>
        throw new InvalidOperationException("The audit replaced a row.");

    public Task<WriteResult> DeleteAsync(string table, RowKey key, string etag, CancellationToken cancellationToken = default) =>
        throw new InvalidOperationException("The audit deleted a row.");

    public virtual Task<BatchResult> BatchAsync(string table, string partition, IReadOnlyList<TableWrite> writes, CancellationToken cancellationToken = default) =>
        inner.BatchAsync(table, partition, writes, cancellationToken);

    public IAsyncEnumerable<TableRow> QueryAsync(
        string table, string partition, string? from = null, string? to = null, bool descending = false, CancellationToken cancellationToken = default) =>
        inner.QueryAsync(table, partition, from, to, descending, cancellationToken);
}
