using Interlock.Json;

namespace Interlock.Http.Mcp;

/// <summary>What a method answers: a result or an error, exactly one of the two.</summary>
public readonly record struct McpAnswer
{
    internal McpAnswer(JsonValue? result, McpError? error) => (Result, Error) = (result, error);

    internal JsonValue? Result { get; }

    internal McpError? Error { get; }

    /// <summary>The result, an object.</summary>
    public static McpAnswer Of(JsonValue result) => new(result, null);

    /// <summary>A JSON-RPC error, with the HTTP status that the request's revision gives its code.</summary>
    public static McpAnswer Fail(int code, string message, JsonValue? data = null) => new(null, new McpError(200, code, message, data));

    /// <summary>A refusal with an HTTP status of its own and its rule.</summary>
    internal static McpAnswer Refuse(int status, int code, string message, string rule) => new(null, McpError.Ruled(status, code, message, rule));
}
