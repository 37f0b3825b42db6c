using Interlock.Core.Storage;
using Interlock.Json;

namespace Interlock.Core.Blackboards;

/// <summary>
/// Values that the tasks and agents of one run leave for each other, by key, each with a version that goes up by one with every write. A partition a run: <c>head</c> counts,
/// <c>key|{key}</c> holds a value, <c>put|{id}</c> remembers a write, so that asking for it again is no second one. Kept for <see cref="Kept"/>, and while the run is open.
/// </summary>
public sealed class Blackboard(ITableStore store, TimeProvider time)
{
    public const int MaxKeys = 200;
    public const int MaxValueBytes = 64 * 1024;
    public const int MaxBytes = 4 * 1024 * 1024;

    public static readonly TimeSpan Kept = TimeSpan.FromDays(30);

    private const string Table = "blackboards";
    private const string HeadRow = "head";
    private const string KeyRow = "key";
    private const string PutRow = "put";

    private readonly Expiries _expiries = new(store);

    /// <summary>The value and its version; version 0 where there is none.</summary>
    public async Task<(JsonValue Value, long Version)> GetAsync(TenantId tenant, RunId run, string key, CancellationToken cancellationToken = default) =>
        await store.GetAsync(Table, At(tenant, run, Keys.Join(KeyRow, key)), cancellationToken) is { } row ? Read(row) : (JsonValue.Null, 0);

    /// <summary>The keys that begin so, in order.</summary>
    public async Task<IReadOnlyList<(string Key, long Version, long Bytes)>> ListAsync(TenantId tenant, RunId run, string prefix, CancellationToken cancellationToken = default)
    {
        var found = new List<(string, long, long)>();
        await foreach (var row in store.QueryAsync(Table, Partition(tenant, run), Keys.Join(KeyRow, ""), KeyRow + "}", cancellationToken: cancellationToken))
            if (Text(row, "key").StartsWith(prefix, StringComparison.Ordinal)) found.Add((Text(row, "key"), Number(row.Body, "version"), Number(row.Body, "bytes")));
        return found;
    }

    /// <summary>Writes a value, where one of the expected version stands (null expects nothing).</summary>
    /// <param name="tenant">The run's tenant.</param>
    /// <param name="run">Whose it is.</param>
    /// <param name="put">What the write is known by.</param>
    /// <param name="key">1 to 128 characters of those that keys of tables have.</param>
    /// <param name="value">At most <see cref="MaxValueBytes"/> as canonical JSON.</param>
    /// <param name="expected">The version that must stand; 0 for none.</param>
    /// <param name="cancellationToken">Stops before the write.</param>
    public async Task<BlackboardResult> PutAsync(TenantId tenant, RunId run, string put, string key, JsonValue value, long? expected, CancellationToken cancellationToken = default)
    {
        var bytes = CanonicalJson.Serialize(value).Length;
        if (bytes > MaxValueBytes) return new BlackboardResult.TooMuch($"A value has at most {MaxValueBytes >> 10} KiB of JSON; this one has {bytes} bytes. Keep what is larger as an artifact.");
        var (partition, putRow, keyRow) = (Partition(tenant, run), Keys.Join(PutRow, put), Keys.Join(KeyRow, key));
        while (true)
        {
            if (await store.GetAsync(Table, new RowKey(partition, putRow), cancellationToken) is { } done)
                return Text(done, "key") == key ? new BlackboardResult.Written(Number(done.Body, "version")) : new BlackboardResult.TooMuch($"This write was made for the key '{Text(done, "key")}' before; make another one with an idempotency key of its own.");
            var head = await store.GetAsync(Table, new RowKey(partition, HeadRow), cancellationToken);
            var before = await store.GetAsync(Table, new RowKey(partition, keyRow), cancellationToken);
            var (standing, version) = before is null ? (JsonValue.Null, 0) : Read(before);
            if (expected is { } wanted && wanted != version) return new BlackboardResult.Stands(standing, version);
            var keys = (head is null ? 0 : Number(head.Body, "keys")) + (before is null ? 1 : 0);
            var total = (head is null ? 0 : Number(head.Body, "bytes")) + bytes - (before is null ? 0 : Number(before.Body, "bytes"));
            if (keys > MaxKeys) return new BlackboardResult.TooMuch($"A run's blackboard has at most {MaxKeys} keys.");
            if (total > MaxBytes) return new BlackboardResult.TooMuch($"A run's blackboard holds at most {MaxBytes >> 20} MiB.");
            var counts = JsonValue.Object(("keys", keys), ("bytes", total));
            var body = JsonValue.Object(("key", key), ("value", value), ("version", version + 1), ("bytes", bytes));
            foreach (var row in (string?[])[head is null ? HeadRow : null, before is null ? keyRow : null, putRow])
                if (row is not null) await _expiries.NoteAsync(tenant, new Expiry(Table, new RowKey(partition, row), time.GetUtcNow() + Kept) { Run = run }, cancellationToken);
            TableWrite[] writes =
            [
                head is null ? new TableWrite.Insert(HeadRow, counts) : new TableWrite.Replace(HeadRow, counts, head.ETag),
                before is null ? new TableWrite.Insert(keyRow, body) : new TableWrite.Replace(keyRow, body, before.ETag),
                new TableWrite.Insert(putRow, JsonValue.Object(("key", key), ("version", version + 1))),
            ];
            if ((await store.BatchAsync(Table, partition, writes, cancellationToken)).Ok) return new BlackboardResult.Written(version + 1);
        }
    }

    private static (JsonValue Value, long Version) Read(TableRow row) => (row.Body["value"] ?? JsonValue.Null, Number(row.Body, "version"));

    private static long Number(JsonValue body, string member) => (long)body[member]!.AsNumber(); // written so

    private static string Text(TableRow row, string member) => row.Body[member]!.AsString(); // written so

    private static string Partition(TenantId tenant, RunId run) => Keys.Join(tenant.Value, run.Value);

    private static RowKey At(TenantId tenant, RunId run, string row) => new(Partition(tenant, run), row);
}

/// <summary>What came of a write.</summary>
public abstract record BlackboardResult
{
    public sealed record Written(long Version) : BlackboardResult;

    /// <summary>Another version stands than was expected.</summary>
    public sealed record Stands(JsonValue Value, long Version) : BlackboardResult;

    /// <summary>A bound would be passed.</summary>
    public sealed record TooMuch(string Why) : BlackboardResult;
}
