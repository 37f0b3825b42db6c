using System.Collections.Immutable;
using Interlock.Core.Approvals;
using Interlock.Core.Gateway;
using Interlock.Core.Registry;
using Interlock.Core.Runs;

namespace Interlock.Core.Execution;

/// <summary>Edits of a run's gate, computed over the run as it stands: while the gate is open nothing that its calls read can change.</summary>
/// <param name="find">The run as its host has it.</param>
/// <param name="catalog">Its document.</param>
public sealed class RunEdits(Func<TenantId, RunId, CancellationToken, Task<RunState?>> find, WorkflowCatalog catalog) : ICoverEdits
{
    private const string Stage = "edit";

    public async Task<StageResult<CoverSet>> RecomputeAsync(Gate gate, ImmutableArray<EditedCall> edits, CancellationToken cancellationToken = default)
    {
        if (gate is not { Run: { } id, Workflow: { } workflow } || await find(gate.Tenant, id, cancellationToken) is not { } run)
            return new Refusal(Stage, "edit-not-possible", 409, "The run of this gate is not there.");
        var definition = await catalog.LoadAsync(gate.Tenant, workflow.Digest, cancellationToken);
        return CoverEdits.Recompute(definition, run, gate.Id, gate.Request.Covers, edits) switch
        {
            CoverEditResult.Changed changed => new CoverSet(changed.Covers),
            CoverEditResult.Refused { Problem: var problem } => new Refusal(Stage, "edit-not-possible", 409, problem.Detail ?? problem.Title),
            var other => throw new InvalidOperationException($"Unexpected {other.GetType().Name}."),
        };
    }
}
