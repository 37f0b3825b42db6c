using Interlock.Core.Registry;
using Interlock.Core.Runs;
using Interlock.Core.Storage;

namespace Interlock.Core.Gateway.Fences;

/// <summary>
/// The calls that go on at their upstreams under a handle: a row each in one partition of the tenant, written before the ledger says so and removed after it says how they ended. The
/// ledger is the word on it: a row that outlived its call is passed over, and removed by who finds it.
/// </summary>
internal sealed class HandedCalls(ITableStore store)
{
    private const string Table = "handed";

    public Task AddAsync(GatewayCall call, CancellationToken cancellationToken = default) =>
        store.InsertAsync(Table, Key(call.Tenant, call.Effect), RunJson.ToValue(new Handed(CallUnderWay.Of(call), Ledger.Partition(call))), cancellationToken);

    /// <summary>Whoever reads the row finds out that its call has ended; that it could not be removed is no reason for the call to fail.</summary>
    public async Task RemoveAsync(TenantId tenant, EffectId effect, CancellationToken cancellationToken = default)
    {
        try
        {
            if (await store.GetAsync(Table, Key(tenant, effect), cancellationToken) is { } row) await store.DeleteAsync(Table, row.Key, row.ETag, cancellationToken);
        }
        catch (Exception)
        {
            // See above.
        }
    }

    public async Task<List<EffectId>> ListAsync(TenantId tenant, RegistryKind kind, string name, CancellationToken cancellationToken)
    {
        var found = new List<EffectId>();
        var ended = new List<EffectId>();
        await foreach (var row in store.QueryAsync(Table, Keys.Join(tenant.Value), cancellationToken: cancellationToken))
        {
            var handed = RunJson.FromValue<Handed>(row.Body);
            if (!handed.Call.Concerns(kind, name)) continue;
            if (await Ledger.GoesOnAsync(store, handed.Ledger, handed.Call.Effect, cancellationToken)) found.Add(handed.Call.Effect);
            else ended.Add(handed.Call.Effect);
        }
        foreach (var effect in ended) await RemoveAsync(tenant, effect, cancellationToken);
        return found;
    }

    private static RowKey Key(TenantId tenant, EffectId effect) => new(Keys.Join(tenant.Value), Keys.Join(effect.Value));

    private sealed record Handed(CallUnderWay Call, string Ledger);
}
