using System.Globalization;

namespace Interlock.Core;

/// <summary>
/// The life of a store since it was last restored from a copy, or failed over to one. What people decided, and what was issued, before
/// <see cref="Since"/> may have been undone, used or revoked in what the copy lacks: gates, grants, sessions and tokens from before are void
/// (rule <see cref="Rule"/>), and calls begun before without a recorded outcome are in doubt. The operator says when, outside the store.
/// </summary>
public sealed record Incarnation(DateTimeOffset Since)
{
    public const string Rule = "incarnation-changed";

    /// <summary>A store that was never restored.</summary>
    public static Incarnation First { get; } = new(DateTimeOffset.MinValue);

    /// <summary>Reads an ISO 8601 time with its offset; null for anything else.</summary>
    public static Incarnation? Parse(string text) =>
        DateTimeOffset.TryParseExact(text, ["yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK"], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var since) && (text.EndsWith('Z') || text.LastIndexOfAny(['+', '-']) > text.IndexOf('T', StringComparison.Ordinal))
            ? new Incarnation(since.ToUniversalTime())
            : null;

    public override string ToString() => Since.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", CultureInfo.InvariantCulture);
}
