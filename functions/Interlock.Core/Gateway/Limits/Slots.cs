using System.Globalization;
using Interlock.Core.Storage;
using Interlock.Json;

namespace Interlock.Core.Gateway.Limits;

/// <summary>
/// Numbered slots of a partition for things that are open, each held by one of them. Who finds all taken looks whether what holds them is still open, so that nothing has to be given back and no
/// crash takes a slot for good; of those who race for one, one gets it.
/// </summary>
internal sealed class Slots(ITableStore store, string table)
{
    private const string Prefix = "slot";

    /// <summary>How long a slot is kept for what is not there: longer than opening it takes.</summary>
    private static readonly TimeSpan Unborn = TimeSpan.FromMinutes(5);

    /// <summary>Whether the holder has a slot.</summary>
    /// <param name="partition">Of the table.</param>
    /// <param name="holder">What is to be opened.</param>
    /// <param name="most">How many slots there are.</param>
    /// <param name="now">The time.</param>
    /// <param name="isOpen">Whether a holder is open; null when there is no such thing.</param>
    /// <param name="cancellationToken">Stops it; the slot may be taken.</param>
    public async Task<bool> TakeAsync(string partition, string holder, int most, DateTimeOffset now, Func<string, Task<bool?>> isOpen, CancellationToken cancellationToken)
    {
        var taken = await ReadAsync(partition, cancellationToken);
        if (taken.Any(row => Holder(row) == holder)) return true;
        var body = JsonValue.Object(("holder", holder), ("since", now.ToString("O", CultureInfo.InvariantCulture)));
        var names = taken.Select(row => row.Key.Row).ToHashSet(StringComparer.Ordinal);
        for (var number = 0; number < most; number++)
        {
            var slot = Keys.Join(Prefix, number.ToString("D5", CultureInfo.InvariantCulture));
            if (!names.Contains(slot) && (await store.InsertAsync(table, new RowKey(partition, slot), body, cancellationToken)).Ok) return true;
        }
        foreach (var row in taken.OrderBy(Since))
        {
            var isFree = await isOpen(Holder(row)) is { } open ? !open : Since(row) + Unborn < now;
            if (isFree && int.Parse(row.Key.Row.AsSpan(Prefix.Length + 1), CultureInfo.InvariantCulture) < most && (await store.ReplaceAsync(table, row.Key, body, row.ETag, cancellationToken)).Ok) return true;
        }
        return false;
    }

    /// <summary>Gives a slot back before its time.</summary>
    public async Task ReleaseAsync(string partition, string holder, CancellationToken cancellationToken)
    {
        foreach (var row in (await ReadAsync(partition, cancellationToken)).Where(row => Holder(row) == holder)) await store.DeleteAsync(table, row.Key, row.ETag, cancellationToken);
    }

    /// <summary>What holds a slot; it may be over.</summary>
    public async Task<IReadOnlyList<string>> HoldersAsync(string partition, CancellationToken cancellationToken) => [.. (await ReadAsync(partition, cancellationToken)).Select(Holder)];

    private async Task<List<TableRow>> ReadAsync(string partition, CancellationToken cancellationToken)
    {
        var rows = new List<TableRow>();
        await foreach (var row in store.QueryAsync(table, partition, Prefix + "|", Prefix + "}", cancellationToken: cancellationToken)) rows.Add(row);
        return rows;
    }

    private static string Holder(TableRow row) => row.Body["holder"]?.StringOrNull() ?? "";

    private static DateTimeOffset Since(TableRow row) =>
        row.Body["since"]?.StringOrNull() is { } since ? DateTimeOffset.Parse(since, CultureInfo.InvariantCulture) : DateTimeOffset.MinValue;
}
