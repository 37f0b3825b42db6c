using SQLitePCL;

namespace Interlock.Local.Storage;

/// <summary>One connection and its prepared statements; used by one thread at a time.</summary>
internal class SqliteReader : IDisposable
{
    private readonly string _file;
    private readonly sqlite3 _db;
    private readonly Dictionary<string, SqliteStatement> _statements = new(StringComparer.Ordinal);

    internal SqliteReader(string file)
    {
        _file = file;
        var code = raw.sqlite3_open_v2(file, out _db, raw.SQLITE_OPEN_READWRITE | raw.SQLITE_OPEN_NOMUTEX, null);
        if (code != raw.SQLITE_OK) throw DatabaseException.From(code, file, "The database could not be opened");
        _ = raw.sqlite3_busy_timeout(_db, 5000); // fails only for a closed handle
    }

    internal int Changes => raw.sqlite3_changes(_db);

    /// <summary>Rows changed since the connection was opened: tells whether a job wrote.</summary>
    internal int TotalChanges => raw.sqlite3_total_changes(_db);

    internal long LastRowId => raw.sqlite3_last_insert_rowid(_db);

    internal bool InTransaction => raw.sqlite3_get_autocommit(_db) == 0;

    /// <summary>The prepared statement for this text, kept for the next time. Texts are constants: each costs a slot for ever.</summary>
    public SqliteStatement Statement(string sql)
    {
        if (!_statements.TryGetValue(sql, out var statement))
        {
            var code = raw.sqlite3_prepare_v2(_db, sql, out var handle);
            if (code != raw.SQLITE_OK) throw Failure(code);
            _statements[sql] = statement = new SqliteStatement(this, handle);
        }
        return statement.Lend();
    }

    /// <summary>Runs one statement without parameters, passing over its results, and says how many rows it changed.</summary>
    internal int Run(string sql)
    {
        using var statement = Statement(sql);
        return statement.Run();
    }

    /// <summary>Runs statements once, without keeping them: the schema.</summary>
    internal void ExecuteScript(string sql)
    {
        var code = raw.sqlite3_exec(_db, sql);
        if (code != raw.SQLITE_OK) throw Failure(code);
    }

    /// <summary>The first column of the first row.</summary>
    internal string Scalar(string sql)
    {
        using var statement = Statement(sql);
        return statement.Step() ? statement.Text(0) : "";
    }

    internal DatabaseException Failure(int code) => DatabaseException.From(code, _file, raw.sqlite3_errmsg(_db).utf8_to_string());

    public void Dispose()
    {
        foreach (var statement in _statements.Values) statement.Close();
        _db.Dispose();
    }
}
