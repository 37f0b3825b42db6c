namespace Interlock.Json.Jq;

/// <summary>An error raised by a program and caught by none of its handlers.</summary>
public sealed class JqException(JsonValue value) : Exception(Describe(value))
{
    /// <summary>What <c>catch</c> would have seen; most often a string.</summary>
    public JsonValue Value { get; } = value;

    private static string Describe(JsonValue value) => value.StringOrNull() ?? $"{value} (not a string)";
}
