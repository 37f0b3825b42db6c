using Interlock.Core.Approvals;
using Interlock.Core.Gateway;
using Interlock.Core.Identity;
using Interlock.Core.Policy;
using Interlock.Core.Runs;

namespace Interlock.Http.Hosting;

/// <summary>Who of a tenant may read what: any role of people's reads all; without one, one's own runs and the gates one has a part in.</summary>
internal static class Visibility
{
    public static bool HasRole(Principal person, params ReadOnlySpan<string> roles)
    {
        if (person.Roles.IsDefaultOrEmpty) return false;
        foreach (var role in roles)
            if (person.Roles.Contains(role)) return true;
        return false;
    }

    /// <summary>Whether there is a role of those that people have; to deliver events, or what an application's registration names besides, is none.</summary>
    public static bool HasAnyRole(Principal person) => !person.Roles.IsDefault && person.Roles.Any(Roles.OfPeople.Contains);

    public static bool MayRead(Principal person, RunState run) =>
        run.Tenant == person.Tenant && (HasAnyRole(person) || run.Origin.Starter.Subject == person.Subject);

    public static bool MayRead(Principal person, Gate gate) =>
        gate.Tenant == person.Tenant && (HasAnyRole(person) || gate.Initiators.Contains(person.Subject) || gate.Votes.Any(vote => vote.By == person.Subject) || IsAsked(person, gate));

    /// <summary>The same, and whoever may decide it in another's place.</summary>
    public static async Task<bool> MayReadAsync(ApprovalDesk desk, Principal person, Gate gate, CancellationToken cancellationToken) =>
        MayRead(person, gate) || (gate.Tenant == person.Tenant && gate.Outcome is null && await desk.SeatAsync(person, gate, cancellationToken) is Seat.Given);

    private static bool IsAsked(Principal person, Gate gate) => person.Kind == PrincipalKind.User && gate.Request.Requirements
        .SelectMany(requirement => requirement.Approvers).Any(approver => approver.Kind == ApproverKind.User ? approver.Id == person.Id : !person.Groups.IsDefault && person.Groups.Contains(approver.Id));
}
