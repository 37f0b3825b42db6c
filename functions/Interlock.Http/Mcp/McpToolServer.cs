using Microsoft.AspNetCore.Http;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace Interlock.Http.Mcp;

/// <summary>The server of one request over a tool source: lists, and calls with the strictly read name and arguments.</summary>
internal static class McpToolServer
{
    public static McpServerOptions Options(HttpContext context, McpMessage message, IMcpToolSource source, McpEndpointOptions options) => new()
    {
        ServerInfo = new Implementation { Name = options.Name, Version = options.Version },
        ServerInstructions = options.Instructions,
        Capabilities = new ServerCapabilities { Tools = new ToolsCapability() },
        Handlers = new McpServerHandlers
        {
            ListToolsHandler = async (_, ct) => new ListToolsResult
            {
                Tools = [.. await source.ListAsync(context, ct)],
                TimeToLive = TimeSpan.Zero, // what a caller may see can change at any moment
                CacheScope = CacheScope.Private,
            },
            CallToolHandler = (_, ct) => message is { Method: "tools/call", ToolName: { } name }
                ? source.CallAsync(context, name, message.Arguments, ct)
                : throw new McpProtocolException("The message is not a tools/call.", McpErrorCode.InvalidRequest),
        },
    };
}
