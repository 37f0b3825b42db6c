using Interlock.Core.Storage;

namespace Interlock.Core.Audit;

/// <summary>Reads a chain's rows.</summary>
internal static class AuditRows
{
    public static IAsyncEnumerable<TableRow> QueryAsync(ITableStore store, AuditChain chain, CancellationToken cancellationToken, long after = 0)
    {
        var (from, to) = AuditChain.SeqRange;
        return store.QueryAsync(AuditChain.RecordsTable, chain.Partition, after == 0 ? from : AuditChain.SeqRow(after + 1), to, cancellationToken: cancellationToken);
    }

    /// <summary>The chain's last record, or null when it has none.</summary>
    public static async Task<AuditEntry?> LastAsync(ITableStore store, AuditChain chain, CancellationToken cancellationToken)
    {
        var (from, to) = AuditChain.SeqRange;
        await foreach (var row in store.QueryAsync(AuditChain.RecordsTable, chain.Partition, from, to, descending: true, cancellationToken))
            return Entry(row);
        return null;
    }

    public static AuditEntry Entry(TableRow row)
    {
        if (row.Body["seq"] is not { IsNumber: true } seq || row.Body["prev"]?.StringOrNull() is not { } prev
            || row.Body["hash"]?.StringOrNull() is not { } hash || row.Body["record"] is not { } record)
            throw new InvalidDataException($"The audit row {row.Key.Partition} {row.Key.Row} lacks seq, prev, hash or record.");
        try
        {
            return new((long)seq.AsNumber(), prev, hash, AuditRecord.FromJson(record));
        }
        catch (FormatException e)
        {
            throw new InvalidDataException($"The audit row {row.Key.Partition} {row.Key.Row}: {e.Message}", e);
        }
    }
}
