using System.Collections.Concurrent;
using SQLitePCL;

namespace Interlock.Local.Storage;

/// <summary>
/// The embedded host's database, <c>DIR/interlock.db</c>: write-ahead log with full sync, one writing thread with group commit, readers
/// beside it. A write whose task completed is durable. Only one process at a time serves a data directory.
/// </summary>
internal sealed class SqliteDatabase : IAsyncDisposable
{
    private const int IdleReaders = 8;

    private readonly DataDirectory _directory;
    private readonly string _file;
    private readonly SqliteWriter _writer;
    private readonly SqliteWriteQueue _queue;
    private readonly ConcurrentBag<SqliteReader> _readers = [];
    private volatile bool _disposed;

    private SqliteDatabase(DataDirectory directory, string file, SqliteWriter writer)
    {
        (_directory, _file, _writer) = (directory, file, writer);
        _queue = new SqliteWriteQueue(writer);
    }

    /// <exception cref="DataDirectoryInUseException">Another process serves this directory.</exception>
    /// <exception cref="DataDirectoryVersionException">A newer Interlock, or something else, wrote the file.</exception>
    /// <exception cref="DatabaseException">The file can't be opened or is damaged.</exception>
    public static SqliteDatabase Open(string directory)
    {
        Batteries_V2.Init();
        var held = DataDirectory.Hold(directory);
        SqliteWriter? writer = null;
        try
        {
            var file = held.PrepareFile("interlock.db");
            writer = new SqliteWriter(file);
            Configure(writer, file);
            SqliteSchema.Ensure(writer, file);
            return new SqliteDatabase(held, file, writer);
        }
        catch
        {
            writer?.Dispose();
            held.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Runs a job on the writer thread and completes when its writes are durable. The job must only read and write the database, check
    /// before it writes, and be repeatable: it runs again when another job of its commit threw after writing. What it throws is its
    /// own; a full disk or an I/O error reaches every job of the commit.
    /// </summary>
    /// <exception cref="DatabaseException">Nothing was stored; or, after an I/O error, the database takes no more writes.</exception>
    /// <exception cref="ObjectDisposedException">The database is closed.</exception>
    public Task<T> WriteAsync<T>(Func<SqliteWriter, T> job)
    {
        var queued = new WriteJob<T>(job);
        _queue.Add(queued, here: false);
        return queued.Task;
    }

    /// <summary>The same, on this thread when nobody else is writing: what is waited for anyway comes sooner so, and the task is complete when this returns.</summary>
    public Task<T> WriteHereAsync<T>(Func<SqliteWriter, T> job)
    {
        var queued = new WriteJob<T>(job);
        _queue.Add(queued, here: true);
        return queued.Task;
    }

    /// <summary>Runs a job that sees one snapshot of everything committed; safe for concurrent use, blocks nobody. Keep it short.</summary>
    public T Read<T>(Func<SqliteReader, T> job)
    {
        var reader = Rent();
        try
        {
            reader.Run("BEGIN");
            return job(reader);
        }
        finally
        {
            Return(reader);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_disposed) return;
        _disposed = true;
        await Task.Run(_queue.Close);
        while (_readers.TryTake(out var reader)) reader.Dispose();
        _writer.Dispose();
        _directory.Dispose();
    }

    private static void Configure(SqliteReader writer, string file)
    {
        writer.Run("PRAGMA page_size = 4096");
        if (writer.Scalar("PRAGMA journal_mode = WAL") != "wal")
            throw DatabaseException.From(raw.SQLITE_CANTOPEN, file, "The file system does not support a write-ahead log");
        writer.Run("PRAGMA synchronous = FULL");
        writer.Run("PRAGMA fullfsync = ON"); // macOS: reach the platter, not the drive's cache
        writer.Run("PRAGMA checkpoint_fullfsync = ON");
        // Longer logs make rarer but longer checkpoints: 10,000 pages are seen in the slowest percent of writes.
        writer.Run("PRAGMA wal_autocheckpoint = 1000");
    }

    private SqliteReader Rent()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (_readers.TryTake(out var idle)) return idle;
        var reader = new SqliteReader(_file);
        reader.Run("PRAGMA query_only = ON");
        return reader;
    }

    private void Return(SqliteReader reader)
    {
        try
        {
            reader.Run("ROLLBACK");
        }
        catch (DatabaseException)
        {
            reader.Dispose(); // in an unknown state; the next job gets a new connection
            return;
        }
        if (_disposed || _readers.Count >= IdleReaders) reader.Dispose();
        else _readers.Add(reader);
    }
}
