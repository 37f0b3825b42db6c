using System.Text;
using Interlock.Core.Audit;
using Interlock.Core.Identity;
using Interlock.Http.Hosting;
using Interlock.Http.Pages;
using Interlock.Http.Sessions;
using Interlock.Json;
using Microsoft.AspNetCore.Http;

namespace Interlock.Http.Notices;

/// <summary>Opens links of messages. GET and HEAD only lead on; a link that does not hold is recorded, once a day for each person and link.</summary>
internal sealed class LinkFace(InterlockWeb web, Site site, SessionProtector sessions)
{
    private const string Rule = "link-invalid";

    private readonly ReviewLinks _links = new(web.Mac);

    public async Task OpenAsync(HttpContext context)
    {
        if (await sessions.ReadAsync(context, site.IsSecure(context.Request)) is not { } session)
        {
            await PageResult.SignInAsync(context);
            return;
        }
        var token = context.Request.RouteValues["token"] as string ?? "";
        var link = _links.Read(token);
        var (status, why) = link switch
        {
            null => (403, "It is not one that Interlock made, or not whole."),
            _ when link.Tenant != session.Person.Tenant => (404, "It leads nowhere here."),
            _ when link.Until <= web.Time.GetUtcNow() => (403, "Its time is over."),
            _ => (0, ""),
        };
        if (link is not null && status == 0)
        {
            await PageResult.SeeOther(context, $"/approvals/{link.Gate}");
            return;
        }
        await RecordAsync(session.Person, token, why, context.RequestAborted);
        await PageResult.RefuseAsync(context, status, Rule, "This link leads nowhere", why + " What waits for you is under Approvals.");
    }

    private async Task RecordAsync(Principal person, string token, string why, CancellationToken cancellationToken)
    {
        var now = web.Time.GetUtcNow();
        var chain = AuditChain.ForPrincipal(person.Tenant, person.Subject, now);
        var digest = CanonicalJson.Digest(JsonValue.From(Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(token))));
        var record = RefusalRecord.Of(chain, $"link:{digest}", now, "link", Rule, why) with { Actors = [person.Subject], ArgumentsDigest = digest };
        await web.Audit.AppendAsync(chain, [record], [], cancellationToken);
    }
}
