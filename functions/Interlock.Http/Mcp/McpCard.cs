using Interlock.Json;

namespace Interlock.Http.Mcp;

/// <summary>What a server says of itself. Its capabilities differ by revision: what needs a held-open stream works in 2026-07-28 only.</summary>
internal sealed record McpCard(string Name, string Version, string? Instructions)
{
    /// <summary>Of revisions up to 2025-11-25.</summary>
    public required JsonValue Capabilities { get; init; }

    public required JsonValue NewestCapabilities { get; init; }

    public JsonValue ServerInfo => JsonValue.Object(("name", Name), ("version", Version));
}
