using System.Runtime.CompilerServices;
using Interlock.Core.Audit;
using Interlock.Core.Runs;
using Interlock.Core.Storage;

namespace Interlock.Core.Gateway.Usage;

/// <summary>
/// Sums derived from the audit, in a table of their own. One batch adds records of a chain to their sums and moves the chain's cursor, if nobody else moved it: whatever crashes or runs
/// twice, each record counts once. Deleting the table's rows of a tenant is no loss: all is counted again.
/// </summary>
/// <typeparam name="T">A sum, and what one record adds to it; stored as JSON.</typeparam>
/// <param name="store">Where the sums are.</param>
/// <param name="auditStore">Where the audit is.</param>
/// <param name="table">The table of the sums.</param>
/// <param name="of">What a record adds; null for nothing.</param>
/// <param name="keyOf">Which sum it belongs to: sums are read in the order of their keys, which are fit to be parts of row keys.</param>
/// <param name="plus">The sum of two with the same key.</param>
internal sealed class AuditRollup<T>(
    ITableStore store, ITableStore auditStore, string table, Func<AuditChain, AuditRecord, CancellationToken, ValueTask<T?>> of, Func<T, string> keyOf, Func<T, T, T> plus)
    where T : class
{
    private const string SumPrefix = "use|";
    private const string CursorPrefix = "at|";
    private const string SeqMember = "seq";
    private const int MaxRows = 90;

    /// <summary>Counts all that was recorded since the last time.</summary>
    public async Task UpdateAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        var cursors = new Dictionary<string, TableRow>(StringComparer.Ordinal);
        await foreach (var row in store.QueryAsync(table, Keys.Join(tenant.Value), CursorPrefix, Past(CursorPrefix), cancellationToken: cancellationToken)) cursors[row.Key.Row] = row;
        await foreach (var row in auditStore.QueryAsync(AuditChain.ChainsTable, Keys.Join(tenant.Value), cancellationToken: cancellationToken))
        {
            var chain = new AuditChain(tenant, row.Body["chain"]?.StringOrNull() ?? throw new InvalidDataException($"The chain index row {row.Key.Row} names no chain."));
            var cursor = cursors.GetValueOrDefault(Cursor(chain));
            while (await StepAsync(chain, cursor, cancellationToken))
                cursor = await store.GetAsync(table, new RowKey(Keys.Join(tenant.Value), Cursor(chain)), cancellationToken);
        }
    }

    /// <summary>The sums whose keys begin with what lies between these, both included, in their order.</summary>
    public async IAsyncEnumerable<T> ReadAsync(TenantId tenant, string from, string to, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var row in store.QueryAsync(table, Keys.Join(tenant.Value), SumPrefix + from, Past(SumPrefix + to), cancellationToken: cancellationToken))
            yield return RunJson.FromValue<T>(row.Body);
    }

    /// <summary>Deletes sums whose keys lie before one, at most so many at once, and says how many. Their records are not counted again: how far each chain was counted stays.</summary>
    public async Task<int> ForgetAsync(TenantId tenant, string before, int most, CancellationToken cancellationToken)
    {
        var partition = Keys.Join(tenant.Value);
        var old = await store.QueryAsync(table, partition, SumPrefix, SumPrefix + before, cancellationToken: cancellationToken).Take(most).ToListAsync(cancellationToken);
        foreach (var rows in old.Chunk(MaxRows)) await store.BatchAsync(table, partition, [.. rows.Select(row => new TableWrite.Delete(row.Key.Row, row.ETag))], cancellationToken); // one that was changed comes again
        return old.Count;
    }

    /// <summary>Counts the next records of a chain; false when there are none.</summary>
    private async Task<bool> StepAsync(AuditChain chain, TableRow? cursor, CancellationToken cancellationToken)
    {
        var seen = cursor?.Body[SeqMember] is { IsNumber: true } number ? (long)number.AsNumber() : 0;
        var (last, added) = (seen, new Dictionary<string, T>(StringComparer.Ordinal));
        await foreach (var row in auditStore.QueryAsync(AuditChain.RecordsTable, chain.Partition, AuditChain.SeqRow(seen + 1), AuditChain.SeqRange.To, cancellationToken: cancellationToken))
        {
            var entry = AuditRows.Entry(row);
            if (await of(chain, entry.Record, cancellationToken) is { } one)
            {
                var key = SumPrefix + keyOf(one);
                if (!added.ContainsKey(key) && added.Count == MaxRows) break;
                added[key] = added.TryGetValue(key, out var sum) ? plus(sum, one) : one;
            }
            last = entry.Seq;
        }
        if (last == seen) return false;
        var partition = Keys.Join(chain.Tenant.Value);
        var writes = new List<TableWrite> { Write(cursor, Cursor(chain), Json.JsonValue.Object((SeqMember, last))) };
        foreach (var (key, one) in added)
        {
            var known = await store.GetAsync(table, new RowKey(partition, key), cancellationToken);
            writes.Add(Write(known, key, RunJson.ToValue(known is null ? one : plus(RunJson.FromValue<T>(known.Body), one))));
        }
        await store.BatchAsync(table, partition, writes, cancellationToken); // lost to another pass: the cursor is read again either way
        return true;
    }

    private static TableWrite Write(TableRow? known, string row, Json.JsonValue body) => known is null ? new TableWrite.Insert(row, body) : new TableWrite.Replace(row, body, known.ETag);

    private static string Cursor(AuditChain chain) => CursorPrefix + Keys.Join(chain.Id);

    private static string Past(string prefix) => prefix + '\u007f';
}
