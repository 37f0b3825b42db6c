using Interlock.Core.Storage;
using Interlock.Json;

namespace Interlock.Tests.Registry;

/// <summary>Somebody else writes just before the first batch is written.</summary>
internal sealed class RacingTableStore(ITableStore inner, Func<Task> other) : ITableStore
{
    public bool Raced { get; private set; }

    public Task<TableRow?> GetAsync(string table, RowKey key, CancellationToken cancellationToken = default) => inner.GetAsync(table, key, cancellationToken);

    public Task<WriteResult> InsertAsync(string table, RowKey key, JsonValue body, CancellationToken cancellationToken = default) => inner.InsertAsync(table, key, body, cancellationToken);

    public Task<WriteResult> ReplaceAsync(string table, RowKey key, JsonValue body, string etag, CancellationToken cancellationToken = default) =>
        inner.ReplaceAsync(table, key, body, etag, cancellationToken);

    public Task<WriteResult> DeleteAsync(string table, RowKey key, string etag, CancellationToken cancellationToken = default) => inner.DeleteAsync(table, key, etag, cancellationToken);

    public async Task<BatchResult> BatchAsync(string table, string partition, IReadOnlyList<TableWrite> writes, CancellationToken cancellationToken = default)
    {
        if (!Raced)
        {
            Raced = true;
            await other();
        }
        return await inner.BatchAsync(table, partition, writes, cancellationToken);
    }

    public IAsyncEnumerable<TableRow> QueryAsync(
        string table, string partition, string? from = null, string? to = null, bool descending = false, CancellationToken cancellationToken = default) =>
        inner.QueryAsync(table, partition, from, to, descending, cancellationToken);
}
