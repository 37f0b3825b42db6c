using System.Security.Cryptography;
using Interlock.Core.Storage;
using Interlock.Json;

namespace Interlock.Core.Audit;

internal sealed record PendingRecord(string Id, JsonValue Body, int Bytes);

internal sealed record PendingRow(TableWrite.Insert Write, int Bytes);

/// <summary>
/// An append waiting for its place. Its mark stands in the rows it writes, so that a batch which took effect although its answer got lost
/// is recognised as this append's own.
/// </summary>
internal sealed class PendingAppend(PendingRecord[] records, PendingRow[] alongside, TableBatch? together)
{
    private readonly TaskCompletionSource<AuditAppendResult> _completion = new();

    public PendingRecord[] Records { get; } = records;

    public PendingRow[] Alongside { get; } = alongside;

    /// <summary>Rows of another table that are written in the same commit.</summary>
    public TableBatch? Together { get; } = together;

    public string Mark { get; } = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));

    public Task<AuditAppendResult> Completion => _completion.Task;

    public int Rows => (2 * Records.Length) + Alongside.Length;

    /// <summary>An upper bound, with keys and chaining.</summary>
    public int Bytes => Records.Sum(record => record.Bytes + 2048) + Alongside.Sum(row => row.Bytes + 2048);

    public IEnumerable<string> Keys => Records.Select(record => AuditChain.IdRow(record.Id))
        .Concat(Alongside.Select(row => row.Write.Row))
        .Concat(Together is null ? [] : Together.Writes.Select(write => $"{Together.Table}/{Together.Partition}/{write.Row}"));

    /// <summary>Lets who waits go on: from the pool, or at once on this thread, whose work must be done then.</summary>
    public void Complete(AuditAppendResult result, bool atOnce = false)
    {
        if (atOnce) _completion.TrySetResult(result);
        else ThreadPool.UnsafeQueueUserWorkItem(static end => end.Completion.TrySetResult(end.Result), (Completion: _completion, Result: result), preferLocal: false);
    }

    public void Fail(Exception reason) =>
        ThreadPool.UnsafeQueueUserWorkItem(static end => end.Completion.TrySetException(end.Reason), (Completion: _completion, Reason: reason), preferLocal: false);
}
