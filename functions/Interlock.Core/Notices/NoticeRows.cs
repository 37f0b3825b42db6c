using Interlock.Core.Runs;
using Interlock.Core.Storage;
using Interlock.Json;

namespace Interlock.Core.Notices;

/// <summary>
/// The outbox's rows, one partition a tenant: <c>due|{when}|{notice}</c> holds a notice and sorts by when it is to be looked at next; claiming one and
/// putting one off both move it to a later key. <c>told|{until}|{notice}</c> remembers that it was announced, for as long as it may be announced again.
/// </summary>
internal static class NoticeRows
{
    public const string Table = "notices";

    private const string Due = "due";
    private const string Told = "told";

    public static string Partition(TenantId tenant) => Keys.Join(tenant.Value);

    public static string DueRow(NoticeId notice, DateTimeOffset at) => Keys.Join(Due, Keys.Time(at), notice.Value);

    public static string ToldRow(NoticeId notice, DateTimeOffset until) => Keys.Join(Told, Keys.Time(until), notice.Value);

    public static (string From, string To) DueBy(DateTimeOffset now) => Range(Due, now);

    public static (string From, string To) ToldUntil(DateTimeOffset now) => Range(Told, now);

    public static JsonValue Body(Notice notice) => RunJson.ToValue(notice);

    /// <exception cref="System.Text.Json.JsonException">It is no notice.</exception>
    public static Notice Read(TableRow row) => RunJson.FromValue<Notice>(row.Body);

    private static (string, string) Range(string kind, DateTimeOffset last) => (Keys.Join(kind, ""), Keys.Join(kind, Keys.Time(last.AddTicks(1))));
}
