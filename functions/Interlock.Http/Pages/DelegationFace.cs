using Interlock.Core.Approvals;
using Interlock.Http.Hosting;
using Interlock.Http.Sessions;
using Microsoft.AspNetCore.Http;

namespace Interlock.Http.Pages;

/// <summary>The page where a person lets somebody else decide in their place for a time, takes that back, and sees what was delegated to them.</summary>
internal sealed class DelegationFace(InterlockWeb web, SignedInPages pages)
{
    public const string Path = "/approvals/delegations";

    public Task ShowAsync(HttpContext context) =>
        pages.ShowAsync(context, "Delegations", ApprovalFace.Path, session => RenderAsync(context, session, FormFields.None, null));

    /// <summary>Gives one, or takes one back.</summary>
    public async Task ChangeAsync(HttpContext context)
    {
        if (await pages.SubmittedAsync(context) is not { } sent) return;
        if (await ActAsync(sent.Session.Interactive, sent.Fields, context.RequestAborted) is { } refused)
        {
            await pages.WriteAsync(context, refused.Status, "Delegations", ApprovalFace.Path, sent.Session, await RenderAsync(context, sent.Session, sent.Fields, refused.Detail));
            return;
        }
        await PageResult.SeeOther(context, Path);
    }

    private async Task<GateResult.Refused?> ActAsync(InteractiveSession session, FormFields fields, CancellationToken cancellationToken)
    {
        if (fields.Has("revoke", out var id)) return await web.Approvals.Delegations.RevokeAsync(session, id, cancellationToken);
        if (!fields.Has("to", out var to)) return new GateResult.Refused("invalid-form", 422, "Say who is to decide in your place.");
        if (Durations.Read(fields["for"]) is not { } span) return new GateResult.Refused("invalid-form", 422, "Say for how long.");
        var (_, refusal) = await web.Approvals.Delegations.GiveAsync(session, to, web.Time.GetUtcNow() + span, fields["reason"], cancellationToken);
        return refusal;
    }

    private async Task<Html> RenderAsync(HttpContext context, Session session, FormFields typed, string? notice)
    {
        var (given, received) = await web.Approvals.Delegations.ListAsync(session.Person, context.RequestAborted);
        var isRecent = web.Time.GetUtcNow() - session.SignedInAt <= InteractiveSession.Recent;
        return DelegationsPage.Render(given, received, isRecent ? pages.Token(session, Path) : null, typed, notice);
    }
}
