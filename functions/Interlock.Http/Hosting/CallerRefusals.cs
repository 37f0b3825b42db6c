using Interlock.Core;
using Interlock.Core.Audit;
using Interlock.Core.Identity;
using Interlock.Json;

namespace Interlock.Http.Hosting;

/// <summary>
/// Records what is refused to somebody who is known: the first of each caller, operation and rule in a minute before the answer leaves, the others of that minute as one count. An id of nobody
/// and an id of another tenant are the same refusal here as in the answer, and nothing of what was sent is kept.
/// </summary>
internal sealed class CallerRefusals
{
    private const int MostKinds = 1024;

    private readonly InterlockWeb _web;
    private readonly RefusalCounts<Kind> _counts;

    public CallerRefusals(InterlockWeb web) => (_web, _counts) = (web, new RefusalCounts<Kind>(web, MostKinds, (kind, count, id) => Record(kind, id, null, count)));

    /// <summary>Whether a problem is a refusal: what may not be done or is done too often, and what is not there for the caller; a mistake in a request is none.</summary>
    public static bool IsRefusal(Problem problem) => problem.Status is 403 or 404 or 410 or 429;

    /// <param name="caller">Who asked.</param>
    /// <param name="operation">What for, of a fixed list.</param>
    /// <param name="refusal">Why not.</param>
    public async Task RecordAsync(Principal caller, string operation, Problem refusal)
    {
        var kind = new Kind(_web.Time.GetUtcNow().UtcTicks / TimeSpan.TicksPerMinute, caller.Tenant, caller.Subject, operation, refusal.Stage ?? "http", refusal.Rule ?? "refused");
        if (!_counts.IsFirst(kind))
        {
            _counts.Add(kind, kind with { Operation = "any", Rule = "others" });
            return;
        }
        var (chain, record) = Record(kind, Guid.NewGuid().ToString("N"), refusal.Title, 1);
        await _web.Audit.AppendAsync(chain, [record], [], CancellationToken.None);
    }

    /// <summary>Records what was counted.</summary>
    internal Task WriteAsync() => _counts.WriteAsync();

    private (AuditChain, AuditRecord) Record(Kind kind, string id, string? title, long count)
    {
        var (at, now) = (new DateTimeOffset(kind.Minute * TimeSpan.TicksPerMinute, TimeSpan.Zero), _web.Time.GetUtcNow());
        var chain = AuditChain.ForPrincipal(kind.Tenant, kind.Subject, now);
        return (chain, RefusalRecord.Of(chain, "caller:" + id, now, kind.Stage, kind.Rule, title) with
        {
            Type = AuditTypes.RequestRefused,
            Actors = [kind.Subject],
            Target = kind.Operation,
            Details = JsonValue.Object(("count", count), ("minute", RefusalRecord.Minute(at))),
        });
    }

    private sealed record Kind(long Minute, TenantId Tenant, string Subject, string Operation, string Stage, string Rule);
}
