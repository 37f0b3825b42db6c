namespace Interlock.Core.Gateway;

/// <summary>What an upstream offers now; with a <see cref="Failure"/> the tools are empty and say nothing about it.</summary>
public sealed record DiscoveryResult(IReadOnlyList<ToolContract> Tools, string? ServerInstructions, Problem? Failure)
{
    public static DiscoveryResult Failed(Problem failure) => new([], null, failure);
}
