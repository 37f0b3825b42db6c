using System.Collections.Immutable;
using Interlock.Core.Agents;

namespace Interlock.Core.Registry.Pools;

/// <summary>A pool as a model may be shown it, and what was asked for and is not in it.</summary>
public sealed record ResolvedPool(ImmutableArray<PoolMember> Members, ImmutableArray<PoolExclusion> Excluded);
