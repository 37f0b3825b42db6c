using Interlock.Core.Storage;
using Interlock.Json;

namespace Interlock.Tests.Storage;

/// <summary>What every <see cref="ITableStore"/> promises. A store passes by subclassing this.</summary>
public abstract class TableStoreContract
{
    private const string Table = "things";

    private static readonly JsonValue _one = JsonValue.Object(("n", 1));
    private static readonly JsonValue _two = JsonValue.Object(("n", 2));

    protected abstract ITableStore Store { get; }

    /// <summary>Less only where an emulator can't do what the service can.</summary>
    protected virtual int LargestReplacement => 960 * 1024;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Insert_NewRow_ReadsBack()
    {
        var body = StrictJson.ParseLenient("""{"text":"né \u0000 😀","big":12345678901234567890,"list":[null,true,0.1],"empty":{}}""");
        var result = await Store.InsertAsync(Table, new("p", "r"), body, Token);
        Assert.True(result.Ok);
        Assert.Equal(new TableRow(new("p", "r"), body, result.ETag!), await Store.GetAsync(Table, new("p", "r"), Token));
        Assert.Equal("12345678901234567890", (await Get("p", "r"))!.Body["big"]!.Literal);
    }

    [Fact]
    public async Task Get_MissingRow_IsNull()
    {
        await Insert("p", "r", _one);
        Assert.Null(await Get("p", "R"));
        Assert.Null(await Get("q", "r"));
        Assert.Null(await Store.GetAsync("others", new("p", "r"), Token));
    }

    [Fact]
    public async Task Insert_Twice_SecondFindsItExists()
    {
        var first = await Insert("p", "r", _one);
        var second = await Store.InsertAsync(Table, new("p", "r"), _two, Token);
        Assert.Equal(new WriteResult(WriteStatus.Exists), second);
        Assert.Equal(new TableRow(new("p", "r"), _one, first), await Get("p", "r"));
    }

    [Fact]
    public async Task Replace_CurrentETag_WritesAndChangesIt()
    {
        var first = await Insert("p", "r", _one);
        var result = await Store.ReplaceAsync(Table, new("p", "r"), _two, first, Token);
        Assert.True(result.Ok);
        Assert.NotEqual(first, result.ETag);
        Assert.Equal(new TableRow(new("p", "r"), _two, result.ETag!), await Get("p", "r"));
    }

    [Fact]
    public async Task Replace_StaleOrMissing_LeavesTheRow()
    {
        var first = await Insert("p", "r", _one);
        var second = await Store.ReplaceAsync(Table, new("p", "r"), _one, first, Token);
        foreach (var etag in new[] { first, "0" + second.ETag, second.ETag + " ", "nonsense", "-1" })
        {
            Assert.Equal(new WriteResult(WriteStatus.Stale), await Store.ReplaceAsync(Table, new("p", "r"), _two, etag, Token));
        }
        Assert.Equal(new WriteResult(WriteStatus.Stale), await Store.ReplaceAsync(Table, new("p", "other"), _two, second.ETag!, Token));
        Assert.Equal(_one, (await Get("p", "r"))!.Body);
        Assert.Null(await Get("p", "other"));
    }

    [Fact]
    public async Task Delete_StaleETag_LeavesTheRow()
    {
        var first = await Insert("p", "r", _one);
        var second = (await Store.ReplaceAsync(Table, new("p", "r"), _two, first, Token)).ETag!;
        Assert.Equal(new WriteResult(WriteStatus.Stale), await Store.DeleteAsync(Table, new("p", "r"), first, Token));
        Assert.NotNull(await Get("p", "r"));
        Assert.Equal(new WriteResult(WriteStatus.Written), await Store.DeleteAsync(Table, new("p", "r"), second, Token));
        Assert.Null(await Get("p", "r"));
        Assert.Equal(new WriteResult(WriteStatus.Stale), await Store.DeleteAsync(Table, new("p", "r"), second, Token));
    }

    [Fact]
    public async Task Insert_AfterDelete_NeverRepeatsAnETag()
    {
        var etags = new HashSet<string>();
        for (var i = 0; i < 5; i++)
        {
            var etag = await Insert("p", "r", _one);
            Assert.True(etags.Add(etag));
            await Store.DeleteAsync(Table, new("p", "r"), etag, Token);
        }
    }

    [Fact]
    public async Task Batch_AllConditionsHold_WritesAll()
    {
        var (a, b) = (await Insert("p", "a", _one), await Insert("p", "b", _one));
        var result = await Store.BatchAsync(
            Table, "p", [new TableWrite.Delete("a", a), new TableWrite.Replace("b", _two, b), new TableWrite.Insert("c", _two)], Token);
        Assert.True(result.Ok);
        Assert.Null(result.ETags![0]);
        Assert.Equal(
            [new TableRow(new("p", "b"), _two, result.ETags[1]!), new TableRow(new("p", "c"), _two, result.ETags[2]!)], await Query("p"));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Batch_OneConditionFails_WritesNothingAndNamesIt(int failing)
    {
        var (a, b) = (await Insert("p", "a", _one), await Insert("p", "b", _one));
        var before = await Query("p");
        TableWrite[] writes =
        [
            new TableWrite.Delete("a", failing == 0 ? b : a),
            new TableWrite.Replace("b", _two, failing == 1 ? a : b),
            failing == 2 ? new TableWrite.Replace("c", _two, a) : new TableWrite.Insert("c", _two),
        ];
        Assert.Equal(new BatchResult(WriteStatus.Stale, failing), await Store.BatchAsync(Table, "p", writes, Token));
        Assert.Equal(before, await Query("p"));
    }

    [Fact]
    public async Task Batch_SeveralFail_NamesTheFirst()
    {
        await Insert("p", "b", _one);
        var result = await Store.BatchAsync(
            Table, "p", [new TableWrite.Insert("a", _one), new TableWrite.Insert("b", _one), new TableWrite.Delete("c", "1")], Token);
        Assert.Equal(new BatchResult(WriteStatus.Exists, 1), result);
        Assert.Null(await Get("p", "a"));
    }

    [Fact]
    public async Task Batch_RowTwice_Throws()
    {
        var refused = await Assert.ThrowsAsync<ArgumentException>(() =>
            Store.BatchAsync(Table, "p", [new TableWrite.Insert("secret", _one), new TableWrite.Delete("secret", "1")], Token));
        Assert.Contains("each row once", refused.Message, StringComparison.Ordinal);
        Assert.Contains(Table, refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", refused.Message, StringComparison.Ordinal);
        Assert.Empty(await Query("p"));
    }

    [Fact]
    public async Task Batch_Limits_AreHeld()
    {
        static TableWrite[] Rows(int count, int size) =>
            [.. Enumerable.Range(0, count).Select(i => new TableWrite.Insert($"row{i:D3}", new string('x', size)))];
        Assert.True((await Store.BatchAsync(Table, "p", Rows(100, 10), Token)).Ok);
        Assert.Equal(100, (await Query("p")).Count);
        await Assert.ThrowsAsync<ArgumentException>(() => Store.BatchAsync(Table, "q", Rows(101, 10), Token));
        await Assert.ThrowsAsync<ArgumentException>(() => Store.BatchAsync(Table, "q", [], Token));
        await Assert.ThrowsAsync<ArgumentException>(() => Store.BatchAsync(Table, "q", Rows(3, 900 * 1024), Token));
        await Assert.ThrowsAsync<ArgumentException>(() => Store.BatchAsync(Table, "q", Rows(100, 21 * 1024), Token));
        Assert.Empty(await Query("q"));
        Assert.True((await Store.BatchAsync(Table, "q", Rows(2, 900 * 1024), Token)).Ok);
        Assert.True((await Store.BatchAsync(Table, "r", Rows(100, 20 * 1024), Token)).Ok);
        Assert.All(await Query("q"), row => Assert.Equal(900 * 1024, row.Body.Count));
    }

    [Fact]
    public async Task Insert_BodyLimit_CountsUtf8Bytes()
    {
        Assert.True((await Store.InsertAsync(Table, new("p", "large"), new string('x', 901 * 1024), Token)).Ok);
        Assert.Equal(901 * 1024, (await Get("p", "large"))!.Body.Count);
        Assert.True((await Store.InsertAsync(Table, new("p", "largest"), new string('x', (960 * 1024) - 2), Token)).Ok);
        await Assert.ThrowsAsync<ArgumentException>(() => Store.InsertAsync(Table, new("p", "r"), new string('x', 961 * 1024), Token));
        await Assert.ThrowsAsync<ArgumentException>(() => Store.InsertAsync(Table, new("p", "r"), new string('x', (960 * 1024) - 1), Token));
        await Assert.ThrowsAsync<ArgumentException>(() => Store.InsertAsync(Table, new("p", "r"), new string('é', 481 * 1024), Token));
        Assert.Null(await Get("p", "r"));
    }

    [Fact]
    public async Task Replace_LargestBody_ReadsBackAndShrinks()
    {
        JsonValue largest = new string('x', LargestReplacement - 2);
        var etag = await Insert("p", "r", _one);
        etag = (await Store.ReplaceAsync(Table, new("p", "r"), largest, etag, Token)).ETag!;
        Assert.Equal(largest, (await Get("p", "r"))!.Body);
        etag = (await Store.ReplaceAsync(Table, new("p", "r"), _two, etag, Token)).ETag!;
        Assert.Equal(new TableRow(new("p", "r"), _two, etag), await Get("p", "r"));
    }

    [Fact]
    public async Task Insert_BodyThatCouldNotBeRead_Throws()
    {
        static JsonValue Nested(int levels)
        {
            var value = _one;
            for (var i = 1; i < levels; i++) value = JsonValue.Array(value);
            return value;
        }
        Assert.True((await Store.InsertAsync(Table, new("p", "deep"), Nested(256), Token)).Ok);
        Assert.Equal(Nested(256), (await Get("p", "deep"))!.Body);
        await Assert.ThrowsAsync<ArgumentException>(() => Store.InsertAsync(Table, new("p", "r"), Nested(257), Token));
        await Assert.ThrowsAsync<ArgumentException>(() => Store.InsertAsync(Table, new("p", "r"), Nested(100_000), Token));
        await Assert.ThrowsAsync<ArgumentException>(() => Store.InsertAsync(Table, new("p", "r"), "\ud800", Token));
    }

    [Theory]
    [InlineData("")]
    [InlineData("a/b")]
    [InlineData("a\\b")]
    [InlineData("a#b")]
    [InlineData("a?b")]
    [InlineData("a%b")]
    [InlineData("a😀b")]
    [InlineData("a\tb")]
    [InlineData("a\0b")]
    [InlineData("a\u007fb")]
    [InlineData("a\u0085b")]
    public async Task Key_Forbidden_Throws(string key)
    {
        var partition = await Assert.ThrowsAsync<ArgumentException>(() => Store.InsertAsync(Table, new(key, "r"), _one, Token));
        Assert.Contains("partition key", partition.Message, StringComparison.Ordinal);
        var row = await Assert.ThrowsAsync<ArgumentException>(() => Store.InsertAsync(Table, new("p", key), _one, Token));
        Assert.Contains("row key", row.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<ArgumentException>(() => Store.GetAsync(Table, new("p", key), Token));
        await Assert.ThrowsAsync<ArgumentException>(() => Store.ReplaceAsync(Table, new("p", key), _one, "1", Token));
        await Assert.ThrowsAsync<ArgumentException>(() => Store.DeleteAsync(Table, new("p", key), "1", Token));
        await Assert.ThrowsAsync<ArgumentException>(() => Store.BatchAsync(Table, "p", [new TableWrite.Insert(key, _one)], Token));
        await Assert.ThrowsAsync<ArgumentException>(() => Query(key));
    }

    [Fact]
    public Task Key_LoneSurrogate_Throws() => Key_Forbidden_Throws("a\ud800b"); // an attribute's string can't hold one

    [Theory]
    [InlineData('x')]
    [InlineData('日')]
    public async Task Key_Of512Characters_IsTheLongest(char c)
    {
        var longest = new string(c, 512);
        var etag = await Insert(longest, longest, _one);
        Assert.True((await Store.ReplaceAsync(Table, new(longest, longest), _two, etag, Token)).Ok);
        Assert.Equal(_two, (await Get(longest, longest))!.Body);
        Assert.Single(await Query(longest, longest));
        await Assert.ThrowsAsync<ArgumentException>(() => Store.InsertAsync(Table, new("p", longest + "x"), _one, Token));
        await Assert.ThrowsAsync<ArgumentException>(() => Store.InsertAsync(Table, new(longest + "x", "r"), _one, Token));
    }

    [Theory]
    [InlineData("it's")]
    [InlineData("' or PartitionKey ne '")]
    [InlineData("a\" b&c=d+e;$f,g(h)")]
    [InlineData("~2F|~7C")]
    [InlineData(" lead and trail ")]
    [InlineData("{\"x\":[<!--]}*@:.")]
    public async Task Key_WithMarks_IsOneKey(string key)
    {
        await Insert("other", "row", _one);
        var etag = await Insert(key, key, _one);
        await Insert(key, "row", _one);
        var replaced = await Store.ReplaceAsync(Table, new(key, key), _two, etag, Token);
        Assert.Equal(new TableRow(new(key, key), _two, replaced.ETag!), await Get(key, key));
        Assert.Equal(2, (await Query(key)).Count);
        Assert.Equal(key, Assert.Single(await Query(key, key, key + "\0")).Key.Row);
        Assert.True((await Store.DeleteAsync(Table, new(key, key), replaced.ETag!, Token)).Ok);
        Assert.Null(await Get(key, key));
        Assert.Equal("row", Assert.Single(await Query(key)).Key.Row);
    }

    [Theory]
    [InlineData("")]
    [InlineData("ab")]
    [InlineData("1abc")]
    [InlineData("a-b")]
    [InlineData("täble")]
    public async Task Table_BadName_Throws(string table) =>
        await Assert.ThrowsAsync<ArgumentException>(() => Store.GetAsync(table, new("p", "r"), Token));

    [Theory]
    [InlineData("")]
    [InlineData("*")]
    public async Task ETag_ForAny_Throws(string etag)
    {
        await Insert("p", "r", _one);
        await Assert.ThrowsAsync<ArgumentException>(() => Store.ReplaceAsync(Table, new("p", "r"), _two, etag, Token));
        await Assert.ThrowsAsync<ArgumentException>(() => Store.DeleteAsync(Table, new("p", "r"), etag, Token));
        await Assert.ThrowsAsync<ArgumentException>(() => Store.BatchAsync(Table, "p", [new TableWrite.Delete("r", etag)], Token));
    }

    [Fact]
    public async Task Query_UnicodeKeys_AreInOrdinalOrder()
    {
        string[] ordered = ["A", "AB", "Z", "a", "a ", "a!", "aa", "z", "~", "é", "日", "\ue000", "\uffee"];
        foreach (var key in ordered.Reverse()) await Insert("p", key, _one);
        Assert.Equal(ordered, (await Query("p")).Select(row => row.Key.Row));
        Assert.Equal(ordered.Reverse(), (await Query("p", descending: true)).Select(row => row.Key.Row));
        for (var i = 0; i < ordered.Length; i++)
        {
            Assert.Equal(ordered[i..], (await Query("p", from: ordered[i])).Select(row => row.Key.Row));
            Assert.Equal(ordered[..i], (await Query("p", to: ordered[i])).Select(row => row.Key.Row));
            Assert.Equal(ordered[..i].Reverse(), (await Query("p", to: ordered[i], descending: true)).Select(row => row.Key.Row));
            Assert.Equal(ordered[i..].Reverse(), (await Query("p", from: ordered[i], descending: true)).Select(row => row.Key.Row));
        }
        Assert.Equal(ordered[3..7], (await Query("p", "a", "b")).Select(row => row.Key.Row));
        Assert.Equal(ordered[3..7], (await Query("p", "a", "aa\0")).Select(row => row.Key.Row));
        Assert.Equal(ordered[6..], (await Query("p", "a\"")).Select(row => row.Key.Row));
        Assert.Equal(ordered[7..], (await Query("p", "aa\0")).Select(row => row.Key.Row));
        Assert.Equal(ordered[4..7], (await Query("p", "a\t/?#%\\", "a\u0085")).Select(row => row.Key.Row));
        await Assert.ThrowsAsync<ArgumentException>(() => Query("p", "😀"));
        await Assert.ThrowsAsync<ArgumentException>(() => Query("p", to: new string('x', 513)));
        Assert.Equal(ordered, (await Query("p", "")).Select(row => row.Key.Row));
        Assert.Empty(await Query("p", "z", "a"));
        Assert.Empty(await Query("p", "a", "a"));
        Assert.Empty(await Query("p", to: ""));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Query_ManyRows_ReturnsEachOnce(bool descending)
    {
        var keys = Enumerable.Range(0, 450).Select(i => $"{i:D4}").ToArray();
        foreach (var chunk in keys.Chunk(100))
            await Store.BatchAsync(Table, "p", [.. chunk.Select(key => new TableWrite.Insert(key, new string('x', 20_000)))], Token);
        var expected = descending ? keys.Reverse() : keys;
        Assert.Equal(expected, (await Query("p", descending: descending)).Select(row => row.Key.Row));
        Assert.Equal(
            expected.Where(key => string.CompareOrdinal(key, "0017") >= 0 && string.CompareOrdinal(key, "0433") < 0),
            (await Query("p", "0017", "0433", descending)).Select(row => row.Key.Row));
    }

    [Fact]
    public async Task Query_WritesMeanwhile_DoNotWaitForIt()
    {
        for (var i = 0; i < 150; i++) await Insert("p", $"{i:D3}", _one);
        var seen = 0;
        await foreach (var row in Store.QueryAsync(Table, "p", cancellationToken: Token))
        {
            Assert.True((await Store.DeleteAsync(Table, row.Key, row.ETag, Token)).Ok);
            seen++;
        }
        Assert.Equal(150, seen);
        Assert.Empty(await Query("p"));
    }

    [Fact]
    public async Task Query_PartitionsWithRelatedNames_StayApart()
    {
        foreach (var partition in new[] { "acme", "acme2", "acm", "ACME", "acme|x" }) await Insert(partition, "r", JsonValue.From(partition));
        await Store.InsertAsync("others", new("acme", "r"), JsonValue.From("another table"), Token);
        Assert.Equal("acme", Assert.Single(await Query("acme")).Body.AsString());
        var etag = (await Get("acme", "r"))!.ETag;
        await Store.DeleteAsync(Table, new("acme", "r"), etag, Token);
        Assert.Empty(await Query("acme"));
        Assert.Single(await Query("acme2"));
        Assert.Single(await Query("ACME"));
    }

    [Fact]
    public async Task Insert_64AtOnce_ExactlyOneWins()
    {
        var results = await Together(64, i => Store.InsertAsync(Table, new("p", "r"), JsonValue.Object(("winner", i)), Token));
        var winner = Assert.Single(Enumerable.Range(0, 64), i => results[i].Ok);
        Assert.All(results.Where((_, i) => i != winner), lost => Assert.Equal(WriteStatus.Exists, lost.Status));
        var row = await Get("p", "r");
        Assert.Equal(winner, row!.Body["winner"]!.AsNumber());
        Assert.Equal(results[winner].ETag, row.ETag);
    }

    [Fact]
    public async Task Replace_CountersUnderContention_SumRight()
    {
        await Insert("p", "counter", JsonValue.From(0));
        await Together(16, async _ =>
        {
            for (var done = 0; done < 20;)
            {
                var row = (await Get("p", "counter"))!;
                var next = JsonValue.From(row.Body.AsNumber() + 1);
                if ((await Store.ReplaceAsync(Table, row.Key, next, row.ETag, Token)).Ok) done++;
            }
            return 0;
        });
        Assert.Equal(16 * 20, (await Get("p", "counter"))!.Body.AsNumber());
    }

    [Fact]
    public async Task AnyMethod_CancelledToken_DoesNothing()
    {
        var cancelled = new CancellationToken(canceled: true);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Store.InsertAsync(Table, new("p", "r"), _one, cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Store.GetAsync(Table, new("p", "r"), cancelled));
        Assert.Null(await Get("p", "r"));
    }

    private async Task<string> Insert(string partition, string row, JsonValue body)
    {
        var result = await Store.InsertAsync(Table, new(partition, row), body, Token);
        Assert.True(result.Ok);
        return result.ETag!;
    }

    private Task<TableRow?> Get(string partition, string row) => Store.GetAsync(Table, new(partition, row), Token);

    private async Task<List<TableRow>> Query(string partition, string? from = null, string? to = null, bool descending = false)
    {
        var rows = new List<TableRow>();
        await foreach (var row in Store.QueryAsync(Table, partition, from, to, descending, Token)) rows.Add(row);
        return rows;
    }

    private static async Task<T[]> Together<T>(int count, Func<int, Task<T>> act)
    {
        var start = new TaskCompletionSource();
        var tasks = Enumerable.Range(0, count).Select(i => Task.Run(async () =>
        {
            await start.Task;
            return await act(i);
        }, Token)).ToArray();
        start.SetResult();
        return await Task.WhenAll(tasks);
    }
}
