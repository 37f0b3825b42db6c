using Interlock.Core.Runs;
using Interlock.Core.Storage;
using Interlock.Json;

namespace Interlock.Core.Intake.Events;

/// <summary>
/// The rows of received events, one partition a tenant: <c>seen|{key}</c> says what a key stands for, <c>at|{arrival}|{key}</c> holds the event,
/// <c>due|{when}|{arrival}|{key}</c> stands until it is delivered to all, and says how far that came.
/// </summary>
internal static class EventRows
{
    public const string Table = "events";

    private const string Seen = "seen";
    private const string At = "at";
    private const string Due = "due";

    public static string Partition(TenantId tenant) => Keys.Join(tenant.Value);

    public static string SeenRow(string key) => Keys.Join(Seen, key);

    public static string AtRow(string key, DateTimeOffset arrivedAt) => Keys.Join(At, Keys.Time(arrivedAt), key);

    public static string DueRow(string key, DateTimeOffset arrivedAt, DateTimeOffset due) => Keys.Join(Due, Keys.Time(due), Keys.Time(arrivedAt), key);

    /// <summary>The same row for another time.</summary>
    public static string Moved(string dueRow, DateTimeOffset due) => dueRow.Split('|') is [_, _, var arrival, var key] ? Keys.Join(Due, Keys.Time(due), arrival, key) : throw NotDue(dueRow);

    /// <summary>The row of the event that this one is about.</summary>
    public static string EventOf(string dueRow) => dueRow.Split('|') is [_, _, var arrival, var key] ? Keys.Join(At, arrival, key) : throw NotDue(dueRow);

    /// <summary>Of an event's row, the row that remembers its key.</summary>
    public static string SeenOf(string atRow) => atRow.Split('|') is [_, _, var key] ? SeenRow(key) : throw new InvalidDataException("A row of an event has no key.");

    public static (string From, string To) Since(DateTimeOffset from) => (Keys.Join(At, Keys.Time(from)), At + "}");

    public static (string From, string To) Before(DateTimeOffset end) => (Keys.Join(At, ""), Keys.Join(At, Keys.Time(end)));

    /// <summary>What is due by then; all there is for the end of time.</summary>
    public static (string From, string To) DueBy(DateTimeOffset now) => (Keys.Join(Due, ""), now == DateTimeOffset.MaxValue ? Due + "}" : Keys.Join(Due, Keys.Time(now.AddTicks(1))));

    public static JsonValue Body(ReceivedEvent received) => RunJson.ToValue(received);

    /// <exception cref="System.Text.Json.JsonException">It is no received event.</exception>
    public static ReceivedEvent Read(TableRow row) => RunJson.FromValue<ReceivedEvent>(row.Body);

    private static InvalidDataException NotDue(string row) => new($"'{row}' is no row of a delivery.");
}
