namespace Interlock.Local.Storage;

/// <summary>The writing connection, inside a transaction; only write jobs see it, one thread at a time.</summary>
internal sealed class SqliteWriter : SqliteReader
{
    private const long Block = 1 << 20;

    private long _nextETag;
    private long _reservedTo;

    internal SqliteWriter(string file) : base(file)
    {
    }

    /// <summary>
    /// A number no row of this database ever had. Numbers are reserved a block at a time, so that most commits need not store the
    /// counter; a crash skips the rest of a block.
    /// </summary>
    public long NextETag()
    {
        if (_nextETag == _reservedTo) Reserve();
        return _nextETag++;
    }

    /// <summary>After a rollback the stored mark may be older than ours: reserve again before handing out more.</summary>
    internal void ForgetReservation() => _reservedTo = _nextETag;

    private void Reserve()
    {
        using var read = Statement("SELECT value FROM counters WHERE name = 'etag'");
        if (_nextETag == 0) _nextETag = read.Step() ? read.Int64(0) : 1;
        using var write = Statement(
            "INSERT INTO counters (name, value) VALUES ('etag', ?1) ON CONFLICT (name) DO UPDATE SET value = excluded.value");
        write.Bind(_nextETag + Block).Run();
        _reservedTo = _nextETag + Block;
    }
}
