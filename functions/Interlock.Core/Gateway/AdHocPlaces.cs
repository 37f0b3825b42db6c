using System.Globalization;
using Interlock.Core.Approvals;
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
    private const string Slots = "slot";

    /// <summary>How long a slot is kept for a gate that has no row: longer than opening one takes.</summary>
    private static readonly TimeSpan Unborn = TimeSpan.FromMinutes(5);

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
    public async Task<bool> TakeSlotAsync(AdHocCall call, GateId gate, int slots, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var partition = Key(call).Partition;
        var taken = new Dictionary<string, TableRow>(StringComparer.Ordinal);
        await foreach (var row in store.QueryAsync(Table, partition, Slots + "|", Slots + "}", cancellationToken: cancellationToken)) taken.Add(row.Key.Row, row);
        if (taken.Values.Any(row => Gate(row) == gate)) return true;
        var body = JsonValue.Object(("gate", gate.Value), ("since", now.ToString("O", CultureInfo.InvariantCulture)));
        for (var number = 0; number < slots; number++)
        {
            var slot = new RowKey(partition, Keys.Join(Slots, number.ToString("D2", CultureInfo.InvariantCulture)));
            if (!taken.TryGetValue(slot.Row, out var row))
            {
                if ((await store.InsertAsync(Table, slot, body, cancellationToken)).Ok) return true;
            }
            else if (await IsFreeAsync(call.Tenant, row, now, cancellationToken) && (await store.ReplaceAsync(Table, slot, body, row.ETag, cancellationToken)).Ok) return true;
        }
        return false;
    }

    private async Task<bool> IsFreeAsync(TenantId tenant, TableRow slot, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (await gates.FindAsync(tenant, Gate(slot), cancellationToken) is { } stored) return stored.Gate is not { Outcome: null } gate || gate.Request.ExpiresAt <= now;
        return slot.Body["since"]?.StringOrNull() is not { } since || DateTimeOffset.Parse(since, CultureInfo.InvariantCulture) + Unborn < now;
    }

    private static GateId Gate(TableRow slot) => new(slot.Body["gate"]?.StringOrNull() ?? "");

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
