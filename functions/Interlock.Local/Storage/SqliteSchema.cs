using System.Globalization;

namespace Interlock.Local.Storage;

/// <summary>The database's tables and the version they have, kept in <c>PRAGMA user_version</c>.</summary>
internal static class SqliteSchema
{
    public const int Version = 1;

    /// <summary>The statuses after which a run takes no more events; every other one is found again at a restart.</summary>
    public const string ClosedStatuses = "('completed', 'faulted', 'cancelled')";

    // Ordinary rowid tables with an index: WITHOUT ROWID writes slower, since it moves bodies when it keeps keys in order.
    private const string Tables = $"""
        BEGIN IMMEDIATE;
        CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
        CREATE TABLE rows (tbl TEXT NOT NULL, pk TEXT NOT NULL, rk TEXT NOT NULL, etag INTEGER NOT NULL, body BLOB NOT NULL);
        CREATE UNIQUE INDEX rows_by_key ON rows (tbl, pk, rk);
        CREATE TABLE runs (
          id INTEGER PRIMARY KEY, tenant TEXT NOT NULL, run TEXT NOT NULL, status TEXT NOT NULL, workflow TEXT NOT NULL,
          version TEXT NOT NULL, started INTEGER NOT NULL, updated INTEGER NOT NULL, seq INTEGER NOT NULL, summary BLOB NOT NULL);
        CREATE UNIQUE INDEX runs_by_key ON runs (tenant, run);
        CREATE INDEX runs_by_start ON runs (tenant, started, run);
        CREATE INDEX runs_by_status ON runs (tenant, status, started, run);
        CREATE INDEX runs_open ON runs (started) WHERE status NOT IN {ClosedStatuses};
        CREATE TABLE events (run_id INTEGER NOT NULL, seq INTEGER NOT NULL, body BLOB NOT NULL);
        CREATE UNIQUE INDEX events_by_seq ON events (run_id, seq);
        CREATE TABLE snapshots (run_id INTEGER PRIMARY KEY, seq INTEGER NOT NULL, body BLOB NOT NULL);
        PRAGMA user_version = 1;
        COMMIT;
        """;

    /// <exception cref="DataDirectoryVersionException">The file is of a newer version, or not Interlock's.</exception>
    public static void Ensure(SqliteReader connection, string file)
    {
        var version = int.Parse(connection.Scalar("PRAGMA user_version"), CultureInfo.InvariantCulture);
        if (version == Version) return;
        if (version > Version)
        {
            throw new DataDirectoryVersionException(
                $"{file} has schema version {version}, which a newer Interlock wrote; this one reads up to {Version}. Start the newer Interlock, or use another data directory.");
        }
        if (version != 0 || connection.Scalar("SELECT count(*) FROM sqlite_master") != "0")
            throw new DataDirectoryVersionException($"{file} is not a database of Interlock. Use another data directory.");
        connection.ExecuteScript(Tables);
    }
}
