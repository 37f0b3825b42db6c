using Interlock.Core.Audit;
using Interlock.Core.Runs;
using Interlock.Core.Storage;
using Interlock.Json;

namespace Interlock.Core.Gateway;

/// <summary>The ledger of effects: one row per effect, in the partition of its run or, outside runs, of its principal.</summary>
public sealed class Ledger(ITableStore store, IBlobStore blobs)
{
    private const string Table = "ledger";
    private const int InlineBytes = 128 * 1024;

    public async Task<(LedgerRow Row, string ETag)?> FindAsync(GatewayCall call, CancellationToken cancellationToken = default)
    {
        if (await store.GetAsync(Table, Key(call), cancellationToken) is not { } row) return null;
        return (RunJson.FromValue<LedgerRow>(row.Body), row.ETag);
    }

    /// <summary>Writes a new effect, or the next state over one with that ETag; null when somebody else did.</summary>
    public async Task<string?> WriteAsync(GatewayCall call, LedgerRow row, string? etag, CancellationToken cancellationToken = default)
    {
        var body = RunJson.ToValue(row);
        var result = etag is null
            ? await store.InsertAsync(Table, Key(call), body, cancellationToken)
            : await store.ReplaceAsync(Table, Key(call), body, etag, cancellationToken);
        return result.Ok ? result.ETag : null;
    }

    /// <summary>Whether <see cref="Write"/> can go into the commit of an append to that audit.</summary>
    public bool Joins(AuditLog audit) => audit.Joins(store);

    /// <summary>The same write, to be made with others in one commit.</summary>
    public static TableBatch Write(GatewayCall call, LedgerRow row, string? etag)
    {
        var (key, body) = (Key(call), RunJson.ToValue(row));
        return new TableBatch(Table, key.Partition, [etag is null ? new TableWrite.Insert(key.Row, body) : new TableWrite.Replace(key.Row, body, etag)]);
    }

    /// <summary>The row with what the upstream answered, kept apart when it is larger than 128 KiB.</summary>
    public async Task<LedgerRow> WithAnswerAsync(TenantId tenant, LedgerRow row, UpstreamResult.Completed answer, CancellationToken cancellationToken = default)
    {
        var stored = answer.Result ?? answer.Output;
        var bytes = CanonicalJson.Serialize(stored);
        row = row with { OutputDigest = CanonicalJson.Digest(bytes), Bytes = bytes.Length, IsResult = answer.Result is not null };
        return bytes.Length <= InlineBytes
            ? row with { Output = stored }
            : row with { OutputBlob = await blobs.PutAsync(tenant, bytes, cancellationToken) };
    }

    /// <summary>The recorded answer of an effect: its output, and the whole result where the upstream gave one.</summary>
    /// <exception cref="InvalidDataException">Its blob is gone.</exception>
    public async Task<(JsonValue Output, JsonValue? Result)> AnswerAsync(TenantId tenant, LedgerRow row, CancellationToken cancellationToken = default)
    {
        var stored = row.OutputBlob is not { } digest ? row.Output ?? JsonValue.Null
            : await blobs.GetAsync(tenant, digest, cancellationToken) is { } bytes ? StrictJson.ParseLenient(bytes)
            : throw new InvalidDataException($"The recorded output {digest} is missing from the blob store.");
        return row.IsResult ? (MethodResult.Output(stored), stored) : (stored, null);
    }

    /// <summary>Where the row of a client's own call is.</summary>
    public static (string Table, RowKey Key) PlaceOf(TenantId tenant, string subject, EffectId effect) => (Table, new RowKey(Partition(tenant, subject), effect.Value));

    /// <summary>Whether the row says that its call goes on at the upstream.</summary>
    internal static async Task<bool> GoesOnAsync(ITableStore store, string partition, EffectId effect, CancellationToken cancellationToken) =>
        await store.GetAsync(Table, new RowKey(partition, effect.Value), cancellationToken) is { } row
        && RunJson.FromValue<LedgerRow>(row.Body) is { State: LedgerState.Intended, Handle: not null };

    internal static string Partition(GatewayCall call) => call.Site is { } site ? Keys.Join(call.Tenant.Value, $"run:{site.Run}") : Partition(call.Tenant, call.Chain.Starter.Subject);

    private static string Partition(TenantId tenant, string subject) => Keys.Join(tenant.Value, $"principal:{subject}");

    private static RowKey Key(GatewayCall call) => new(Partition(call), call.Effect.Value);
}
