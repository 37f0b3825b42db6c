using Interlock.Core.Registry;
using Interlock.Core.Runs;
using Interlock.Core.Storage;
using Interlock.Core.Workflows;
using Interlock.Json;

namespace Interlock.Core.Intake.Events;

/// <summary>
/// Gathers one event for each filter of <c>schedule.on.all</c>: a row for each workflow version and the values by which its events correlate. An event counts
/// once: taking it inserts a row of its own in the same batch. A set that is full stands in the row until its run is started.
/// </summary>
internal sealed class EventCollector(ITableStore store, EventStore events, TimeProvider time)
{
    private const string Table = "collections";
    private const string Set = "set";
    private const string Taken = "taken";
    private const int PurgedAtOnce = 500;

    /// <summary>Adds an event to those of a workflow that it correlates with, and starts the run of each full set; what was started, why a set was not (it stays full), or why nothing could be gathered.</summary>
    public async Task<(IReadOnlyList<RunStart> Started, Problem? Refusal, Problem? Problem)> GatherAsync(
        RegistryEntry entry, EventConsumption.All all, ReceivedEvent received, Func<IReadOnlyList<ReceivedEvent>, RunId, Task<(RunStart? Run, Problem? Refusal)>> start, CancellationToken cancellationToken)
    {
        var (fitting, values, problem) = EventMatch.Fitting(all, received.Event);
        if (fitting.Count == 0) return ([], null, problem);
        var tenant = received.Publisher.Tenant;
        var version = DerivedId.Of(entry.Name, entry.Version);
        var key = new RowKey(Keys.Join(tenant.Value), Keys.Join(Set, version, DerivedId.Of(values.ToString())));
        var atRow = EventRows.AtRow(received.Key, received.ArrivedAt);
        var taken = Keys.Join(Taken, Keys.Time(received.ArrivedAt), version, received.Key);
        while (true)
        {
            var row = await store.GetAsync(Table, key, cancellationToken);
            var before = row is null ? EventCollection.Empty(all.Of.Length) : RunJson.FromValue<EventCollection>(row.Body);
            if (await store.GetAsync(Table, key with { Row = taken }, cancellationToken) is not null) break;
            if (before.Without(IsOld).Add(fitting, atRow) is not { } after)
                return ([], null, new Problem(ProblemTypes.Limit, 429, "Too many events wait for others", $"{EventCollection.MaxWaiting} events of this kind wait for those that '{entry.Name}' gathers them with.") { Rule = "collection-full" });
            TableWrite write = row is null ? new TableWrite.Insert(key.Row, RunJson.ToValue(after)) : new TableWrite.Replace(key.Row, RunJson.ToValue(after), row.ETag);
            if ((await store.BatchAsync(Table, key.Partition, [write, new TableWrite.Insert(taken, JsonValue.EmptyObject)], cancellationToken)).Ok) break;
        }
        var (started, refusal) = await StartAsync(tenant, entry, key, start, cancellationToken);
        return (started, refusal, null);
    }

    /// <summary>Forgets what waits for others longer than events are kept.</summary>
    public async Task PurgeAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        var partition = Keys.Join(tenant.Value);
        var (from, to) = (Keys.Join(Taken, ""), Keys.Join(Taken, Keys.Time(time.GetUtcNow() - EventStore.Kept)));
        while (await store.QueryAsync(Table, partition, from, to, cancellationToken: cancellationToken).Take(PurgedAtOnce).ToListAsync(cancellationToken) is [_, ..] old)
            foreach (var row in old) await store.DeleteAsync(Table, row.Key, row.ETag, cancellationToken);
        await foreach (var row in store.QueryAsync(Table, partition, Keys.Join(Set, ""), Set + "}", cancellationToken: cancellationToken))
            if (RunJson.FromValue<EventCollection>(row.Body).Without(IsOld).IsEmpty) await store.DeleteAsync(Table, row.Key, row.ETag, cancellationToken);
    }

    /// <summary>Starts the runs of full sets; of a set whose events are gone there is none.</summary>
    private async Task<(IReadOnlyList<RunStart> Started, Problem? Refusal)> StartAsync(
        TenantId tenant, RegistryEntry entry, RowKey key, Func<IReadOnlyList<ReceivedEvent>, RunId, Task<(RunStart? Run, Problem? Refusal)>> start, CancellationToken cancellationToken)
    {
        var started = new List<RunStart>();
        while (await store.GetAsync(Table, key, cancellationToken) is { } row && RunJson.FromValue<EventCollection>(row.Body) is { Starting: [var set, ..] } collection)
        {
            var gathered = new List<ReceivedEvent>();
            foreach (var atRow in set)
                if (await events.FindAsync(tenant, atRow, cancellationToken) is { } received) gathered.Add(received);
            if (gathered.Count == set.Length)
            {
                var (run, refusal) = await start(gathered, new RunId(DerivedId.Of(["all", tenant.Value, entry.Name, entry.Version, .. set])));
                if (run is null) return (started, refusal);
                started.Add(run);
            }
            var after = collection with { Starting = collection.Starting.RemoveAt(0) };
            if (after.IsEmpty) await store.DeleteAsync(Table, key, row.ETag, cancellationToken);
            else await store.ReplaceAsync(Table, key, RunJson.ToValue(after), row.ETag, cancellationToken);
        }
        return (started, null);
    }

    private bool IsOld(string atRow) => string.CompareOrdinal(atRow, EventRows.Before(time.GetUtcNow() - EventStore.Kept).To) < 0;
}
