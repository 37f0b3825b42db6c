using Interlock.Core.Identity;
using Interlock.Core.Storage;

namespace Interlock.Core.Registry.Changes;

/// <summary>
/// The proposals of each tenant, every row under a MAC like a gate's. A row that Interlock did not write is as good as none, and so is one from before the store was restored: it may have
/// been rejected since.
/// </summary>
public sealed class ProposalStore(ITableStore store, Mac mac, Incarnation incarnation)
{
    private const string Table = "proposals";

    private readonly SealedRows<Proposal> _rows = new(mac, "interlock/proposal/v1", "proposal");

    /// <summary>Keeps a new one.</summary>
    public async Task AddAsync(TenantId tenant, Proposal proposal, CancellationToken cancellationToken = default)
    {
        var key = Key(tenant, proposal.Id);
        if (!(await store.InsertAsync(Table, key, _rows.Seal(key, proposal), cancellationToken)).Ok) throw new InvalidOperationException("A proposal's id is new.");
    }

    public async Task<(Proposal Proposal, string ETag)?> FindAsync(TenantId tenant, string id, CancellationToken cancellationToken = default) =>
        await store.GetAsync(Table, Key(tenant, id), cancellationToken) is { } row && Read(row) is { } proposal ? (proposal, row.ETag) : null;

    /// <summary>The row's new ETag, or null when somebody else changed it.</summary>
    public async Task<string?> ReplaceAsync(TenantId tenant, Proposal proposal, string etag, CancellationToken cancellationToken = default)
    {
        var key = Key(tenant, proposal.Id);
        return await store.ReplaceAsync(Table, key, _rows.Seal(key, proposal), etag, cancellationToken) is { Ok: true } written ? written.ETag : null;
    }

    public async Task<IReadOnlyList<Proposal>> ListAsync(TenantId tenant, CancellationToken cancellationToken = default)
    {
        var found = new List<Proposal>();
        await foreach (var row in store.QueryAsync(Table, Keys.Join(tenant.Value), cancellationToken: cancellationToken))
            if (Read(row) is { } proposal) found.Add(proposal);
        return found;
    }

    /// <summary>Deletes a proposal; of one that somebody changed nothing.</summary>
    public async Task DeleteAsync(TenantId tenant, string id, CancellationToken cancellationToken = default)
    {
        if (await store.GetAsync(Table, Key(tenant, id), cancellationToken) is { } row) await store.DeleteAsync(Table, row.Key, row.ETag, cancellationToken);
    }

    private Proposal? Read(TableRow row) => _rows.Open(row) is { } proposal && proposal.At >= incarnation.Since ? proposal : null;

    private static RowKey Key(TenantId tenant, string id) => new(Keys.Join(tenant.Value), id);
}
