using System.Globalization;
using Interlock.Json;

namespace Interlock.Core.Gateway.Callbacks;

/// <summary>
/// What an agent elsewhere is given for one call: where <c>/mcp</c> is and a run token for it. It travels beside the arguments, never in them, and is never stored;
/// records name the token by its digest.
/// </summary>
public sealed record RunAccess(Uri Url, string Token, DateTimeOffset ExpiresAt)
{
    /// <summary>The member of A2A's message metadata and of MCP's <c>_meta</c> that holds it.</summary>
    public const string Meta = "interlock/mcp";

    /// <summary>Without the token: what is printed may be logged.</summary>
    public override string ToString() => $"{Url} until {ExpiresAt:O}";

    public JsonValue ToJson() => JsonValue.Object(("url", Url.AbsoluteUri), ("token", Token), ("expiresAt", ExpiresAt.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture)));
}
