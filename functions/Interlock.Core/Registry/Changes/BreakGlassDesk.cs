using System.Globalization;
using System.Security.Cryptography;
using Interlock.Core.Approvals;
using Interlock.Core.Audit;
using Interlock.Core.Identity;
using Interlock.Core.Telemetry;
using Interlock.Json;

namespace Interlock.Core.Registry.Changes;

/// <summary>
/// Break-glass: an administrator, signed in at a browser, may alone approve their own proposals, with a reason, for an hour or at most eight. It ends by itself; opening, each use and ending are
/// recorded before they count, and counted in a metric that an alert watches.
/// </summary>
public sealed class BreakGlassDesk(BreakGlassStore store, AuditLog audit, TimeProvider time)
{
    public static readonly TimeSpan Standard = TimeSpan.FromHours(1);
    public static readonly TimeSpan Longest = TimeSpan.FromHours(8);

    private const int MinReason = 10;

    /// <summary>How long one that ended is shown.</summary>
    private static readonly TimeSpan Shown = TimeSpan.FromDays(30);

    /// <returns>Why it was not opened, or null.</returns>
    public async Task<ChangeResult.Refused?> OpenAsync(InteractiveSession session, string? reason, TimeSpan length, CancellationToken cancellationToken = default)
    {
        var (person, now) = (session.Person, time.GetUtcNow());
        if (Refuse(session, now) is { } refused)
        {
            await RecordAsync(person, "refused", refused.Rule, refused.Detail, null, now);
            return refused;
        }
        if (reason?.Trim() is not { Length: >= MinReason } why) return new("reason-required", 422, $"Say why, in {MinReason} characters or more: it is kept, and others will ask.");
        if (length <= TimeSpan.Zero || length > Longest) return new("break-glass-length", 422, $"It is open for at most {Longest.TotalHours:0} hours.");
        if (await FindAsync(person, cancellationToken) is not null) return new("break-glass-open", 409, "You have broken the glass already; it ends by itself.");
        var glass = new BreakGlass(Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)), person, Excerpt.Of(why, ChangeDesk.MaxReason), now, now + length);
        await RecordAsync(person, "opened", null, glass.Reason, glass, now);
        await store.AddAsync(glass, CancellationToken.None);
        return null;
    }

    /// <summary>Ends one before its time: any administrator may.</summary>
    public async Task<ChangeResult.Refused?> EndAsync(InteractiveSession session, string id, CancellationToken cancellationToken = default)
    {
        var (person, now) = (session.Person, time.GetUtcNow());
        if (Refuse(session, now) is { } refused) return refused;
        foreach (var (glass, etag) in (await store.SinceAsync(person.Tenant, now - Longest, cancellationToken)).Where(one => one.Glass.Id == id && one.Glass.IsOpen(now)))
        {
            await RecordAsync(person, "ended", null, null, glass, now);
            return await store.ReplaceAsync(glass with { EndedBy = person.Subject, EndedAt = now }, etag, CancellationToken.None) ? null : new("decided", 409, "Somebody else ended it meanwhile.");
        }
        return new("unknown-break-glass", 404, "It is not open.");
    }

    /// <summary>The one that this person has open, or null.</summary>
    public async Task<BreakGlass?> FindAsync(Principal person, CancellationToken cancellationToken = default)
    {
        var now = time.GetUtcNow();
        return (await store.SinceAsync(person.Tenant, now - Longest, cancellationToken)).Select(one => one.Glass).FirstOrDefault(glass => glass.By.Subject == person.Subject && glass.IsOpen(now));
    }

    /// <summary>Records that it was used.</summary>
    internal Task UsedAsync(BreakGlass glass, Proposal proposal) => RecordAsync(glass.By, "used", null, glass.Reason, glass, time.GetUtcNow(), proposal);

    /// <summary>Those of the last thirty days, newest first.</summary>
    public async Task<IReadOnlyList<BreakGlass>> ListAsync(TenantId tenant, CancellationToken cancellationToken = default) =>
        [.. (await store.SinceAsync(tenant, time.GetUtcNow() - Shown, cancellationToken)).Select(one => one.Glass).Reverse()];

    private static ChangeResult.Refused? Refuse(InteractiveSession session, DateTimeOffset now)
    {
        if (session.Refuse(now) is { } no) return new(no.Rule, no.Status, no.Detail);
        return session.Person.Roles.IsDefault || !session.Person.Roles.Contains(ChangeDesk.Role) ? new("role-required", 403, $"This needs the role {ChangeDesk.Role}.") : null;
    }

    private async Task RecordAsync(Principal by, string decision, string? rule, string? reason, BreakGlass? glass, DateTimeOffset now, Proposal? proposal = null)
    {
        var chain = AuditChain.ForPrincipal(by.Tenant, by.Subject, now);
        var details = JsonValue.EmptyObject;
        if (glass is not null) details = details.With("breakGlass", glass.Id).With("until", glass.Until.UtcDateTime.ToString("O", CultureInfo.InvariantCulture));
        if (proposal is not null) details = details.With("proposal", proposal.Id).With("request", proposal.Digest);
        var record = new AuditRecord
        {
            Id = $"break-glass:{glass?.Id ?? by.Subject}:{decision}:{proposal?.Id}:{now.UtcTicks.ToString(CultureInfo.InvariantCulture)}",
            Type = AuditTypes.BreakGlass,
            Time = now,
            Tenant = by.Tenant,
            Chain = chain.Id,
            Actors = [by.Subject],
            Decision = decision,
            Stage = rule is null ? null : "decision",
            Rule = rule,
            Reason = reason,
            Details = details,
        };
        await audit.AppendAsync(chain, [record], [], CancellationToken.None);
        GovernanceMetrics.BreakGlass(decision);
    }
}
