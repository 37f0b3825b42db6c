using Interlock.Json;

namespace Interlock.Http.Mcp.Methods;

/// <summary>The handshake of revisions up to 2025-11-25. Nothing is kept of it, but that a client can open pages, which its session's id says.</summary>
internal sealed class Initialize(McpCard card) : IMcpMethod
{
    public string Name => "initialize";

    public ValueTask<McpAnswer> AnswerAsync(McpExchange exchange, CancellationToken ct)
    {
        var version = McpProtocolRules.Negotiate(exchange.Params["protocolVersion"]?.StringOrNull());
        UrlElicitation.Remember(exchange.Http, version, exchange.Params["capabilities"]);
        var result = JsonValue.Object(("protocolVersion", version), ("capabilities", card.Capabilities), ("serverInfo", card.ServerInfo));
        return ValueTask.FromResult(McpAnswer.Of(card.Instructions is { } instructions ? result.With("instructions", instructions) : result));
    }
}
