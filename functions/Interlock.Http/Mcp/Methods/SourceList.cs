using System.Text.Json;
using Interlock.Json;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;

namespace Interlock.Http.Mcp.Methods;

/// <summary>The tools of a source.</summary>
internal sealed class SourceList(IMcpToolSource source) : IMcpMethod
{
    public string Name => "tools/list";

    public async ValueTask<McpAnswer> AnswerAsync(McpExchange exchange, CancellationToken ct)
    {
        exchange.Http.Features.Set(exchange.Message);
        var tools = new ListToolsResult { Tools = [.. await source.ListAsync(exchange.Http, ct)] };
        return Lists.Answer(exchange, "tools", Json(tools)["tools"] ?? JsonValue.EmptyArray);
    }

    internal static JsonValue Json<T>(T value) => StrictJson.ParseLenient(JsonSerializer.SerializeToUtf8Bytes(value, McpJsonUtilities.DefaultOptions));
}
