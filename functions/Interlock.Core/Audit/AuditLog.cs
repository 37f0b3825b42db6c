using System.Text;
using Interlock.Core.Storage;
using Interlock.Json;

namespace Interlock.Core.Audit;

/// <summary>
/// The append-only audit: inserts only, one hash chain per <see cref="AuditChain"/>. Appends to one chain are put in line and written
/// together; other processes may write the same chain. What an append returned is durable. Safe for concurrent use; one per process.
/// </summary>
public sealed class AuditLog(ITableStore store, TimeProvider? time = null)
{
    /// <summary>Records of one append.</summary>
    internal const int MaxRecords = 32;
    private const int MaxRecordBytes = 256 * 1024;
    private const int MaxCachedChains = 4096;

    /// <summary>A control character is six bytes of JSON, any other UTF-16 unit at most three.</summary>
    private const int MostBytesPerUnit = 6;

    private readonly TimeProvider _time = time ?? TimeProvider.System;
    private readonly Lock _lock = new();
    private readonly Dictionary<AuditChain, ChainAppender> _appenders = [];

    /// <summary>
    /// Appends the records and inserts the rows alongside, all or nothing. At most 32 records and 32 rows of at most 256 KiB each. Rows
    /// alongside share the partition: a key like <c>spent:{grant}:{use}</c>, a word and a colon first. Cancelling stops the waiting only: the
    /// append may still happen, and repeating it tells.
    /// </summary>
    /// <exception cref="ArgumentException">A record of another chain, a row key that is not allowed, or a limit.</exception>
    /// <exception cref="AuditContentionException">Other processes kept winning the chain's next place.</exception>
    public Task<AuditAppendResult> AppendAsync(
        AuditChain chain, IReadOnlyList<AuditRecord> records, IReadOnlyList<TableWrite> alongside, CancellationToken cancellationToken = default) =>
        AppendAsync(chain, records, alongside, null, cancellationToken);

    /// <summary>Whether rows of that store can be written in the commit of an append: it is the audit's own store, and can do so.</summary>
    public bool Joins(ITableStore other) => ReferenceEquals(store, other) && other is IJointTables;

    /// <summary>The same, and in the same commit the batch given, of another table of a store that <see cref="Joins"/> says can.</summary>
    public async Task<AuditAppendResult> AppendAsync(
        AuditChain chain, IReadOnlyList<AuditRecord> records, IReadOnlyList<TableWrite> alongside, TableBatch? together, CancellationToken cancellationToken = default)
    {
        var append = new PendingAppend(Bodies(chain, records), Rows(alongside), together);
        cancellationToken.ThrowIfCancellationRequested();
        Appender(chain).Enqueue(append);
        return await append.Completion.WaitAsync(cancellationToken);
    }

    /// <summary>The chain's entries in order, checked for form but not for tampering: that is <see cref="AuditVerifier"/>'s.</summary>
    /// <exception cref="InvalidDataException">A row is no audit row.</exception>
    public IAsyncEnumerable<AuditEntry> ReadAsync(TenantId tenant, string chain, CancellationToken cancellationToken = default) => ReadAsync(tenant, chain, 0, cancellationToken);

    /// <summary>The same after the entry of that number.</summary>
    /// <exception cref="InvalidDataException">A row is no audit row.</exception>
    public async IAsyncEnumerable<AuditEntry> ReadAsync(
        TenantId tenant, string chain, long after, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await foreach (var row in AuditRows.QueryAsync(store, new AuditChain(tenant, chain), cancellationToken, after))
            yield return AuditRows.Entry(row);
    }

    /// <summary>The record of that id in a chain, or null.</summary>
    public async Task<AuditRecord?> FindAsync(AuditChain chain, string recordId, CancellationToken cancellationToken = default)
    {
        if (await store.GetAsync(AuditChain.RecordsTable, new RowKey(chain.Partition, AuditChain.IdRow(recordId)), cancellationToken) is not { } place) return null;
        var seq = (long)(place.Body["seq"]?.AsNumber() ?? 0);
        return await store.GetAsync(AuditChain.RecordsTable, new RowKey(chain.Partition, AuditChain.SeqRow(seq)), cancellationToken) is { } row ? AuditRows.Entry(row).Record : null;
    }

    /// <summary>The ids of the tenant's chains, in key order.</summary>
    public async IAsyncEnumerable<string> ListChainsAsync(
        TenantId tenant, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await foreach (var row in store.QueryAsync(AuditChain.ChainsTable, Keys.Join(tenant.Value), cancellationToken: cancellationToken))
            yield return row.Body["chain"]?.StringOrNull() ?? throw new InvalidDataException($"The chain index row {row.Key.Row} names no chain.");
    }

    /// <summary>Writes everything recorded for a tenant as JSON Lines, in the form of <see cref="AuditExport"/>; memory grows with the number of chains only.</summary>
    public Task ExportAsync(TenantId tenant, Stream output, CancellationToken cancellationToken = default) =>
        AuditExport.WriteAsync(store, this, tenant, _time.GetUtcNow(), output, cancellationToken);

    private static PendingRecord[] Bodies(AuditChain chain, IReadOnlyList<AuditRecord> records)
    {
        // What the store would refuse is refused here: in a batch it would fail the appends of others too.
        if (!TableRules.IsKey(chain.Partition)) throw new ArgumentException("The chain's id is too long for a key.", nameof(chain));
        if (records.Count is 0 or > MaxRecords) throw new ArgumentException($"1 to {MaxRecords} records at a time.", nameof(records));
        var bodies = new PendingRecord[records.Count];
        for (var i = 0; i < records.Count; i++)
        {
            var record = records[i];
            if (record.Tenant != chain.Tenant || record.Chain != chain.Id) throw new ArgumentException($"Record {i} names another chain.", nameof(records));
            if (record.Id.Length == 0 || !TableRules.IsKey(AuditChain.IdRow(record.Id)))
                throw new ArgumentException($"Record {i}: an id is not empty and has at most {TableRules.MaxKeyLength} characters as a key.", nameof(records));
            if (records.Take(i).Any(earlier => earlier.Id == record.Id)) throw new ArgumentException($"Record {i} has an id that an earlier one has.", nameof(records));
            var body = record.ToJson();
            bodies[i] = new(record.Id, body, Bytes(body));
        }
        return bodies;
    }

    private static PendingRow[] Rows(IReadOnlyList<TableWrite> alongside)
    {
        if (alongside.Count > MaxRecords) throw new ArgumentException($"At most {MaxRecords} rows alongside.", nameof(alongside));
        var rows = new PendingRow[alongside.Count];
        for (var i = 0; i < alongside.Count; i++)
        {
            if (alongside[i] is not TableWrite.Insert insert) throw new ArgumentException("The audit is insert-only.", nameof(alongside));
            var word = insert.Row.Split(':')[0];
            if (word.Length == insert.Row.Length || word is "" or "id" || !word.All(char.IsAsciiLetterLower))
                throw new ArgumentException($"Row alongside '{insert.Row}': a key starts with a lower-case word other than 'id', and a colon.", nameof(alongside));
            if (!TableRules.IsKey(insert.Row)) throw new ArgumentException($"Row alongside '{insert.Row}' breaks the key rules.", nameof(alongside));
            if (alongside.Take(i).Any(earlier => earlier.Row == insert.Row)) throw new ArgumentException($"Row alongside '{insert.Row}' is given twice.", nameof(alongside));
            rows[i] = new(insert, Bytes(insert.Body));
        }
        return rows;
    }

    /// <summary>The size of a body, or more, that reads back as it is: one that did not would look tampered with for ever.</summary>
    private static int Bytes(JsonValue body)
    {
        if (body.Size <= MaxRecordBytes / MostBytesPerUnit && body.Nesting < StrictJson.MaxDepth && IsPlain(body)) return (int)body.Size * MostBytesPerUnit;
        var text = JsonValue.Object(("record", body)).ToString();
        var bytes = Encoding.UTF8.GetByteCount(text);
        if (bytes > MaxRecordBytes)
            throw new ArgumentException($"A record has at most {MaxRecordBytes} bytes of JSON; store what is larger as an artifact and record its digest.");
        try
        {
            StrictJson.Parse(text);
            return bytes;
        }
        catch (NotIJsonException e)
        {
            throw new ArgumentException("A record must be I-JSON: " + e.Message, e);
        }
    }

    /// <summary>Whether it reads back as it is, seen without writing it: no number of another text, no surrogates.</summary>
    private static bool IsPlain(JsonValue value) => value.Kind switch
    {
        JsonKind.Number => value.Literal is null,
        JsonKind.String => IsPlain(value.AsString()),
        JsonKind.Array => value.Items.All(IsPlain),
        JsonKind.Object => value.Members.All(member => IsPlain(member.Key) && IsPlain(member.Value)),
        _ => true,
    };

    private static bool IsPlain(string text) => !text.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF');

    private ChainAppender Appender(AuditChain chain)
    {
        lock (_lock)
        {
            if (_appenders.TryGetValue(chain, out var known)) return known;
            if (_appenders.Count >= MaxCachedChains) Forget();
            var appender = new ChainAppender(store, chain, _time);
            _appenders.Add(chain, appender);
            return appender;
        }
    }

    /// <summary>Drops the heads of idle chains. A dropped appender that is used again all the same acts like another process: safe.</summary>
    private void Forget()
    {
        foreach (var (chain, appender) in _appenders)
            if (appender.IsIdle) _appenders.Remove(chain);
    }
}
