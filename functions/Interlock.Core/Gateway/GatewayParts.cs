using System.Security.Cryptography;
using Interlock.Core.Approvals;
using Interlock.Core.Audit;
using Interlock.Core.Gateway.Callbacks;
using Interlock.Core.Gateway.Fences;
using Interlock.Core.Gateway.Limits;
using Interlock.Core.Identity;
using Interlock.Core.Registry;
using Interlock.Core.Storage;

namespace Interlock.Core.Gateway;

/// <summary>What a gateway is built from. The audit may have a store of its own; the upstream is the only door out.</summary>
public sealed record GatewayParts(
    ITableStore Store, ITableStore AuditStore, IBlobStore Blobs, RegistryStore Registries, PolicyCache Policies, GateStore Gates,
    AuditLog Audit, IDirectory Directory, IFrameFence Fence, IUpstream Upstream, FenceTracker Fences, TimeProvider Time)
{
    /// <summary>Set where several processes share the store.</summary>
    public EffectLease? Lease { get; init; }

    /// <summary>What agents elsewhere are given with their calls; null where they can't call back.</summary>
    public RunTokens? Tokens { get; init; }

    /// <summary>What happened to runs; null where there are none.</summary>
    public IRunLog? RunLog { get; init; }

    /// <summary>The rates at which calls are admitted, kept in <see cref="Store"/>; none where nothing is said.</summary>
    public GatewayLimits Limits { get; init; } = GatewayLimits.None;

    /// <summary>Names artifacts and marks what was redacted; without one of the host's, what an earlier process named isn't recognised.</summary>
    public Mac Mac { get; init; } = new(RandomNumberGenerator.GetBytes(32));

    /// <summary>Spreads tries that would come at once: 0 to 1, independent each time.</summary>
    public Func<double> Jitter { get; init; } = Random.Shared.NextDouble;
}
