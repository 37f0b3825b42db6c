using System.Collections.Immutable;
using Interlock.Core.Agents;
using Interlock.Core.Identity;

namespace Interlock.Core.Policy;

/// <summary>
/// Which members of a pool a chain may use at all. What policy refuses whatever the arguments are is not offered; the rest is decided call by call, so that a member
/// stays although its calls may be refused or need people. Policy has no rules about workflows: what a workflow calls is bounded by the same chain.
/// </summary>
public static class PoolRights
{
    /// <summary>
    /// The members that the chain may use, and the others with the rule that refuses them. With <paramref name="workflow"/> rules that name it count for the starter, as at its
    /// calls; an author who is to be judged as such is the chain's starter, without it.
    /// </summary>
    public static async Task<(ImmutableArray<PoolMember> Usable, ImmutableArray<PoolExclusion> Excluded)> DivideAsync(
        PolicySet policies, IDirectory directory, ActorChain chain, IEnumerable<PoolMember> members, string? workflow, DateTimeOffset now, CancellationToken cancellationToken = default)
    {
        var (usable, excluded) = (ImmutableArray.CreateBuilder<PoolMember>(), ImmutableArray.CreateBuilder<PoolExclusion>());
        var asked = await new PolicyRequest(chain, TargetKind.Tool, "", "", Json.JsonValue.EmptyObject, now, workflow).WithGroupsAsync(directory, cancellationToken);
        foreach (var member in members)
        {
            if (Refuse(policies, asked, member) is (var rule, var reason)) excluded.Add(new PoolExclusion(member.Target, $"{rule}: {reason}"));
            else usable.Add(member);
        }
        return (usable.ToImmutable(), excluded.ToImmutable());
    }

    private static (string Rule, string Reason)? Refuse(PolicySet policies, PolicyRequest asked, PoolMember member) => member.Kind switch
    {
        PoolKind.Tool => PolicyEngine.RefuseAlways(policies, asked with { Target = member.Target, ContractDigest = member.Digest }),
        PoolKind.Agent => PolicyEngine.RefuseAlways(policies, asked with { Kind = TargetKind.Agent, Target = member.Target, ContractDigest = member.Digest }),
        PoolKind.Workflow => null,
        _ => throw new InvalidOperationException($"Unknown pool member {member.Kind}."),
    };
}
