namespace Interlock.Json;

/// <summary>Input that is no JSON or not I-JSON (rule <c>not-i-json</c>). The message names no value longer than 40 characters.</summary>
public sealed class NotIJsonException(string message, string pointer) : FormatException(message)
{
    /// <summary>RFC 6901 pointer to the value at fault; empty for the whole input.</summary>
    public string Pointer { get; } = pointer;
}
