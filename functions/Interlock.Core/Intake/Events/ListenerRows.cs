using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using Interlock.Core.Runs;
using Interlock.Core.Storage;
using Interlock.Json;

namespace Interlock.Core.Intake.Events;

/// <summary>
/// Who listens: in the tenant's partition a row for each run and command, and for each type it wants one in the partition of tenant and type, where an event finds it.
/// The former is written first and goes last, so that no row of a type is ever without it.
/// </summary>
internal sealed class ListenerRows(ITableStore store)
{
    private const string Table = "listeners";

    public async Task<(Listener Listener, TableRow Row)?> FindAsync(TenantId tenant, RunId run, EffectId effect, CancellationToken cancellationToken) =>
        await store.GetAsync(Table, new RowKey(Partition(tenant), Row(run, effect)), cancellationToken) is { } row ? (Read(row), row) : null;

    /// <summary>Makes a listener known; of one that is known already its types.</summary>
    public async Task AddAsync(TenantId tenant, Listener listener, CancellationToken cancellationToken)
    {
        var row = Row(listener.Run, listener.Effect);
        await store.InsertAsync(Table, new RowKey(Partition(tenant), row), RunJson.ToValue(listener), cancellationToken);
        foreach (var partition in Partitions(tenant, listener))
            await store.InsertAsync(Table, new RowKey(partition, row), JsonValue.Object(("since", Keys.Time(listener.Since))), cancellationToken);
    }

    /// <summary>False when it changed meanwhile, or is gone.</summary>
    public async Task<bool> ReplaceAsync(TableRow row, Listener listener, CancellationToken cancellationToken) =>
        (await store.ReplaceAsync(Table, row.Key, RunJson.ToValue(listener), row.ETag, cancellationToken)).Ok;

    public async Task RemoveAsync(TenantId tenant, RunId run, EffectId effect, CancellationToken cancellationToken)
    {
        if (await FindAsync(tenant, run, effect, cancellationToken) is not var (listener, row)) return;
        foreach (var partition in Partitions(tenant, listener))
            if (await store.GetAsync(Table, new RowKey(partition, row.Key.Row), cancellationToken) is { } wanted)
                await store.DeleteAsync(Table, wanted.Key, wanted.ETag, cancellationToken);
        await store.DeleteAsync(Table, row.Key, row.ETag, cancellationToken);
    }

    /// <summary>Who wants events of a type (null: of any), after the row that was looked at last.</summary>
    public async IAsyncEnumerable<(string Row, RunId Run, EffectId Effect, string Since)> OfAsync(
        TenantId tenant, string? type, string? after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var row in store.QueryAsync(Table, Partition(tenant, type), after is null ? null : after + "!", cancellationToken: cancellationToken))
        {
            var (run, effect) = Parse(row.Key.Row);
            yield return (row.Key.Row, run, effect, row.Body["since"]?.StringOrNull() ?? throw new InvalidDataException("A listener's row names no time."));
        }
    }

    public async IAsyncEnumerable<Listener> AllAsync(TenantId tenant, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var row in store.QueryAsync(Table, Partition(tenant), cancellationToken: cancellationToken)) yield return Read(row);
    }

    private static IEnumerable<string> Partitions(TenantId tenant, Listener listener) =>
        listener.Types is [] ? [Partition(tenant, null)] : listener.Types.Distinct(StringComparer.Ordinal).Select(type => Partition(tenant, type));

    private static string Partition(TenantId tenant) => Keys.Join(tenant.Value, "runs");

    /// <summary>Types may be longer than keys.</summary>
    private static string Partition(TenantId tenant, string? type) => type is null
        ? Keys.Join(tenant.Value, "any")
        : Keys.Join(tenant.Value, "type", Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(type))));

    private static string Row(RunId run, EffectId effect) => Keys.Join(run.Value, effect.Value);

    private static (RunId Run, EffectId Effect) Parse(string row) =>
        row.Split('|') is [var run, var effect] ? (new RunId(run), new EffectId(effect)) : throw new InvalidDataException("A listener's row names no run.");

    private static Listener Read(TableRow row) => RunJson.FromValue<Listener>(row.Body);
}
