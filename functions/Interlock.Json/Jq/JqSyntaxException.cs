namespace Interlock.Json.Jq;

/// <summary>A text that is no jq program, or that uses something undefined or refused; says what and where.</summary>
public sealed class JqSyntaxException(string message, int line, int column)
    : FormatException($"{message} at line {line}, column {column}")
{
    /// <summary>1-based.</summary>
    public int Line { get; } = line;

    /// <summary>1-based, in UTF-16 units.</summary>
    public int Column { get; } = column;
}
