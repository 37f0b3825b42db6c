using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Interlock.Json;

namespace Interlock.Core.Storage;

/// <summary>
/// Rows that are needed for a time, by when that is over: a store finds rows only by their partition. Noted before the row is written, so that none stays for ever; what is noted and was never
/// written is nothing to delete. A row that is still needed then is looked at again later.
/// </summary>
public sealed class Expiries(ITableStore store)
{
    private const string Table = "expiries";
    private const int Shards = 16;
    private const int TickDigits = 19;

    /// <summary>When a row is looked at again that was still needed.</summary>
    private static readonly TimeSpan Again = TimeSpan.FromDays(7);

    public Task NoteAsync(TenantId tenant, Expiry expiry, CancellationToken cancellationToken = default)
    {
        var (name, body) = (Name(expiry), ToJson(expiry));
        return store.InsertAsync(Table, new RowKey(Partition(tenant, name[0]), Keys.Join(Keys.Time(expiry.Due), name)), body, cancellationToken);
    }

    /// <summary>Deletes rows whose time is over, at most so many of a shard, and says how many. Safe to run at once in several processes.</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="now">The time.</param>
    /// <param name="isOver">Whether a run has ended, or is none.</param>
    /// <param name="most">How many are looked at, of each of 16 shards.</param>
    /// <param name="cancellationToken">Stops between rows.</param>
    public async Task<int> SweepAsync(TenantId tenant, DateTimeOffset now, Func<RunId, Task<bool>> isOver, int most, CancellationToken cancellationToken = default)
    {
        var deleted = 0;
        for (var shard = 0; shard < Shards; shard++)
        {
            var due = await store.QueryAsync(Table, Partition(tenant, shard.ToString("x", CultureInfo.InvariantCulture)[0]), null, Keys.Time(now), cancellationToken: cancellationToken).Take(most).ToListAsync(cancellationToken);
            foreach (var note in due)
                if (await SweepAsync(tenant, note, now, isOver, cancellationToken)) deleted++;
        }
        return deleted;
    }

    private async Task<bool> SweepAsync(TenantId tenant, TableRow note, DateTimeOffset now, Func<RunId, Task<bool>> isOver, CancellationToken cancellationToken)
    {
        var expiry = Read(note);
        var isDeleted = false;
        if (await store.GetAsync(expiry.Table, expiry.Key, cancellationToken) is { } row)
        {
            if (await NeededUntilAsync(expiry, row, now, isOver, cancellationToken) is { } later) await NoteAsync(tenant, expiry with { Due = later }, cancellationToken);
            else if ((await store.DeleteAsync(expiry.Table, row.Key, row.ETag, cancellationToken)).Ok) isDeleted = true;
            else return false; // somebody has just written it: it is looked at again
        }
        await store.DeleteAsync(Table, note.Key, note.ETag, cancellationToken);
        return isDeleted;
    }

    private async Task<DateTimeOffset?> NeededUntilAsync(Expiry expiry, TableRow row, DateTimeOffset now, Func<RunId, Task<bool>> isOver, CancellationToken cancellationToken)
    {
        if (expiry.While is { } other && await store.GetAsync(other.Table, other.Key, cancellationToken) is not null) return now + Again;
        if (expiry.Run is { } run && !await isOver(run)) return now + Again;
        return expiry.After is { } after && row.Body[after.Member]?.StringOrNull() is { } text && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind, out var at) && at + after.Keep > now ? at + after.Keep : null;
    }

    private static JsonValue ToJson(Expiry expiry)
    {
        var body = JsonValue.Object(("table", expiry.Table), ("partition", expiry.Key.Partition), ("row", expiry.Key.Row));
        if (expiry.Run is { } run) body = body.With("run", run.Value);
        if (expiry.While is { } other) body = body.With("while", JsonValue.Array(other.Table, other.Key.Partition, other.Key.Row));
        return expiry.After is { } after ? body.With("after", JsonValue.Array(after.Member, after.Keep.TotalSeconds)) : body;
    }

    private static Expiry Read(TableRow note)
    {
        var (body, due) = (note.Body, new DateTimeOffset(long.Parse(note.Key.Row.AsSpan(0, TickDigits), CultureInfo.InvariantCulture), TimeSpan.Zero));
        return new Expiry(Text(body["table"]), new RowKey(Text(body["partition"]), Text(body["row"])), due)
        {
            Run = body["run"] is { } run ? new RunId(run.AsString()) : null,
            While = body["while"] is { } other ? (Text(other[0]), new RowKey(Text(other[1]), Text(other[2]))) : null,
            After = body["after"] is { } after ? (Text(after[0]), TimeSpan.FromSeconds(after[1]!.AsNumber())) : null, // written so
        };
    }

    private static string Text(JsonValue? value) => value!.AsString(); // every note has it

    private static string Name(Expiry expiry) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Keys.Join(expiry.Table, expiry.Key.Partition, expiry.Key.Row))).AsSpan(0, 16));

    private static string Partition(TenantId tenant, char shard) => Keys.Join(tenant.Value, shard.ToString());
}

/// <summary>A row and when it is needed no more.</summary>
public sealed record Expiry(string Table, RowKey Key, DateTimeOffset Due)
{
    /// <summary>The run that needs it until it has ended.</summary>
    public RunId? Run { get; init; }

    /// <summary>The row that it is needed beside.</summary>
    public (string Table, RowKey Key)? While { get; init; }

    /// <summary>A time in the row's body after which it is kept for so long.</summary>
    public (string Member, TimeSpan Keep)? After { get; init; }
}
