using System.Collections.Concurrent;
using Interlock.Core.Runs;
using Interlock.Core.Storage;
using Interlock.Json;

namespace Interlock.Core.Registry;

/// <summary>
/// The registry's rows: one partition per tenant, in which every change raises the epoch row in the same batch. A cached snapshot answers
/// only after the stored epoch was seen to be its own. A change that comes from a proposal leaves the proposal's row in its batch, so that none is made twice.
/// </summary>
public sealed class RegistryStore(ITableStore store)
{
    private const string Table = "registry";
    private const string EpochRow = "epoch";
    private const string ProposalPrefix = "proposal|";

    private readonly ConcurrentDictionary<TenantId, RegistrySnapshot> _snapshots = new();

    /// <summary>The registry as it is now.</summary>
    public async Task<RegistrySnapshot> ReadAsync(TenantId tenant, CancellationToken cancellationToken = default)
    {
        while (true)
        {
            var epoch = await EpochAsync(tenant, cancellationToken);
            if (_snapshots.TryGetValue(tenant, out var cached) && cached.Epoch == epoch.Number) return cached;
            var entries = new List<RegistryEntry>();
            await foreach (var row in store.QueryAsync(Table, Keys.Join(tenant.Value), cancellationToken: cancellationToken))
                if (row.Key.Row != EpochRow && !row.Key.Row.StartsWith(ProposalPrefix, StringComparison.Ordinal)) entries.Add(RunJson.FromValue<RegistryEntry>(row.Body));
            if ((await EpochAsync(tenant, cancellationToken)).Number != epoch.Number) continue;
            var snapshot = new RegistrySnapshot(tenant, epoch.Number, entries);
            _snapshots[tenant] = snapshot;
            return snapshot;
        }
    }

    /// <summary>
    /// Writes entries and raises the epoch, all or nothing. New versions are inserted, lifecycle changes replace; a body that differs from the
    /// stored version's is refused. Returns the new epoch, or why not.
    /// </summary>
    public Task<RegistryChange> WriteAsync(TenantId tenant, IReadOnlyList<RegistryEntry> entries, CancellationToken cancellationToken = default) =>
        WriteAsync(tenant, entries, null, null, cancellationToken);

    /// <summary>
    /// The same for entries that were made from the registry at an epoch: refused when it is another one by now. Those of a proposal are refused when it was applied or given
    /// up before.
    /// </summary>
    public async Task<RegistryChange> WriteAsync(
        TenantId tenant, IReadOnlyList<RegistryEntry> entries, long? madeFrom, string? proposal, CancellationToken cancellationToken = default)
    {
        var partition = Keys.Join(tenant.Value);
        var epoch = await EpochAsync(tenant, cancellationToken);
        if (madeFrom is not null && epoch.Number != madeFrom) return Outdated;
        var writes = new List<TableWrite>(entries.Count + 2);
        foreach (var entry in entries)
        {
            var key = Row(entry);
            if (await store.GetAsync(Table, new RowKey(partition, key), cancellationToken) is not { } stored)
            {
                writes.Add(new TableWrite.Insert(key, RunJson.ToValue(entry)));
                continue;
            }
            if (RunJson.FromValue<RegistryEntry>(stored.Body) is var known && (known.Digest != entry.Digest || known.Body != entry.Body))
                return new RegistryChange(null, $"'{entry.Name}' {entry.Version} exists with another content; versions never change: publish a new one.");
            writes.Add(new TableWrite.Replace(key, RunJson.ToValue(entry), stored.ETag));
        }
        var body = JsonValue.Object(("epoch", epoch.Number + 1));
        writes.Add(epoch.ETag is null ? new TableWrite.Insert(EpochRow, body) : new TableWrite.Replace(EpochRow, body, epoch.ETag));
        if (proposal is not null) writes.Add(new TableWrite.Insert(ProposalRow(proposal), Settled(applied: true)));
        var result = await store.BatchAsync(Table, partition, writes, cancellationToken);
        if (result.Ok) return new RegistryChange(epoch.Number + 1, null);
        return proposal is not null && result.FailedIndex == writes.Count - 1 ? new RegistryChange(null, "The proposal was applied or given up before.") : Outdated;
    }

    /// <summary>Whether a proposal's change was written; null while that is open.</summary>
    public async Task<bool?> AppliedAsync(TenantId tenant, string proposal, CancellationToken cancellationToken = default) =>
        await store.GetAsync(Table, new RowKey(Keys.Join(tenant.Value), ProposalRow(proposal)), cancellationToken) is { } row ? row.Body["applied"]!.AsBoolean() : null; // every such row has it

    /// <summary>Keeps a proposal's change from ever being written; false when it was before.</summary>
    public async Task<bool> GiveUpAsync(TenantId tenant, string proposal, CancellationToken cancellationToken = default)
    {
        var key = new RowKey(Keys.Join(tenant.Value), ProposalRow(proposal));
        return (await store.InsertAsync(Table, key, Settled(applied: false), cancellationToken)).Ok || await AppliedAsync(tenant, proposal, cancellationToken) is not true;
    }

    private static RegistryChange Outdated { get; } = new(null, "The registry changed meanwhile; read it again and repeat.") { IsOutdated = true };

    private static string ProposalRow(string proposal) => ProposalPrefix + Keys.Join(proposal);

    private static JsonValue Settled(bool applied) => JsonValue.Object(("applied", applied));

    private async Task<(long Number, string? ETag)> EpochAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        var row = await store.GetAsync(Table, new RowKey(Keys.Join(tenant.Value), EpochRow), cancellationToken);
        return row is null ? (0, null) : ((long)row.Body["epoch"]!.AsNumber(), row.ETag); // the epoch row has its number
    }

    private static string Row(RegistryEntry entry) => Keys.Join(entry.Kind.ToString().ToLowerInvariant(), entry.Name, entry.Version);

}

/// <summary>The epoch after a change, or why it was refused.</summary>
public sealed record RegistryChange(long? Epoch, string? Conflict)
{
    /// <summary>It was made from a registry that is another one by now: what it is about may be as it was.</summary>
    public bool IsOutdated { get; init; }
}
