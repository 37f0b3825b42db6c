using System.Text;
using Interlock.Local.Storage;

namespace Interlock.Tests.Storage;

public sealed class RunLogTests : IAsyncDisposable
{
    private readonly TempDirectory _directory = new();
    private readonly SqliteDatabase _database;
    private readonly RunLog _log;

    public RunLogTests()
    {
        _database = SqliteDatabase.Open(_directory.Path);
        _log = new RunLog(_database);
    }

    public async ValueTask DisposeAsync()
    {
        await _database.DisposeAsync();
        _directory.Dispose();
    }

    [Fact]
    public async Task Load_NoSnapshot_ReturnsHeadAndAllEvents()
    {
        await Append("acme", "r1", 1, ["e1", "e2"]);
        await Append("acme", "r1", 3, [""], updatedAt: 7);
        var run = _log.Load("acme", "r1")!;
        Assert.Null(run.Snapshot);
        Assert.Equal(["e1", "e2", ""], Texts(run.Events));
        Assert.Equal((3, 7, "running", "ns/flow", "1.0.0"), (run.Head.Seq, run.Head.UpdatedAt, run.Head.Status, run.Head.Workflow, run.Head.Version));
        Assert.Equal("{}", Encoding.UTF8.GetString(run.Head.Summary));
    }

    [Fact]
    public async Task Load_Snapshot_ReturnsOnlyTheEventsAfterIt()
    {
        await Append("acme", "r1", 1, ["e1", "e2", "e3"], snapshot: new RunSnapshot(2, Bytes("after e2")));
        Assert.Equal(["e3"], Texts(_log.Load("acme", "r1")!.Events));
        await Append("acme", "r1", 4, ["e4"], snapshot: new RunSnapshot(4, Bytes("after e4")));
        await Append("acme", "r1", 5, ["e5"]);
        var run = _log.Load("acme", "r1")!;
        Assert.Equal((4, "after e4"), (run.Snapshot!.Seq, Encoding.UTF8.GetString(run.Snapshot.Body)));
        Assert.Equal(["e5"], Texts(run.Events));
        Assert.Equal(["e1", "e2", "e3", "e4", "e5"], Texts(_log.Events("acme", "r1")));
    }

    [Fact]
    public async Task Load_AnotherTenantsRun_IsNull()
    {
        await Append("acme", "r1", 1, ["acme's"]);
        Assert.Null(_log.Load("globex", "r1"));
        Assert.Null(_log.Find("globex", "r1"));
        Assert.Empty(_log.Events("globex", "r1"));
        await Append("globex", "r1", 1, ["globex's"]);
        Assert.Equal(["acme's"], Texts(_log.Load("acme", "r1")!.Events));
        Assert.Equal(["globex's"], Texts(_log.Events("globex", "r1")));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    public async Task Append_NotAfterTheLastEvent_IsAConflictAndStoresNothing(long firstSeq)
    {
        await Append("acme", "r1", 1, ["e1", "e2"]);
        await Assert.ThrowsAsync<RunLogConflictException>(() =>
            Append("acme", "r1", firstSeq, ["x", "y"], "completed", snapshot: new RunSnapshot(1, Bytes("x"))));
        var run = _log.Load("acme", "r1")!;
        Assert.Equal((2, "running"), (run.Head.Seq, run.Head.Status));
        Assert.Null(run.Snapshot);
        Assert.Equal(["e1", "e2"], Texts(run.Events));
    }

    [Fact]
    public async Task Append_UnknownRunInTheMiddle_IsAConflict()
    {
        await Assert.ThrowsAsync<RunLogConflictException>(() => Append("acme", "r1", 2, ["e2"]));
        Assert.Null(_log.Load("acme", "r1"));
    }

    [Fact]
    public async Task Append_RacingWriters_OneOfThemContinuesTheRun()
    {
        await Append("acme", "r1", 1, ["e1"]);
        var tasks = Enumerable.Range(0, 20).Select(i => Append("acme", "r1", 2, [$"by {i}"])).ToArray();
        var failures = 0;
        foreach (var task in tasks)
        {
            try
            {
                await task;
            }
            catch (RunLogConflictException)
            {
                failures++;
            }
        }
        Assert.Equal(19, failures);
        Assert.Equal(["e1", "by 0"], Texts(_log.Events("acme", "r1")));
    }

    [Fact]
    public async Task Append_NoEvents_StoresHeadAndSnapshot()
    {
        await Append("acme", "r1", 1, ["e1"]);
        await Append("acme", "r1", 2, [], "suspended", snapshot: new RunSnapshot(1, Bytes("s")));
        var run = _log.Load("acme", "r1")!;
        Assert.Equal((1, "suspended", 1), (run.Head.Seq, run.Head.Status, run.Snapshot!.Seq));
    }

    [Fact]
    public async Task Append_ArgumentsThatDisagree_Throw()
    {
        await Assert.ThrowsAsync<ArgumentException>(() => _log.AppendAsync("acme", "r2", 1, [Bytes("e")], null, Head("acme", "r1", 1)));
        await Assert.ThrowsAsync<ArgumentException>(() => _log.AppendAsync("acme", "r1", 1, [Bytes("e")], null, Head("acme", "r1", 2)));
        await Assert.ThrowsAsync<ArgumentException>(() => _log.AppendAsync("acme", "r1", 1, [], null, Head("acme", "r1", 0)));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => _log.AppendAsync("acme", "r1", 0, [Bytes("e")], null, Head("acme", "r1", 0)));
        await Assert.ThrowsAsync<ArgumentException>(() =>
            _log.AppendAsync("acme", "r1", 1, [Bytes("e")], new RunSnapshot(2, []), Head("acme", "r1", 1)));
    }

    [Fact]
    public async Task Events_ManyPages_ReturnsEachOnceInOrder()
    {
        for (var i = 0; i < 6; i++) await Append("acme", "r1", (i * 100) + 1, [.. Enumerable.Range((i * 100) + 1, 100).Select(n => $"{n}")]);
        Assert.Equal(Enumerable.Range(1, 600).Select(n => $"{n}"), Texts(_log.Events("acme", "r1")));
        Assert.Equal(Enumerable.Range(1, 600).Select(n => $"{n}"), Texts(_log.Events("acme", "r1", -5)));
        Assert.Equal(Enumerable.Range(300, 301).Select(n => $"{n}"), Texts(_log.Events("acme", "r1", 300)));
        Assert.Empty(_log.Events("acme", "r1", 601));
    }

    [Fact]
    public async Task Open_AfterReopen_FindsTheRunsOfAllTenantsThatAreNotClosed()
    {
        using var directory = new TempDirectory();
        await using (var database = SqliteDatabase.Open(directory.Path))
        {
            var log = new RunLog(database);
            var started = 0;
            foreach (var status in new[] { "running", "completed", "suspended", "faulted", "pending", "cancelled", "closing" })
                await log.AppendAsync(started % 2 == 0 ? "acme" : "globex", status, 1, [Bytes("e")], null,
                    Head(started % 2 == 0 ? "acme" : "globex", status, 1, status, ++started));
            await log.AppendAsync("acme", "closing", 2, [Bytes("e")], null, Head("acme", "closing", 2, "completed"));
        }
        await using var again = SqliteDatabase.Open(directory.Path);
        Assert.Equal(["acme/running", "acme/suspended", "acme/pending"], new RunLog(again).Open().Select(head => $"{head.Tenant}/{head.RunId}"));
    }

    [Fact]
    public async Task List_Pages_AreNewestFirstAndOfOneTenant()
    {
        foreach (var i in Enumerable.Range(0, 20))
        {
            await Append("acme", $"r{i:D2}", 1, ["e"], i % 2 == 0 ? "running" : "completed", startedAt: i / 4);
            await Append("globex", $"g{i:D2}", 1, ["e"], startedAt: i);
        }
        await Append("acme", "r00", 2, ["e"], startedAt: 0, updatedAt: 99);
        Assert.Equal(Descending(20), Paged(null, 7));
        Assert.Equal(Descending(20).Where((_, i) => i % 2 == 1), Paged("running", 3));
        Assert.Equal(Descending(20).Where((_, i) => i % 2 == 0), Paged("completed", 4));
        Assert.Empty(_log.List("acme", "faulted"));
        Assert.Empty(_log.List("acm"));
        Assert.Empty(_log.List("acme", limit: 0));

        static IEnumerable<string> Descending(int count) => Enumerable.Range(0, count).Reverse().Select(i => $"r{i:D2}");

        IEnumerable<string> Paged(string? status, int limit)
        {
            RunCursor? before = null;
            while (_log.List("acme", status, before, limit) is { Count: > 0 } page)
            {
                Assert.True(page.Count <= limit);
                foreach (var head in page) yield return head.RunId;
                before = page[^1].Cursor;
            }
        }
    }

    [Theory]
    [InlineData("SELECT seq FROM runs WHERE tenant = 'a' AND (started, run) < (1, 'r') ORDER BY started DESC, run DESC LIMIT 5", "runs_by_start")]
    [InlineData(
        "SELECT seq FROM runs WHERE tenant = 'a' AND status = 's' AND (started, run) < (1, 'r') ORDER BY started DESC, run DESC LIMIT 5", "runs_by_status")]
    [InlineData("SELECT seq FROM runs WHERE status NOT IN ('completed', 'faulted', 'cancelled') ORDER BY started", "runs_open")]
    [InlineData("SELECT body FROM rows WHERE tbl = 't' AND pk = 'p' AND rk >= 'a' AND rk < 'b' AND rk > 'aa' ORDER BY rk", "rows_by_key")]
    public void Plan_OfListings_SeeksAnIndexAndSortsNothing(string sql, string index)
    {
        var plan = _database.Read(reader =>
        {
            using var explain = reader.Statement("EXPLAIN QUERY PLAN " + sql);
            var lines = new List<string>();
            while (explain.Step()) lines.Add(explain.Text(3));
            return string.Join('\n', lines);
        });
        Assert.Contains($"INDEX {index}", plan, StringComparison.Ordinal);
        Assert.DoesNotContain("TEMP B-TREE", plan, StringComparison.Ordinal);
    }

    private Task Append(
        string tenant, string run, long firstSeq, string[] events, string status = "running", RunSnapshot? snapshot = null,
        long startedAt = 1, long updatedAt = 2) =>
        _log.AppendAsync(tenant, run, firstSeq, [.. events.Select(Bytes)], snapshot,
            Head(tenant, run, firstSeq + events.Length - 1, status, startedAt, updatedAt));

    private static RunHead Head(string tenant, string run, long seq, string status = "running", long startedAt = 1, long updatedAt = 2) =>
        new(tenant, run, status, "ns/flow", "1.0.0", startedAt, updatedAt, seq, Bytes("{}"));

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    private static IEnumerable<string> Texts(IEnumerable<byte[]> bodies) => bodies.Select(Encoding.UTF8.GetString);
}
