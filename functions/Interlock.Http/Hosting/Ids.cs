using Microsoft.AspNetCore.Http;

namespace Interlock.Http.Hosting;

/// <summary>The form of run and gate ids: anything else is not looked up.</summary>
internal static class Ids
{
    public static bool IsHex32(string text) => text.Length == 32 && text.All(c => char.IsAsciiDigit(c) || c is >= 'a' and <= 'f');

    /// <summary>The id in the request's path, or null when it has the form of none.</summary>
    public static string? OfRoute(HttpContext context) => context.Request.RouteValues["id"] is string id && IsHex32(id) ? id : null;
}
