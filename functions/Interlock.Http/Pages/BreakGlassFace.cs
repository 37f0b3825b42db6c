using Interlock.Core.Registry.Changes;
using Interlock.Http.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Interlock.Http.Pages;

/// <summary>Where an administrator breaks the glass, or ends it: signed in at a browser only. Whoever reads the log sees it at once.</summary>
internal sealed partial class BreakGlassFace(InterlockWeb web, ChangesFace changes, BreakGlassDesk desk, SignedInPages pages)
{
    public const string Path = ChangesFace.Path + "/break-glass";

    private readonly ILogger _logger = web.Loggers.CreateLogger<BreakGlassFace>();

    public async Task ChangeAsync(HttpContext context)
    {
        if (await pages.SubmittedAsync(context) is not { } sent) return;
        var (session, person) = (sent.Session.Interactive, sent.Session.Person);
        var ended = sent.Fields["end"];
        var length = Durations.Read(sent.Fields["for"]) ?? BreakGlassDesk.Standard;
        var refused = ended is not null ? await desk.EndAsync(session, ended, context.RequestAborted) : await desk.OpenAsync(session, sent.Fields["reason"], length, context.RequestAborted);
        if (refused is null)
        {
            if (ended is not null) Log.Ended(_logger, person.Subject, person.Tenant.Value);
            else Log.Opened(_logger, person.Subject, person.Tenant.Value, web.Time.GetUtcNow() + length);
            await PageResult.SeeOther(context, ChangesFace.Path);
        }
        else if (await changes.ListAsync(context, sent.Session, refused.Detail) is { } page) await pages.WriteAsync(context, refused.Status, "Changes", ApprovalFace.Path, sent.Session, page);
        else await PageResult.RefuseAsync(context, refused.Status, refused.Rule, "The glass was not broken", refused.Detail);
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Critical, "Break-glass: {Subject} of tenant {Tenant} may change the registry alone until {Until}")]
        public static partial void Opened(ILogger logger, string subject, string tenant, DateTimeOffset until);

        [LoggerMessage(LogLevel.Warning, "Break-glass was ended by {Subject} of tenant {Tenant}")]
        public static partial void Ended(ILogger logger, string subject, string tenant);
    }
}
