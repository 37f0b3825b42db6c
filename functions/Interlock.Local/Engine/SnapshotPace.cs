using Interlock.Local.Storage;

namespace Interlock.Local.Engine;

/// <summary>
/// When a run's state is stored beside its events: after 64 of them, and once they weigh as much as the last state did. So the states cost about what
/// the events cost, however large they are, and a restart folds no more than it reads.
/// </summary>
internal readonly record struct SnapshotPace(long StateBytes, long Events, long EventBytes)
{
    private const int LeastEvents = 64;

    public bool IsDue => Events >= LeastEvents && EventBytes >= StateBytes;

    public static SnapshotPace From(RunSnapshot? snapshot) => new(snapshot?.Body.Length ?? 0, 0, 0);

    public SnapshotPace After(IReadOnlyList<byte[]> events) => this with { Events = Events + events.Count, EventBytes = EventBytes + events.Sum(body => (long)body.Length) };
}
