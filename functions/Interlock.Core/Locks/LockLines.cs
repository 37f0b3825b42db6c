namespace Interlock.Core.Locks;

/// <summary>
/// What this process has to do with each lock, while it has: one change at a time, so that runs of one process don't race each other for the row, and the grants whose
/// runs are yet to be told, which one teller does, whoever brings them.
/// </summary>
internal sealed class LockLines
{
    private readonly Lock _lock = new();
    private readonly Dictionary<LockId, Line> _lines = [];

    /// <summary>Waits for this process's turn at the lock; disposing ends it.</summary>
    public async Task<IDisposable> EnterAsync(LockId id, CancellationToken cancellationToken)
    {
        Line line;
        lock (_lock)
        {
            if (!_lines.TryGetValue(id, out line!)) _lines[id] = line = new Line();
            line.Users++;
        }
        try
        {
            await line.Turn.WaitAsync(cancellationToken);
        }
        catch
        {
            Leave(id, line);
            throw;
        }
        return new Turn(() =>
        {
            line.Turn.Release();
            Leave(id, line);
        });
    }

    /// <summary>Brings claims whose runs are to be told; whether the caller is to tell them, and all that come meanwhile.</summary>
    public bool Bring(LockId id, IReadOnlyList<LockClaim> granted)
    {
        if (granted.Count == 0) return false;
        lock (_lock)
        {
            if (!_lines.TryGetValue(id, out var line)) _lines[id] = line = new Line();
            foreach (var claim in granted) line.Untold.Enqueue(claim);
            if (line.IsTelling) return false;
            line.Users++;
            return line.IsTelling = true;
        }
    }

    /// <summary>The next one to tell; null ends the caller's telling.</summary>
    public LockClaim? Next(LockId id)
    {
        lock (_lock)
        {
            var line = _lines[id];
            if (line.Untold.TryDequeue(out var claim)) return claim;
            line.IsTelling = false;
            Leave(id, line);
            return null;
        }
    }

    private void Leave(LockId id, Line line)
    {
        lock (_lock)
        {
            if (--line.Users > 0) return;
            _lines.Remove(id);
            line.Turn.Dispose();
        }
    }

    private sealed class Line
    {
        public SemaphoreSlim Turn { get; } = new(1);
        public Queue<LockClaim> Untold { get; } = [];
        public bool IsTelling { get; set; }
        public int Users { get; set; }
    }

    private sealed class Turn(Action leave) : IDisposable
    {
        public void Dispose() => leave();
    }
}
