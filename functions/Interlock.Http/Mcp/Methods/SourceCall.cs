using Interlock.Json;
using ModelContextProtocol;

namespace Interlock.Http.Mcp.Methods;

/// <summary>A call of a source's tool, by the strictly read name and arguments.</summary>
internal sealed class SourceCall(IMcpToolSource source) : IMcpMethod
{
    public string Name => "tools/call";

    public async ValueTask<McpAnswer> AnswerAsync(McpExchange exchange, CancellationToken ct)
    {
        exchange.Http.Features.Set(exchange.Message);
        try
        {
            return McpAnswer.Of(SourceList.Json(await source.CallAsync(exchange.Http, exchange.Message.ToolName!, exchange.Message.Arguments, ct))); // the shell checked that it has a name
        }
        catch (McpProtocolException e)
        {
            return McpAnswer.Fail((int)e.ErrorCode, e.Message);
        }
        catch (McpException e)
        {
            return McpAnswer.Of(JsonValue.Object(("isError", true), ("content", JsonValue.Array(JsonValue.Object(("type", "text"), ("text", e.Message))))));
        }
    }
}
