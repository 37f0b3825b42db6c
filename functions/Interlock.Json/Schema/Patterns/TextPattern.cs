namespace Interlock.Json.Schema;

/// <summary>A regular expression as the keyword <c>pattern</c> takes it, to replace what it finds; in time linear in the text.</summary>
public sealed class TextPattern
{
    private readonly EcmaPattern _pattern;

    private TextPattern(EcmaPattern pattern) => _pattern = pattern;

    /// <exception cref="JsonSchemaException">It is none, or one that can't run in linear time.</exception>
    public static TextPattern Compile(string source) =>
        EcmaPattern.Compile(source, out var reason) is { } pattern ? new(pattern) : throw new JsonSchemaException($"The pattern {reason}.", "");

    public string Replace(string text, string replacement) => _pattern.Replace(text, replacement);
}
