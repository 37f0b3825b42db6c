using System.Security.Cryptography;
using System.Text;
using Interlock.Core.Agents;
using Interlock.Core.Runs;
using Interlock.Core.Storage;
using Interlock.Json;

namespace Interlock.Core.Gateway.Callbacks;

/// <summary>
/// The callbacks of agents elsewhere that were refused because they need an approval, each under the handle that the agent was told: a row in the run's partition. An agent
/// that pauses gives a handle back, and only what was refused under its own call is found by it.
/// </summary>
public sealed class PausedCalls(ITableStore store, TimeProvider time)
{
    private const string Table = "pauses";

    /// <summary>As many calls as one call of an agent may be refused for and still be told a handle, and as large as their arguments may be.</summary>
    private const int MaxCalls = 32;
    private const int MaxArguments = 256 * 1024;

    private static readonly TimeSpan Kept = TimeSpan.FromDays(1);

    private readonly Expiries _expiries = new(store);

    /// <summary>The handle of a refused call, kept durably; null where it is no agent's, too large, or one too many.</summary>
    public async Task<string?> GiveAsync(GatewayCall call, CancellationToken cancellationToken = default)
    {
        if (call.Site is not { Under: { Version: not null } under } site || CanonicalJson.Serialize(call.Arguments).Length > MaxArguments) return null;
        var handle = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"pause\0{call.Effect.Value}")).AsSpan(0, 16));
        var key = Key(call.Tenant, site.Run, under.Effect, handle);
        if (await store.GetAsync(Table, key, cancellationToken) is not null) return handle;
        var known = 0;
        await foreach (var _ in store.QueryAsync(Table, key.Partition, Keys.Join(under.Effect.Value) + "|", Keys.Join(under.Effect.Value) + "}", cancellationToken: cancellationToken))
            if (++known == MaxCalls) return null;
        await _expiries.NoteAsync(call.Tenant, new Expiry(Table, key, time.GetUtcNow() + Kept) { Run = site.Run }, cancellationToken);
        await store.InsertAsync(Table, key, RunJson.ToValue(new PausedCall(call.Target, call.Arguments)), cancellationToken);
        return handle;
    }

    /// <summary>The call that was refused under that agent's call; null when nothing was, whatever the handle.</summary>
    public async Task<PausedCall?> FindAsync(TenantId tenant, RunId run, EffectId under, string handle, CancellationToken cancellationToken = default) =>
        await store.GetAsync(Table, Key(tenant, run, under, handle), cancellationToken) is { } row ? RunJson.FromValue<PausedCall>(row.Body) : null;

    private static RowKey Key(TenantId tenant, RunId run, EffectId under, string handle) => new(Keys.Join(tenant.Value, $"run:{run}"), Keys.Join(under.Value, handle));
}
