using Interlock.Core;
using Interlock.Core.Approvals;
using Interlock.Core.Audit;
using Interlock.Core.Runs;
using Interlock.Http.Hosting;
using Interlock.Http.Notices;
using Interlock.Http.Sessions;
using Microsoft.AspNetCore.Http;

namespace Interlock.Http.Pages;

/// <summary>
/// The pages' requests. GET and HEAD only read. A POST counts only from our own form in a signed-in browser, and then decides one thing. Sessions
/// come from the cookie alone: a bearer token is nothing here.
/// </summary>
internal sealed class PageFace
{
    private const int MaxTimeline = 500;

    private readonly InterlockWeb _web;
    private readonly Site _site;
    private readonly SessionProtector _sessions;
    private readonly FormGuard _forms;
    private readonly FormInput _input;

    public PageFace(InterlockWeb web, Site site)
    {
        (_web, _site) = (web, site);
        _sessions = new SessionProtector(web.Mac, web.Directory, web.Incarnation, web.Time);
        _forms = new FormGuard(web.Mac);
        _input = new FormInput(_forms, site);
        SignIn = new SignInFace(web, site, _sessions, _forms, _input);
        Links = new LinkFace(web, site, _sessions);
    }

    /// <summary>Signing in and out, over the same sessions.</summary>
    public SignInFace SignIn { get; }

    /// <summary>Links of messages, over the same sessions.</summary>
    public LinkFace Links { get; }

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
            await PageResult.RefuseAsync(context, 401, "interactive-session-required", "Sign in first", "Your session has ended; open the page again and sign in.");
            return;
        }
        if (await _input.ReadAsync(context, session.Id, session.Secret) is not { } form) return;
        if (Id(context) is not { } text || await _web.Approvals.FindAsync(session.Person.Tenant, new GateId(text), context.RequestAborted) is not { } gate || !Visibility.MayRead(session.Person, gate))
        {
            await PageResult.RefuseAsync(context, 404, "unknown-gate", "There is no such approval", "It may be another tenant's, or never have been.");
            return;
        }
        if (form.GetValueOrDefault("decision") is not ("approve" or "reject") || form.GetValueOrDefault("shown") is not { Length: > 0 } shown)
        {
            await PageResult.RefuseAsync(context, 400, "invalid-form", "The form is not complete", "Open the page again and decide there.");
            return;
        }
        var reason = form.GetValueOrDefault("reason") is { Length: > 0 } given ? given : null;
        Decision decision = form["decision"] == "approve" ? new Decision.Approve(reason, shown) : new Decision.Reject(reason, shown);
        if (await _web.Approvals.DecideAsync(session.Interactive, gate.Id, decision, context.RequestAborted) is GateResult.Refused refused)
        {
            if (refused.Rule == "gate-closed") await TellAsync(gate);
            var content = await ReviewAsync(context, session, refused.Detail) ?? Html.Empty;
            await PageResult.WriteAsync(context, refused.Status, Layout.Page("Review", "/approvals", session, SignOutToken(session), content));
            return;
        }
        // The decision stands whatever becomes of this request: the run hears of it even when the browser has gone.
        await TellAsync(gate);
        await PageResult.SeeOther(context, $"/approvals/{gate.Id}");
    }

    private Task TellAsync(Gate gate) => gate.Run is { } run ? _web.Runs.GateChangedAsync(gate.Tenant, run, gate.Id, CancellationToken.None) : Task.CompletedTask;

    private async Task<Html?> ReviewAsync(HttpContext context, Session session, string? notice)
    {
        if (Id(context) is not { } id || await _web.Approvals.FindAsync(session.Person.Tenant, new GateId(id), context.RequestAborted) is not { } gate || !Visibility.MayRead(session.Person, gate)) return null;
        var now = _web.Time.GetUtcNow();
        var mayDecide = gate.Request.ExpiresAt > now && Visibility.MayDecide(session.Person, gate);
        var isRecent = now - session.SignedInAt <= Core.Gateway.ApprovalDesk.RecentSignIn;
        var form = mayDecide && isRecent ? new ReviewPage.Form(_forms.Token(session.Id, session.Secret, $"/approvals/{gate.Id}")) : null;
        var whyNot = gate.Request.ExpiresAt <= now ? Html.Of($"Its time is over.") : mayDecide
            ? Html.Of($"""You signed in more than an hour ago: <a href="/signin?again=1&amp;return={Uri.EscapeDataString($"/approvals/{gate.Id}")}">sign in again</a> to decide.""")
            : Html.Of($"This decision is not yours to make: you are none of its approvers, have decided already, or started or published it.");
        return ReviewPage.Render(gate, now, form, notice, whyNot, Visibility.HasAnyRole(session.Person) || gate.Initiators.Contains(session.Person.Subject));
    }

    /// <summary>A page for a signed-in person; without a session, to the sign-in; without content, 404.</summary>
    private async Task ShowAsync(HttpContext context, string title, string current, Func<Session, Task<Html?>> render)
    {
        if (await SessionAsync(context) is not { } session)
        {
            await PageResult.SignInAsync(context);
            return;
        }
        if (await render(session) is not { } content)
        {
            await PageResult.RefuseAsync(context, 404, "not-found", "There is nothing here", "It may be another tenant's, or never have been.");
            return;
        }
        await PageResult.WriteAsync(context, 200, Layout.Page(title, current, session, SignOutToken(session), content));
    }

    private Task ShowAsync(HttpContext context, string title, string current, Func<Session, Task<Html>> render) =>
        ShowAsync(context, title, current, async session => (Html?)await render(session));

    private ValueTask<Session?> SessionAsync(HttpContext context) => _sessions.ReadAsync(context, _site.IsSecure(context.Request));

    private string SignOutToken(Session session) => _forms.Token(session.Id, session.Secret, "/signout");

    private static string? Id(HttpContext context) => context.Request.RouteValues["id"] is string id && Ids.IsHex32(id) ? id : null;
}
