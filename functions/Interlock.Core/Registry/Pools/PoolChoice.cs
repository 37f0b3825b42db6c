using System.Collections.Immutable;
using Interlock.Core.Agents;

namespace Interlock.Core.Registry.Pools;

/// <summary>Something asked for that answers now.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Target"><c>server/tool</c>, an agent's name, or <c>namespace/name</c> of a workflow.</param>
/// <param name="Asked">What asked for it: its name, a pattern, a capability or a tag.</param>
/// <param name="Entry">The version that answers.</param>
public sealed record PoolChoice(PoolKind Kind, string Target, string Asked, RegistryEntry Entry)
{
    /// <summary>Of an agent that is a tool: that tool, whose arguments it takes.</summary>
    public RegistryEntry? Tool { get; init; }
}

/// <summary>What a request for a pool comes to, before anybody asks who may use it; in the order it was asked for, patterns by name.</summary>
public sealed record PoolChoices(ImmutableArray<PoolChoice> Chosen, ImmutableArray<PoolExclusion> Excluded)
{
    /// <summary>How many more answered than a pool holds.</summary>
    public int Over { get; init; }
}
