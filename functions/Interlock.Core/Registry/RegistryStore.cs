using System.Collections.Concurrent;
using Interlock.Core.Runs;
using Interlock.Core.Storage;
using Interlock.Json;

namespace Interlock.Core.Registry;

/// <summary>
/// The registry's rows: one partition per tenant, in which every change raises the epoch row in the same batch. A cached snapshot answers
/// only after the stored epoch was seen to be its own.
/// </summary>
public sealed class RegistryStore(ITableStore store)
{
    private const string Table = "registry";
    private const string EpochRow = "epoch";

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
                if (row.Key.Row != EpochRow) entries.Add(RunJson.FromValue<RegistryEntry>(row.Body));
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
        WriteAsync(tenant, entries, null, cancellationToken);

    /// <summary>The same for entries that were made from the registry at an epoch: refused when it is another one by now.</summary>
    public async Task<RegistryChange> WriteAsync(TenantId tenant, IReadOnlyList<RegistryEntry> entries, long? madeFrom, CancellationToken cancellationToken = default)
    {
        var partition = Keys.Join(tenant.Value);
        var epoch = await EpochAsync(tenant, cancellationToken);
        if (madeFrom is not null && epoch.Number != madeFrom) return Outdated;
        var writes = new List<TableWrite>(entries.Count + 1);
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
        var result = await store.BatchAsync(Table, partition, writes, cancellationToken);
        return result.Ok ? new RegistryChange(epoch.Number + 1, null) : Outdated;
    }

    private static RegistryChange Outdated { get; } = new(null, "The registry changed meanwhile; read it again and repeat.");

    private async Task<(long Number, string? ETag)> EpochAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        var row = await store.GetAsync(Table, new RowKey(Keys.Join(tenant.Value), EpochRow), cancellationToken);
        return row is null ? (0, null) : ((long)row.Body["epoch"]!.AsNumber(), row.ETag); // the epoch row has its number
    }

    private static string Row(RegistryEntry entry) => Keys.Join(entry.Kind.ToString().ToLowerInvariant(), entry.Name, entry.Version);

}

/// <summary>The epoch after a change, or why it was refused.</summary>
public sealed record RegistryChange(long? Epoch, string? Conflict);
