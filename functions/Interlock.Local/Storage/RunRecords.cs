namespace Interlock.Local.Storage;

/// <summary>
/// What lists show of a run, and where it stands. Times are Unix milliseconds; <c>Seq</c> is the number of its last event, the first is
/// 1; <c>Summary</c> is a small JSON document whose shape is the writer's.
/// </summary>
internal sealed record RunHead(
    string Tenant, string RunId, string Status, string Workflow, string Version, long StartedAt, long UpdatedAt, long Seq, byte[] Summary)
{
    /// <summary>This run's place in a list, to ask for what follows it.</summary>
    public RunCursor Cursor => new(StartedAt, RunId);
}

/// <summary>A place in a list of runs, newest first: by start, then by id.</summary>
internal readonly record struct RunCursor(long StartedAt, string RunId);

/// <summary>A run's state after the event <c>Seq</c>.</summary>
internal sealed record RunSnapshot(long Seq, byte[] Body);

/// <summary>Everything needed to continue a run: the latest snapshot, if any, and the events after it (after 0 without one), in order.</summary>
internal sealed record RunRecord(RunHead Head, RunSnapshot? Snapshot, IReadOnlyList<byte[]> Events);
