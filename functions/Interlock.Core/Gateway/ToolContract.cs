using Interlock.Json;

namespace Interlock.Core.Gateway;

/// <summary>
/// A tool as its server shows it. <see cref="Raw"/> is the whole object as seen, and <see cref="Digest"/> covers it and the server's
/// instructions: every text, schema, annotation, icon, <c>_meta</c> and <c>x-mcp-header</c> that a model or person sees or that changes the wire.
/// </summary>
public sealed record ToolContract(
    string Name,
    string? Title,
    string? Description,
    JsonValue InputSchema,
    JsonValue? OutputSchema,
    JsonValue? Annotations,
    JsonValue Raw)
{
    /// <summary><see cref="Compute"/> of <see cref="Raw"/> and the instructions that came with it.</summary>
    public required string Digest { get; init; }

    /// <summary>The digest of a tool object seen beside these server instructions.</summary>
    public static string Compute(JsonValue raw, string? serverInstructions) =>
        CanonicalJson.Digest(JsonValue.Object(("tool", raw), ("instructions", serverInstructions is null ? JsonValue.Null : serverInstructions)));

    /// <summary>The contract that a tool object of <c>tools/list</c> states, or null when it has no name or no input schema.</summary>
    public static ToolContract? Read(JsonValue raw, string? serverInstructions)
    {
        if (raw["name"]?.StringOrNull() is not { Length: > 0 } name || raw["inputSchema"] is not { IsObject: true } input) return null;
        return new(
            name,
            raw["title"]?.StringOrNull(),
            raw["description"]?.StringOrNull(),
            input,
            raw["outputSchema"],
            raw["annotations"],
            raw)
        {
            Digest = Compute(raw, serverInstructions),
        };
    }
}
