using System.Globalization;
using Interlock.Json;

namespace Interlock.Http.Mcp;

/// <summary>The moment by which whoever calls wants an answer, as <c>_meta["interlock/deadline"]</c> says it (RFC 3339): from clients, and to upstreams.</summary>
internal static class CallDeadlines
{
    public const string Meta = "interlock/deadline";

    private static readonly string[] Formats = ["yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK"];

    public static string Write(DateTimeOffset deadline) => deadline.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    /// <summary>The deadline, or the client's where that is earlier. What is no time with an offset says nothing.</summary>
    public static DateTimeOffset Earlier(JsonValue? meta, DateTimeOffset deadline) =>
        meta?[Meta]?.StringOrNull() is [.., 'Z' or >= '0' and <= '9'] text && text.Length >= 20
        && DateTimeOffset.TryParseExact(text, Formats, CultureInfo.InvariantCulture, DateTimeStyles.None, out var asked) && asked < deadline
            ? asked
            : deadline;
}
