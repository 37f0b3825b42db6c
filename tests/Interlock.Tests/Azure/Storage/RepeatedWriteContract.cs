using Azure;
using Interlock.Core.Storage;
using Interlock.Functions.Storage;
using Interlock.Json;

namespace Interlock.Tests.Azure.Storage;

/// <summary>What a write comes to when an answer is lost and the client repeats it by itself.</summary>
public abstract class RepeatedWriteContract
{
    private const string Table = "things";

    private static readonly JsonValue _one = JsonValue.Object(("n", 1));
    private static readonly JsonValue _two = JsonValue.Object(("n", 2));

    /// <summary>How an answer gets lost on the way back, or as good as.</summary>
    public static TheoryData<int> Losses => [(int)Fault.AnswerLost, (int)Fault.FailedAfter];

    private protected abstract TestTableService Service { get; }

    /// <summary>Another process: its requests meet no faults and are not counted.</summary>
    private protected abstract TableStore Other { get; }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private TableStore Store => new(Service);

    [Theory]
    [MemberData(nameof(Losses))]
    public async Task Insert_AnswerLost_IsWritten(int loss)
    {
        await Insert("other");
        Service.Faults.Next((Fault)loss);
        var result = await Store.InsertAsync(Table, new("p", "r"), _one, Token);
        Assert.True(result.Ok);
        Assert.Equal(new TableRow(new("p", "r"), _one, result.ETag!), await Other.GetAsync(Table, new("p", "r"), Token));
        Assert.True((await Store.ReplaceAsync(Table, new("p", "r"), _two, result.ETag!, Token)).Ok);
    }

    [Theory]
    [MemberData(nameof(Losses))]
    public async Task Replace_AnswerLost_IsWritten(int loss)
    {
        var etag = await Insert("r");
        Service.Faults.Next((Fault)loss, (Fault)loss);
        var result = await Store.ReplaceAsync(Table, new("p", "r"), _two, etag, Token);
        Assert.True(result.Ok);
        Assert.Equal(new TableRow(new("p", "r"), _two, result.ETag!), await Other.GetAsync(Table, new("p", "r"), Token));
    }

    [Theory]
    [MemberData(nameof(Losses))]
    public async Task Batch_AnswerLost_IsWrittenWithItsETags(int loss)
    {
        var (a, b) = (await Insert("a"), await Insert("b"));
        Service.Faults.Next((Fault)loss);
        var result = await Store.BatchAsync(
            Table, "p", [new TableWrite.Delete("a", a), new TableWrite.Replace("b", _two, b), new TableWrite.Insert("c", _two)], Token);
        Assert.True(result.Ok);
        Assert.Equal([null, await ETag("b"), await ETag("c")], result.ETags!);
    }

    [Fact]
    public async Task Batch_AnswerLostAndARowChangedSince_IsWrittenWithAnETagThatIsStale()
    {
        var a = await Insert("a");
        Service.Faults.Next(Fault.AnswerLost);
        Service.Faults.Before = OnSending(2, async () => Assert.True((await Other.ReplaceAsync(Table, new("p", "a"), _one, (await ETag("a"))!, Token)).Ok));
        var result = await Store.BatchAsync(Table, "p", [new TableWrite.Replace("a", _two, a), new TableWrite.Insert("b", _two)], Token);
        Assert.True(result.Ok);
        Assert.Equal(await ETag("b"), result.ETags![1]);
        Assert.Equal(WriteStatus.Stale, (await Store.ReplaceAsync(Table, new("p", "a"), _two, result.ETags[0]!, Token)).Status);
    }

    [Theory]
    [InlineData((int)Fault.Unreachable)]
    [InlineData((int)Fault.Busy)]
    public async Task Insert_RepeatedAfterAnotherWon_Exists(int fault)
    {
        await Insert("other");
        Service.Faults.Next((Fault)fault);
        Service.Faults.Before = OnSending(2, () => Other.InsertAsync(Table, new("p", "r"), _two, Token));
        Assert.Equal(new WriteResult(WriteStatus.Exists), await Store.InsertAsync(Table, new("p", "r"), _two, Token));
    }

    [Fact]
    public async Task Insert_TwoOfTheSameBody_OneWinsWhateverIsLost()
    {
        await Insert("other");
        Service.Faults.Next(Fault.AnswerLost);
        Service.Faults.Before = OnSending(1, () => Other.InsertAsync(Table, new("p", "r"), _one, Token));
        Assert.Equal(new WriteResult(WriteStatus.Exists), await Store.InsertAsync(Table, new("p", "r"), _one, Token));
    }

    [Fact]
    public async Task Batch_RepeatedAndRefusedByAnInsert_NamesIt()
    {
        var a = await Insert("a");
        await Insert("c");
        Service.Faults.Next(Fault.Unreachable);
        var result = await Store.BatchAsync(Table, "p", [new TableWrite.Replace("a", _two, a), new TableWrite.Insert("b", _two), new TableWrite.Insert("c", _two)], Token);
        Assert.Equal(new BatchResult(WriteStatus.Exists, 2), result);
        Assert.Null(await ETag("b"));
    }

    [Fact]
    public async Task Replace_OverwrittenBeforeItsRepetition_IsUnknown()
    {
        var etag = await Insert("r");
        Service.Faults.Next(Fault.AnswerLost);
        Service.Faults.Before = OnSending(2, async () => Assert.True((await Other.ReplaceAsync(Table, new("p", "r"), _one, (await ETag("r"))!, Token)).Ok));
        var unknown = await Assert.ThrowsAsync<OutcomeUnknownException>(() => Store.ReplaceAsync(Table, new("p", "r"), _two, etag, Token));
        Assert.DoesNotContain("'p'", unknown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Delete_AnswerLost_IsUnknown()
    {
        var etag = await Insert("r");
        Service.Faults.Next(Fault.AnswerLost);
        await Assert.ThrowsAsync<OutcomeUnknownException>(() => Store.DeleteAsync(Table, new("p", "r"), etag, Token));
        Assert.Equal(WriteStatus.Stale, (await Store.DeleteAsync(Table, new("p", "r"), etag, Token)).Status);
    }

    [Fact]
    public async Task Write_RefusedAtItsFirstAttempt_ReadsNothing()
    {
        var etag = await Insert("r");
        var before = Service.Faults.Sent;
        Assert.Equal(WriteStatus.Exists, (await Store.InsertAsync(Table, new("p", "r"), _two, Token)).Status);
        Assert.Equal(WriteStatus.Stale, (await Store.DeleteAsync(Table, new("p", "other"), etag, Token)).Status);
        Assert.Equal(before + 2, Service.Faults.Sent);
    }

    [Fact]
    public async Task AnyMethod_ServiceBusyForLong_Throws()
    {
        await Insert("r");
        Service.Faults.Next(Fault.Busy, Fault.Busy, Fault.Busy, Fault.Busy);
        Assert.Equal(503, (await Assert.ThrowsAsync<RequestFailedException>(() => Store.InsertAsync(Table, new("p", "s"), _one, Token))).Status);
        Assert.Null(await ETag("s"));
        Service.Faults.Next(Fault.Busy, Fault.Busy, Fault.Busy, Fault.Busy);
        Assert.Equal(503, (await Assert.ThrowsAsync<RequestFailedException>(() => Store.GetAsync(Table, new("p", "r"), Token))).Status);
        Service.Faults.Next(Fault.Busy, Fault.Busy, Fault.Busy, Fault.Busy);
        Assert.Equal(503, (await Assert.ThrowsAsync<RequestFailedException>(async () => await Store.QueryAsync(Table, "p", cancellationToken: Token).ToListAsync(Token))).Status);
        Service.Faults.Next(Fault.Busy, Fault.Unreachable, Fault.Busy);
        Assert.NotNull(await Store.GetAsync(Table, new("p", "r"), Token));
    }

    [Fact]
    public async Task Insert_EveryAnswerLost_ThrowsAndIsThere()
    {
        await Insert("r");
        Service.Faults.Next(Fault.AnswerLost, Fault.AnswerLost, Fault.AnswerLost, Fault.AnswerLost);
        await Assert.ThrowsAsync<AggregateException>(() => Store.InsertAsync(Table, new("p", "s"), _one, Token));
        Assert.NotNull(await ETag("s"));
    }

    [Fact]
    public async Task Insert_FirstOfItsTableWithEachAnswerLost_IsWritten()
    {
        Service.Faults.Next(Fault.AnswerLost, Fault.None, Fault.AnswerLost, Fault.None, Fault.AnswerLost);
        Assert.True((await Store.InsertAsync(Table, new("p", "r"), _one, Token)).Ok);
        Assert.NotNull(await ETag("r"));
    }

    private static Func<int, Task> OnSending(int number, Func<Task> act)
    {
        var sent = 0;
        return _ => ++sent == number ? act() : Task.CompletedTask;
    }

    private async Task<string> Insert(string row) => (await Other.InsertAsync(Table, new("p", row), _one, Token)).ETag!;

    private async Task<string?> ETag(string row) => (await Other.GetAsync(Table, new("p", row), Token))?.ETag;
}
