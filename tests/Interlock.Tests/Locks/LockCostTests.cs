using System.Runtime.CompilerServices;
using Interlock.Core.Runs;
using Interlock.Core.Storage;
using Interlock.Json;
using Interlock.Tests.Events;
using Interlock.Tests.Gateway;

namespace Interlock.Tests.Locks;

/// <summary>What a run costs that waits for a lock, in reads and writes of its rows: as much behind 500 others as behind 50.</summary>
public sealed class LockCostTests
{
    [Fact]
    public async Task Run_ThatWaits_CostsTheSame_HoweverManyDo()
    {
        var few = await CostAsync(50);
        var many = await CostAsync(500);
        TestContext.Current.TestOutputHelper?.WriteLine($"a run among 50: {few}; among 500: {many}");
        Assert.InRange(many.Operations, 0, few.Operations * 1.1);
        Assert.InRange(many.Rows, 0, few.Rows * 1.1);
        Assert.InRange(many.Operations, 5, 15);
    }

    private static async Task<(double Operations, double Rows)> CostAsync(int count)
    {
        await using var world = await World.CreateAsync();
        var store = new CountingTableStore(world.Memory);
        var society = new Society(world, store);
        await society.PublishAsync("locked", "  - work: { set: { done: true }, metadata: { interlock: { lock: { name: shop } } } }\n");
        await society.PublishAsync("first", "  - wait: { wait: { minutes: 5 }, metadata: { interlock: { lock: { name: shop } } } }\n");
        var first = await society.StartAsync("first");
        await society.SettleAsync();
        var runs = new List<Core.RunId>();
        for (var i = 0; i < count; i++) runs.Add(await society.StartAsync("locked", by: society.World.Directory.Add(World.Tenant, $"user{i}")));
        await society.SettleAsync();
        await society.Host.CancelAsync(World.Tenant, first, world.Ana, null, World.Token);
        await society.SettleAsync();
        foreach (var run in runs) Assert.Equal(RunStatus.Completed, (await society.StateAsync(run)).Status);
        return ((double)store.Operations / count, (double)store.Rows / count);
    }

    /// <summary>Counts what is done with the rows of locks, and how many of them are read.</summary>
    private sealed class CountingTableStore(ITableStore inner) : ITableStore
    {
        private int _operations;
        private int _rows;

        public int Operations => _operations;

        public int Rows => _rows;

        public Task<TableRow?> GetAsync(string table, RowKey key, CancellationToken cancellationToken = default) => Counted(table, 1, inner.GetAsync(table, key, cancellationToken));

        public Task<WriteResult> InsertAsync(string table, RowKey key, JsonValue body, CancellationToken cancellationToken = default) => Counted(table, 0, inner.InsertAsync(table, key, body, cancellationToken));

        public Task<WriteResult> ReplaceAsync(string table, RowKey key, JsonValue body, string etag, CancellationToken cancellationToken = default) => Counted(table, 0, inner.ReplaceAsync(table, key, body, etag, cancellationToken));

        public Task<WriteResult> DeleteAsync(string table, RowKey key, string etag, CancellationToken cancellationToken = default) => Counted(table, 0, inner.DeleteAsync(table, key, etag, cancellationToken));

        public Task<BatchResult> BatchAsync(string table, string partition, IReadOnlyList<TableWrite> writes, CancellationToken cancellationToken = default) => Counted(table, 0, inner.BatchAsync(table, partition, writes, cancellationToken));

        public async IAsyncEnumerable<TableRow> QueryAsync(string table, string partition, string? from = null, string? to = null, bool descending = false, [EnumeratorCancellation] CancellationToken cancellationToken = default)
        {
            if (table == "locks") Interlocked.Increment(ref _operations);
            await foreach (var row in inner.QueryAsync(table, partition, from, to, descending, cancellationToken))
            {
                if (table == "locks") Interlocked.Increment(ref _rows);
                yield return row;
            }
        }

        private T Counted<T>(string table, int rows, T result)
        {
            if (table != "locks") return result;
            Interlocked.Increment(ref _operations);
            Interlocked.Add(ref _rows, rows);
            return result;
        }
    }
}
