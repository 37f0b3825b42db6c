using Interlock.Json;

namespace Interlock.Core.Workflows;

public enum Severity
{
    /// <summary>Worth knowing; the document still publishes.</summary>
    Warning,

    /// <summary>The document does not publish and does not run.</summary>
    Error,
}

/// <summary>
/// One thing wrong with a document: where (file, 1-based line and column, JSON pointer), which rule, and what to do about it.
/// Line and column are 0 when the document did not come from text. <see cref="Rule"/> is a short kebab-case name that stays.
/// </summary>
public sealed record Finding(string File, int Line, int Column, string Pointer, Severity Severity, string Rule, string Message)
{
    /// <summary><c>FILE:LINE: rule: message</c>, with the column of a fault inside an expression.</summary>
    public override string ToString() => $"{File}:{Line}: {Rule}: {Message}{(Rule == "expression" && Column > 0 ? $" (column {Column})" : "")}";

    public JsonValue ToJson() => JsonValue.Object(
        ("file", File), ("line", Line), ("column", Column), ("pointer", Pointer), ("severity", Severity.ToString().ToLowerInvariant()), ("rule", Rule), ("message", Message));
}
