using Interlock.Core.Approvals;
using Interlock.Core.Gateway.Limits;
using Interlock.Core.Identity;
using Interlock.Core.Storage;
using Interlock.Json;

namespace Interlock.Core.Gateway;

/// <summary>
/// Which gate a client's call is at: a counter for each distinct call of a caller, and the caller's slots for open gates. Both are only indexes. Gate
/// ids are derived under a key, so a lost or edited counter leads to gates that are there already, and what they say holds.
/// </summary>
internal sealed class AdHocPlaces(ITableStore store, GateStore gates, Mac mac)
{
    private const string Table = "adhocgates";
    private const string Purpose = "interlock/adhoc-gate/v1";

    private readonly Slots _slots = new(store, Table);

    /// <summary>The gate of this call at this place.</summary>
    public GateId GateOf(AdHocCall call, int occurrence) =>
        new(CanonicalJson.Digest(JsonValue.From(mac.Sign(Purpose, JsonValue.Array(call.Tenant.Value, call.Digest, occurrence))))["sha256:".Length..][..32]);

    public async Task<AdHocPlace> FindAsync(AdHocCall call, CancellationToken cancellationToken)
    {
        if (await store.GetAsync(Table, Key(call), cancellationToken) is not { } row) return new AdHocPlace(1, false, null, null);
        return new AdHocPlace((int)(row.Body["occurrence"]?.AsNumber() ?? 1), row.Body["told"] == JsonValue.True, row.Body["again"]?.StringOrNull(), row.ETag);
    }

    /// <summary>Moves on from a place; where somebody else did meanwhile, that counts.</summary>
    public Task MoveAsync(AdHocCall call, AdHocPlace from, AdHocPlace to, CancellationToken cancellationToken)
    {
        var body = JsonValue.Object(("occurrence", to.Occurrence), ("told", to.IsTold));
        if (to.Again is { } again) body = body.With("again", again);
        return from.ETag is { } etag ? store.ReplaceAsync(Table, Key(call), body, etag, cancellationToken) : store.InsertAsync(Table, Key(call), body, cancellationToken);
    }

    /// <summary>Whether the gate has one of the caller's slots, of which there are so many. Those of gates that are closed or over are taken again.</summary>
    public Task<bool> TakeSlotAsync(AdHocCall call, GateId gate, int slots, DateTimeOffset now, CancellationToken cancellationToken) =>
        _slots.TakeAsync(Key(call).Partition, gate.Value, slots, now, holder => gates.IsOpenAsync(call.Tenant, new GateId(holder), now, cancellationToken), cancellationToken);

    private static RowKey Key(AdHocCall call) => new(Keys.Join(call.Tenant.Value, call.Caller), Keys.Join("call", call.Digest));
}

/// <summary>One call of one caller: the digest of target, frozen arguments and, where the client gave one, the effect of its idempotency key.</summary>
internal sealed record AdHocCall(TenantId Tenant, string Caller, string Digest)
{
    public static AdHocCall Of(FrozenCall frozen, bool isKeyed)
    {
        var caller = frozen.Call.Chain.Starter.Subject;
        return new(frozen.Call.Tenant, caller, CanonicalJson.Digest(JsonValue.Array(caller, frozen.Call.Target, frozen.Digest, isKeyed ? frozen.Call.Effect.Value : "")));
    }
}

/// <summary>
/// Where a call stands: at which of its gates, counted from 1, whether the caller was told that this one came to nothing, and why a call that was approved before is
/// asked for again.
/// </summary>
internal sealed record AdHocPlace(int Occurrence, bool IsTold, string? Again, string? ETag)
{
    public AdHocPlace Told => this with { IsTold = true };

    public AdHocPlace Next(string? again) => new(Occurrence + 1, false, again, null);
}
