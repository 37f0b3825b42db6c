using System.Collections.Concurrent;
using System.Security.Cryptography;
using Interlock.Core;
using Interlock.Core.Identity;
using Interlock.Json;
using Microsoft.AspNetCore.Http;

namespace Interlock.Http.Sessions;

/// <summary>
/// Sessions of the pages: a cookie that holds tenant, user, when the person proved who they are, when the session began, its id and a secret for
/// forms, under a MAC, for eight hours. Each request asks the directory for the person again. Signing in gives a new session; signing out ends it in this process at once.
/// </summary>
internal sealed class SessionProtector(Mac mac, IDirectory directory, Incarnation incarnation, TimeProvider time)
{
    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(8);

    private const string Purpose = "interlock/session/v1";

    private readonly ConcurrentDictionary<string, DateTimeOffset> _ended = new(StringComparer.Ordinal);

    /// <summary>Starts a session of its own id and secret for this person, who proved to be that person at <paramref name="signedInAt"/>.</summary>
    public Session Begin(HttpContext context, Principal person, DateTimeOffset signedInAt, bool secure)
    {
        var session = new Session(person, signedInAt, time.GetUtcNow(), Random(), Random());
        context.Response.Cookies.Append(Name(secure), Write(session), Options(secure, Lifetime));
        return session;
    }

    public void End(HttpContext context, Session session, bool secure)
    {
        var now = time.GetUtcNow();
        foreach (var (id, until) in _ended)
            if (until < now) _ended.TryRemove(id, out _);
        _ended[session.Id] = session.BegunAt + Lifetime;
        context.Response.Cookies.Append(Name(secure), "", Options(secure, TimeSpan.Zero));
    }

    /// <summary>The request's session, or null without a cookie that holds.</summary>
    public async ValueTask<Session?> ReadAsync(HttpContext context, bool secure)
    {
        if (SealedText.Read(mac, Purpose, context.Request.Cookies[Name(secure)]) is not { } body) return null;
        if (body["t"]?.StringOrNull() is not { } tenant || body["u"]?.StringOrNull() is not { } user || body["at"] is not { IsNumber: true } at
            || body["from"] is not { IsNumber: true } from || body["id"]?.StringOrNull() is not { } id || body["secret"]?.StringOrNull() is not { } secret) return null;
        var (signedIn, begun) = (DateTimeOffset.FromUnixTimeMilliseconds((long)at.AsNumber()), DateTimeOffset.FromUnixTimeMilliseconds((long)from.AsNumber()));
        var now = time.GetUtcNow();
        if (begun < incarnation.Since || now >= begun + Lifetime || begun > now + TimeSpan.FromMinutes(1) || signedIn > begun || _ended.ContainsKey(id)) return null;
        var person = await directory.FindUserAsync(new TenantId(tenant), user, context.RequestAborted);
        return person is { Kind: PrincipalKind.User } ? new Session(person, signedIn, begun, id, secret) : null;
    }

    public static string Random() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));

    /// <summary>Lax and not Strict: with Strict a link in a chat would open the page signed out.</summary>
    public static CookieOptions Options(bool secure, TimeSpan age) =>
        new() { HttpOnly = true, Secure = secure, SameSite = SameSiteMode.Lax, Path = "/", MaxAge = age, IsEssential = true };

    /// <summary>Over https the prefix keeps other hosts of the domain from setting it.</summary>
    private static string Name(bool secure) => secure ? "__Host-interlock" : "interlock-session";

    private string Write(Session session)
    {
        var body = JsonValue.Object(
            ("t", session.Person.Tenant.Value), ("u", session.Person.Id), ("at", session.SignedInAt.ToUnixTimeMilliseconds()),
            ("from", session.BegunAt.ToUnixTimeMilliseconds()), ("id", session.Id), ("secret", session.Secret));
        return SealedText.Write(mac, Purpose, body);
    }
}
