using Interlock.Core;
using Interlock.Core.Approvals;
using Interlock.Http.Hosting;
using Interlock.Http.Pages.Review;
using Interlock.Http.Sessions;
using Microsoft.AspNetCore.Http;

namespace Interlock.Http.Pages;

/// <summary>The pages about approvals: the inbox, a gate to look at and the forms that act on it, and how often people accept.</summary>
internal sealed class ApprovalFace(InterlockWeb web, SignedInPages pages)
{
    public const string Path = "/approvals";

    private const int MaxListed = 100;

    private readonly ReviewReader _reviews = new(web);

    public Task InboxAsync(HttpContext context) => pages.ShowAsync(context, "Approvals", Path, async session =>
    {
        var (person, aborted) = (session.Person, context.RequestAborted);
        var open = await web.Approvals.OpenGatesAsync(person.Tenant, aborted);
        var inbox = await web.Approvals.InboxAsync(person, open, aborted);
        var others = open.Where(gate => Visibility.MayRead(person, gate) && !inbox.Any(own => own.Id == gate.Id)).OrderBy(gate => gate.Request.ExpiresAt);
        return ApprovalsPage.Render(await ListAsync(inbox, aborted), await ListAsync([.. others], aborted), Visibility.HasAnyRole(person), web.Changes is not null && Visibility.HasRole(person, "admin"), web.Time.GetUtcNow());
    });

    public Task RatesAsync(HttpContext context) => pages.ShowAsync(context, "Rates", Path, async session =>
    {
        if (!Visibility.HasAnyRole(session.Person)) return null;
        var (rates, isCut) = await RateLists.ReadAsync(web, session.Person.Tenant, RateLists.StandardDays, context.RequestAborted);
        return (Html?)RatesPage.Render(rates, RateLists.StandardDays, isCut);
    });

    public Task ReviewAsync(HttpContext context) => pages.ShowAsync(context, "Review", Path, async session =>
        await FindAsync(context, session) is { } gate ? await RenderAsync(context, session, gate, Draft.None) : (Html?)null);

    /// <summary>Does what one of the review page's forms asks for; then the run is told, and the browser looks at the page again.</summary>
    public async Task DecideAsync(HttpContext context)
    {
        if (await pages.SubmittedAsync(context) is not { } sent) return;
        if (await FindAsync(context, sent.Session) is not { } gate)
        {
            await PageResult.RefuseAsync(context, 404, "unknown-gate", "There is no such approval", "It may be another tenant's, or never have been.");
            return;
        }
        var (act, draft) = ActReader.Read(gate, sent.Fields, web.Time.GetUtcNow());
        if (act is null)
        {
            await ShowAgainAsync(context, sent.Session, gate, 422, draft);
            return;
        }
        if (await act(web.Approvals, sent.Session.Interactive, gate.Id, context.RequestAborted) is GateResult.Refused refused)
        {
            if (refused.Rule == "gate-closed") await TellAsync(gate);
            await ShowAgainAsync(context, sent.Session, gate, refused.Status, draft with { Notice = refused.Detail });
            return;
        }
        // The decision stands whatever becomes of this request: the run hears of it even when the browser has gone.
        await TellAsync(gate);
        await PageResult.SeeOther(context, $"{Path}/{gate.Id}");
    }

    private async Task<IReadOnlyList<ListedGate>> ListAsync(IReadOnlyList<Gate> gates, CancellationToken cancellationToken)
    {
        var listed = new List<ListedGate>();
        foreach (var gate in gates.Take(MaxListed)) listed.Add(new ListedGate(gate, new Standing(gate, null, await web.Approvals.CountAsync(gate, null, cancellationToken)).More));
        return listed;
    }

    private async Task<Gate?> FindAsync(HttpContext context, Session session) =>
        Ids.OfRoute(context) is { } id && await web.Approvals.FindAsync(session.Person.Tenant, new GateId(id), context.RequestAborted) is { } gate
            && await Visibility.MayReadAsync(web.Approvals, session.Person, gate, context.RequestAborted) ? gate : null;

    /// <summary>The page with what was typed and why it was not taken; the gate may have changed meanwhile.</summary>
    private async Task ShowAgainAsync(HttpContext context, Session session, Gate gate, int status, Draft draft)
    {
        var now = await web.Approvals.FindAsync(gate.Tenant, gate.Id, context.RequestAborted) ?? gate;
        await pages.WriteAsync(context, status, "Review", Path, session, await RenderAsync(context, session, now, draft));
    }

    private async Task<Html> RenderAsync(HttpContext context, Session session, Gate gate, Draft draft)
    {
        var review = await _reviews.ReadAsync(session, gate, context.RequestAborted);
        return ReviewPage.Render(review with { Draft = draft, Token = pages.Token(session, $"{Path}/{gate.Id}") });
    }

    private Task TellAsync(Gate gate) => gate.Run is { } run ? web.Runs.GateChangedAsync(gate.Tenant, run, gate.Id, CancellationToken.None) : Task.CompletedTask;
}
