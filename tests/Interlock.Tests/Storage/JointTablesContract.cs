using Interlock.Core.Storage;
using Interlock.Json;

namespace Interlock.Tests.Storage;

/// <summary>What every <see cref="IJointTables"/> promises beyond a table store.</summary>
public abstract class JointTablesContract : TableStoreContract
{
    private static readonly JsonValue One = JsonValue.Object(("n", 1));
    private static readonly JsonValue Two = JsonValue.Object(("n", 2));

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private IJointTables Joint => Assert.IsType<IJointTables>(Store, exactMatch: false);

    [Fact]
    public async Task Joint_SeveralTablesAndPartitions_AllAreWritten()
    {
        var there = (await Store.InsertAsync("people", new("b", "r"), One, Token)).ETag!;
        var result = await Joint.JointAsync(
            [new("things", "a", [Insert("r"), Insert("s")]), new("people", "b", [new TableWrite.Replace("r", Two, there)]), new("things", "b", [Insert("r")])], Token);
        Assert.True(result.Ok);
        Assert.Equal([2, 1, 1], result.ETags!.Select(etags => etags.Count));
        Assert.Equal(new TableRow(new("b", "r"), Two, result.ETags![1][0]!), await Store.GetAsync("people", new("b", "r"), Token));
        Assert.Equal(result.ETags[0][1], (await Store.GetAsync("things", new("a", "s"), Token))?.ETag);
        Assert.Equal(4, result.ETags.SelectMany(etags => etags).Distinct().Count());
    }

    [Fact]
    public async Task Joint_OneConditionFails_NothingIsWrittenAndItIsNamed()
    {
        await Store.InsertAsync("people", new("b", "t"), One, Token);
        var result = await Joint.JointAsync([new("things", "a", [Insert("r")]), new("people", "b", [Insert("s"), Insert("t")])], Token);
        Assert.Equal(new JointResult(WriteStatus.Exists, 1, 1), result);
        Assert.Null(await Store.GetAsync("things", new("a", "r"), Token));
        Assert.Null(await Store.GetAsync("people", new("b", "s"), Token));
    }

    [Fact]
    public async Task Joint_StaleETag_NothingIsWritten()
    {
        var old = (await Store.InsertAsync("people", new("b", "t"), One, Token)).ETag!;
        await Store.ReplaceAsync("people", new("b", "t"), Two, old, Token);
        var result = await Joint.JointAsync([new("things", "a", [Insert("r")]), new("people", "b", [new TableWrite.Replace("t", One, old)])], Token);
        Assert.Equal(new JointResult(WriteStatus.Stale, 1, 0), result);
        Assert.Null(await Store.GetAsync("things", new("a", "r"), Token));
        Assert.Equal(Two, (await Store.GetAsync("people", new("b", "t"), Token))?.Body);
    }

    [Fact]
    public async Task Joint_OneRowTwiceOrNothing_IsABug()
    {
        await Assert.ThrowsAsync<ArgumentException>(() => Joint.JointAsync([new("things", "a", [Insert("r")]), new("things", "a", [Insert("r")])], Token));
        await Assert.ThrowsAsync<ArgumentException>(() => Joint.JointAsync([], Token));
        Assert.Null(await Store.GetAsync("things", new("a", "r"), Token));
    }

    [Fact]
    public async Task Joint_ManyAtOnceForOneRow_OneWins()
    {
        var results = await Task.WhenAll(Enumerable.Range(0, 16).Select(i => Task.Run(
            () => Joint.JointAsync([new("things", "a", [Insert($"own-{i}")]), new("people", "b", [Insert("the-one")])], Token), Token)));
        Assert.Single(results, result => result.Ok);
        Assert.Single(await Store.QueryAsync("things", "a", cancellationToken: Token).ToListAsync(Token));
    }

    private static TableWrite.Insert Insert(string row) => new(row, One);
}
