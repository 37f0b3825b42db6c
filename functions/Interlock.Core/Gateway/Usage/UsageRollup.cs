using System.Runtime.CompilerServices;
using Interlock.Core.Audit;
using Interlock.Core.Runs;
using Interlock.Core.Storage;
using Interlock.Json;

namespace Interlock.Core.Gateway.Usage;

/// <summary>
/// Usage per hour in table <c>usage</c>, derived from the audit. One batch adds records of a chain to their hours and moves the chain's cursor, if nobody else moved it:
/// whatever crashes or runs twice, each record counts once. Deleting the table's rows of a tenant is no loss: all is counted again.
/// </summary>
public sealed class UsageRollup(ITableStore store, ITableStore auditStore)
{
    private const string Table = "usage";
    private const string HourPrefix = "use|";
    private const string CursorPrefix = "at|";
    private const string SeqMember = "seq";
    private const int MaxRows = 90;

    /// <summary>Counts all that was recorded since the last time.</summary>
    public async Task UpdateAsync(TenantId tenant, CancellationToken cancellationToken = default)
    {
        var cursors = new Dictionary<string, TableRow>(StringComparer.Ordinal);
        await foreach (var row in store.QueryAsync(Table, Keys.Join(tenant.Value), CursorPrefix, Past(CursorPrefix), cancellationToken: cancellationToken)) cursors[row.Key.Row] = row;
        await foreach (var row in auditStore.QueryAsync(AuditChain.ChainsTable, Keys.Join(tenant.Value), cancellationToken: cancellationToken))
        {
            var chain = new AuditChain(tenant, row.Body["chain"]?.StringOrNull() ?? throw new InvalidDataException($"The chain index row {row.Key.Row} names no chain."));
            var cursor = cursors.GetValueOrDefault(Cursor(chain));
            while (await StepAsync(chain, cursor, cancellationToken))
                cursor = await store.GetAsync(Table, new RowKey(Keys.Join(tenant.Value), Cursor(chain)), cancellationToken);
        }
    }

    /// <summary>What was counted in these hours, both included, in their order.</summary>
    public async IAsyncEnumerable<Usage> ReadAsync(TenantId tenant, DateTimeOffset from, DateTimeOffset to, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await foreach (var row in store.QueryAsync(Table, Keys.Join(tenant.Value), HourPrefix + Usage.HourOf(from), Past(HourPrefix + Usage.HourOf(to)), cancellationToken: cancellationToken))
            yield return RunJson.FromValue<Usage>(row.Body);
    }

    /// <summary>Deletes hours before a time, at most so many rows at once, and says how many. Their records are not counted again: how far each chain was counted stays.</summary>
    public async Task<int> ForgetAsync(TenantId tenant, DateTimeOffset before, int most, CancellationToken cancellationToken = default)
    {
        var partition = Keys.Join(tenant.Value);
        var old = await store.QueryAsync(Table, partition, HourPrefix, HourPrefix + Usage.HourOf(before), cancellationToken: cancellationToken).Take(most).ToListAsync(cancellationToken);
        foreach (var rows in old.Chunk(MaxRows)) await store.BatchAsync(Table, partition, [.. rows.Select(row => new TableWrite.Delete(row.Key.Row, row.ETag))], cancellationToken); // one that was changed comes again
        return old.Count;
    }

    /// <summary>Counts the next records of a chain; false when there are none.</summary>
    private async Task<bool> StepAsync(AuditChain chain, TableRow? cursor, CancellationToken cancellationToken)
    {
        var seen = cursor?.Body[SeqMember] is { IsNumber: true } number ? (long)number.AsNumber() : 0;
        var (last, added) = (seen, new Dictionary<string, Usage>(StringComparer.Ordinal));
        await foreach (var row in auditStore.QueryAsync(AuditChain.RecordsTable, chain.Partition, AuditChain.SeqRow(seen + 1), AuditChain.SeqRange.To, cancellationToken: cancellationToken))
        {
            var entry = AuditRows.Entry(row);
            if (Usage.Of(entry.Record) is { } usage)
            {
                var key = Key(usage);
                if (!added.ContainsKey(key) && added.Count == MaxRows) break;
                added[key] = added.TryGetValue(key, out var sum) ? sum.Plus(usage) : usage;
            }
            last = entry.Seq;
        }
        if (last == seen) return false;
        var partition = Keys.Join(chain.Tenant.Value);
        var writes = new List<TableWrite> { Write(cursor, Cursor(chain), JsonValue.Object((SeqMember, last))) };
        foreach (var (key, usage) in added)
        {
            var known = await store.GetAsync(Table, new RowKey(partition, key), cancellationToken);
            writes.Add(Write(known, key, RunJson.ToValue(known is null ? usage : RunJson.FromValue<Usage>(known.Body).Plus(usage))));
        }
        await store.BatchAsync(Table, partition, writes, cancellationToken); // lost to another pass: the cursor is read again either way
        return true;
    }

    private static TableWrite Write(TableRow? known, string row, JsonValue body) => known is null ? new TableWrite.Insert(row, body) : new TableWrite.Replace(row, body, known.ETag);

    private static string Cursor(AuditChain chain) => CursorPrefix + Keys.Join(chain.Id);

    private static string Key(Usage usage) =>
        $"{HourPrefix}{usage.Hour}|{CanonicalJson.Digest(JsonValue.Object(("caller", usage.Caller), ("tool", usage.Tool), ("run", usage.Run ?? "")))[7..39]}";

    private static string Past(string prefix) => prefix + '\u007f';
}
