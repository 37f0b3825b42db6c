using SQLitePCL;

namespace Interlock.Local.Storage;

/// <summary>
/// A prepared statement that its connection keeps and lends out: bind its parameters in order, step or run it, dispose it to give it
/// back. What a column returns is a copy.
/// </summary>
internal sealed class SqliteStatement : IDisposable
{
    private readonly SqliteReader _owner;
    private readonly sqlite3_stmt _handle;
    private bool _lent;
    private int _bound;

    internal SqliteStatement(SqliteReader owner, sqlite3_stmt handle) => (_owner, _handle) = (owner, handle);

    public SqliteStatement Bind(string value) => Bound(raw.sqlite3_bind_text(_handle, ++_bound, value));

    public SqliteStatement Bind(long value) => Bound(raw.sqlite3_bind_int64(_handle, ++_bound, value));

    /// <summary>Bytes; none at all are stored as an empty blob, not as NULL.</summary>
    public SqliteStatement Bind(ReadOnlySpan<byte> value) => Bound(
        value.IsEmpty ? raw.sqlite3_bind_zeroblob(_handle, ++_bound, 0) : raw.sqlite3_bind_blob(_handle, ++_bound, value));

    /// <summary>Moves to the next row; false after the last.</summary>
    public bool Step()
    {
        var code = raw.sqlite3_step(_handle);
        return code switch
        {
            raw.SQLITE_ROW => true,
            raw.SQLITE_DONE => false,
            _ => throw _owner.Failure(code),
        };
    }

    /// <summary>Runs a statement that returns no rows and says how many rows it changed.</summary>
    public int Run()
    {
        while (Step())
        {
        }
        return _owner.Changes;
    }

    public long Int64(int column) => raw.sqlite3_column_int64(_handle, column);

    public string Text(int column) => raw.sqlite3_column_text(_handle, column).utf8_to_string();

    public byte[] Blob(int column) => raw.sqlite3_column_blob(_handle, column).ToArray();

    public void Dispose()
    {
        // The code repeats the last step's, which threw already.
        _ = raw.sqlite3_reset(_handle);
        _ = raw.sqlite3_clear_bindings(_handle);
        _lent = false;
    }

    internal SqliteStatement Lend()
    {
        if (_lent) throw new InvalidOperationException("This statement is in use; dispose it before asking for it again.");
        _lent = true;
        _bound = 0;
        return this;
    }

    internal void Close() => _handle.Dispose();

    private SqliteStatement Bound(int code) => code == raw.SQLITE_OK ? this : throw _owner.Failure(code);
}
