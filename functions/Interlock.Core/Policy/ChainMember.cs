using System.Collections.Immutable;
using Interlock.Core.Identity;

namespace Interlock.Core.Policy;

internal enum Membership
{
    No,
    Unknown,
    Yes,
}

/// <summary>One member of an actor chain as rules see it: its subject, and its groups where they are known.</summary>
internal sealed record ChainMember(string Subject, ImmutableArray<string>? Groups)
{
    public bool IsStarter { get; init; }

    /// <summary>The members, starter first.</summary>
    public static ChainMember[] Of(PolicyRequest request)
    {
        var chain = request.Chain;
        var starter = new ChainMember(chain.Starter.Subject, chain.Starter.Groups.IsDefault ? [] : chain.Starter.Groups) { IsStarter = true };
        return [starter, .. chain.Subjects.Skip(1).Select(subject => new ChainMember(subject, subject == starter.Subject ? starter.Groups : GroupsOf(subject, request)))];
    }

    /// <summary>
    /// Whether one of the principals is this member. A workflow among them stands for the starter of a call made in it; the workflow's owner
    /// and an agent always need a rule of their own.
    /// </summary>
    public Membership In(ImmutableArray<PolicySubject> principals, string? workflow) => principals.Max(principal => Is(principal, workflow));

    private Membership Is(PolicySubject principal, string? workflow) => principal switch
    {
        PolicySubject.Any => Membership.Yes,
        PolicySubject.AnyAgent => Subject.StartsWith(ActorChain.AgentPrefix, StringComparison.Ordinal) ? Membership.Yes : Membership.No,
        PolicySubject.One one when workflow is not null && IsStarter && one.Subject == "workflow:" + workflow => Membership.Yes,
        PolicySubject.One one => one.Subject == Subject ? Membership.Yes : Membership.No,
        PolicySubject.Group when Groups is null => Membership.Unknown,
        PolicySubject.Group group => Groups.Value.Contains(group.Id) ? Membership.Yes : Membership.No,
        _ => throw new InvalidOperationException($"Unknown principal {principal}."),
    };

    /// <summary>Workflows and agents are in no group.</summary>
    private static ImmutableArray<string>? GroupsOf(string subject, PolicyRequest request)
    {
        var isOwner = subject == request.Chain.WorkflowOwner;
        if ((!isOwner && !request.Chain.Behind.Contains(subject)) || subject.StartsWith("workflow:", StringComparison.Ordinal) || subject.StartsWith(ActorChain.AgentPrefix, StringComparison.Ordinal)) return [];
        if (isOwner) return request.WorkflowOwnerGroups;
        return request.GroupsBehind.TryGetValue(subject, out var groups) ? groups : null;
    }
}
