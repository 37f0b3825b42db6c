using System.Runtime.CompilerServices;
using Azure;
using Azure.Core;
using Azure.Data.Tables;
using Interlock.Core.Storage;
using Interlock.Json;

namespace Interlock.Functions.Storage;

/// <summary>
/// Rows in Azure Table Storage: docs/storage.md says how the port's contract is kept. Rows are named in filters and in batches, never in a
/// request's path. A table is made when a write finds none: reads need no right to, nor does a process whose tables exist.
/// Failures of the service are its <see cref="RequestFailedException"/>s; what a repeated write came to, where it can't be told, is an
/// <see cref="OutcomeUnknownException"/>.
/// </summary>
internal sealed class TableStore(TableServiceClient service) : ITableStore
{
    private const int PageRows = 200;
    private const int KeyPageRows = 1000;

    /// <summary>An ETag of the service's form that no row has: for one that isn't, which the service would refuse instead of finding it stale.</summary>
    private const string Never = "W/\"datetime'2000-01-01T00%3A00%3A00.0000000Z'\"";

    /// <summary>The options that the store's client is made with.</summary>
    public static TableClientOptions Options()
    {
        var options = new TableClientOptions();
        options.AddPolicy(SendCount.Policy, HttpPipelinePosition.PerRetry);
        return options;
    }

    public async Task<TableRow?> GetAsync(string table, RowKey key, CancellationToken cancellationToken = default)
    {
        TableRules.CheckKey(table, key);
        cancellationToken.ThrowIfCancellationRequested();
        return await FindAsync(service.GetTableClient(table), key, cancellationToken) is { } entity ? TableColumns.Row(entity) : null;
    }

    public Task<WriteResult> InsertAsync(string table, RowKey key, JsonValue body, CancellationToken cancellationToken = default) =>
        WriteAsync(table, key, new TableWrite.Insert(key.Row, body), cancellationToken);

    public Task<WriteResult> ReplaceAsync(
        string table, RowKey key, JsonValue body, string etag, CancellationToken cancellationToken = default) =>
        WriteAsync(table, key, new TableWrite.Replace(key.Row, body, etag), cancellationToken);

    public Task<WriteResult> DeleteAsync(string table, RowKey key, string etag, CancellationToken cancellationToken = default) =>
        WriteAsync(table, key, new TableWrite.Delete(key.Row, etag), cancellationToken);

    public async Task<BatchResult> BatchAsync(
        string table, string partition, IReadOnlyList<TableWrite> writes, CancellationToken cancellationToken = default)
    {
        TableWrite[] copy = [.. writes];
        var bodies = TableRules.EncodeBatch(table, partition, copy);
        cancellationToken.ThrowIfCancellationRequested();
        var client = service.GetTableClient(table);
        var writeId = Guid.NewGuid().ToString("N");
        TableTransactionAction[] actions = [.. copy.Select((write, i) => Action(partition, write, bodies[i], writeId))];
        try
        {
            return await SubmitAsync(client, table, partition, copy, actions, writeId, cancellationToken);
        }
        catch (RequestFailedException e) when (IsNoTable(e))
        {
            if (!copy.OfType<TableWrite.Insert>().Any()) return new BatchResult(WriteStatus.Stale, 0);
            await client.CreateIfNotExistsAsync(cancellationToken);
            return await SubmitAsync(client, table, partition, copy, actions, writeId, cancellationToken);
        }
    }

    /// <summary>
    /// Pages as they come. Descending, which the service can't, reads all keys of the range first, keeps every 200th, and then reads between
    /// those from the last to the first: it takes one request more for each 1,000 rows, and the memory of 200 rows.
    /// </summary>
    public async IAsyncEnumerable<TableRow> QueryAsync(
        string table, string partition, string? from = null, string? to = null, bool descending = false,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        TableRules.CheckQuery(table, partition, from, to);
        cancellationToken.ThrowIfCancellationRequested();
        if (to is "") yield break;
        var client = service.GetTableClient(table);
        if (!descending)
        {
            await foreach (var entity in ReadAsync(client, TableFilter.Range(partition, from, to), PageRows, null, cancellationToken)) yield return TableColumns.Row(entity);
            yield break;
        }
        var starts = await BlocksAsync(client, TableFilter.Range(partition, from, to), cancellationToken);
        for (var i = starts.Count - 1; i >= 0; i--)
        {
            var block = new List<TableEntity>(PageRows);
            var filter = TableFilter.Range(partition, starts[i], i + 1 < starts.Count ? starts[i + 1] : to);
            await foreach (var entity in ReadAsync(client, filter, PageRows, null, cancellationToken)) block.Add(entity);
            for (var j = block.Count - 1; j >= 0; j--) yield return TableColumns.Row(block[j]);
        }
    }

    private async Task<WriteResult> WriteAsync(string table, RowKey key, TableWrite write, CancellationToken cancellationToken)
    {
        var result = await BatchAsync(table, key.Partition, [write], cancellationToken);
        return new WriteResult(result.Status, result.ETags?[0]);
    }

    private static async Task<BatchResult> SubmitAsync(
        TableClient client, string table, string partition, TableWrite[] writes, TableTransactionAction[] actions, string writeId, CancellationToken cancellationToken)
    {
        using var sent = SendCount.Begin();
        try
        {
            var response = await client.SubmitTransactionAsync(actions, cancellationToken);
            return new BatchResult(WriteStatus.Written, ETags: [.. response.Value.Select((part, i) => writes[i] is TableWrite.Delete ? null : part.Headers.ETag?.ToString())]);
        }
        catch (RequestFailedException e) when (Refusal(e) is { } status)
        {
            var refused = new BatchResult(status, (e as TableTransactionFailedException)?.FailedTransactionActionIndex ?? throw new InvalidDataException("The service refused a batch without naming the row.", e));
            return sent.IsOnce ? refused : await SettleAsync(client, table, partition, writes, writeId, refused, e, cancellationToken);
        }
    }

    /// <summary>
    /// What became of a batch that was refused, perhaps because an earlier attempt of its own had succeeded. One row that bears its id, and
    /// all were written; one row that it would have changed and did not, and none was.
    /// </summary>
    private static async Task<BatchResult> SettleAsync(
        TableClient client, string table, string partition, TableWrite[] writes, string writeId, BatchResult refused, RequestFailedException refusal, CancellationToken cancellationToken)
    {
        var etags = new string?[writes.Length];
        var (written, untouched) = (false, false);
        for (var i = 0; i < writes.Length; i++)
        {
            var entity = await FindAsync(client, new RowKey(partition, writes[i].Row), cancellationToken);
            var own = entity is not null && TableColumns.WriteOf(entity)[1..] == writeId;
            written |= own;
            untouched |= entity is not null && !own && writes[i] switch
            {
                TableWrite.Insert => TableColumns.IsAsInserted(entity),
                TableWrite.Replace replace => entity.ETag.ToString() == replace.ETag,
                TableWrite.Delete delete => entity.ETag.ToString() == delete.ETag,
                _ => false,
            };
            etags[i] = writes[i] is TableWrite.Delete ? null : own ? entity!.ETag.ToString() : Never; // own: there is one; else it was changed since
        }
        if (written) return new BatchResult(WriteStatus.Written, ETags: etags);
        return untouched ? refused : throw new OutcomeUnknownException(table, refusal);
    }

    private static TableTransactionAction Action(string partition, TableWrite write, byte[]? body, string writeId) => write switch
    {
        TableWrite.Insert => new(TableTransactionActionType.Add, TableColumns.Entity(partition, write.Row, body, TableColumns.Inserted(writeId))),
        TableWrite.Replace replace => new(
            TableTransactionActionType.UpdateReplace, TableColumns.Entity(partition, write.Row, body, TableColumns.Replaced(writeId)), Match(replace.ETag)),
        TableWrite.Delete delete => new(TableTransactionActionType.Delete, new TableEntity(partition, write.Row), Match(delete.ETag)),
        _ => throw new ArgumentException("A write is an insert, a replace or a delete.", nameof(write)),
    };

    private static ETag Match(string etag)
    {
        const string Start = "W/\"datetime'";
        const string End = "'\"";
        var formed = etag.Length > Start.Length + End.Length && etag.StartsWith(Start, StringComparison.Ordinal) && etag.EndsWith(End, StringComparison.Ordinal)
            && etag.AsSpan(Start.Length, etag.Length - Start.Length - End.Length).IndexOfAnyExcept(_inETag) < 0;
        return new ETag(formed ? etag : Never);
    }

    private static readonly System.Buffers.SearchValues<char> _inETag = System.Buffers.SearchValues.Create("0123456789-:.%ATZ");

    private static async Task<TableEntity?> FindAsync(TableClient client, RowKey key, CancellationToken cancellationToken)
    {
        await foreach (var entity in ReadAsync(client, TableFilter.Row(key), null, null, cancellationToken)) return entity;
        return null;
    }

    private static async Task<List<string>> BlocksAsync(TableClient client, string filter, CancellationToken cancellationToken)
    {
        var (starts, count) = (new List<string>(), 0);
        await foreach (var entity in ReadAsync(client, filter, KeyPageRows, ["RowKey"], cancellationToken))
        {
            if (count++ % PageRows == 0) starts.Add(entity.RowKey);
        }
        return starts;
    }

    private static async IAsyncEnumerable<TableEntity> ReadAsync(
        TableClient client, string filter, int? pageRows, string[]? columns, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var entities = client.QueryAsync<TableEntity>(filter, pageRows, columns, cancellationToken).GetAsyncEnumerator(cancellationToken);
        while (await NextAsync(entities)) yield return entities.Current;
    }

    private static async Task<bool> NextAsync(IAsyncEnumerator<TableEntity> entities)
    {
        try
        {
            return await entities.MoveNextAsync();
        }
        catch (RequestFailedException e) when (IsNoTable(e))
        {
            return false;
        }
    }

    private static bool IsNoTable(RequestFailedException e) => e is { Status: 404, ErrorCode: "TableNotFound" };

    private static WriteStatus? Refusal(RequestFailedException e) => e switch
    {
        { Status: 409, ErrorCode: "EntityAlreadyExists" } => WriteStatus.Exists,
        { Status: 412, ErrorCode: "UpdateConditionNotSatisfied" or "ConditionNotMet" } => WriteStatus.Stale,
        { Status: 404, ErrorCode: "ResourceNotFound" or "EntityNotFound" } => WriteStatus.Stale,
        _ => null,
    };
}
