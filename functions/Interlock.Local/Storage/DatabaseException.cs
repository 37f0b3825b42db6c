using SQLitePCL;

namespace Interlock.Local.Storage;

/// <summary>
/// SQLite refused or failed. <see cref="Code"/> is its primary result code (sqlite.org/rescode.html). Nothing of a write that ends so
/// was stored, except after <see cref="StopsDatabase"/>, when that is known only after a restart.
/// </summary>
internal sealed class DatabaseException : Exception
{
    public DatabaseException(int code, string message, Exception? inner = null) : base(message, inner) => Code = code & 0xFF;

    public int Code { get; }

    /// <summary>The failure is the job's own (a constraint, a wrong statement), not the database's.</summary>
    public bool IsOfJob => Code is raw.SQLITE_ERROR or raw.SQLITE_CONSTRAINT or raw.SQLITE_MISMATCH or raw.SQLITE_TOOBIG
        or raw.SQLITE_RANGE or raw.SQLITE_MISUSE;

    /// <summary>
    /// After a failed read, write or sync nobody knows which pages reached the disk, and a log whose sync failed may still be replayed:
    /// only opening the file again tells. A full disk, a lock or lack of memory is rolled back and may pass.
    /// </summary>
    public bool StopsDatabase => !IsOfJob && Code is not (raw.SQLITE_FULL or raw.SQLITE_BUSY or raw.SQLITE_LOCKED or raw.SQLITE_NOMEM);

    public static DatabaseException From(int code, string file, string detail) => new(code, $"{file}: {detail} (SQLite {code}). {WhatToDo(code & 0xFF)}");

    private static string WhatToDo(int code) => code switch
    {
        raw.SQLITE_FULL => "Free space on that disk and try again; nothing of this write was stored.",
        raw.SQLITE_BUSY or raw.SQLITE_LOCKED => "Another program holds a lock on the file; close it and try again.",
        raw.SQLITE_READONLY or raw.SQLITE_CANTOPEN or raw.SQLITE_PERM => "Give this user read and write access to the data directory.",
        raw.SQLITE_CORRUPT or raw.SQLITE_NOTADB => "The file is damaged or no database; restore it from a backup.",
        raw.SQLITE_IOERR => "Check the disk, then restart.",
        _ => "This is a bug; please report it.",
    };
}
