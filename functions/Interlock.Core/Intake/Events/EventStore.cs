using System.Runtime.CompilerServices;
using Interlock.Core.Runs;
using Interlock.Core.Storage;
using Interlock.Json;

namespace Interlock.Core.Intake.Events;

/// <summary>
/// Received events, in the order in which they arrived, kept for <see cref="Kept"/>. One that was taken is durable together with the note that it is yet to
/// be delivered, so that a process that dies in between leaves it to another.
/// </summary>
internal sealed class EventStore(ITableStore store)
{
    /// <summary>How long an event is kept, and its repeats are known as such.</summary>
    public static readonly TimeSpan Kept = TimeSpan.FromDays(7);

    private const int PurgedAtOnce = 500;

    /// <summary>Whether an event of this size can be kept.</summary>
    public static bool Fits(ReceivedEvent received) => TableRules.Fits(EventRows.Body(received), 0);

    /// <summary>Takes an event, to be delivered by whoever took it until the time given, and by anybody after it.</summary>
    public async Task<Acceptance> AcceptAsync(ReceivedEvent received, DateTimeOffset until, CancellationToken cancellationToken)
    {
        var partition = EventRows.Partition(received.Publisher.Tenant);
        var digest = CanonicalJson.Digest(received.Event);
        var due = EventRows.DueRow(received.Key, received.ArrivedAt, until);
        var at = EventRows.AtRow(received.Key, received.ArrivedAt);
        var begun = RunJson.ToValue(Delivery.Begun);
        TableWrite[] rows =
        [
            new TableWrite.Insert(EventRows.SeenRow(received.Key), JsonValue.Object(("digest", digest), ("row", at))),
            new TableWrite.Insert(at, EventRows.Body(received)),
            new TableWrite.Insert(due, begun),
        ];
        while (true)
        {
            var written = await store.BatchAsync(EventRows.Table, partition, rows, cancellationToken);
            if (written is { Ok: true, ETags: [_, _, { } etag] }) return new Acceptance.Taken(new TableRow(new RowKey(partition, due), begun, etag));
            if (await store.GetAsync(EventRows.Table, new RowKey(partition, EventRows.SeenRow(received.Key)), cancellationToken) is { } seen)
                return seen.Body["digest"]?.StringOrNull() != digest
                    ? new Acceptance.Conflict()
                    : new Acceptance.Known(seen.Body["row"]?.StringOrNull() is { } first ? await FindAsync(received.Publisher.Tenant, first, cancellationToken) ?? received : received);
        }
    }

    public async Task<bool> IsKnownAsync(TenantId tenant, string key, CancellationToken cancellationToken) =>
        TableRules.IsKey(EventRows.SeenRow(key)) && await store.GetAsync(EventRows.Table, new RowKey(EventRows.Partition(tenant), EventRows.SeenRow(key)), cancellationToken) is not null;

    /// <summary>The tenant's events that arrived then or later, oldest first.</summary>
    public async IAsyncEnumerable<ReceivedEvent> SinceAsync(TenantId tenant, DateTimeOffset from, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var range = EventRows.Since(from);
        await foreach (var row in store.QueryAsync(EventRows.Table, EventRows.Partition(tenant), range.From, range.To, cancellationToken: cancellationToken)) yield return EventRows.Read(row);
    }

    /// <summary>The event of that key and time, or null when its time is over.</summary>
    public async Task<ReceivedEvent?> FindAsync(TenantId tenant, string atRow, CancellationToken cancellationToken) =>
        await store.GetAsync(EventRows.Table, new RowKey(EventRows.Partition(tenant), atRow), cancellationToken) is { } row ? EventRows.Read(row) : null;

    /// <summary>The deliveries that are anybody's by then, longest due first.</summary>
    public ValueTask<List<TableRow>> DueAsync(TenantId tenant, DateTimeOffset now, int most, CancellationToken cancellationToken)
    {
        var range = EventRows.DueBy(now);
        return store.QueryAsync(EventRows.Table, EventRows.Partition(tenant), range.From, range.To, cancellationToken: cancellationToken).Take(most).ToListAsync(cancellationToken);
    }

    /// <summary>The delivery as it stands now, to be looked at again then; null when somebody else moved it.</summary>
    public async Task<TableRow?> MoveAsync(TableRow due, Delivery delivery, DateTimeOffset to, CancellationToken cancellationToken)
    {
        var (body, row) = (RunJson.ToValue(delivery), EventRows.Moved(due.Key.Row, to));
        if (row == due.Key.Row)
        {
            var replaced = await store.ReplaceAsync(EventRows.Table, due.Key, body, due.ETag, cancellationToken);
            return replaced is { Ok: true, ETag: { } same } ? new TableRow(due.Key, body, same) : null;
        }
        var moved = await store.BatchAsync(EventRows.Table, due.Key.Partition, [new TableWrite.Delete(due.Key.Row, due.ETag), new TableWrite.Insert(row, body)], cancellationToken);
        return moved is { Ok: true, ETags: [_, { } etag] } ? new TableRow(new RowKey(due.Key.Partition, row), body, etag) : null;
    }

    /// <summary>Ends a delivery.</summary>
    public Task EndAsync(TableRow due, CancellationToken cancellationToken) => store.DeleteAsync(EventRows.Table, due.Key, due.ETag, cancellationToken);

    /// <summary>Forgets events whose time is over, at most so many at once; how many.</summary>
    public async Task<int> PurgeAsync(TenantId tenant, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var (partition, range, purged) = (EventRows.Partition(tenant), EventRows.Before(now - Kept), 0);
        var old = await store.QueryAsync(EventRows.Table, partition, range.From, range.To, cancellationToken: cancellationToken).Take(PurgedAtOnce).ToListAsync(cancellationToken);
        foreach (var row in old)
        {
            // The key goes first: an event without one is purged again, a key without an event would never be.
            if (await store.GetAsync(EventRows.Table, new RowKey(partition, EventRows.SeenOf(row.Key.Row)), cancellationToken) is { } seen)
                await store.DeleteAsync(EventRows.Table, seen.Key, seen.ETag, cancellationToken);
            if ((await store.DeleteAsync(EventRows.Table, row.Key, row.ETag, cancellationToken)).Ok) purged++;
        }
        return purged;
    }
}

/// <summary>Whether an event was taken.</summary>
internal abstract record Acceptance
{
    /// <summary>It was, and this row stands until it is delivered.</summary>
    public sealed record Taken(TableRow Due) : Acceptance;

    /// <summary>The same came before: as it was taken then.</summary>
    public sealed record Known(ReceivedEvent Before) : Acceptance;

    /// <summary>Another of this key came before.</summary>
    public sealed record Conflict : Acceptance;
}
