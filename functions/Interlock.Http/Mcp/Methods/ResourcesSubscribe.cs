using Interlock.Json;

namespace Interlock.Http.Mcp.Methods;

/// <summary>
/// Takes a subscription of revisions up to 2025-11-25, or its end, without effect: there is no stream on which to tell of changes, and no capability says that
/// there is. Clients that ask all the same are not failed for it.
/// </summary>
internal sealed class ResourcesSubscribe(string name) : IMcpMethod
{
    public string Name => name;

    public ValueTask<McpAnswer> AnswerAsync(McpExchange exchange, CancellationToken ct) => ValueTask.FromResult(
        exchange.Params["uri"] is { IsString: true } ? McpAnswer.Of(JsonValue.EmptyObject) : McpAnswer.Fail(McpErrorCodes.InvalidParams, "A subscription names its resource in params.uri."));
}
