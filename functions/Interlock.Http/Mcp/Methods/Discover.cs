using Interlock.Json;

namespace Interlock.Http.Mcp.Methods;

/// <summary>What takes the place of the handshake in 2026-07-28. It lists that revision alone: the older ones are negotiated by their own.</summary>
internal sealed class Discover(McpCard card) : IMcpMethod
{
    public string Name => "server/discover";

    public bool IsNew => true;

    public ValueTask<McpAnswer> AnswerAsync(McpExchange exchange, CancellationToken ct)
    {
        var result = JsonValue.Object(
            ("supportedVersions", JsonValue.Array(JsonValue.From(McpProtocolRules.NewestVersion))),
            ("capabilities", card.NewestCapabilities),
            ("_meta", JsonValue.Object(("io.modelcontextprotocol/serverInfo", card.ServerInfo))),
            ("ttlMs", 0),
            ("cacheScope", "private"));
        return ValueTask.FromResult(McpAnswer.Of(card.Instructions is { } instructions ? result.With("instructions", instructions) : result));
    }
}
