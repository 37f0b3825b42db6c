using Interlock.Core.Identity;
using Interlock.Core.Storage;

namespace Interlock.Core.Registry.Changes;

/// <summary>A tenant's break-glass, newest first by key, each under a MAC like a proposal: what Interlock did not write opens nothing, and nor does what is from before the store was restored.</summary>
public sealed class BreakGlassStore(ITableStore store, Mac mac, Incarnation incarnation)
{
    private const string Table = "breakglass";

    /// <summary>How long a row is kept; what it says stays in the audit.</summary>
    private static readonly TimeSpan Kept = TimeSpan.FromDays(400);

    private readonly SealedRows<BreakGlass> _rows = new(mac, "interlock/break-glass/v1", "glass");

    public async Task AddAsync(BreakGlass glass, CancellationToken cancellationToken = default)
    {
        var key = Key(glass);
        await new Expiries(store).NoteAsync(glass.By.Tenant, new Expiry(Table, key, glass.At + Kept), cancellationToken);
        await store.InsertAsync(Table, key, _rows.Seal(key, glass), cancellationToken);
    }

    public async Task<bool> ReplaceAsync(BreakGlass glass, string etag, CancellationToken cancellationToken = default)
    {
        var key = Key(glass);
        return (await store.ReplaceAsync(Table, key, _rows.Seal(key, glass), etag, cancellationToken)).Ok;
    }

    /// <summary>Those since a time, oldest first.</summary>
    public async Task<IReadOnlyList<(BreakGlass Glass, string ETag)>> SinceAsync(TenantId tenant, DateTimeOffset since, CancellationToken cancellationToken = default)
    {
        var found = new List<(BreakGlass, string)>();
        await foreach (var row in store.QueryAsync(Table, Keys.Join(tenant.Value), Keys.Time(since), cancellationToken: cancellationToken))
            if (_rows.Open(row) is { } glass && glass.At >= incarnation.Since) found.Add((glass, row.ETag));
        return found;
    }

    private static RowKey Key(BreakGlass glass) => new(Keys.Join(glass.By.Tenant.Value), Keys.Join(Keys.Time(glass.At), glass.Id));
}
