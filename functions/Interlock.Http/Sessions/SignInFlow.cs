using Interlock.Core.Identity;
using Interlock.Json;
using Microsoft.AspNetCore.Http;

namespace Interlock.Http.Sessions;

/// <summary>
/// A sign-in that left for elsewhere and is to come back to the same browser: a cookie with where it leads, under a MAC, and a state in the
/// address of the return that goes with that cookie only. Without both, coming back signs nobody in.
/// </summary>
internal sealed class SignInFlow(Mac mac, TimeProvider time)
{
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(30);

    private const string CookiePurpose = "interlock/signin/v1";
    private const string StatePurpose = "interlock/signin-state/v1";

    /// <summary>What a sign-in that came back was for: the page to go to, and whether the person was to prove who they are anew.</summary>
    public sealed record Begun(string ReturnTo, bool Again);

    /// <summary>Sets the cookie and gives the state; a sign-in begun before in this browser no longer counts.</summary>
    public string Begin(HttpContext context, Begun begun, bool secure)
    {
        var nonce = SessionProtector.Random();
        var body = JsonValue.Object(("nonce", nonce), ("return", begun.ReturnTo), ("again", begun.Again), ("at", time.GetUtcNow().ToUnixTimeSeconds()));
        context.Response.Cookies.Append(Name(secure), SealedText.Write(mac, CookiePurpose, body), SessionProtector.Options(secure, Lifetime));
        return State(nonce);
    }

    /// <summary>
    /// The sign-in that this request ends, once; null when it was not begun in this browser, or too long ago. One begun since, in another tab, stays.
    /// </summary>
    public Begun? End(HttpContext context, bool secure)
    {
        var body = SealedText.Read(mac, CookiePurpose, context.Request.Cookies[Name(secure)]);
        if (body is null || context.Request.Query["state"] is not [{ } state]) return null;
        if (body["nonce"]?.StringOrNull() is not { } nonce || body["at"] is not { IsNumber: true } at || !mac.Verify(StatePurpose, JsonValue.From(nonce), state)) return null;
        context.Response.Cookies.Append(Name(secure), "", SessionProtector.Options(secure, TimeSpan.Zero));
        var age = time.GetUtcNow() - DateTimeOffset.FromUnixTimeSeconds((long)at.AsNumber());
        return age < Lifetime ? new Begun(LocalPath.Or(body["return"]?.StringOrNull()), body["again"]?.Kind == JsonKind.True) : null;
    }

    private string State(string nonce) => mac.Sign(StatePurpose, JsonValue.From(nonce));

    private static string Name(bool secure) => secure ? "__Host-interlock-signin-flow" : "interlock-signin-flow";
}
