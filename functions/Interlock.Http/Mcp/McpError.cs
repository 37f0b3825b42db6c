using Interlock.Json;
using Microsoft.AspNetCore.Http;

namespace Interlock.Http.Mcp;

/// <summary>A refusal: the JSON-RPC error that says why, and the HTTP status it has.</summary>
internal sealed record McpError(int Status, int Code, string Message, JsonValue? Data = null)
{
    /// <summary>A refusal that names its rule in <c>data.rule</c>.</summary>
    public static McpError Ruled(int status, int code, string message, string rule) =>
        new(status, code, message, JsonValue.Object(("rule", rule)));

    /// <summary>The error object of JSON-RPC.</summary>
    public JsonValue ToJson()
    {
        var error = JsonValue.Object(("code", Code), ("message", Message));
        return Data is null ? error : error.With("data", Data);
    }

    public async Task WriteAsync(HttpContext context, JsonValue? id)
    {
        var body = JsonValue.Object(("jsonrpc", "2.0"), ("id", id ?? JsonValue.Null), ("error", ToJson()));
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
