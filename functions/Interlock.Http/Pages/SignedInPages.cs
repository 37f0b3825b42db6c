using System.Globalization;
using System.Text;
using Interlock.Core;
using Interlock.Core.Audit;
using Interlock.Http.Hosting;
using Interlock.Http.Sessions;
using Interlock.Json;
using Microsoft.AspNetCore.Http;

namespace Interlock.Http.Pages;

/// <summary>
/// What the pages of signed-in people share. GET and HEAD only read; a POST counts only from our own form in a signed-in browser. Sessions come from the
/// cookie alone: a bearer token is nothing here.
/// </summary>
internal sealed class SignedInPages(InterlockWeb web, Site site, SessionProtector sessions, FormGuard forms, FormInput input)
{
    /// <summary>Room for edited arguments: what a gate's row can hold, and the form's encoding of it.</summary>
    private const int MaxForm = 2 * 1024 * 1024;

    /// <summary>What a form sent, and who sent it.</summary>
    internal sealed record Submission(Session Session, FormFields Fields);

    /// <summary>A page; without a session, to the sign-in; without content, 404.</summary>
    public async Task ShowAsync(HttpContext context, string title, string current, Func<Session, Task<Html?>> render)
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
        await WriteAsync(context, 200, title, current, session, content);
    }

    public Task ShowAsync(HttpContext context, string title, string current, Func<Session, Task<Html>> render) =>
        ShowAsync(context, title, current, async session => (Html?)await render(session));

    /// <summary>A form of ours in a signed-in browser; else the refusal has been written.</summary>
    public async Task<Submission?> SubmittedAsync(HttpContext context)
    {
        if (await SessionAsync(context) is not { } session)
        {
            await PageResult.RefuseAsync(context, 401, "interactive-session-required", "Sign in first", "Your session has ended; open the page again and sign in.");
            return null;
        }
        return await input.ReadAsync(context, session.Id, session.Secret, maxBytes: MaxForm, forged: rule => RecordAsync(context, session, rule)) is { } form ? new Submission(session, new FormFields(form)) : null;
    }

    public Task WriteAsync(HttpContext context, int status, string title, string current, Session session, Html content) =>
        PageResult.WriteAsync(context, status, Layout.Page(title, current, session, Token(session, "/signout"), content));

    /// <summary>The token that a form of this session posts to this address with.</summary>
    public string Token(Session session, string action) => forms.Token(session.Id, session.Secret, action);

    /// <summary>Records that something else than our form posted in this person's browser: once a minute for each address, however often it tries.</summary>
    private async Task RecordAsync(HttpContext context, Session session, string rule)
    {
        var now = web.Time.GetUtcNow();
        var chain = AuditChain.ForPrincipal(session.Person.Tenant, session.Person.Subject, now);
        var path = CanonicalJson.Digest(JsonValue.From(Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(context.Request.Path.Value ?? ""))));
        var id = string.Create(CultureInfo.InvariantCulture, $"form:{rule}:{path}:{now.UtcTicks / TimeSpan.TicksPerMinute}");
        var record = RefusalRecord.Of(chain, id, now, "form", rule, "Not a form of this site in this session; nothing was done.") with { Actors = [session.Person.Subject], Gate = Ids.OfRoute(context) is { } gate ? new GateId(gate) : null };
        await web.Audit.AppendAsync(chain, [record], [], context.RequestAborted);
    }

    private ValueTask<Session?> SessionAsync(HttpContext context) => sessions.ReadAsync(context, site.IsSecure(context.Request));
}
