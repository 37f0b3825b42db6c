using Interlock.Local.Storage;
using SQLitePCL;

namespace Interlock.Tests.Storage;

public sealed class SqliteDatabaseTests : IDisposable
{
    private static readonly string[] _settings = ["journal_mode", "page_size", "wal_autocheckpoint", "user_version"];
    private static readonly string[] _files = ["interlock.db", "interlock.db-wal"];

    private readonly TempDirectory _directory = new();

    private string File => Path.Combine(_directory.Path, "interlock.db");

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Open_NewDirectory_SetsUpTheFileForItsOwnerAlone()
    {
        await using var database = SqliteDatabase.Open(_directory.Path);
        await Put(database, "a");
        var settings = await database.WriteAsync(writer => _settings.Select(name => writer.Scalar("PRAGMA " + name)).ToArray());
        Assert.Equal(["wal", "4096", "1000", "1"], settings);
        Assert.Equal("2", await database.WriteAsync(writer => writer.Scalar("PRAGMA synchronous")));
        if (OperatingSystem.IsWindows()) return;
        const UnixFileMode owner = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        Assert.Equal(owner | UnixFileMode.UserExecute, System.IO.File.GetUnixFileMode(_directory.Path));
        var files = Directory.GetFiles(_directory.Path);
        Assert.Equal(
            ["interlock.db", "interlock.db-shm", "interlock.db-wal", "interlock.lock"], files.Select(Path.GetFileName).Order(StringComparer.Ordinal));
        foreach (var file in files) Assert.Equal(owner, System.IO.File.GetUnixFileMode(file));
    }

    [Fact]
    public async Task Open_DirectoryInUse_IsRefusedUntilItIsClosed()
    {
        await using (SqliteDatabase.Open(_directory.Path))
        {
            var refused = Assert.Throws<DataDirectoryInUseException>(() => SqliteDatabase.Open(_directory.Path));
            Assert.Contains(_directory.Path, refused.Message, StringComparison.Ordinal);
        }
        await using var again = SqliteDatabase.Open(_directory.Path);
        await Put(again, "a");
    }

    [Fact]
    public async Task Open_NewerSchema_IsRefusedAndLeftAlone()
    {
        await using (var database = SqliteDatabase.Open(_directory.Path))
        {
            await database.WriteAsync(writer => writer.Run("PRAGMA user_version = 2"));
        }
        for (var i = 0; i < 2; i++)
        {
            var refused = Assert.Throws<DataDirectoryVersionException>(() => SqliteDatabase.Open(_directory.Path));
            Assert.Contains("schema version 2", refused.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Open_AnotherProgramsDatabase_IsRefused()
    {
        await using (var database = SqliteDatabase.Open(_directory.Path))
        {
            await database.WriteAsync(writer => writer.Run("PRAGMA user_version = 0"));
        }
        Assert.Throws<DataDirectoryVersionException>(() => SqliteDatabase.Open(_directory.Path));
    }

    [Fact]
    public void Open_NoDatabase_SaysItIsDamaged()
    {
        Directory.CreateDirectory(_directory.Path);
        System.IO.File.WriteAllText(File, new string('x', 8192));
        var refused = Assert.Throws<DatabaseException>(() => SqliteDatabase.Open(_directory.Path));
        Assert.Equal(raw.SQLITE_NOTADB, refused.Code);
        Assert.Contains("backup", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Write_Returned_IsInTheFilesThatACrashLeaves()
    {
        using var crashed = new TempDirectory();
        await using (var database = SqliteDatabase.Open(_directory.Path))
        {
            for (var i = 0; i < 10; i++) await Put(database, $"{i}");
            // What a killed process leaves: the files as they are, with nothing closed.
            Directory.CreateDirectory(crashed.Path);
            foreach (var name in _files)
            {
                await using var from = new FileStream(Path.Combine(_directory.Path, name), FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
                await using var to = new FileStream(Path.Combine(crashed.Path, name), FileMode.CreateNew);
                await from.CopyToAsync(to, TestContext.Current.CancellationToken);
            }
        }
        await using var recovered = SqliteDatabase.Open(crashed.Path);
        Assert.Equal("10", recovered.Read(reader => reader.Scalar("SELECT count(*) FROM rows")));
    }

    [Fact]
    public async Task Write_JobThrowsAfterWriting_FailsAloneInItsGroup()
    {
        await using var database = SqliteDatabase.Open(_directory.Path);
        var tasks = await InOneGroup(database, Enumerable.Range(0, 9).Select<int, Func<SqliteWriter, int>>(i => writer =>
        {
            Insert(writer, $"{i}");
            return i % 4 == 1 ? throw new FormatException($"job {i}") : i;
        }));
        for (var i = 0; i < tasks.Count; i++)
        {
            if (i % 4 == 1) Assert.Equal($"job {i}", (await Assert.ThrowsAsync<FormatException>(() => tasks[i])).Message);
            else Assert.Equal(i, await tasks[i]);
        }
        Assert.Equal("0,2,3,4,6,7,8", Rows(database));
    }

    [Fact]
    public async Task Write_JobBreaksConstraint_FailsAloneInItsGroup()
    {
        await using var database = SqliteDatabase.Open(_directory.Path);
        var tasks = await InOneGroup(database, "abac".Select<char, Func<SqliteWriter, int>>(key => writer => Insert(writer, key.ToString())));
        await Task.WhenAll(tasks[0], tasks[1], tasks[3]);
        Assert.Equal(raw.SQLITE_CONSTRAINT, (await Assert.ThrowsAsync<DatabaseException>(() => tasks[2])).Code);
        Assert.Equal("a,b,c", Rows(database));
    }

    [Fact]
    public async Task Write_JobRefusedBecauseOfASpoiler_IsJudgedAgainWithoutIt()
    {
        await using var database = SqliteDatabase.Open(_directory.Path);
        var tasks = await InOneGroup(database, new Func<SqliteWriter, int>[]
        {
            writer => Insert(writer, "a") + throwing(),
            writer => Count(writer) > 0 ? throw new InvalidOperationException("taken") : Insert(writer, "b"),
            writer => Insert(writer, "c") + throwing(),
        });
        static int throwing() => throw new FormatException();
        await Assert.ThrowsAsync<FormatException>(() => tasks[0]);
        Assert.Equal(1, await tasks[1]);
        await Assert.ThrowsAsync<FormatException>(() => tasks[2]);
        Assert.Equal("b", Rows(database));
    }

    [Fact]
    public async Task Write_DiskFull_ReachesEveryWaiterAndPasses()
    {
        await using var database = SqliteDatabase.Open(_directory.Path);
        await Put(database, "before");
        await database.WriteAsync(writer => writer.Scalar("PRAGMA max_page_count = 40"));
        var tasks = await InOneGroup(database, new Func<SqliteWriter, int>[]
        {
            writer => Insert(writer, "small"),
            writer => Insert(writer, "large", new byte[1 << 20]),
            writer => throw new FormatException("judged by what was never stored"),
        });
        foreach (var task in tasks)
        {
            var refused = await Assert.ThrowsAsync<DatabaseException>(() => task);
            Assert.Equal(raw.SQLITE_FULL, refused.Code);
            Assert.Contains("Free space", refused.Message, StringComparison.Ordinal);
        }
        Assert.Equal("before", Rows(database));
        await Put(database, "small");
        await database.WriteAsync(writer => writer.Scalar("PRAGMA max_page_count = 100000"));
        await database.WriteAsync(writer => Insert(writer, "large", new byte[1 << 20]));
        Assert.Equal("before,large,small", Rows(database));
    }

    [Fact]
    public async Task Write_IoError_StopsWritesAndSaysSo()
    {
        await using (var database = SqliteDatabase.Open(_directory.Path))
        {
            await Put(database, "before");
            var tasks = await InOneGroup(database, new Func<SqliteWriter, int>[]
            {
                writer => Insert(writer, "lost"),
                writer => throw DatabaseException.From(raw.SQLITE_IOERR, File, "disk I/O error"),
            });
            foreach (var task in tasks) Assert.Equal(raw.SQLITE_IOERR, (await Assert.ThrowsAsync<DatabaseException>(() => task)).Code);
            var refused = await Assert.ThrowsAsync<DatabaseException>(() => Put(database, "after"));
            Assert.Contains("Restart", refused.Message, StringComparison.Ordinal);
            Assert.Equal("before", Rows(database));
        }
        await using var again = SqliteDatabase.Open(_directory.Path);
        await Put(again, "after");
        Assert.Equal("after,before", Rows(again));
    }

    [Fact]
    public async Task NextETag_AfterRollback_StaysAheadOfWhatIsStored()
    {
        var seen = new HashSet<long>();
        for (var time = 0; time < 2; time++)
        {
            await using var database = SqliteDatabase.Open(_directory.Path);
            // The first number reserves a block; its rollback takes the reservation back.
            await Assert.ThrowsAsync<FormatException>(() => database.WriteAsync<int>(writer =>
            {
                seen.Add(writer.NextETag());
                Insert(writer, "rolled back");
                throw new FormatException();
            }));
            for (var i = 0; i < 3; i++) Assert.True(seen.Add(await database.WriteAsync(writer => writer.NextETag())));
        }
    }

    [Fact]
    public async Task Write_Continuation_RunsOffTheWriterThread()
    {
        await using var database = SqliteDatabase.Open(_directory.Path);
        var writerThread = await database.WriteAsync(_ => Environment.CurrentManagedThreadId);
        using var entered = new ManualResetEventSlim();
        using var release = new ManualResetEventSlim();
        var write = database.WriteAsync(_ => Wait(entered, release));
        entered.Wait(TestContext.Current.CancellationToken);
        var continued = write.ContinueWith(
            _ => Environment.CurrentManagedThreadId, TestContext.Current.CancellationToken, TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
        release.Set();
        Assert.NotEqual(writerThread, await continued);
    }

    [Fact]
    public async Task Read_WhileAWriteIsOpen_SeesOneSnapshotOfWhatWasCommitted()
    {
        await using var database = SqliteDatabase.Open(_directory.Path);
        await Put(database, "a");
        using var entered = new ManualResetEventSlim();
        using var release = new ManualResetEventSlim();
        var write = database.WriteAsync(writer => Insert(writer, "b") + Wait(entered, release));
        entered.Wait(TestContext.Current.CancellationToken);
        Assert.Equal("a", Rows(database));
        var counts = database.Read(reader =>
        {
            var before = Count(reader);
            release.Set();
#pragma warning disable xUnit1031 // the reader must still be open when the write ends
            write.Wait(TestContext.Current.CancellationToken);
#pragma warning restore xUnit1031
            return (before, after: Count(reader));
        });
        Assert.Equal((1, 1), counts);
        Assert.Equal("a,b", Rows(database));
    }

    [Fact]
    public async Task Read_ManyAtOnceBesideWrites_SeesEachWriteThatReturned()
    {
        await using var database = SqliteDatabase.Open(_directory.Path);
        await Task.WhenAll(Enumerable.Range(0, 32).Select(i => Task.Run(async () =>
        {
            for (var j = 0; j < 10; j++)
            {
                await Put(database, $"{i}-{j}");
                Assert.Contains($"{i}-{j}", Rows(database).Split(','));
            }
        })));
        Assert.Equal(320, database.Read(Count));
    }

    [Fact]
    public async Task Read_JobWritesOrThrows_LeavesTheConnectionUsable()
    {
        await using var database = SqliteDatabase.Open(_directory.Path);
        await Put(database, "a");
        for (var i = 0; i < 20; i++)
        {
            Assert.Throws<DatabaseException>(() => database.Read(reader => reader.Run("DELETE FROM rows")));
            Assert.Throws<FormatException>(() => database.Read<int>(_ => throw new FormatException()));
        }
        Assert.Equal("a", Rows(database));
    }

    [Fact]
    public async Task Dispose_WritesQueued_AreDoneFirst()
    {
        var database = SqliteDatabase.Open(_directory.Path);
        var writes = Enumerable.Range(0, 100).Select(i => Put(database, $"{i}")).ToArray();
        await database.DisposeAsync();
        await database.DisposeAsync();
        Assert.All(writes, write => Assert.True(write.IsCompletedSuccessfully));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => Put(database, "late"));
        Assert.Throws<ObjectDisposedException>(() => Rows(database));
    }

    private static Task<int> Put(SqliteDatabase database, string key) => database.WriteAsync(writer => Insert(writer, key));

    private static int Insert(SqliteWriter writer, string key, byte[]? body = null)
    {
        using var insert = writer.Statement("INSERT INTO rows (tbl, pk, rk, etag, body) VALUES ('t', 'p', ?1, 1, ?2)");
        return insert.Bind(key).Bind(body).Run();
    }

    private static int Count(SqliteReader reader)
    {
        using var count = reader.Statement("SELECT count(*) FROM rows");
        Assert.True(count.Step());
        return (int)count.Int64(0);
    }

    private static string Rows(SqliteDatabase database) =>
        database.Read(reader => reader.Scalar("SELECT group_concat(rk) FROM (SELECT rk FROM rows ORDER BY rk)"));

    private static int Wait(ManualResetEventSlim entered, ManualResetEventSlim release)
    {
        entered.Set();
        release.Wait(TestContext.Current.CancellationToken);
        return 0;
    }

    /// <summary>Queues the jobs while the writer is busy, so that it takes them together.</summary>
    private static async Task<List<Task<int>>> InOneGroup(SqliteDatabase database, IEnumerable<Func<SqliteWriter, int>> jobs)
    {
        using var entered = new ManualResetEventSlim();
        using var release = new ManualResetEventSlim();
        var busy = database.WriteAsync(_ => Wait(entered, release));
        entered.Wait(TestContext.Current.CancellationToken);
        var tasks = jobs.Select(database.WriteAsync).ToList();
        release.Set();
        await busy;
        return tasks;
    }
}
