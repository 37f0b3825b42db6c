using Interlock.Core.Storage;
using Interlock.Json;
using Interlock.Local.Storage;

namespace Interlock.Tests.Storage;

public sealed class SqliteTableStoreTests : JointTablesContract, IAsyncDisposable
{
    private readonly TempDirectory _directory = new();
    private readonly SqliteDatabase _database;

    public SqliteTableStoreTests()
    {
        _database = SqliteDatabase.Open(_directory.Path);
        Store = new SqliteTableStore(_database);
    }

    protected override ITableStore Store { get; }

    public async ValueTask DisposeAsync()
    {
        await _database.DisposeAsync();
        _directory.Dispose();
    }

    [Fact]
    public async Task Reopen_RowsWritten_FindsEverythingAndGoesOnWithNewETags()
    {
        using var directory = new TempDirectory();
        var token = TestContext.Current.CancellationToken;
        var etags = new HashSet<string>();
        for (var time = 0; time < 3; time++)
        {
            await using var database = SqliteDatabase.Open(directory.Path);
            var store = new SqliteTableStore(database);
            for (var earlier = 0; earlier < time; earlier++)
            {
                var row = await store.GetAsync("things", new("p", $"r{earlier}"), token);
                Assert.Equal(earlier, row!.Body.AsNumber());
                Assert.Contains(row.ETag, etags);
            }
            Assert.True(etags.Add((await store.InsertAsync("things", new("p", $"r{time}"), JsonValue.From(time), token)).ETag!));
            var gone = await store.InsertAsync("things", new("p", "gone"), JsonValue.Null, token);
            Assert.True(etags.Add(gone.ETag!));
            Assert.True((await store.DeleteAsync("things", new("p", "gone"), gone.ETag!, token)).Ok);
        }
    }
}
