namespace Interlock.Core.Runs;

/// <summary>The exact document a run executes: name (<c>namespace/name</c>), version and canonical digest.</summary>
public sealed record WorkflowRef(string Name, string Version, string Digest);
