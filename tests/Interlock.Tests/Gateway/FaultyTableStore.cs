using System.Runtime.CompilerServices;
using Interlock.Core.Storage;
using Interlock.Json;

namespace Interlock.Tests.Gateway;

/// <summary>What happens to the chosen operation.</summary>
public enum Fault
{
    /// <summary>It throws and nothing was done.</summary>
    ThrowBefore,

    /// <summary>It is done, and throws: the answer got lost.</summary>
    ThrowAfter,

    /// <summary>The worker stops before it, until it is let go.</summary>
    HangBefore,

    /// <summary>The worker stops after it, until it is let go.</summary>
    HangAfter,
}

internal sealed class StoreFaultException(string operation) : Exception($"The store failed at {operation}.");

/// <summary>Counts reads and writes and lets one of them fail or hang.</summary>
internal class FaultyTableStore(ITableStore inner) : ITableStore
{
    private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _letGo = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _count;
    private int _at;
    private string? _operation;
    private Fault _fault;

    /// <summary>The operation at which the fault struck, or null.</summary>
    public string? Struck { get; private set; }

    /// <summary>Ends when the chosen operation is reached; of a fault after it, when it was done.</summary>
    public Task Reached => _reached.Task;

    /// <summary>Lets the n-th operation from now on, counted from 1, fail in this way.</summary>
    public void Arm(int at, Fault fault) => (_count, _at, _operation, _fault) = (0, at, null, fault);

    /// <summary>Lets the next operation of this name fail.</summary>
    public void Arm(string operation, Fault fault) => (_operation, _fault) = (operation, fault);

    /// <summary>Wakes a hanging worker.</summary>
    public void LetGo() => _letGo.TrySetResult();

    public Task<TableRow?> GetAsync(string table, RowKey key, CancellationToken cancellationToken = default) =>
        DoAsync($"get {table}", () => inner.GetAsync(table, key, cancellationToken));

    public Task<WriteResult> InsertAsync(string table, RowKey key, JsonValue body, CancellationToken cancellationToken = default) =>
        DoAsync($"insert {table}", () => inner.InsertAsync(table, key, body, cancellationToken));

    public Task<WriteResult> ReplaceAsync(string table, RowKey key, JsonValue body, string etag, CancellationToken cancellationToken = default) =>
        DoAsync($"replace {table}", () => inner.ReplaceAsync(table, key, body, etag, cancellationToken));

    public Task<WriteResult> DeleteAsync(string table, RowKey key, string etag, CancellationToken cancellationToken = default) =>
        DoAsync($"delete {table}", () => inner.DeleteAsync(table, key, etag, cancellationToken));

    public Task<BatchResult> BatchAsync(string table, string partition, IReadOnlyList<TableWrite> writes, CancellationToken cancellationToken = default) =>
        DoAsync($"batch {table}", () => inner.BatchAsync(table, partition, writes, cancellationToken));

    public async IAsyncEnumerable<TableRow> QueryAsync(
        string table, string partition, string? from = null, string? to = null, bool descending = false, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var rows = await DoAsync($"query {table}", async () => await inner.QueryAsync(table, partition, from, to, descending, cancellationToken).ToListAsync(cancellationToken));
        foreach (var row in rows) yield return row;
    }

    protected async Task<T> DoAsync<T>(string operation, Func<Task<T>> operate)
    {
        var isHit = _operation is null ? Interlocked.Increment(ref _count) == _at : operation == _operation && Struck is null;
        if (!isHit) return await operate();
        Struck = operation;
        switch (_fault)
        {
            case Fault.ThrowBefore:
                _reached.TrySetResult();
                throw new StoreFaultException(operation);
            case Fault.HangBefore:
                _reached.TrySetResult();
                await _letGo.Task;
                return await operate();
        }
        var result = await operate();
        _reached.TrySetResult(); // what was to happen before the fault has happened
        if (_fault == Fault.ThrowAfter) throw new StoreFaultException(operation);
        await _letGo.Task;
        return result;
    }
}

/// <summary>The same over a store that writes several partitions in one commit.</summary>
internal sealed class FaultyJointStore(IJointTables inner) : FaultyTableStore(inner), IJointTables
{
    public Task<JointResult> JointAsync(IReadOnlyList<TableBatch> batches, CancellationToken cancellationToken = default) =>
        DoAsync($"joint {string.Join(" ", batches.Select(batch => batch.Table))}", () => inner.JointAsync(batches, cancellationToken));
}
