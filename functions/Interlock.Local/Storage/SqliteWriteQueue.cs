using System.Diagnostics;

namespace Interlock.Local.Storage;

/// <summary>
/// Group commit: every queued job runs in one transaction with one commit, and only then are their tasks completed. Nobody waits for more jobs, so a lone
/// write costs one sync and many at a time share one. A job that comes while nothing is being written may be committed by its own thread: to wake another one, and be
/// woken by it, costs as much as the sync. What comes meanwhile is the writer thread's.
/// </summary>
internal sealed class SqliteWriteQueue
{
    private static readonly long _spin = Stopwatch.Frequency * 30 / 1_000_000;

    private readonly object _gate = new();
    private readonly SqliteWriter _writer;
    private readonly Thread _thread;
    private List<WriteJob> _queued = [];
    private List<WriteJob> _spare = [];
    private volatile bool _waiting; // something to take, or closing
    private bool _asleep;
    private bool _busy; // somebody has the connection
    private bool _closed;
    private Exception? _stopped;

    public SqliteWriteQueue(SqliteWriter writer)
    {
        _writer = writer;
        _thread = new Thread(Loop) { Name = "interlock-writer", IsBackground = true };
        _thread.Start();
    }

    /// <param name="job">The write.</param>
    /// <param name="here">Whether it may be committed by this thread, which then waits for the disk; else the writer thread does it.</param>
    public void Add(WriteJob job, bool here)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_closed, typeof(SqliteDatabase));
            if (!here || _busy || _queued.Count > 0)
            {
                _queued.Add(job);
                _waiting = true;
                if (_asleep && !_busy) Monitor.Pulse(_gate); // else whoever is writing sees to it
                return;
            }
            _busy = true;
        }
        try
        {
            Commit([job]);
        }
        finally
        {
            lock (_gate)
            {
                _busy = false;
                if (_asleep && (_queued.Count > 0 || _closed)) Monitor.Pulse(_gate);
            }
        }
    }

    /// <summary>Takes no more jobs and returns when those queued are done.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _closed = true;
            _waiting = true;
            Monitor.PulseAll(_gate);
        }
        _thread.Join();
    }

    private void Loop()
    {
        while (Take() is { } jobs)
        {
            Commit(jobs);
            jobs.Clear();
            lock (_gate) (_spare, _busy) = (jobs, false);
        }
    }

    /// <summary>Everything queued, or null when closed and empty. Spins before it blocks: waking a thread costs as much as a sync.</summary>
    private List<WriteJob>? Take()
    {
        var start = Stopwatch.GetTimestamp();
        while (!_waiting && Stopwatch.GetTimestamp() - start < _spin) Thread.SpinWait(20);
        lock (_gate)
        {
            _asleep = true;
            while (_busy || (_queued.Count == 0 && !_closed)) Monitor.Wait(_gate);
            _asleep = false;
            _waiting = _closed;
            if (_queued.Count == 0) return null;
            _busy = true;
            (var taken, _queued) = (_queued, _spare);
            return taken;
        }
    }

    private void Commit(List<WriteJob> jobs)
    {
        if (_stopped is not null)
        {
            foreach (var job in jobs) job.Fail(Stopped(_stopped));
            return;
        }
        var thrown = new Dictionary<WriteJob, Exception>();
        try
        {
            RunAndCommit(jobs, thrown);
        }
#pragma warning disable CA1031 // whatever went wrong, every waiter must hear of it
        catch (Exception e)
#pragma warning restore CA1031
        {
            RollBackAfter(e);
            foreach (var job in jobs) job.Fail(e);
            return;
        }
        foreach (var job in jobs)
        {
            if (thrown.TryGetValue(job, out var own)) job.Fail(own);
            else job.Complete();
        }
    }

    private void RunAndCommit(List<WriteJob> jobs, Dictionary<WriteJob, Exception> thrown)
    {
        var spoilers = new HashSet<WriteJob>();
        while (!RunOnce(jobs, spoilers, thrown))
        {
            RollBack();
        }
        _writer.Run("COMMIT");
    }

    /// <summary>
    /// Runs all jobs but the spoilers in a new transaction. False when one threw after it had written: it is a spoiler now, and the
    /// others, which may have seen its writes, have to run again without them.
    /// </summary>
    private bool RunOnce(List<WriteJob> jobs, HashSet<WriteJob> spoilers, Dictionary<WriteJob, Exception> thrown)
    {
        _writer.Run("BEGIN IMMEDIATE");
        foreach (var job in jobs)
        {
            if (spoilers.Contains(job)) continue;
            thrown.Remove(job);
            var before = _writer.TotalChanges;
            try
            {
                job.Run(_writer);
            }
            catch (Exception e) when (e is not DatabaseException { IsOfJob: false })
            {
                thrown[job] = e;
                if (_writer.InTransaction && _writer.TotalChanges == before) continue;
                spoilers.Add(job);
                return false;
            }
        }
        return true;
    }

    private void RollBackAfter(Exception e)
    {
        try
        {
            RollBack();
            if (e is not DatabaseException failure || failure.StopsDatabase) _stopped = e;
        }
        catch (DatabaseException second)
        {
            _stopped = second;
        }
    }

    private void RollBack()
    {
        if (_writer.InTransaction) _writer.Run("ROLLBACK");
        _writer.ForgetReservation();
    }

    private static DatabaseException Stopped(Exception cause) => new(
        (cause as DatabaseException)?.Code ?? SQLitePCL.raw.SQLITE_INTERNAL,
        $"The database takes no more writes since an earlier one failed: {cause.Message} Restart the process; what was reported as written is kept.", cause);
}
