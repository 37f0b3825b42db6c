namespace Interlock.Local.Storage;

/// <summary>
/// The append-only event log of runs, their latest snapshots and their heads. An append is one write: all of it is durable or none.
/// Bodies are opaque here. Every read names its tenant, but <see cref="Open"/>, which serves the host's own restart.
/// </summary>
internal sealed class RunLog(SqliteDatabase database)
{
    private const int PageRows = 256;
    private const string HeadColumns = "tenant, run, status, workflow, version, started, updated, seq, summary";

    /// <summary>
    /// Appends events numbered from <paramref name="firstSeq"/>, stores the head and, if given, replaces the snapshot. Without events it
    /// stores only those. Workflow, version and start stay as the run's first append gave them.
    /// </summary>
    /// <exception cref="RunLogConflictException">The run's last event is not the one before <paramref name="firstSeq"/>; nothing was stored.</exception>
    public Task AppendAsync(
        string tenant, string runId, long firstSeq, IReadOnlyList<byte[]> events, RunSnapshot? snapshot, RunHead head) =>
        database.WriteAsync(Prepare(tenant, runId, firstSeq, events, snapshot, head));

    /// <summary>The same as a write job, so that it can share a commit with other writes.</summary>
    public static Func<SqliteWriter, long> Prepare(
        string tenant, string runId, long firstSeq, IReadOnlyList<byte[]> events, RunSnapshot? snapshot, RunHead head)
    {
        if (head.Tenant != tenant || head.RunId != runId) throw new ArgumentException("The head is of another run.", nameof(head));
        if (firstSeq < 1) throw new ArgumentOutOfRangeException(nameof(firstSeq), "A run's first event is number 1.");
        if (head.Seq != firstSeq + events.Count - 1) throw new ArgumentException("The head's seq is not that of the last event.", nameof(head));
        if (head.Seq == 0) throw new ArgumentException("A run begins with an event.", nameof(events));
        if (snapshot is not null && (snapshot.Seq < 1 || snapshot.Seq > head.Seq))
            throw new ArgumentException("The snapshot is of an event that the run does not have.", nameof(snapshot));
        byte[][] copy = [.. events];
        return writer => Append(writer, firstSeq, copy, snapshot, head);
    }

    /// <summary>The run as stored, or null when this tenant has none of that id.</summary>
    public RunRecord? Load(string tenant, string runId) => database.Read(reader =>
    {
        if (Head(reader, tenant, runId) is not var (id, head)) return null;
        var snapshot = Snapshot(reader, id);
        using var select = reader.Statement("SELECT body FROM events WHERE run_id = ?1 AND seq > ?2 ORDER BY seq");
        select.Bind(id).Bind(snapshot?.Seq ?? 0);
        var events = new List<byte[]>();
        while (select.Step()) events.Add(select.Blob(0));
        return new RunRecord(head, snapshot, events);
    });

    /// <summary>The run's head, or null when this tenant has none of that id.</summary>
    public RunHead? Find(string tenant, string runId) => database.Read(reader => Head(reader, tenant, runId)?.Head);

    /// <summary>The run's events from a number on, in order; read page by page, with those appended meanwhile.</summary>
    public IEnumerable<byte[]> Events(string tenant, string runId, long fromSeq = 1)
    {
        while (true)
        {
            var from = fromSeq;
            var page = database.Read(reader => Page(reader, tenant, runId, from));
            foreach (var body in page) yield return body;
            if (page.Count < PageRows) yield break;
            fromSeq = Math.Max(fromSeq, 1) + page.Count;
        }
    }

    /// <summary>The runs of all tenants that are not completed, faulted or cancelled, oldest first: what a restart picks up.</summary>
    public IReadOnlyList<RunHead> Open() => database.Read(reader =>
    {
        using var select = reader.Statement(
            $"SELECT {HeadColumns} FROM runs WHERE status NOT IN {SqliteSchema.ClosedStatuses} ORDER BY started");
        return Heads(select);
    });

    /// <summary>A tenant's runs, newest start first, of one status if given, after the place given.</summary>
    public IReadOnlyList<RunHead> List(string tenant, string? status = null, RunCursor? before = null, int limit = 100) =>
        database.Read(reader =>
        {
            using var select = reader.Statement(
                $"SELECT {HeadColumns} FROM runs WHERE tenant = ?" + (status is null ? "" : " AND status = ?")
                + (before is null ? "" : " AND (started, run) < (?, ?)") + " ORDER BY started DESC, run DESC LIMIT ?");
            select.Bind(tenant);
            if (status is not null) select.Bind(status);
            if (before is var (started, run)) select.Bind(started).Bind(run);
            select.Bind(Math.Max(0, limit));
            return Heads(select);
        });

    private static long Append(SqliteWriter writer, long firstSeq, byte[][] events, RunSnapshot? snapshot, RunHead head)
    {
        var found = Locate(writer, head.Tenant, head.RunId);
        var expected = (found?.Seq ?? 0) + 1;
        if (firstSeq != expected) throw new RunLogConflictException(head.RunId, expected, firstSeq);
        var id = found?.Id ?? Insert(writer, head);
        if (found is not null) Update(writer, id, head, statusChanged: found.Value.Status != head.Status);
        for (var i = 0; i < events.Length; i++)
        {
            using var insert = writer.Statement("INSERT INTO events (run_id, seq, body) VALUES (?1, ?2, ?3)");
            insert.Bind(id).Bind(firstSeq + i).Bind(events[i]).Run();
        }
        if (snapshot is not null)
        {
            using var replace = writer.Statement("INSERT OR REPLACE INTO snapshots (run_id, seq, body) VALUES (?1, ?2, ?3)");
            replace.Bind(id).Bind(snapshot.Seq).Bind(snapshot.Body).Run();
        }
        return head.Seq;
    }

    private static (long Id, long Seq, string Status)? Locate(SqliteReader reader, string tenant, string runId)
    {
        using var find = reader.Statement("SELECT id, seq, status FROM runs WHERE tenant = ?1 AND run = ?2");
        return find.Bind(tenant).Bind(runId).Step() ? (find.Int64(0), find.Int64(1), find.Text(2)) : null;
    }

    private static long Insert(SqliteWriter writer, RunHead head)
    {
        using var insert = writer.Statement($"INSERT INTO runs ({HeadColumns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
        insert.Bind(head.Tenant).Bind(head.RunId).Bind(head.Status).Bind(head.Workflow).Bind(head.Version);
        insert.Bind(head.StartedAt).Bind(head.UpdatedAt).Bind(head.Seq).Bind(head.Summary).Run();
        return writer.LastRowId;
    }

    /// <summary>SQLite writes every index of a column that is set, changed or not; most appends change no indexed column.</summary>
    private static void Update(SqliteWriter writer, long id, RunHead head, bool statusChanged)
    {
        using (var update = writer.Statement("UPDATE runs SET updated = ?1, seq = ?2, summary = ?3 WHERE id = ?4"))
            update.Bind(head.UpdatedAt).Bind(head.Seq).Bind(head.Summary).Bind(id).Run();
        if (!statusChanged) return;
        using var status = writer.Statement("UPDATE runs SET status = ?1 WHERE id = ?2");
        status.Bind(head.Status).Bind(id).Run();
    }

    private static (long Id, RunHead Head)? Head(SqliteReader reader, string tenant, string runId)
    {
        using var find = reader.Statement($"SELECT {HeadColumns}, id FROM runs WHERE tenant = ?1 AND run = ?2");
        return find.Bind(tenant).Bind(runId).Step() ? (find.Int64(9), Head(find)) : null;
    }

    private static RunSnapshot? Snapshot(SqliteReader reader, long id)
    {
        using var find = reader.Statement("SELECT seq, body FROM snapshots WHERE run_id = ?1");
        return find.Bind(id).Step() ? new RunSnapshot(find.Int64(0), find.Blob(1)) : null;
    }

    private static List<byte[]> Page(SqliteReader reader, string tenant, string runId, long fromSeq)
    {
        var page = new List<byte[]>();
        if (Locate(reader, tenant, runId) is not var (id, _, _)) return page;
        using var select = reader.Statement("SELECT body FROM events WHERE run_id = ?1 AND seq >= ?2 ORDER BY seq LIMIT ?3");
        select.Bind(id).Bind(fromSeq).Bind(PageRows);
        while (select.Step()) page.Add(select.Blob(0));
        return page;
    }

    private static List<RunHead> Heads(SqliteStatement select)
    {
        var heads = new List<RunHead>();
        while (select.Step()) heads.Add(Head(select));
        return heads;
    }

    private static RunHead Head(SqliteStatement row) => new(
        row.Text(0), row.Text(1), row.Text(2), row.Text(3), row.Text(4), row.Int64(5), row.Int64(6), row.Int64(7), row.Blob(8));
}
