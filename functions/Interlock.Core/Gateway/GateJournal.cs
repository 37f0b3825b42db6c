using Interlock.Core.Approvals;
using Interlock.Core.Audit;
using Interlock.Core.Identity;
using Interlock.Core.Notices;
using Interlock.Core.Runs;

namespace Interlock.Core.Gateway;

/// <summary>
/// Writes down what a gate's row says, before anybody acts on it: the audit's records, the notices to people, and what is only looked up (rejections, decisions). Everything is keyed by
/// what it tells of, so doing it again after a crash finishes what was begun.
/// </summary>
internal sealed class GateJournal(AuditLog audit, GateRate rate, DecisionIndex decisions, NoticeOutbox? notices, TimeProvider time)
{
    /// <summary>Appends whatever the row says and the audit lacks.</summary>
    public async Task RecordAsync(Gate gate, CancellationToken cancellationToken)
    {
        foreach (var record in GateRecords.Of(gate))
            await audit.AppendAsync(GateRecords.Chain(gate), [record], [], cancellationToken);
        if (notices is not null && gate.Origin is not null) await notices.AnnounceAsync(gate, gate.Outcome is null ? NoticeEvents.Opened : NoticeEvents.Closed, cancellationToken);
        if (gate.Outcome is null) return;
        await rate.AddAsync(gate, cancellationToken);
        await decisions.AddAsync(gate, cancellationToken);
    }

    /// <summary>Records that somebody's decision was refused, in their own chain of the day: whoever tries a thousand times fills no run's.</summary>
    public async Task<GateResult> RefuseAsync(Gate gate, Principal person, GateResult.Refused refused, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var chain = AuditChain.ForPrincipal(gate.Tenant, person.Subject, now);
        await audit.AppendAsync(chain, [GateRecords.Refused(gate, person, refused, now) with { Chain = chain.Id }], [], cancellationToken);
        return refused;
    }

    public async Task<Refusal> NotOpenedAsync(TenantId tenant, CallSite? site, RunOrigin origin, GateRequest request, Refusal refusal, CancellationToken cancellationToken)
    {
        var record = GateRecords.NotOpened(tenant, site, origin, request, refusal, time.GetUtcNow());
        await audit.AppendAsync(new AuditChain(tenant, record.Chain), [record], [], cancellationToken);
        return refusal;
    }

    /// <summary>A row that somebody else wrote was found where a gate's should be: told once a day for each writing.</summary>
    public async Task FoundUnauthenticAsync(TenantId tenant, GateId gate, string etag, CancellationToken cancellationToken)
    {
        var record = GateRecords.FoundUnauthentic(tenant, gate, etag, time.GetUtcNow());
        await audit.AppendAsync(new AuditChain(tenant, record.Chain), [record], [], cancellationToken);
    }

    /// <summary>A row that somebody else wrote was found, and is to be closed.</summary>
    public Task UnauthenticAsync(Gate closed, string etag, CancellationToken cancellationToken) =>
        audit.AppendAsync(GateRecords.Chain(closed), [GateRecords.Unauthentic(closed, etag)], [], cancellationToken);
}
