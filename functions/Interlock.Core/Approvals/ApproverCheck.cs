using System.Collections.Immutable;
using Interlock.Core.Identity;
using Interlock.Core.Policy;

namespace Interlock.Core.Approvals;

/// <summary>Who may decide a gate, by the directory's groups as they are now.</summary>
internal static class ApproverCheck
{
    /// <summary>Why this person may not vote, or null; and what makes the person an approver.</summary>
    public static GateResult.Refused? Refuse(Gate gate, Principal person, IReadOnlyList<string> groups, out string by)
    {
        by = "";
        if (person.Kind != PrincipalKind.User)
            return new("interactive-session-required", 403, "Only people decide; applications and agents do not.");
        if (gate.Request.ExcludeInitiator && gate.Initiators.Contains(person.Subject))
            return new("initiator-set", 403, "You started this run, so someone else must decide.");
        if (gate.Request.ExcludeAuthor && gate.Author == person.Subject)
            return new("initiator-set", 403, "You published this workflow, so someone else must decide.");
        if (gate.Votes.Any(vote => vote.By == person.Subject))
            return new("same-person", 409, "You have decided on this gate already.");
        if (Named(gate.Request.Approvers, person, groups) is not { } own)
            return new("not-an-approver", 403, $"This gate asks {string.Join(", ", gate.Request.Approvers)}; you are none of them.");
        by = own;
        return null;
    }

    /// <summary>Whether the approvals suffice, counting only people who still are approvers.</summary>
    public static async Task<bool> QuorumMetAsync(Gate gate, IDirectory directory, CancellationToken cancellationToken)
    {
        var standing = 0;
        foreach (var vote in gate.Votes.Where(vote => vote.Approves))
        {
            var id = vote.By["user:".Length..];
            if (await directory.FindUserAsync(gate.Tenant, id, cancellationToken) is not { } person) continue;
            if (Named(gate.Request.Approvers, person, await directory.GroupsOfAsync(gate.Tenant, id, cancellationToken)) is not null) standing++;
        }
        return standing >= gate.Request.Quorum;
    }

    private static string? Named(ImmutableArray<Approver> approvers, Principal person, IReadOnlyList<string> groups) => approvers
        .FirstOrDefault(approver => approver.Kind == ApproverKind.User ? approver.Id == person.Id : groups.Contains(approver.Id))?.ToString();
}
