using System.Collections.Immutable;
using Interlock.Core.Approvals;
using Interlock.Core.Runs;

namespace Interlock.Core.Gateway;

/// <summary>Computes what a gate's calls are when people change the arguments of some: values that depend on the changed ones follow.</summary>
public interface ICoverEdits
{
    /// <summary>All calls of the gate with the edits in them, or why they can't be made.</summary>
    Task<StageResult<CoverSet>> RecomputeAsync(Gate gate, ImmutableArray<EditedCall> edits, CancellationToken cancellationToken = default);
}

/// <summary>The calls of a gate.</summary>
public sealed record CoverSet(ImmutableArray<CoveredCall> Calls);
