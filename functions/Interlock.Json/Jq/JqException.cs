namespace Interlock.Json.Jq;

/// <summary>An error raised by a program and caught by none of its handlers.</summary>
public sealed class JqException : Exception
{
    internal JqException(JsonValue value, int? exitCode = null) : base(Describe(value, exitCode is not null)) => (Value, ExitCode) = (value, exitCode);

    /// <summary>What <c>catch</c> would have seen; most often a string.</summary>
    public JsonValue Value { get; }

    /// <summary>What <c>halt_error</c> asked for, which no handler sees; null for every other error.</summary>
    public int? ExitCode { get; }

    private static string Describe(JsonValue value, bool halts) => value.StringOrNull() ?? (halts ? JqJson.Write(value) : $"{JqJson.Write(value)} (not a string)");
}
