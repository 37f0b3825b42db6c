using Interlock.Core.Runs;
using Interlock.Core.Storage;
using Interlock.Json;

namespace Interlock.Core.Approvals;

/// <summary>
/// What was decided, by time, and which gate was the last to approve a task: for rates and for comparing. Only an index; what a person is shown comes from
/// the gates' own rows.
/// </summary>
public sealed class DecisionIndex(ITableStore store)
{
    private const string Table = "gatesdecided";
    private const string LastTable = "gateslast";

    /// <summary>Remembers a gate of a workflow that was closed, unless it was about a failed step; again, it is the same one.</summary>
    public async Task AddAsync(Gate gate, CancellationToken cancellationToken = default)
    {
        if (gate is not { Outcome: not null, ClosedAt: { } closed, Workflow: { } workflow, Origin: not null, Request.Failure: null }) return;
        await store.InsertAsync(Table, new RowKey(Keys.Join(gate.Tenant.Value), Keys.Join(Keys.Time(closed), gate.Id.Value)), RunJson.ToValue(DecidedGate.Of(gate, workflow.Name, closed)), cancellationToken);
        if (gate.Outcome != GateOutcome.Approved) return;
        foreach (var call in gate.Calls) await MoveAsync(LastKey(gate.Tenant, workflow.Name, call), gate.Id, closed, cancellationToken);
    }

    /// <summary>The gates of workflows closed since then, oldest first, at most so many.</summary>
    public async Task<IReadOnlyList<DecidedGate>> SinceAsync(TenantId tenant, DateTimeOffset since, int limit, CancellationToken cancellationToken = default)
    {
        var decided = new List<DecidedGate>();
        await foreach (var row in store.QueryAsync(Table, Keys.Join(tenant.Value), Keys.Time(since), descending: true, cancellationToken: cancellationToken))
        {
            decided.Add(RunJson.FromValue<DecidedGate>(row.Body));
            if (decided.Count == limit) break;
        }
        decided.Reverse();
        return decided;
    }

    /// <summary>The gate that last approved a call of this task to this target, or null.</summary>
    public async Task<GateId?> LastAsync(TenantId tenant, string workflow, BoundCall call, CancellationToken cancellationToken = default) =>
        await store.GetAsync(LastTable, LastKey(tenant, workflow, call), cancellationToken) is { } row && row.Body["gate"]?.StringOrNull() is { } gate ? new GateId(gate) : null;

    private async Task MoveAsync(RowKey key, GateId gate, DateTimeOffset at, CancellationToken cancellationToken)
    {
        var body = JsonValue.Object(("gate", gate.Value), ("at", Keys.Time(at)));
        while (!(await store.InsertAsync(LastTable, key, body, cancellationToken)).Ok)
        {
            if (await store.GetAsync(LastTable, key, cancellationToken) is not { } row) continue;
            if (string.CompareOrdinal(row.Body["at"]?.StringOrNull(), Keys.Time(at)) >= 0) return;
            if ((await store.ReplaceAsync(LastTable, key, body, row.ETag, cancellationToken)).Ok) return;
        }
    }

    private static RowKey LastKey(TenantId tenant, string workflow, BoundCall call) => new(Keys.Join(tenant.Value, workflow), CanonicalJson.Digest(JsonValue.Array(call.Task.Value, call.Target.Name)));
}
