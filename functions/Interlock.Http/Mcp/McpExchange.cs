using Interlock.Http.Mcp.Methods;
using Interlock.Json;
using Microsoft.AspNetCore.Http;

namespace Interlock.Http.Mcp;

/// <summary>A request and the way to its client while it is served: notifications sent here go out before the answer, in their order.</summary>
public sealed class McpExchange
{
    private readonly AnswerStream _answer;

    internal McpExchange(HttpContext http, McpMessage message, AnswerStream answer) => (Http, Message, _answer) = (http, message, answer);

    public HttpContext Http { get; }

    public McpMessage Message { get; }

    /// <summary>The params, an empty object when absent.</summary>
    public JsonValue Params => Message.Params ?? JsonValue.EmptyObject;

    /// <summary>The revision that the header names; null for 2024-11-05 and 2025-03-26, which have none.</summary>
    public string? Version => McpProtocolRules.Version(Http);

    /// <summary>Whether the revision is 2026-07-28.</summary>
    public bool IsNewest => McpProtocolRules.IsSessionless(Http);

    /// <summary>The client's capabilities, which only requests of 2026-07-28 state; null for older ones.</summary>
    public JsonValue? Capabilities => IsNewest ? Message.Meta?[McpProtocolRules.CapabilitiesMeta] : null;

    /// <summary>The token under which the client wants progress, or null.</summary>
    public JsonValue? ProgressToken => Message.Meta?["progressToken"] is { } token && (token.IsString || token.IsNumber) ? token : null;

    /// <summary>Sends a notification; one too many for a client that reads too slowly is dropped. After the answer nothing is sent.</summary>
    public void Notify(string method, JsonValue parameters) =>
        _answer.Notify(JsonValue.Object(("jsonrpc", "2.0"), ("method", method), ("params", parameters)));

    /// <summary>Progress under the client's token; null when it wants none. What is no progress is dropped.</summary>
    public Action<JsonValue>? Progress() => ProgressToken is not { } token ? null : progress =>
    {
        if (progress.IsObject && progress["progress"] is { IsNumber: true }) Notify("notifications/progress", progress.With("progressToken", token));
    };

    /// <summary>What is logged at that level or graver; what is no log message is dropped.</summary>
    internal Action<JsonValue> Log(string least) => message =>
    {
        if (LogLevels.Rank(message["level"]?.StringOrNull()) >= LogLevels.Rank(least) && message["data"] is not null) Notify(McpProtocolRules.LogNotification, message.Without("_meta"));
    };
}
