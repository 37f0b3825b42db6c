using System.Runtime.CompilerServices;
using Interlock.Core.Storage;
using Interlock.Json;

namespace Interlock.Core.Audit;

/// <summary>
/// Remembers, in a table that may be lost, which chains are in the archive and how far the passes came: a partition per tenant with a row per
/// chain under the key it has in the list of chains, and another with one row of progress.
/// </summary>
internal sealed class ArchiveIndex(ITableStore records, ITableStore store)
{
    private const string Table = "auditexports";
    private const string ProgressRow = "progress";

    /// <summary>The tenant's chains from a key on, in key order, and whether they are known to be in the archive.</summary>
    public async IAsyncEnumerable<(string Key, AuditChain Chain, bool IsExported)> ChainsAsync(
        TenantId tenant, string? from, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var exported = store.QueryAsync(Table, Keys.Join(tenant.Value), from, cancellationToken: cancellationToken).GetAsyncEnumerator(cancellationToken);
        var more = await exported.MoveNextAsync();
        await foreach (var listed in records.QueryAsync(AuditChain.ChainsTable, Keys.Join(tenant.Value), from, cancellationToken: cancellationToken))
        {
            var key = listed.Key.Row;
            while (more && string.CompareOrdinal(exported.Current.Key.Row, key) < 0) more = await exported.MoveNextAsync();
            var id = listed.Body["chain"]?.StringOrNull() ?? throw new InvalidDataException($"The chain index row {key} names no chain.");
            yield return (key, new AuditChain(tenant, id), more && exported.Current.Key.Row == key);
        }
    }

    public Task AddAsync(TenantId tenant, ArchivedChain chain, CancellationToken cancellationToken) =>
        store.InsertAsync(Table, new AuditChain(tenant, chain.Chain).IndexKey, chain.ToJson(), cancellationToken);

    public async Task<ArchiveProgress> ProgressAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        if (await store.GetAsync(Table, ProgressKey(tenant), cancellationToken) is not { } row) return new(0, null, null, null);
        return new((long)(row.Body["heads"]?.AsNumber() ?? 0), row.Body["digest"]?.StringOrNull(), row.Body["next"]?.StringOrNull(), row.ETag);
    }

    /// <summary>Saves the progress unless another pass did meanwhile: then that one's counts, which costs work at worst.</summary>
    public async Task SaveAsync(TenantId tenant, ArchiveProgress progress, CancellationToken cancellationToken)
    {
        var body = JsonValue.Object(("heads", progress.Heads));
        if (progress.Digest is { } digest) body = body.With("digest", digest);
        if (progress.Next is { } next) body = body.With("next", next);
        if (progress.ETag is null) await store.InsertAsync(Table, ProgressKey(tenant), body, cancellationToken);
        else await store.ReplaceAsync(Table, ProgressKey(tenant), body, progress.ETag, cancellationToken);
    }

    private static RowKey ProgressKey(TenantId tenant) => new(Keys.Join(tenant.Value, ProgressRow), ProgressRow);
}

/// <summary>The last heads object that is known, and the key of the chain that the next pass begins with: null for the first.</summary>
internal sealed record ArchiveProgress(long Heads, string? Digest, string? Next, string? ETag);
