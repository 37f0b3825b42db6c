using Interlock.Json;

namespace Interlock.Http.Mcp.Methods;

/// <summary>Takes a log level of revisions up to 2025-11-25. Without sessions there is nothing to keep it in: a call's answer carries what its server logs.</summary>
internal sealed class SetLevel : IMcpMethod
{
    public string Name => "logging/setLevel";

    public ValueTask<McpAnswer> AnswerAsync(McpExchange exchange, CancellationToken ct) => ValueTask.FromResult(
        LogLevels.Rank(exchange.Params["level"]?.StringOrNull()) is null
            ? McpAnswer.Fail(McpErrorCodes.InvalidParams, "A level is debug, info, notice, warning, error, critical, alert or emergency.")
            : McpAnswer.Of(JsonValue.EmptyObject));
}
