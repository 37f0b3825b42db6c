using Interlock.Core.Identity;
using Interlock.Json;
using Microsoft.AspNetCore.Http;

namespace Interlock.Http.Sessions;

/// <summary>
/// Whether a POST comes from our own form. Its token is a MAC over session, secret and form action; and the browser must say that the
/// request comes from this origin. Because our pages send no referrer, browsers send <c>Origin: null</c> even to us: then
/// <c>Sec-Fetch-Site</c> must say so, which browsers send over https and to loopback.
/// </summary>
internal sealed class FormGuard(Mac mac)
{
    public const string Field = "antiforgery";

    private const string Purpose = "interlock/antiforgery/v1";

    public string Token(string sessionId, string secret, string action) => mac.Sign(Purpose, JsonValue.Array(sessionId, secret, action));

    public bool Holds(string sessionId, string secret, string action, string? token) =>
        token is not null && mac.Verify(Purpose, JsonValue.Array(sessionId, secret, action), token);

    public static bool IsOwnOrigin(HttpRequest request, string ownOrigin)
    {
        var site = request.Headers["Sec-Fetch-Site"].ToString();
        var origin = request.Headers.Origin.ToString();
        if (site.Length > 0 && site != "same-origin") return false;
        if (origin.Length > 0 && origin != "null") return string.Equals(origin, ownOrigin, StringComparison.OrdinalIgnoreCase);
        return site == "same-origin";
    }
}
