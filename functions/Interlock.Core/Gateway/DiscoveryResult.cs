namespace Interlock.Core.Gateway;

/// <summary>What an upstream offers now; with a <see cref="Failure"/> the tools are empty and say nothing about it.</summary>
public sealed record DiscoveryResult(IReadOnlyList<ToolContract> Tools, string? ServerInstructions, Problem? Failure)
{
    /// <summary>What it offers beside its tools, named as in <see cref="UpstreamOperations"/>: the schemas are ours, the rest is what the server shows of its prompts.</summary>
    public IReadOnlyList<ToolContract> Operations { get; init; } = [];

    /// <summary>Everything it offers.</summary>
    public IReadOnlyList<ToolContract> Contracts => [.. Tools, .. Operations];

    public static DiscoveryResult Failed(Problem failure) => new([], null, failure);
}
