using System.Globalization;
using System.Security.Cryptography;
using Interlock.Core.Approvals;
using Interlock.Core.Audit;
using Interlock.Core.Identity;
using Interlock.Json;

namespace Interlock.Core.Gateway;

/// <summary>
/// A person's delegations of all that is asked of them, for a time: who is named decides in their place wherever policy lets that person decide too. Each is
/// recorded in its giver's chain of the day before it counts.
/// </summary>
public sealed class DelegationDesk(DelegationStore store, IDirectory directory, AuditLog audit, TimeProvider time)
{
    public static readonly TimeSpan Longest = TimeSpan.FromDays(90);

    private const int MostActive = 20;
    private const int MaxReason = 2000;

    /// <summary>Gives a delegation from now until then, at most 90 days; the refusal says why not.</summary>
    public async Task<(Delegation? Given, GateResult.Refused? Refusal)> GiveAsync(
        InteractiveSession session, string to, DateTimeOffset until, string? reason, CancellationToken cancellationToken = default)
    {
        var (person, now) = (session.Person, time.GetUtcNow());
        if (session.Refuse(now) is { } no) return (null, no);
        if (until <= now || until > now + Longest) return (null, new("delegation-time", 400, "A delegation ends in the future, within 90 days."));
        if ((await store.FromAsync(person.Tenant, person.Subject, cancellationToken)).Count(one => one.IsActive(now)) >= MostActive)
            return (null, new("too-many-delegations", 409, $"You have {MostActive} delegations; take one back first."));
        if (await DelegationRules.RefuseAsync(directory, store, [], person, to, now, cancellationToken) is { } refused) return (null, refused);
        var delegation = new Delegation(Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)), person.Subject, "user:" + to, now, until, reason is null ? null : Excerpt.Of(reason, MaxReason));
        await RecordAsync(person, delegation, "given", now);
        await store.AddAsync(person.Tenant, delegation, CancellationToken.None);
        return (delegation, null);
    }

    /// <summary>Takes back one of the person's own; it no longer counts when this returns.</summary>
    public async Task<GateResult.Refused?> RevokeAsync(InteractiveSession session, string id, CancellationToken cancellationToken = default)
    {
        var (person, now) = (session.Person, time.GetUtcNow());
        if (session.Refuse(now) is { } no) return no;
        if ((await store.FromAsync(person.Tenant, person.Subject, cancellationToken)).FirstOrDefault(one => one.Id == id) is not { } delegation)
            return new("unknown-delegation", 404, "You have given no such delegation.");
        await store.RemoveAsync(person.Tenant, delegation, CancellationToken.None);
        await RecordAsync(person, delegation, "revoked", now);
        return null;
    }

    /// <summary>What the person has given, and what was given to them; only what has not ended.</summary>
    public async Task<(IReadOnlyList<Delegation> Given, IReadOnlyList<Delegation> Received)> ListAsync(Principal person, CancellationToken cancellationToken = default)
    {
        var now = time.GetUtcNow();
        var given = await store.FromAsync(person.Tenant, person.Subject, cancellationToken);
        var received = await store.ToAsync(person.Tenant, person.Subject, cancellationToken);
        return ([.. given.Where(one => one.IsActive(now)).OrderBy(one => one.Until)], [.. received.Where(one => one.IsActive(now)).OrderBy(one => one.Until)]);
    }

    private async Task RecordAsync(Principal person, Delegation delegation, string what, DateTimeOffset now)
    {
        var chain = AuditChain.ForPrincipal(person.Tenant, person.Subject, now);
        var record = new AuditRecord
        {
            Id = $"delegation:{delegation.Id}:{what}",
            Type = AuditTypes.Delegation,
            Time = now,
            Tenant = person.Tenant,
            Chain = chain.Id,
            Actors = [person.Subject],
            Decision = what,
            Reason = delegation.Reason,
            Details = JsonValue.Object(("to", delegation.To), ("until", delegation.Until.UtcDateTime.ToString("O", CultureInfo.InvariantCulture))),
        };
        await audit.AppendAsync(chain, [record], [], CancellationToken.None);
    }
}
