namespace Interlock.Core.Storage;

/// <summary>
/// A table store that can also write several partitions, of any tables, in one commit. Not every store can: who uses this must be able to do without, and
/// be right both ways.
/// </summary>
public interface IJointTables : ITableStore
{
    /// <summary>All batches or none, under the rules of <see cref="ITableStore.BatchAsync"/>; no row stands in two of them.</summary>
    Task<JointResult> JointAsync(IReadOnlyList<TableBatch> batches, CancellationToken cancellationToken = default);
}

/// <summary>Writes of one partition, as part of a larger commit.</summary>
public sealed record TableBatch(string Table, string Partition, IReadOnlyList<TableWrite> Writes);

/// <summary>A joint write's end: the ETags of each batch in order, or which write of which batch failed first, and how.</summary>
public sealed record JointResult(WriteStatus Status, int FailedBatch = -1, int FailedIndex = -1, IReadOnlyList<IReadOnlyList<string?>>? ETags = null)
{
    public bool Ok => Status == WriteStatus.Written;
}
