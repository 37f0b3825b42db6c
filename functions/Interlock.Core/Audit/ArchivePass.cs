namespace Interlock.Core.Audit;

/// <summary>What one pass of <see cref="AuditArchive"/> did.</summary>
/// <param name="Exported">Chains that are in the archive since.</param>
/// <param name="Open">Chains whose heads were anchored only.</param>
/// <param name="Heads">The number of the heads object, or null when there was nothing to anchor.</param>
/// <param name="IsComplete">Whether it came to the end; else the next one goes on there.</param>
/// <param name="Failed">Chains that could not be read or exported; the next passes try again.</param>
public sealed record ArchivePass(int Exported, int Open, long? Heads, bool IsComplete, IReadOnlyList<(string Chain, Exception Error)> Failed);
