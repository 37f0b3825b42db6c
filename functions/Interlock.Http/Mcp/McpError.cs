using Interlock.Json;
using Microsoft.AspNetCore.Http;

namespace Interlock.Http.Mcp;

/// <summary>A refusal of the HTTP shell: a status and the JSON-RPC error that says why.</summary>
internal sealed record McpError(int Status, int Code, string Message, JsonValue? Data = null)
{
    /// <summary>A refusal that names its rule in <c>data.rule</c>.</summary>
    public static McpError Ruled(int status, int code, string message, string rule) =>
        new(status, code, message, JsonValue.Object(("rule", rule)));

    public async Task WriteAsync(HttpContext context, JsonValue? id)
    {
        var error = JsonValue.Object(("code", Code), ("message", Message));
        if (Data is not null) error = error.With("data", Data);
        var body = JsonValue.Object(("jsonrpc", "2.0"), ("id", id ?? JsonValue.Null), ("error", error));
        context.Response.StatusCode = Status;
        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync(body.ToString(), context.RequestAborted);
    }
}

/// <summary>The JSON-RPC and MCP error codes the shell answers with.</summary>
internal static class McpErrorCodes
{
    public const int ParseError = -32700;
    public const int InvalidRequest = -32600;
    public const int MethodNotFound = -32601;
    public const int InvalidParams = -32602;
    public const int InternalError = -32603;
    public const int Transport = -32000;
    public const int ResourceNotFound = -32002;
    public const int HeaderMismatch = -32020;
    public const int MissingCapability = -32021;
    public const int UnsupportedVersion = -32022;
    public const int UrlElicitationRequired = -32042;
}
