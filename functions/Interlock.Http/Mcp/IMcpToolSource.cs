using Interlock.Json;
using Microsoft.AspNetCore.Http;
using ModelContextProtocol.Protocol;

namespace Interlock.Http.Mcp;

/// <summary>
/// The tools behind an MCP endpoint, per caller. Arguments come from our strict reading of the raw body, never from the SDK's
/// binding; the whole message, with its <c>_meta</c>, is <c>context.Features.Get&lt;McpMessage&gt;()</c>. An <see cref="ModelContextProtocol.McpProtocolException"/> becomes a JSON-RPC error, an
/// <see cref="ModelContextProtocol.McpException"/> an <c>isError</c> result with its message.
/// </summary>
public interface IMcpToolSource
{
    /// <summary>What this caller may see, in a deterministic order.</summary>
    ValueTask<IReadOnlyList<Tool>> ListAsync(HttpContext context, CancellationToken ct);

    ValueTask<CallToolResult> CallAsync(HttpContext context, string name, JsonValue arguments, CancellationToken ct);
}
