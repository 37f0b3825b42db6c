using Interlock.Core.Identity;

namespace Interlock.Core.Approvals;

/// <summary>Who may delegate to whom: another human of the tenant, and never in a circle. It has depth 1 because nobody's received delegations count when they delegate.</summary>
internal static class DelegationRules
{
    /// <param name="directory">Who there is.</param>
    /// <param name="store">What holds for all gates.</param>
    /// <param name="ofGate">What holds for one gate.</param>
    /// <param name="from">Who delegates.</param>
    /// <param name="to">The id of who is to decide.</param>
    /// <param name="now">The time.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    public static async Task<GateResult.Refused?> RefuseAsync(
        IDirectory directory, DelegationStore store, IEnumerable<Delegation> ofGate, Principal from, string to, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (await directory.FindUserAsync(from.Tenant, to, cancellationToken) is not { } other) return new("unknown-user", 400, $"There is no user '{Excerpt.Of(to, 80)}' in this tenant.");
        if (await directory.FindUserAsync(from.Tenant, from.Id, cancellationToken) is not { } me || me.Human == other.Human) return new("same-person", 409, "Name somebody else than yourself.");
        var received = ofGate.Where(one => one.To == from.Subject).Concat(await store.ToAsync(from.Tenant, from.Subject, cancellationToken)).Where(one => one.IsActive(now));
        return received.Any(one => one.From == other.Subject) ? new("delegation-cycle", 409, $"{other.Subject} has asked you to decide in their place; they can't decide in yours.") : null;
    }
}
