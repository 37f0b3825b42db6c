using Interlock.Core.Storage;
using Interlock.Json;

namespace Interlock.Tests.Gateway;

/// <summary>Gives others a turn around every operation, as a store over a network does.</summary>
internal sealed class YieldingTableStore(ITableStore inner) : ITableStore
{
    public async Task<TableRow?> GetAsync(string table, RowKey key, CancellationToken cancellationToken = default)
    {
        await Task.Yield();
        var row = await inner.GetAsync(table, key, cancellationToken);
        await Task.Yield();
        return row;
    }

    public async Task<WriteResult> InsertAsync(string table, RowKey key, JsonValue body, CancellationToken cancellationToken = default)
    {
        await Task.Yield();
        return await inner.InsertAsync(table, key, body, cancellationToken);
    }

    public async Task<WriteResult> ReplaceAsync(string table, RowKey key, JsonValue body, string etag, CancellationToken cancellationToken = default)
    {
        await Task.Yield();
        return await inner.ReplaceAsync(table, key, body, etag, cancellationToken);
    }

    public async Task<WriteResult> DeleteAsync(string table, RowKey key, string etag, CancellationToken cancellationToken = default)
    {
        await Task.Yield();
        return await inner.DeleteAsync(table, key, etag, cancellationToken);
    }

    public async Task<BatchResult> BatchAsync(string table, string partition, IReadOnlyList<TableWrite> writes, CancellationToken cancellationToken = default)
    {
        await Task.Yield();
        return await inner.BatchAsync(table, partition, writes, cancellationToken);
    }

    public IAsyncEnumerable<TableRow> QueryAsync(
        string table, string partition, string? from = null, string? to = null, bool descending = false, CancellationToken cancellationToken = default) =>
        inner.QueryAsync(table, partition, from, to, descending, cancellationToken);
}
