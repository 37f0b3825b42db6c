using Azure;
using Azure.Data.Tables;
using Interlock.Core.Audit;
using Interlock.Core.Storage;
using Interlock.Functions.Storage;
using Interlock.Json;
using Interlock.Tests.Audit;
using Interlock.Tests.Storage;

namespace Interlock.Tests.Azure.Storage;

public sealed class TableStoreTests : TableStoreContract
{
    private const string Table = "things";
    private const int Column = 60 * 1024;

    private readonly MemoryTableService _service = new();

    public TableStoreTests() => Store = new TableStore(_service);

    protected override ITableStore Store { get; }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1)]
    [InlineData(Column - 1)]
    [InlineData(Column)]
    [InlineData(Column + 1)]
    [InlineData(2 * Column)]
    [InlineData((2 * Column) + 1)]
    [InlineData(15 * Column)]
    [InlineData((15 * Column) + 1)]
    [InlineData((16 * Column) - 1)]
    [InlineData(16 * Column)]
    public async Task Insert_BodyAtAColumnsEnd_ReadsBack(int bytes)
    {
        JsonValue body = bytes == 1 ? JsonValue.From(1) : new string('x', bytes % 2) + new string('é', (bytes / 2) - 1);
        Assert.Equal(bytes, TableRules.Encode(Table, body).Length);
        var etag = (await Store.InsertAsync(Table, new("p", "r"), body, Token)).ETag!;
        Assert.Equal(new TableRow(new("p", "r"), body, etag), await Store.GetAsync(Table, new("p", "r"), Token));
        var entity = await EntityAsync("r");
        Assert.Equal((bytes + Column - 1) / Column, entity.Keys.Count(name => name.StartsWith('b')));
    }

    /// <summary>The rule of all stores is such that what it admits passes the service's limit on the wire.</summary>
    [Theory]
    [InlineData('x', 512)]
    [InlineData('\'', 512)]
    [InlineData('&', 512)]
    [InlineData('é', 512)]
    [InlineData('日', 512)]
    [InlineData('x', 4)]
    public async Task Batch_LargestByTheRules_FitsTheWire(char c, int keyLength)
    {
        TableWrite[] Writes(Func<string, JsonValue, TableWrite> write)
        {
            var keys = Enumerable.Range(0, 100).Select(i => new string(c, keyLength - 3) + i.ToString("D3", null)).ToArray();
            var spare = TableRules.MaxBatchBytes - keys.Sum(key => System.Text.Encoding.UTF8.GetByteCount(key + new string(c, keyLength)));
            return [.. keys.Select((key, i) => write(key, new string('y', (spare / 100) - 2 + (i == 0 ? spare % 100 : 0))))];
        }
        var partition = new string(c, keyLength);
        Assert.True((await Store.BatchAsync(Table, partition, Writes((key, body) => new TableWrite.Insert(key, body)), Token)).Ok);
        var etags = (await Store.QueryAsync(Table, partition, cancellationToken: Token).ToListAsync(Token)).ToDictionary(row => row.Key.Row, row => row.ETag);
        Assert.True((await Store.BatchAsync(Table, partition, Writes((key, body) => new TableWrite.Replace(key, body, etags[key])), Token)).Ok);
        var tooLarge = Writes((key, body) => new TableWrite.Insert(key, body.AsString() + "y"));
        await Assert.ThrowsAsync<ArgumentException>(() => Store.BatchAsync(Table, partition, tooLarge, Token));
    }

    [Theory]
    [InlineData(false, 2500, 13)] // 13 pages of 200
    [InlineData(true, 2500, 16)] // 3 pages of keys, 13 blocks
    [InlineData(true, 200, 2)]
    [InlineData(true, 201, 3)]
    [InlineData(true, 0, 1)]
    public async Task Query_ManyRows_TakesAsManyRequests(bool descending, int rows, int requests)
    {
        await InsertAsync(rows);
        var before = _service.Faults.Sent;
        var keys = await Store.QueryAsync(Table, "p", descending: descending, cancellationToken: Token).Select(row => row.Key.Row).ToListAsync(Token);
        var expected = Enumerable.Range(0, rows).Select(i => $"{i:D4}");
        Assert.Equal(descending ? expected.Reverse() : expected, keys);
        Assert.Equal(requests, _service.Faults.Sent - before);
    }

    [Fact]
    public async Task Query_LastRow_TakesTheKeysAndOneBlock()
    {
        await InsertAsync(2500);
        var before = _service.Faults.Sent;
        Assert.Equal("2499", (await Store.QueryAsync(Table, "p", descending: true, cancellationToken: Token).FirstAsync(Token)).Key.Row);
        Assert.Equal(4, _service.Faults.Sent - before);
    }

    [Fact]
    public async Task Table_MadeByTheInfrastructure_IsNeverAskedFor()
    {
        await InsertAsync(1);
        _service.TablesAreGiven = true;
        var creations = _service.Creations;
        Assert.True((await Store.InsertAsync(Table, new("p", "r"), JsonValue.Null, Token)).Ok);
        Assert.Null(await Store.GetAsync("others", new("p", "r"), Token));
        Assert.Empty(await Store.QueryAsync("others", "p", cancellationToken: Token).ToListAsync(Token));
        Assert.Empty(await Store.QueryAsync("others", "p", descending: true, cancellationToken: Token).ToListAsync(Token));
        Assert.Equal(WriteStatus.Stale, (await Store.DeleteAsync("others", new("p", "r"), "1", Token)).Status);
        Assert.Equal(creations, _service.Creations);
        var refused = await Assert.ThrowsAsync<RequestFailedException>(() => Store.InsertAsync("others", new("p", "r"), JsonValue.Null, Token));
        Assert.Equal(403, refused.Status);
    }

    [Fact]
    public async Task Insert_ClientThatDoesNotCount_StillKnowsItsOwn()
    {
        var service = new MemoryTableService(counted: false);
        var store = new TableStore(service);
        Assert.True((await store.InsertAsync(Table, new("p", "r"), JsonValue.Null, Token)).Ok);
        Assert.Equal(WriteStatus.Exists, (await store.InsertAsync(Table, new("p", "r"), JsonValue.Null, Token)).Status);
        service.Faults.Next(Fault.AnswerLost);
        Assert.True((await store.InsertAsync(Table, new("p", "s"), JsonValue.Null, Token)).Ok);
    }

    [Fact]
    public async Task Get_RowOfAnotherHand_IsDamaged()
    {
        var table = _service.GetTableClient(Table);
        await table.CreateIfNotExistsAsync(Token);
        await table.SubmitTransactionAsync([new TableTransactionAction(TableTransactionActionType.Add, new TableEntity("p", "r") { ["x"] = "y" })], Token);
        await Assert.ThrowsAsync<InvalidDataException>(() => Store.GetAsync(Table, new("p", "r"), Token));
    }

    [Fact]
    public async Task Audit_AnswersLost_AppendsOnceAndInOrder()
    {
        var (audit, chain) = (new AuditLog(Store), AuditSamples.Run());
        for (var i = 0; i < 20; i++)
        {
            _service.Faults.Next(i % 2 == 0 ? Fault.AnswerLost : Fault.None, i % 3 == 0 ? Fault.AnswerLost : Fault.None);
            var result = await audit.AppendAsync(chain, [AuditSamples.Record(chain, $"r{i}")], [new TableWrite.Insert($"effect:e{i}:1", JsonValue.Object(("n", i)))], Token);
            Assert.Equal([i + 1L], Assert.IsType<AuditAppendResult.Appended>(result).Seqs);
        }
        var again = await new AuditLog(Store).AppendAsync(chain, [AuditSamples.Record(chain, "r7")], [], Token);
        Assert.Equal([8L], Assert.IsType<AuditAppendResult.AlreadyAppended>(again).Seqs);
    }

    private async Task InsertAsync(int rows)
    {
        foreach (var chunk in Enumerable.Range(0, rows).Chunk(100))
            Assert.True((await Store.BatchAsync(Table, "p", [.. chunk.Select(i => new TableWrite.Insert($"{i:D4}", i))], Token)).Ok);
    }

    private async Task<TableEntity> EntityAsync(string row) =>
        await _service.GetTableClient(Table).QueryAsync<TableEntity>(TableFilter.Row(new("p", row)), cancellationToken: Token).SingleAsync(Token);
}

/// <summary>The same store where the service's pages are short or empty, as it is free to answer.</summary>
public sealed class ShortPagesTableStoreTests : TableStoreContract
{
    protected override ITableStore Store { get; } = new TableStore(new MemoryTableService { ShortPages = true });
}

[Collection("azurite")]
public sealed class AzuriteTableStoreTests(Azurite azurite) : TableStoreContract, IAsyncLifetime
{
    private TableStore? _store;

    protected override ITableStore Store => _store!; // initialized before each test

    /// <summary>Azurite measures a replacement by its JSON, where binary values are base64: a third too much.</summary>
    protected override int LargestReplacement => 765 * 1024;

    public async ValueTask InitializeAsync() => _store = new TableStore(new RestTableService(await azurite.TablesAsync(), azurite.UniqueName()));

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
