using System.Collections.Immutable;

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
    /// <summary>The members, starter first.</summary>
    public static ChainMember[] Of(PolicyRequest request)
    {
        var chain = request.Chain;
        var starter = new ChainMember(chain.Starter.Subject, chain.Starter.Groups.IsDefault ? [] : chain.Starter.Groups);
        return [.. chain.Subjects.Select((subject, i) => i == 0 || subject == starter.Subject ? starter : new ChainMember(subject, GroupsOf(subject, request)))];
    }

    /// <summary>Whether one of the principals is this member. A workflow among them stands for every member of a call made in it.</summary>
    public Membership In(ImmutableArray<PolicySubject> principals, string? workflow) => principals.Max(principal => Is(principal, workflow));

    private Membership Is(PolicySubject principal, string? workflow) => principal switch
    {
        PolicySubject.Any => Membership.Yes,
        PolicySubject.One one when workflow is not null && one.Subject == "workflow:" + workflow => Membership.Yes,
        PolicySubject.One one => one.Subject == Subject ? Membership.Yes : Membership.No,
        PolicySubject.Group when Groups is null => Membership.Unknown,
        PolicySubject.Group group => Groups.Value.Contains(group.Id) ? Membership.Yes : Membership.No,
        _ => throw new InvalidOperationException($"Unknown principal {principal}."),
    };

    /// <summary>Workflows and agents are in no group.</summary>
    private static ImmutableArray<string>? GroupsOf(string subject, PolicyRequest request)
    {
        if (subject != request.Chain.WorkflowOwner) return [];
        var isWorkflow = subject.StartsWith("workflow:", StringComparison.Ordinal);
        return isWorkflow ? [] : request.WorkflowOwnerGroups;
    }
}
