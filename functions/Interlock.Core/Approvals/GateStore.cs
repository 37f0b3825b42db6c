using Interlock.Core.Identity;
using Interlock.Core.Runs;
using Interlock.Core.Storage;
using Interlock.Json;

namespace Interlock.Core.Approvals;

/// <summary>
/// Gate rows, each under a MAC whose key is not in the store: a row edited by hand is as good as none (<c>grant-unauthentic</c>). An index
/// per tenant lists the open ones; it is only an index, the row decides.
/// </summary>
public sealed class GateStore(ITableStore store, Mac mac, Incarnation? incarnation = null)
{
    /// <summary>Since when the store lives: what was approved before is void.</summary>
    public Incarnation Incarnation { get; } = incarnation ?? Incarnation.First;

    /// <summary>What a gate's row has left for what people do to it, in bytes, when it opens.</summary>
    public const int RoomToDecide = 192 * 1024;

    /// <summary>What it has left while it is open: so that nobody can fill it up, and it can be rejected and closed.</summary>
    public const int RoomToClose = 64 * 1024;

    private const string Table = "gates";
    private const string IndexTable = "gatesopen";
    private const string Purpose = "interlock/gate/v1";

    public async Task<StoredGate?> FindAsync(TenantId tenant, GateId gate, CancellationToken cancellationToken = default)
    {
        if (await store.GetAsync(Table, Key(tenant, gate), cancellationToken) is not { } row) return null;
        var body = row.Body["gate"] ?? JsonValue.Null;
        var authentic = row.Body["mac"]?.StringOrNull() is { } tag && mac.Verify(Purpose, Signed(tenant, gate, body), tag);
        return new StoredGate(authentic ? RunJson.FromValue<Gate>(body) : null, row.ETag);
    }

    /// <summary>Whether a gate is open and its time not over; null when it has no row.</summary>
    public async Task<bool?> IsOpenAsync(TenantId tenant, GateId gate, DateTimeOffset now, CancellationToken cancellationToken = default) =>
        await FindAsync(tenant, gate, cancellationToken) is { } stored ? stored.Gate is { Outcome: null } open && open.Request.ExpiresAt > now : null;

    /// <summary>Inserts a gate's row; false when it has one already. The index comes first: no open gate is hidden from those who decide.</summary>
    public async Task<bool> InsertAsync(Gate gate, CancellationToken cancellationToken = default)
    {
        if (gate.Outcome is null)
            await store.InsertAsync(IndexTable, IndexKey(gate), JsonValue.Object(("run", gate.Run?.Value ?? "")), cancellationToken);
        return (await store.InsertAsync(Table, Key(gate.Tenant, gate.Id), Sign(gate), cancellationToken)).Ok;
    }

    /// <summary>Whether a row can hold the gate and so many bytes more.</summary>
    public bool Fits(Gate gate, int room) => TableRules.Fits(Sign(gate), room);

    /// <summary>Replaces the row if nobody else did meanwhile.</summary>
    public async Task<bool> ReplaceAsync(Gate gate, string etag, CancellationToken cancellationToken = default)
    {
        var written = await store.ReplaceAsync(Table, Key(gate.Tenant, gate.Id), Sign(gate), etag, cancellationToken);
        if (written.Ok && gate.Outcome is not null && await store.GetAsync(IndexTable, IndexKey(gate), cancellationToken) is { } listed)
            await store.DeleteAsync(IndexTable, listed.Key, listed.ETag, cancellationToken);
        return written.Ok;
    }

    /// <summary>The tenant's open gates, oldest first.</summary>
    public async Task<IReadOnlyList<Gate>> OpenAsync(TenantId tenant, CancellationToken cancellationToken = default)
    {
        var open = new List<Gate>();
        await foreach (var row in store.QueryAsync(IndexTable, Keys.Join(tenant.Value), cancellationToken: cancellationToken))
        {
            if ((await FindAsync(tenant, new GateId(row.Key.Row), cancellationToken))?.Gate is not { } gate) continue;
            if (gate.Outcome is null) open.Add(gate);
            else await store.DeleteAsync(IndexTable, row.Key, row.ETag, cancellationToken); // whoever closed it died before
        }
        return [.. open.OrderBy(gate => gate.OpenedAt)];
    }

    private JsonValue Sign(Gate gate)
    {
        var body = RunJson.ToValue(gate);
        return JsonValue.Object(("gate", body), ("mac", mac.Sign(Purpose, Signed(gate.Tenant, gate.Id, body))));
    }

    /// <summary>The row's address is signed with it, so that no row passes for another.</summary>
    private static JsonValue Signed(TenantId tenant, GateId gate, JsonValue body) => JsonValue.Array(tenant.Value, gate.Value, body);

    private static RowKey Key(TenantId tenant, GateId gate) => new(Keys.Join(tenant.Value, gate.Value), "gate");

    private static RowKey IndexKey(Gate gate) => new(Keys.Join(gate.Tenant.Value), gate.Id.Value);
}

/// <summary>A stored row; without a gate its MAC does not hold.</summary>
public sealed record StoredGate(Gate? Gate, string ETag);
