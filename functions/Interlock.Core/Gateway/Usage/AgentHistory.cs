using Interlock.Core.Audit;
using Interlock.Core.Storage;

namespace Interlock.Core.Gateway.Usage;

/// <summary>What each version of an agent did, per day in table <c>agentdays</c>, derived from the audit: each record counts once.</summary>
public sealed class AgentHistory
{
    private readonly AuditLog _audit;
    private readonly AuditRollup<AgentDay> _rollup;

    public AgentHistory(ITableStore store, ITableStore auditStore, AuditLog audit)
    {
        _audit = audit;
        _rollup = new AuditRollup<AgentDay>(store, auditStore, "agentdays", OfAsync, static day => $"{day.Agent}|{day.Version}|{day.Day}", static (one, other) => one.Plus(other));
    }

    /// <summary>Counts all that was recorded since the last time.</summary>
    public Task UpdateAsync(TenantId tenant, CancellationToken cancellationToken = default) => _rollup.UpdateAsync(tenant, cancellationToken);

    /// <summary>The days of an agent's versions, by version and day.</summary>
    public IAsyncEnumerable<AgentDay> ReadAsync(TenantId tenant, string agent, CancellationToken cancellationToken = default) => _rollup.ReadAsync(tenant, agent + "|", agent + "|", cancellationToken);

    private async ValueTask<AgentDay?> OfAsync(AuditChain chain, AuditRecord record, CancellationToken cancellationToken) =>
        record.Type == AuditTypes.GateClosed ? await OfGateAsync(chain, record, cancellationToken) : AgentDay.Of(record);

    /// <summary>What people said to an agent's choice. Which agent that was, the gate's opening says; which version, that of the conversation.</summary>
    private async ValueTask<AgentDay?> OfGateAsync(AuditChain chain, AuditRecord closed, CancellationToken cancellationToken)
    {
        if (closed is not { Run: { } run, Gate: { } gate } || (await _audit.FindAsync(chain, GateRecords.OpenedId(gate), cancellationToken))?.Details?["chosenBy"] is not { } chosenBy) return null;
        if (chosenBy["agent"]?.StringOrNull() is not { } agent || chosenBy["loop"]?.StringOrNull() is not { } loop) return null;
        if ((await ConversationRecords.FindAsync(_audit, chain, run, new FrameId(loop), agent, cancellationToken))?.AgentVersion is not { } version) return null;
        var isOverridden = closed.Outcome == "rejected" || closed.Details?["edited"] is { IsArray: true, Count: > 0 };
        return new AgentDay(agent, version, AgentDay.DayOf(closed.Time)) { Asked = 1, Overridden = isOverridden ? 1 : 0 };
    }
}
