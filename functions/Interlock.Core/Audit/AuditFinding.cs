using Interlock.Core.Audit.Checkpoints;

namespace Interlock.Core.Audit;

/// <summary>How a chain was found to differ from what was appended.</summary>
public enum AuditFindingKind
{
    /// <summary>A record's hash is not its content's, or not the one its successor names.</summary>
    Edited,

    /// <summary>Records are missing between others.</summary>
    Deleted,

    /// <summary>A second record at a place, or one that belongs to another chain, or a chain the export's end does not know.</summary>
    Inserted,

    /// <summary>A record stands after its successors.</summary>
    Reordered,

    /// <summary>The end of a chain is missing.</summary>
    Truncated,

    /// <summary>A whole chain is missing.</summary>
    MissingChain,

    /// <summary>A line or row that is no audit line.</summary>
    Malformed,

    /// <summary>A chain ends before the head that a checkpoint anchors (rule <c>head-below-anchor</c>): it was cut off, or the store is an older copy.</summary>
    HeadBelowAnchor,

    /// <summary>A checkpoint is missing, out of its place, or not as it was signed.</summary>
    Anchor,
}

/// <summary>One finding; <see cref="Line"/> is the 1-based line of an export, 0 for rows of a store, chains and ends.</summary>
public sealed record AuditFinding(AuditFindingKind Kind, string? Tenant, string? Chain, long Seq, long Line, string Detail);

/// <summary>
/// What verification found. <see cref="Findings"/> holds the first 100 of <see cref="FindingCount"/>. Unless <see cref="TruncationExcluded"/>, chains
/// or their ends may be missing unnoticed. Whoever may rewrite an export as a whole can forge all of it: compare heads with
/// a signed checkpoint kept elsewhere.
/// </summary>
public sealed record AuditVerification(long Records, int Chains, IReadOnlyList<AuditFinding> Findings, bool TruncationExcluded, long FindingCount)
{
    public bool IsIntact => FindingCount == 0;

    /// <summary>What it was held against; null for nothing outside.</summary>
    public AuditAnchor? Anchor { get; init; }
}
