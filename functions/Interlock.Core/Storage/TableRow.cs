using Interlock.Json;

namespace Interlock.Core.Storage;

/// <summary>A row's address within its table.</summary>
public readonly record struct RowKey(string Partition, string Row);

/// <summary>A stored row; the ETag changes with every write.</summary>
public sealed record TableRow(RowKey Key, JsonValue Body, string ETag);

/// <summary>How a conditional write ended.</summary>
public enum WriteStatus
{
    Written,

    /// <summary>Insert: the row exists already.</summary>
    Exists,

    /// <summary>Replace or delete: the row is gone or has another ETag.</summary>
    Stale,
}

/// <summary>A write's end; the new ETag when it was written (null after a delete).</summary>
public sealed record WriteResult(WriteStatus Status, string? ETag = null)
{
    public bool Ok => Status == WriteStatus.Written;
}

/// <summary>One write of a batch.</summary>
public abstract record TableWrite(string Row)
{
    public sealed record Insert(string Row, JsonValue Body) : TableWrite(Row);

    public sealed record Replace(string Row, JsonValue Body, string ETag) : TableWrite(Row);

    public sealed record Delete(string Row, string ETag) : TableWrite(Row);
}

/// <summary>A batch's end: the ETags in order, or which write failed and how.</summary>
public sealed record BatchResult(WriteStatus Status, int FailedIndex = -1, IReadOnlyList<string?>? ETags = null)
{
    public bool Ok => Status == WriteStatus.Written;
}
