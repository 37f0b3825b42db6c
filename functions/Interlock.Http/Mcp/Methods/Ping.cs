using Interlock.Json;

namespace Interlock.Http.Mcp.Methods;

/// <summary>Answers that the server is there.</summary>
internal sealed class Ping : IMcpMethod
{
    private static readonly McpAnswer Pong = McpAnswer.Of(JsonValue.EmptyObject);

    public string Name => "ping";

    public ValueTask<McpAnswer> AnswerAsync(McpExchange exchange, CancellationToken ct) => ValueTask.FromResult(Pong);
}
