using Interlock.Json;
using Microsoft.AspNetCore.Http;

namespace Interlock.Http.Mcp;

/// <summary>
/// Whether a client can be asked to open a page: from 2026-07-28 on each request says so; in 2025-11-25 only the first one of a session does, so the
/// session's id remembers it, and nothing else. Older clients can't.
/// </summary>
internal static class UrlElicitation
{
    private const string FirstVersion = "2025-11-25";
    private const string SessionHeader = "Mcp-Session-Id";
    private const string Marker = "url-elicitation-";

    public static ElicitationSupport Of(HttpContext context, McpMessage message) => McpProtocolRules.Version(context) switch
    {
        McpProtocolRules.NewestVersion when Declares(message.Meta?[McpProtocolRules.CapabilitiesMeta]) => ElicitationSupport.InputRequired,
        FirstVersion when context.Request.Headers[SessionHeader].ToString().StartsWith(Marker, StringComparison.Ordinal) => ElicitationSupport.Error,
        _ => ElicitationSupport.None,
    };

    /// <summary>Gives the session an id, in the answer to its first request.</summary>
    public static Task RememberAsync(HttpContext context)
    {
        var begins = context.Features.Get<McpMessage>() is { Method: "initialize", Params: { } session } && session["protocolVersion"]?.StringOrNull() == FirstVersion && Declares(session["capabilities"]);
        if (begins && context.Response.StatusCode == StatusCodes.Status200OK) context.Response.Headers[SessionHeader] = Marker + Guid.NewGuid().ToString("N");
        return Task.CompletedTask;
    }

    private static bool Declares(JsonValue? capabilities) => capabilities?["elicitation"]?["url"] is { IsObject: true };
}

/// <summary>How a client is asked to open a page.</summary>
internal enum ElicitationSupport
{
    None,

    /// <summary>By the error -32042.</summary>
    Error,

    /// <summary>By a result of type <c>input_required</c>, after which it makes the call again.</summary>
    InputRequired,
}
