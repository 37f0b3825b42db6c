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

    /// <summary>The capabilities of a client that can open pages and nothing else.</summary>
    public static JsonValue Alone { get; } = StrictJson.Parse("""{"elicitation":{"url":{}}}""");

    public static ElicitationSupport Of(McpExchange exchange) => exchange.Version switch
    {
        McpProtocolRules.NewestVersion when Declares(exchange.Capabilities) => ElicitationSupport.InputRequired,
        FirstVersion when exchange.Http.Request.Headers[SessionHeader].ToString().StartsWith(Marker, StringComparison.Ordinal) => ElicitationSupport.Error,
        _ => ElicitationSupport.None,
    };

    /// <summary>Gives a session that begins with these capabilities an id, if they say so.</summary>
    public static void Remember(HttpContext context, string version, JsonValue? capabilities)
    {
        if (version == FirstVersion && Declares(capabilities)) context.Response.Headers[SessionHeader] = Marker + Guid.NewGuid().ToString("N");
    }

    /// <summary>The error of 2025-11-25 that asks for pages to be opened before the call is made again.</summary>
    public static McpAnswer Required(string message, IEnumerable<JsonValue> elicitations) =>
        McpAnswer.Fail(McpErrorCodes.UrlElicitationRequired, message, JsonValue.Object(("elicitations", JsonValue.Array(elicitations))));

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
