using Interlock.Json;

namespace Interlock.Http.Mcp;

/// <summary>
/// A JSON-RPC message as our strict reader saw it: names ordinal, none twice. While a request is served it is also found in
/// <c>HttpContext.Features</c>.
/// </summary>
public sealed record McpMessage(JsonValue Body)
{
    public string? Method => Body["method"]?.StringOrNull();

    /// <summary>The request's id; null for notifications and responses.</summary>
    public JsonValue? Id => Method is null ? null : Body["id"];

    public JsonValue? Params => Body["params"];

    /// <summary>The <c>_meta</c> of the params, or null.</summary>
    public JsonValue? Meta => Params?["_meta"];

    /// <summary>The tool named by a <c>tools/call</c>.</summary>
    public string? ToolName => Params?["name"]?.StringOrNull();

    /// <summary>The arguments of a <c>tools/call</c>; an empty object when absent.</summary>
    public JsonValue Arguments => Params?["arguments"] ?? JsonValue.EmptyObject;
}
