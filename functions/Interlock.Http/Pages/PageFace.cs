using System.Text;
using Interlock.Core;
using Interlock.Core.Approvals;
using Interlock.Core.Audit;
using Interlock.Core.Identity;
using Interlock.Core.Runs;
using Interlock.Http.Hosting;
using Interlock.Http.Sessions;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;

namespace Interlock.Http.Pages;

/// <summary>
/// The pages' requests. GET and HEAD only read. A POST counts only from our own form in a signed-in browser, and then decides one thing. Sessions
/// come from the cookie alone: a bearer token is nothing here.
/// </summary>
internal sealed class PageFace
{
    private const string SignInCookie = "interlock-signin";
    private const int MaxForm = 64 * 1024;
    private const int MaxTimeline = 500;

    private static readonly TimeSpan SignInTime = TimeSpan.FromMinutes(30);

    private readonly InterlockWeb _web;
    private readonly Site _site;
    private readonly SessionProtector _sessions;
    private readonly FormGuard _forms;
    private readonly SignInLimiter _limiter;

    public PageFace(InterlockWeb web, Site site)
    {
        (_web, _site) = (web, site);
        _sessions = new SessionProtector(web.Mac, web.Directory, web.Time);
        _forms = new FormGuard(web.Mac);
        _limiter = new SignInLimiter(web.Options.SignInAttempts, web.Time);
    }

    public Task OverviewAsync(HttpContext context) => ShowAsync(context, "Overview", "/", async session =>
    {
        var inbox = await _web.Approvals.InboxAsync(session.Person, context.RequestAborted);
        return OverviewPage.Render(inbox.Count, await RunLists.ReadAsync(_web.Runs, session.Person, null, 20, context.RequestAborted));
    });

    public Task RunsAsync(HttpContext context) => ShowAsync(context, "Runs", "/runs", async session =>
    {
        var runs = await RunLists.ReadAsync(_web.Runs, session.Person, null, 200, context.RequestAborted);
        return Html.Of($"<h1>Runs</h1>{Parts.RunTable(runs)}");
    });

    public Task RunAsync(HttpContext context) => ShowAsync(context, "Run", "/runs", async session =>
    {
        if (Id(context) is not { } id || await _web.Runs.GetAsync(session.Person.Tenant, new RunId(id), context.RequestAborted) is not { } run || !Visibility.MayRead(session.Person, run)) return null;
        var audit = new List<AuditEntry>();
        var events = new List<RunEvent>();
        await foreach (var entry in _web.Audit.ReadAsync(run.Tenant, AuditChain.ForRun(run.Tenant, run.Id).Id, context.RequestAborted))
        {
            audit.Add(entry);
            if (audit.Count == MaxTimeline) break;
        }
        await foreach (var happened in _web.Runs.EventsAsync(run.Tenant, run.Id, context.RequestAborted))
        {
            events.Add(happened);
            if (events.Count == MaxTimeline) break;
        }
        return RunPage.Render(run, audit, events, audit.Count == MaxTimeline || events.Count == MaxTimeline, _web.Time.GetUtcNow());
    });

    public Task ApprovalsAsync(HttpContext context) => ShowAsync(context, "Approvals", "/approvals", async session =>
    {
        var inbox = await _web.Approvals.InboxAsync(session.Person, context.RequestAborted);
        var open = await _web.Approvals.OpenGatesAsync(session.Person.Tenant, context.RequestAborted);
        var others = open.Where(gate => Visibility.MayRead(session.Person, gate) && !inbox.Any(own => own.Id == gate.Id)).ToList();
        return ApprovalsPage.Render(inbox, others, _web.Time.GetUtcNow());
    });

    public Task ReviewAsync(HttpContext context) => ShowAsync(context, "Review", "/approvals", session => ReviewAsync(context, session, null));

    /// <summary>Takes a decision from the review page's form; then the run is told, and the browser looks at the page again.</summary>
    public async Task DecideAsync(HttpContext context)
    {
        if (await SessionAsync(context) is not { } session)
        {
            await RefuseAsync(context, 401, "interactive-session-required", "Sign in first", "Your session has ended; open the page again and sign in.");
            return;
        }
        if (await ReadFormAsync(context, session.Id, session.Secret) is not { } form) return;
        if (Id(context) is not { } text || await _web.Approvals.FindAsync(session.Person.Tenant, new GateId(text), context.RequestAborted) is not { } gate || !Visibility.MayRead(session.Person, gate))
        {
            await RefuseAsync(context, 404, "unknown-gate", "There is no such approval", "It may be another tenant's, or never have been.");
            return;
        }
        if (form.GetValueOrDefault("decision") is not ("approve" or "reject") || form.GetValueOrDefault("shown") is not { Length: > 0 } shown)
        {
            await RefuseAsync(context, 400, "invalid-form", "The form is not complete", "Open the page again and decide there.");
            return;
        }
        var decision = new Decision(form["decision"] == "approve", form.GetValueOrDefault("reason") is { Length: > 0 } reason ? reason : null, shown);
        if (await _web.Approvals.DecideAsync(session.Interactive, gate.Id, decision, context.RequestAborted) is GateResult.Refused refused)
        {
            if (refused.Rule == "gate-closed") await _web.Runs.GateChangedAsync(gate.Tenant, gate.Run, gate.Id, CancellationToken.None);
            var content = await ReviewAsync(context, session, refused.Detail) ?? Html.Empty;
            await PageResult.WriteAsync(context, refused.Status, Layout.Page("Review", "/approvals", session, SignOutToken(session), content));
            return;
        }
        // The decision stands whatever becomes of this request: the run hears of it even when the browser has gone.
        await _web.Runs.GateChangedAsync(gate.Tenant, gate.Run, gate.Id, CancellationToken.None);
        await PageResult.SeeOther(context, $"/approvals/{gate.Id}");
    }

    public Task SignInAsync(HttpContext context)
    {
        var returnTo = LocalPath.Or(context.Request.Query["return"] is [{ } one] ? one : null);
        return SignInFormAsync(context, 200, _web.Options.DefaultTenant, returnTo, null);
    }

    public async Task SignedInAsync(HttpContext context)
    {
        var nonce = context.Request.Cookies[Cookie(context)] ?? "";
        if (await ReadFormAsync(context, nonce, nonce, nonce.Length == 32) is not { } form) return;
        var (tenant, user) = (form.GetValueOrDefault("tenant") ?? "", form.GetValueOrDefault("user") ?? "");
        var returnTo = LocalPath.Or(form.GetValueOrDefault("return"));
        if (tenant.Length > 64 || user.Length > 128 || !_limiter.TryEnter($"{context.Connection.RemoteIpAddress}", $"{tenant.Length}:{tenant}{user}"))
        {
            context.Response.Headers.RetryAfter = "300";
            await SignInFormAsync(context, 429, tenant.Length > 64 ? "" : tenant, returnTo, "Too many attempts. Wait five minutes, then try again.");
            return;
        }
        if (await _web.SignIn.CheckAsync(new TenantId(tenant), user, form.GetValueOrDefault("password") ?? "", context.RequestAborted) is not { Kind: PrincipalKind.User } person)
        {
            await SignInFormAsync(context, 401, tenant, returnTo, "Tenant, user and password do not go together.");
            return;
        }
        if (await SessionAsync(context) is { } old) _sessions.End(context, old, _site.IsSecure(context.Request));
        context.Response.Cookies.Append(Cookie(context), "", SessionProtector.Options(_site.IsSecure(context.Request), TimeSpan.Zero));
        _sessions.Begin(context, person, _site.IsSecure(context.Request));
        await PageResult.SeeOther(context, returnTo);
    }

    public async Task SignOutAsync(HttpContext context)
    {
        if (await SessionAsync(context) is { } session)
        {
            if (await ReadFormAsync(context, session.Id, session.Secret) is null) return;
            _sessions.End(context, session, _site.IsSecure(context.Request));
        }
        await PageResult.SeeOther(context, "/signin");
    }

    private async Task<Html?> ReviewAsync(HttpContext context, Session session, string? notice)
    {
        if (Id(context) is not { } id || await _web.Approvals.FindAsync(session.Person.Tenant, new GateId(id), context.RequestAborted) is not { } gate || !Visibility.MayRead(session.Person, gate)) return null;
        var now = _web.Time.GetUtcNow();
        var mayDecide = gate.Request.ExpiresAt > now && Visibility.MayDecide(session.Person, gate);
        var isRecent = now - session.SignedInAt <= Core.Gateway.ApprovalDesk.RecentSignIn;
        var form = mayDecide && isRecent ? new ReviewPage.Form(_forms.Token(session.Id, session.Secret, $"/approvals/{gate.Id}")) : null;
        var whyNot = gate.Request.ExpiresAt <= now ? "Its time is over." : mayDecide
            ? "You signed in more than an hour ago: sign out, sign in again and come back to decide."
            : "This decision is not yours to make: you are none of its approvers, have decided already, or started or published it.";
        return ReviewPage.Render(gate, now, form, notice, whyNot, Visibility.HasAnyRole(session.Person) || gate.Initiators.Contains(session.Person.Subject));
    }

    /// <summary>A page for a signed-in person; without a session, to the sign-in; without content, 404.</summary>
    private async Task ShowAsync(HttpContext context, string title, string current, Func<Session, Task<Html?>> render)
    {
        if (await SessionAsync(context) is not { } session)
        {
            await PageResult.SeeOther(context, $"/signin?return={Uri.EscapeDataString(LocalPath.Or(context.Request.Path.Value))}");
            return;
        }
        if (await render(session) is not { } content)
        {
            await RefuseAsync(context, 404, "not-found", "There is nothing here", "It may be another tenant's, or never have been.");
            return;
        }
        await PageResult.WriteAsync(context, 200, Layout.Page(title, current, session, SignOutToken(session), content));
    }

    private Task ShowAsync(HttpContext context, string title, string current, Func<Session, Task<Html>> render) =>
        ShowAsync(context, title, current, async session => (Html?)await render(session));

    private async Task SignInFormAsync(HttpContext context, int status, string tenant, string returnTo, string? error)
    {
        var nonce = SessionProtector.Random();
        context.Response.Cookies.Append(Cookie(context), nonce, SessionProtector.Options(_site.IsSecure(context.Request), SignInTime));
        var page = SignInPage.Render(tenant, _web.Options.DefaultTenant.Length > 0, _web.SignIn.Known(new TenantId(tenant)), returnTo, _forms.Token(nonce, nonce, "/signin"), error);
        await PageResult.WriteAsync(context, status, page);
    }

    /// <summary>The form's fields, each given once, after its origin and its token were checked; else the refusal has been written.</summary>
    private async Task<IReadOnlyDictionary<string, string>?> ReadFormAsync(HttpContext context, string sessionId, string secret, bool isBound = true)
    {
        if (!FormGuard.IsOwnOrigin(context.Request, _site.Origin(context.Request)))
        {
            await RefuseAsync(context, 403, "cross-site", "The request comes from elsewhere", "Only this site's own forms count. Open the page here and send its form.");
            return null;
        }
        var (bytes, _, refusal) = await RequestBody.ReadAsync(context, MaxForm, "application/x-www-form-urlencoded");
        if (refusal is not null)
        {
            await ProblemResponse.WriteAsync(context, refusal);
            return null;
        }
        var fields = Fields(bytes);
        var action = context.Request.Path.Value ?? "";
        if (fields is null || !isBound || !_forms.Holds(sessionId, secret, action, fields.GetValueOrDefault(FormGuard.Field)))
        {
            await RefuseAsync(context, 403, "antiforgery", "The form has expired", "Open the page again and send its form; nothing was done.");
            return null;
        }
        return fields;
    }

    private static Dictionary<string, string>? Fields(byte[] bytes)
    {
        try
        {
            using var reader = new FormReader(Encoding.UTF8.GetString(bytes)) { ValueCountLimit = 32, KeyLengthLimit = 64, ValueLengthLimit = MaxForm };
            var form = reader.ReadForm();
            return form.Values.All(values => values.Count == 1) ? form.ToDictionary(field => field.Key, field => field.Value.ToString(), StringComparer.Ordinal) : null;
        }
        catch (InvalidDataException)
        {
            return null; // over a limit
        }
    }

    private ValueTask<Session?> SessionAsync(HttpContext context) => _sessions.ReadAsync(context, _site.IsSecure(context.Request));

    private string SignOutToken(Session session) => _forms.Token(session.Id, session.Secret, "/signout");

    private string Cookie(HttpContext context) => _site.IsSecure(context.Request) ? "__Host-" + SignInCookie : SignInCookie;

    private static string? Id(HttpContext context) => context.Request.RouteValues["id"] is string id && Ids.IsHex32(id) ? id : null;

    private static Task RefuseAsync(HttpContext context, int status, string rule, string title, string detail) =>
        ProblemResponse.WriteAsync(context, ProblemResponse.Of(status, rule, title, detail));
}
