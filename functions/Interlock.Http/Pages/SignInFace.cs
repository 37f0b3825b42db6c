using Interlock.Core;
using Interlock.Core.Approvals;
using Interlock.Core.Identity;
using Interlock.Http.Hosting;
using Interlock.Http.Identity;
using Interlock.Http.Sessions;
using Microsoft.AspNetCore.Http;

namespace Interlock.Http.Pages;

/// <summary>
/// Signing in and out, in the one way that the host has. A session begins only in the browser that asked for it: a form counts with the cookie it
/// was sent with, a return from the platform with the cookie that it left with.
/// </summary>
internal sealed class SignInFace(InterlockWeb web, Site site, SessionProtector sessions, FormGuard forms, FormInput input)
{
    public const string ReturnPath = "/signin/return";
    public const string SignedOutPath = "/signin/out";

    private const string FormCookie = "interlock-signin";

    private static readonly TimeSpan FormTime = TimeSpan.FromMinutes(30);

    private readonly SignInLimiter _limiter = new(web.Options.SignInAttempts, web.Time);
    private readonly SignInFlow _flow = new(web.Mac, web.Time);

    /// <summary>GET: the form, or the way to the platform.</summary>
    public Task BeginAsync(HttpContext context)
    {
        var returnTo = LocalPath.Or(context.Request.Query["return"] is [{ } one] ? one : null);
        return web.SignIn switch
        {
            SignInMethod.Password password => FormAsync(context, password.People, 200, web.Options.DefaultTenant, returnTo, null),
            SignInMethod.Platform => LeaveAsync(context, returnTo, context.Request.Query.ContainsKey("again")),
            SignInMethod.Closed closed => CloseAsync(context, closed),
            var other => throw new InvalidOperationException($"Unexpected {other.GetType().Name}."),
        };
    }

    /// <summary>POST: the form with a password.</summary>
    public async Task SubmitAsync(HttpContext context)
    {
        if (web.SignIn is not SignInMethod.Password { People: var people })
        {
            await PageResult.RefuseAsync(context, 404, "no-form", "There is no form to sign in with", "Open /signin.");
            return;
        }
        var nonce = context.Request.Cookies[Cookie(context)] ?? "";
        if (await input.ReadAsync(context, nonce, nonce, nonce.Length == 32) is not { } form) return;
        var (tenant, user) = (form.GetValueOrDefault("tenant") ?? "", form.GetValueOrDefault("user") ?? "");
        var returnTo = LocalPath.Or(form.GetValueOrDefault("return"));
        if (tenant.Length > 64 || user.Length > 128 || !_limiter.TryEnter($"{context.Connection.RemoteIpAddress}", $"{tenant.Length}:{tenant}{user}"))
        {
            context.Response.Headers.RetryAfter = "300";
            await FormAsync(context, people, 429, tenant.Length > 64 ? "" : tenant, returnTo, "Too many attempts. Wait five minutes, then try again.");
            return;
        }
        if (await people.CheckAsync(new TenantId(tenant), user, form.GetValueOrDefault("password") ?? "", context.RequestAborted) is not { Kind: PrincipalKind.User } person)
        {
            await FormAsync(context, people, 401, tenant, returnTo, "Tenant, user and password do not go together.");
            return;
        }
        context.Response.Cookies.Append(Cookie(context), "", SessionProtector.Options(site.IsSecure(context.Request), TimeSpan.Zero));
        await EnterAsync(context, person, web.Time.GetUtcNow());
        await PageResult.SeeOther(context, returnTo);
    }

    /// <summary>GET: back from the platform, with its token.</summary>
    public async Task ReturnAsync(HttpContext context)
    {
        if (web.SignIn is not SignInMethod.Platform { Tokens: var tokens })
        {
            await (web.SignIn is SignInMethod.Closed closed ? CloseAsync(context, closed) : PageResult.RefuseAsync(context, 404, "not-found", "There is nothing here", "Open /signin."));
            return;
        }
        if (_flow.End(context, site.IsSecure(context.Request)) is not { } begun)
        {
            await PageResult.RefuseAsync(context, 403, "sign-in-expired", "This sign-in was not begun here", "It was begun in another browser, or too long ago. Open the page you want and sign in from there.");
            return;
        }
        var (person, signedInAt, refusal) = await tokens.ReadAsync(context.Request, context.RequestAborted);
        if (person is null)
        {
            await PageResult.WriteAsync(context, refusal!.Status, SignInPage.Refused(refusal)); // one of the two is there
            return;
        }
        await EnterAsync(context, person, signedInAt);
        if (begun.Again && web.Time.GetUtcNow() - signedInAt > InteractiveSession.Recent)
        {
            await PageResult.WriteAsync(context, 200, SignInPage.NotAnew(begun.ReturnTo));
            return;
        }
        await PageResult.SeeOther(context, begun.ReturnTo);
    }

    /// <summary>POST: ends the session, and where the platform signs in, leads to its sign-out too.</summary>
    public async Task SignOutAsync(HttpContext context)
    {
        if (await sessions.ReadAsync(context, site.IsSecure(context.Request)) is { } session)
        {
            if (await input.ReadAsync(context, session.Id, session.Secret) is null) return;
            sessions.End(context, session, site.IsSecure(context.Request));
        }
        if (web.SignIn is not SignInMethod.Platform)
        {
            await PageResult.SeeOther(context, "/signin");
            return;
        }
        // Not a redirect: browsers hold a form's redirects to the policy's form-action, and the platform's sign-out goes on to Entra.
        var address = PlatformSignIn.LogoutAddress(SignedOutPath);
        context.Response.Headers["Refresh"] = "0; url=" + address;
        await PageResult.WriteAsync(context, 200, SignInPage.SigningOut(address));
    }

    public static Task SignedOutAsync(HttpContext context) => PageResult.WriteAsync(context, 200, SignInPage.SignedOut());

    private Task LeaveAsync(HttpContext context, string returnTo, bool again)
    {
        var state = _flow.Begin(context, new SignInFlow.Begun(returnTo, again), site.IsSecure(context.Request));
        return PageResult.SeeOther(context, PlatformSignIn.LoginAddress($"{ReturnPath}?state={state}", again));
    }

    /// <summary>Begins the session; one that the browser had before ends.</summary>
    private async Task EnterAsync(HttpContext context, Principal person, DateTimeOffset signedInAt)
    {
        var secure = site.IsSecure(context.Request);
        if (await sessions.ReadAsync(context, secure) is { } old) sessions.End(context, old, secure);
        sessions.Begin(context, person, signedInAt, secure);
    }

    private async Task FormAsync(HttpContext context, IPasswordSignIn people, int status, string tenant, string returnTo, string? error)
    {
        var nonce = SessionProtector.Random();
        context.Response.Cookies.Append(Cookie(context), nonce, SessionProtector.Options(site.IsSecure(context.Request), FormTime));
        var page = SignInPage.Render(tenant, web.Options.DefaultTenant.Length > 0, people.Known(new TenantId(tenant)), returnTo, forms.Token(nonce, nonce, "/signin"), error);
        await PageResult.WriteAsync(context, status, page);
    }

    private static Task CloseAsync(HttpContext context, SignInMethod.Closed closed) =>
        PageResult.RefuseAsync(context, 503, "sign-in-closed", "Nobody can sign in here", closed.Reason);

    private string Cookie(HttpContext context) => site.IsSecure(context.Request) ? "__Host-" + FormCookie : FormCookie;
}
