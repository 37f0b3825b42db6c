using Interlock.Core.Registry;
using Interlock.Core.Registry.Changes;
using Interlock.Core.Registry.Contracts;
using Interlock.Http.Hosting;
using Interlock.Http.Sessions;
using Microsoft.AspNetCore.Http;

namespace Interlock.Http.Pages;

/// <summary>The pages on which an administrator approves or rejects what another one wants changed in the registry. Whoever is none finds nothing here.</summary>
internal sealed class ChangesFace(InterlockWeb web, ChangeDesk changes, SignedInPages pages)
{
    public const string Path = "/approvals/changes";

    private const string Title = "Changes";

    public Task ListAsync(HttpContext context) => pages.ShowAsync(context, Title, ApprovalFace.Path, session => ListAsync(context, session, null));

    /// <summary>The list, with what was wrong with a form on it; null for whoever is no administrator.</summary>
    public async Task<Html?> ListAsync(HttpContext context, Session session, string? notice)
    {
        if (!Visibility.HasRole(session.Person, "admin")) return null;
        var (tenant, now) = (session.Person.Tenant, web.Time.GetUtcNow());
        var glass = changes.Glass is { } desk ? BreakGlassSection.Render(await desk.ListAsync(tenant, context.RequestAborted), pages.Token(session, BreakGlassFace.Path), now) : Html.Empty;
        return ChangesPage.List(await changes.ListAsync(tenant, context.RequestAborted), glass, now, notice);
    }

    public Task ShowAsync(HttpContext context) => pages.ShowAsync(context, Title, ApprovalFace.Path, session => RenderAsync(context, session, null));

    public async Task DecideAsync(HttpContext context)
    {
        if (await pages.SubmittedAsync(context) is not { } sent) return;
        var approves = sent.Fields["act"] == "approve";
        if (!approves && sent.Fields["act"] != "reject")
        {
            await PageResult.RefuseAsync(context, 422, "invalid-form", "Nothing was decided", "The form approves or rejects.");
            return;
        }
        var result = await changes.DecideAsync(sent.Session.Interactive, Id(context), sent.Fields["digest"] ?? "", approves, sent.Fields["reason"], context.RequestAborted);
        var (status, notice) = result switch
        {
            ChangeResult.Refused refused => (refused.Status, refused.Detail),
            ChangeResult.Answered { Result: RegistryResult.Refused { Problem: var problem } } => (problem.Status, $"It was approved, and the registry refused it. {problem.Title}: {problem.Detail}"),
            _ => (303, null),
        };
        if (notice is null) await PageResult.SeeOther(context, $"{Path}/{Id(context)}");
        else if (await RenderAsync(context, sent.Session, notice) is { } page) await pages.WriteAsync(context, status, Title, ApprovalFace.Path, sent.Session, page);
        else await PageResult.RefuseAsync(context, status, (result as ChangeResult.Refused)?.Rule ?? "not-found", "Nothing was decided", notice);
    }

    private async Task<Html?> RenderAsync(HttpContext context, Session session, string? notice)
    {
        var tenant = session.Person.Tenant;
        if (!Visibility.HasRole(session.Person, "admin") || await changes.FindAsync(tenant, Id(context), context.RequestAborted) is not { } proposal) return null;
        var current = await changes.CurrentAsync(tenant, proposal, context.RequestAborted);
        var diff = proposal.Request is RegistryRequest.ApproveContract approve && current.FirstOrDefault(entry => entry.Version == approve.Version) is { } entry
            ? ContractDiffs.OfShown(await web.Registry.ReadAsync(tenant, context.RequestAborted), entry)
            : null;
        var now = web.Time.GetUtcNow();
        var refused = await changes.WhyNotAsync(session.Interactive, proposal, context.RequestAborted);
        return ChangesPage.Render(proposal, current, diff, refused is null ? pages.Token(session, $"{Path}/{proposal.Id}") : null, refused, now, notice);
    }

    private static string Id(HttpContext context) => Ids.OfRoute(context) ?? "";
}
