using Interlock.Json;

namespace Interlock.Core.Identity;

/// <summary>RFC 7519's NumericDate: seconds since 1970, with fractions.</summary>
internal static class NumericDate
{
    private const double Latest = 253402300799 - 3600; // an hour before the last second DateTimeOffset holds, so that a skew can be added

    /// <summary>The time, or null when the value is none.</summary>
    public static DateTimeOffset? Read(JsonValue? value) =>
        value is { IsNumber: true } && value.AsNumber() is > 0 and <= Latest and var seconds
            ? DateTimeOffset.UnixEpoch.AddTicks((long)(seconds * TimeSpan.TicksPerSecond))
            : null;
}
