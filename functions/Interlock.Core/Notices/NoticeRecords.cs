using Interlock.Core.Audit;
using Interlock.Json;

namespace Interlock.Core.Notices;

/// <summary>
/// The audit records of notices' ends. They stand in a chain of their own, by the day a notice ended: the run's may be closed and archived by then.
/// </summary>
internal static class NoticeRecords
{
    private const string Subject = "system:notices";

    public static AuditRecord Ended(Notice notice, NoticeEnd end) => Of(notice.Tenant, $"notice:{notice.Id}", end.Outcome, end.At) with
    {
        Run = notice.Run,
        Gate = notice.Gate,
        Attempt = notice.Attempts,
        Reason = notice.Reason,
        Details = JsonValue.Object(("channel", notice.Channel), ("event", notice.What)),
    };

    /// <summary>A row of the outbox was not one of ours, and was removed.</summary>
    public static AuditRecord Unreadable(TenantId tenant, string row, string etag, DateTimeOffset now) =>
        Of(tenant, $"notice:unreadable:{CanonicalJson.Digest(JsonValue.Array(row, etag))}", NoticeDelivery.GivenUp, now) with
        {
            Reason = "The notice's row can't be read; it was not written by Interlock.",
        };

    private static AuditRecord Of(TenantId tenant, string id, string outcome, DateTimeOffset at) => new()
    {
        Id = id,
        Type = AuditTypes.Notice,
        Time = at,
        Tenant = tenant,
        Chain = AuditChain.ForPrincipal(tenant, Subject, at).Id,
        Actors = [Subject],
        Outcome = outcome,
    };
}
