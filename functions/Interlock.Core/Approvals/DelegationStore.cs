using Interlock.Core.Identity;
using Interlock.Core.Runs;
using Interlock.Core.Storage;
using Interlock.Json;

namespace Interlock.Core.Approvals;

/// <summary>
/// Delegations of all of a person's gates, each under a MAC like a gate's row, kept by whom they are to and, for listing, by whom they are from. A row that
/// Interlock did not write is as good as none, and so is one from before the store was restored: it may have been taken back since.
/// </summary>
public sealed class DelegationStore(ITableStore store, Mac mac, Incarnation incarnation)
{
    private const string Table = "delegations";
    private const string Purpose = "interlock/delegation/v1";

    /// <summary>Keeps it; what it is listed by comes first, so that none counts that its giver can't see and revoke.</summary>
    public async Task AddAsync(TenantId tenant, Delegation delegation, CancellationToken cancellationToken = default)
    {
        foreach (var key in Keys(tenant, delegation)) await store.InsertAsync(Table, key, Sign(key, delegation), cancellationToken);
    }

    /// <summary>Takes it back; it stops counting first.</summary>
    public async Task RemoveAsync(TenantId tenant, Delegation delegation, CancellationToken cancellationToken = default)
    {
        foreach (var key in Keys(tenant, delegation).Reverse())
            if (await store.GetAsync(Table, key, cancellationToken) is { } row) await store.DeleteAsync(Table, key, row.ETag, cancellationToken);
    }

    public Task<IReadOnlyList<Delegation>> ToAsync(TenantId tenant, string subject, CancellationToken cancellationToken = default) => ReadAsync(Partition(tenant, "to", subject), cancellationToken);

    public Task<IReadOnlyList<Delegation>> FromAsync(TenantId tenant, string subject, CancellationToken cancellationToken = default) => ReadAsync(Partition(tenant, "from", subject), cancellationToken);

    private async Task<IReadOnlyList<Delegation>> ReadAsync(string partition, CancellationToken cancellationToken)
    {
        var found = new List<Delegation>();
        await foreach (var row in store.QueryAsync(Table, partition, cancellationToken: cancellationToken))
        {
            var body = row.Body["delegation"] ?? JsonValue.Null;
            if (row.Body["mac"]?.StringOrNull() is not { } tag || !mac.Verify(Purpose, Signed(row.Key, body), tag)) continue;
            if (RunJson.FromValue<Delegation>(body) is var delegation && delegation.Since >= incarnation.Since) found.Add(delegation);
        }
        return found;
    }

    private JsonValue Sign(RowKey key, Delegation delegation)
    {
        var body = RunJson.ToValue(delegation);
        return JsonValue.Object(("delegation", body), ("mac", mac.Sign(Purpose, Signed(key, body))));
    }

    private static JsonValue Signed(RowKey key, JsonValue body) => JsonValue.Array(key.Partition, key.Row, body);

    private static RowKey[] Keys(TenantId tenant, Delegation delegation) =>
        [new(Partition(tenant, "from", delegation.From), delegation.Id), new(Partition(tenant, "to", delegation.To), delegation.Id)];

    private static string Partition(TenantId tenant, string side, string subject) => Storage.Keys.Join(tenant.Value, side, subject);
}
