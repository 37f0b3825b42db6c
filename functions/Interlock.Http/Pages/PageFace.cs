using Interlock.Core;
using Interlock.Core.Audit;
using Interlock.Core.Runs;
using Interlock.Http.Hosting;
using Interlock.Http.Notices;
using Interlock.Http.Sessions;
using Microsoft.AspNetCore.Http;

namespace Interlock.Http.Pages;

/// <summary>The pages' requests: what is to be seen of runs, and the faces that sign in and that decide.</summary>
internal sealed class PageFace
{
    private const int MaxTimeline = 500;

    private readonly InterlockWeb _web;
    private readonly SignedInPages _pages;

    public PageFace(InterlockWeb web, Site site)
    {
        _web = web;
        var sessions = new SessionProtector(web.Mac, web.Directory, web.Incarnation, web.Time);
        var forms = new FormGuard(web.Mac);
        var input = new FormInput(forms, site);
        _pages = new SignedInPages(web, site, sessions, forms, input);
        SignIn = new SignInFace(web, site, sessions, forms, input);
        Links = new LinkFace(web, site, sessions);
        Approvals = new ApprovalFace(web, _pages);
        Delegations = new DelegationFace(web, _pages);
        Changes = web.Changes is { } changes ? new ChangesFace(web, changes, _pages) : null;
        BreakGlass = Changes is not null && web.Changes?.Glass is { } glass ? new BreakGlassFace(web, Changes, glass, _pages) : null;
    }

    /// <summary>Signing in and out, over the same sessions.</summary>
    public SignInFace SignIn { get; }

    /// <summary>Links of messages, over the same sessions.</summary>
    public LinkFace Links { get; }

    public ApprovalFace Approvals { get; }

    public DelegationFace Delegations { get; }

    /// <summary>Null where the registry needs no second person.</summary>
    public ChangesFace? Changes { get; }

    /// <summary>Null where it does, and nobody may do without.</summary>
    public BreakGlassFace? BreakGlass { get; }

    public Task OverviewAsync(HttpContext context) => _pages.ShowAsync(context, "Overview", "/", async session =>
    {
        var inbox = await _web.Approvals.InboxAsync(session.Person, context.RequestAborted);
        return OverviewPage.Render(inbox.Count, await RunLists.ReadAsync(_web.Runs, session.Person, null, 20, context.RequestAborted));
    });

    public Task RunsAsync(HttpContext context) => _pages.ShowAsync(context, "Runs", "/runs", async session =>
    {
        var runs = await RunLists.ReadAsync(_web.Runs, session.Person, null, 200, context.RequestAborted);
        return Html.Of($"<h1>Runs</h1>{Parts.RunTable(runs)}");
    });

    public Task RunAsync(HttpContext context) => _pages.ShowAsync(context, "Run", "/runs", async session =>
    {
        if (Ids.OfRoute(context) is not { } id || await _web.Runs.GetAsync(session.Person.Tenant, new RunId(id), context.RequestAborted) is not { } run || !Visibility.MayRead(session.Person, run)) return null;
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
}
