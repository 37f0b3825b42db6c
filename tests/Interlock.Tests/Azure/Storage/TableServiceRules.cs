using Azure;
using Azure.Data.Tables;

namespace Interlock.Tests.Azure.Storage;

/// <summary>The service's rules as its clients meet them: run against the double and against Azurite, so that the double can't drift.</summary>
public abstract class TableServiceRules
{
    private const string Stale = "W/\"datetime'2000-01-01T00%3A00%3A00.0000000Z'\"";

    private protected abstract TestTableService Service { get; }

    private TableClient Table => Service.GetTableClient("things");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Table_Missing_IsNotFoundByAll()
    {
        Assert.Equal((404, "TableNotFound", 0), await Refusal([Add("p", "r")]));
        Assert.Equal((404, "TableNotFound", 0), await Refusal([Delete("p", "r", Stale)]));
        var refused = await Assert.ThrowsAsync<RequestFailedException>(() => Query("PartitionKey eq 'p'"));
        Assert.Equal((404, "TableNotFound"), (refused.Status, refused.ErrorCode));
    }

    [Fact]
    public async Task Table_CreatedTwice_IsThere()
    {
        await Table.CreateIfNotExistsAsync(Token);
        await Submit(Add("p", "r"));
        await Table.CreateIfNotExistsAsync(Token);
        Assert.Single(await Query("PartitionKey eq 'p'"));
    }

    [Fact]
    public async Task Add_NewRow_IsReadWithItsETagAndProperties()
    {
        await CreateAsync();
        var binary = Enumerable.Range(0, 64 * 1024).Select(i => (byte)i).ToArray();
        var entity = new TableEntity("p", "r") { ["b0"] = binary, ["w"] = "é😀\"'\\\n\u0001", ["e"] = Array.Empty<byte>() };
        var etag = (await Submit(new TableTransactionAction(TableTransactionActionType.Add, entity)))[0];
        var read = Assert.Single(await Query("PartitionKey eq 'p' and RowKey eq 'r'"));
        Assert.Equal(etag, read.ETag.ToString());
        Assert.Matches("^W/\"datetime'[0-9AT%.Z-]+'\"$", etag);
        Assert.Equal(binary, read.GetBinary("b0"));
        Assert.Equal("é😀\"'\\\n\u0001", read.GetString("w"));
        Assert.Empty(read.GetBinary("e"));
        Assert.Null(read.GetBinary("b1"));
        Assert.Equal(("p", "r"), (read.PartitionKey, read.RowKey));
    }

    [Fact]
    public async Task Add_Twice_Exists()
    {
        await CreateAsync();
        await Submit(Add("p", "r"));
        Assert.Equal((409, "EntityAlreadyExists", 0), await Refusal([Add("p", "r")]));
    }

    [Fact]
    public async Task Replace_ETags_DecideAndChange()
    {
        await CreateAsync();
        var first = (await Submit(Add("p", "r", ("old", "1"))))[0]!;
        Assert.Equal((412, "UpdateConditionNotSatisfied", 0), await Refusal([Replace("p", "r", Stale)]));
        Assert.Equal((404, "ResourceNotFound", 0), await Refusal([Replace("p", "other", first)]));
        var second = (await Submit(Replace("p", "r", first, ("new", "2"))))[0];
        Assert.NotEqual(first, second);
        Assert.Equal((412, "UpdateConditionNotSatisfied", 0), await Refusal([Replace("p", "r", first)]));
        var read = Assert.Single(await Query("PartitionKey eq 'p'"));
        Assert.Equal((null, "2", second), (read.GetString("old"), read.GetString("new"), read.ETag.ToString()));
    }

    [Fact]
    public async Task Delete_ETags_Decide()
    {
        await CreateAsync();
        var etag = (await Submit(Add("p", "r")))[0]!;
        Assert.Equal((412, "UpdateConditionNotSatisfied", 0), await Refusal([Delete("p", "r", Stale)]));
        Assert.Equal((404, "ResourceNotFound", 0), await Refusal([Delete("p", "other", etag)]));
        Assert.Null((await Submit(Delete("p", "r", etag)))[0]);
        Assert.Empty(await Query("PartitionKey eq 'p'"));
        Assert.Equal((404, "ResourceNotFound", 0), await Refusal([Delete("p", "r", etag)]));
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("1")]
    public async Task Replace_MalformedETag_IsInvalidAndNotStale(string etag)
    {
        await CreateAsync();
        await Submit(Add("p", "r"));
        Assert.Equal((400, "InvalidInput", 0), await Refusal([Replace("p", "r", etag)]));
        Assert.Equal((400, "InvalidInput", 0), await Refusal([Delete("p", "r", etag)]));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(99)]
    public async Task Batch_OneWriteRefused_ChangesNothingAndNamesIt(int failing)
    {
        await CreateAsync();
        await Submit(Add("p", "there"));
        var writes = Enumerable.Range(0, 100).Select(i => Add("p", i == failing ? "there" : $"r{i:D3}")).ToArray();
        Assert.Equal((409, "EntityAlreadyExists", failing), await Refusal(writes));
        Assert.Single(await Query("PartitionKey eq 'p'"));
    }

    [Fact]
    public async Task Batch_AllKinds_ChangesAll()
    {
        await CreateAsync();
        var etags = await Submit(Add("p", "a"), Add("p", "b"));
        var result = await Submit(Delete("p", "a", etags[0]!), Replace("p", "b", etags[1]!), Add("p", "c"));
        Assert.Null(result[0]);
        Assert.Equal(result[1..], (await Query("PartitionKey eq 'p'")).Select(entity => entity.ETag.ToString()));
    }

    [Fact]
    public async Task Batch_MoreThan100Rows_IsInvalid()
    {
        await CreateAsync();
        await Submit([.. Enumerable.Range(0, 100).Select(i => Add("p", $"r{i:D3}"))]);
        Assert.Equal(400, (await Refusal([.. Enumerable.Range(0, 101).Select(i => Add("q", $"r{i:D3}"))])).Status);
        Assert.Empty(await Query("PartitionKey eq 'q'"));
    }

    [Fact]
    public async Task Batch_RowTwice_IsInvalid()
    {
        await CreateAsync();
        var (status, code, _) = await Refusal([Add("p", "r"), Add("p", "s"), Add("p", "r")]);
        Assert.Equal((400, "InvalidDuplicateRow"), (status, code));
        Assert.Empty(await Query("PartitionKey eq 'p'"));
    }

    [Fact]
    public async Task Batch_Over4MiBOnTheWire_IsTooLarge()
    {
        await CreateAsync();
        TableTransactionAction[] Rows(int bytes) => [.. Enumerable.Range(0, 50).Select(i => Add("p", $"r{i:D3}", bytes))];
        await Submit(Rows(61_500)); // about 4.14 million bytes in base64
        Assert.Equal((413, "RequestBodyTooLarge"), await Refusal([.. Rows(63_000)]) is var (status, code, _) ? (status, code) : default);
    }

    [Theory]
    [InlineData("a/b")]
    [InlineData("a\\b")]
    [InlineData("a#b")]
    [InlineData("a?b")]
    [InlineData("a\tb")]
    [InlineData("a\u007fb")]
    [InlineData("a\u0085b")]
    public async Task Key_ForbiddenCharacter_IsInvalid(string key)
    {
        await CreateAsync();
        Assert.Equal(400, (await Refusal([Add("p", key)])).Status);
        Assert.Equal(400, (await Refusal([Add(key, "r")])).Status);
    }

    [Theory]
    [InlineData('x')]
    [InlineData('日')]
    public async Task Key_Over512Characters_IsInvalid(char c)
    {
        await CreateAsync();
        var longest = new string(c, 512);
        var etag = (await Submit(Add(longest, longest)))[0]!;
        await Submit(Replace(longest, longest, etag));
        Assert.Single(await Query($"PartitionKey eq '{longest}' and RowKey eq '{longest}'"));
        Assert.Equal(400, (await Refusal([Add("p", longest + c)])).Status);
        Assert.Equal(400, (await Refusal([Add(longest + c, "r")])).Status);
    }

    [Fact]
    public async Task Property_Over64KiB_IsTooLarge()
    {
        await CreateAsync();
        await Submit(Add("p", "a", 64 * 1024), Add("p", "b", ("s", new string('x', 32 * 1024))));
        Assert.Equal((400, "PropertyValueTooLarge", 0), await Refusal([Add("p", "c", (64 * 1024) + 1)]));
        Assert.Equal((400, "PropertyValueTooLarge", 0), await Refusal([Add("p", "c", ("s", new string('x', (32 * 1024) + 1)))]));
    }

    [Fact]
    public async Task Query_ManyRows_ComesInPagesOf1000InKeyOrder()
    {
        await CreateAsync();
        var keys = Enumerable.Range(0, 2500).Select(i => $"{i * 7919 % 2500:D4}").ToArray();
        foreach (var chunk in keys.Chunk(100)) await Submit([.. chunk.Select(key => Add("p", key))]);
        await Submit(Add("q", "0000"));
        Assert.Equal(keys.Order(StringComparer.Ordinal), (await Query("PartitionKey eq 'p'")).Select(entity => entity.RowKey));
        Assert.Equal([1000, 1000, 500], await Sizes("PartitionKey eq 'p'", null));
        Assert.Equal([700, 700, 700, 400], await Sizes("PartitionKey eq 'p'", 700));
        Assert.Equal([3, 3, 1], await Sizes("PartitionKey eq 'p' and RowKey ge '1000' and RowKey lt '1007'", 3));
        Assert.Equal("1000", (await Query("PartitionKey eq 'p' and RowKey ge '1000'"))[0].RowKey);
        Assert.Equal("0999", (await Query("PartitionKey eq 'p' and RowKey lt '1000'"))[^1].RowKey);
    }

    [Fact]
    public async Task Query_RowsDeletedBetweenPages_GoesOn()
    {
        await CreateAsync();
        var etags = await Submit([.. Enumerable.Range(0, 10).Select(i => Add("p", $"r{i}"))]);
        var seen = new List<string>();
        await foreach (var page in Table.QueryAsync<TableEntity>("PartitionKey eq 'p'", 4, cancellationToken: Token).AsPages())
        {
            seen.AddRange(page.Values.Select(entity => entity.RowKey));
            if (seen.Count == 4) await Submit([.. Enumerable.Range(0, 6).Select(i => Delete("p", $"r{i}", etags[i]!))]);
        }
        Assert.Equal(["r0", "r1", "r2", "r3", "r6", "r7", "r8", "r9"], seen);
    }

    [Fact]
    public async Task Query_Keys_AreOrdinalAndQuotedByDoubling()
    {
        await CreateAsync();
        string[] ordered = ["A", "AB", "Z", "a", "a ", "a!", "a'b", "aa", "z", "~", "é", "日", "\ue000", "\uffee"];
        await Submit([.. ordered.Reverse().Select(key => Add("it's", key))]);
        await Submit(Add("its", "a"));
        Assert.Equal(ordered, (await Query("PartitionKey eq 'it''s'")).Select(entity => entity.RowKey));
        Assert.Equal(ordered[6..], (await Query("PartitionKey eq 'it''s' and RowKey ge 'a'''")).Select(entity => entity.RowKey));
        Assert.Equal(ordered[..11], (await Query("PartitionKey eq 'it''s' and RowKey lt '日'")).Select(entity => entity.RowKey));
        Assert.Equal(ordered[5..], (await Query("PartitionKey eq 'it''s' and RowKey ge 'a!'")).Select(entity => entity.RowKey));
        Assert.Empty(await Query("PartitionKey eq 'it''s'' or PartitionKey ne '''"));
    }

    [Fact]
    public async Task Query_Select_ReadsThatAlone()
    {
        await CreateAsync();
        await Submit(Add("p", "r", 1000));
        var read = await Table.QueryAsync<TableEntity>("PartitionKey eq 'p'", 1000, ["RowKey"], Token).ToListAsync(Token);
        Assert.Equal(("r", null), (Assert.Single(read).RowKey, read[0].GetBinary("b0")));
    }

    private protected Task CreateAsync() => Table.CreateIfNotExistsAsync(Token);

    private protected async Task<string?[]> Submit(params TableTransactionAction[] actions)
    {
        var response = await Table.SubmitTransactionAsync(actions, Token);
        return [.. response.Value.Select(part => part.Headers.ETag?.ToString())];
    }

    private protected async Task<(int Status, string? Code, int? Index)> Refusal(TableTransactionAction[] actions)
    {
        var refused = await Assert.ThrowsAnyAsync<RequestFailedException>(() => Table.SubmitTransactionAsync(actions, Token));
        return (refused.Status, refused.ErrorCode, (refused as TableTransactionFailedException)?.FailedTransactionActionIndex);
    }

    private protected static TableTransactionAction Add(string partition, string row, params (string Name, string Value)[] properties) =>
        new(TableTransactionActionType.Add, Entity(partition, row, properties));

    private protected static (string, string)[] Properties(int count, int length) => [.. Enumerable.Range(0, count).Select(i => ($"s{i}", new string('x', length)))];

    private protected static TableTransactionAction Add(string partition, string row, int bytes) =>
        new(TableTransactionActionType.Add, new TableEntity(partition, row) { ["b0"] = new byte[bytes] });

    private static TableTransactionAction Replace(string partition, string row, string etag, params (string Name, string Value)[] properties) =>
        new(TableTransactionActionType.UpdateReplace, Entity(partition, row, properties), new ETag(etag));

    private static TableTransactionAction Delete(string partition, string row, string etag) =>
        new(TableTransactionActionType.Delete, new TableEntity(partition, row), new ETag(etag));

    private static TableEntity Entity(string partition, string row, (string Name, string Value)[] properties)
    {
        var entity = new TableEntity(partition, row);
        foreach (var (name, value) in properties) entity[name] = value;
        return entity;
    }

    private async Task<List<TableEntity>> Query(string filter) => await Table.QueryAsync<TableEntity>(filter, cancellationToken: Token).ToListAsync(Token);

    private protected async Task<List<int>> Sizes(string filter, int? top) =>
        await Table.QueryAsync<TableEntity>(filter, top, cancellationToken: Token).AsPages().Select(page => page.Values.Count).ToListAsync(Token);
}
