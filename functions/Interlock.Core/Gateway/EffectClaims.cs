using Interlock.Core.Audit;
using Interlock.Core.Runs;
using Interlock.Core.Storage;
using Interlock.Json;

namespace Interlock.Core.Gateway;

/// <summary>
/// The rows that stand beside a chain's records: <c>effect:{id}:{attempt}</c> claims an attempt for one worker, <c>spent:{grant}:{use}</c> spends a
/// grant. They are only ever inserted, in the batch of the intent record.
/// </summary>
public sealed class EffectClaims(ITableStore auditStore)
{
    public static string EffectRow(EffectId effect, int attempt) => $"effect:{effect.Value}:{attempt}";

    /// <summary>The grant of one gate for one frame; its compensation is a use of its own.</summary>
    public static string SpentRow(RunId run, GateId gate, FrameId frame, bool compensation)
    {
        var granted = compensation ? frame.Undone() : frame;
        return $"spent:{EffectIds.Of(run, granted, $"grant:{gate.Value}").Value}:{(compensation ? "undo" : "1")}";
    }

    /// <summary>The grant of one gate for a client's own call.</summary>
    public static string SpentRow(GateId gate) => $"spent:{gate.Value}:1";

    public async Task<bool> IsClaimedAsync(AuditChain chain, EffectId effect, int attempt, CancellationToken cancellationToken = default) =>
        await FindAsync(chain, EffectRow(effect, attempt), cancellationToken) is not null;

    /// <summary>The effect that spent the grant, or null.</summary>
    public async Task<EffectId?> SpentByAsync(AuditChain chain, string spentRow, CancellationToken cancellationToken = default) =>
        await FindAsync(chain, spentRow, cancellationToken) is { } body ? new EffectId(body["effect"]?.StringOrNull() ?? "") : null;

    private async Task<JsonValue?> FindAsync(AuditChain chain, string row, CancellationToken cancellationToken) =>
        (await auditStore.GetAsync(AuditChain.RecordsTable, new RowKey(chain.Partition, row), cancellationToken))?.Body;
}
