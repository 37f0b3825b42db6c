using System.Security.Cryptography;
using Interlock.Core.Approvals;
using Interlock.Core.Audit;
using Interlock.Core.Identity;
using Interlock.Core.Runs;
using Interlock.Json;

namespace Interlock.Core.Registry.Changes;

/// <summary>
/// Four eyes over the registry. What narrows is done at once; what widens is a proposal until another administrator, another human, approves just what was proposed in a
/// signed-in browser, and is then applied, once, if what it is about is still as it was. Everything is recorded before it counts.
/// </summary>
public sealed class ChangeDesk(RegistryDesk registry, ProposalStore store, AuditLog audit, IDirectory directory, TimeProvider time)
{
    public static readonly TimeSpan Patience = TimeSpan.FromHours(72);

    /// <summary>How long a proposal is kept after its time.</summary>
    private static readonly TimeSpan Kept = TimeSpan.FromDays(90);

    internal const string Role = "admin";
    internal const int MaxReason = 2000;

    private const int MostOpen = 50;
    private const string WidensRule = "widens";

    private readonly ProposalApplication _application = new(registry, store, audit, time);

    /// <summary>Where administrators may do alone what needs two, for a time; null where they never may.</summary>
    public BreakGlassDesk? Glass { get; init; }

    /// <summary>Changes the registry by a request that nobody else need see: where four eyes are off, and for what narrows. What only an administrator may do is judged on the registry that is written.</summary>
    public static Task<RegistryResult> ApplyAsync(RegistryDesk registry, Principal by, RegistryRequest request, CancellationToken cancellationToken = default) =>
        Requests.ApplyAsync(registry.Under(new RegistryGuard(now => Requests.RefuseRole(by, request, now))), by, request, cancellationToken);

    public async Task<ChangeResult> RequestAsync(Principal by, RegistryRequest request, CancellationToken cancellationToken = default)
    {
        var before = await registry.ReadAsync(by.Tenant, cancellationToken);
        if (!request.Widens(before))
        {
            var unseen = registry.Under(new RegistryGuard(now => Requests.RefuseRole(by, request, now) ?? RefuseWider(request, now)));
            var answer = await Requests.ApplyAsync(unseen, by, request, cancellationToken);
            if (answer is not RegistryResult.Refused { Problem.Rule: WidensRule }) return new ChangeResult.Answered(answer);
            before = await registry.ReadAsync(by.Tenant, cancellationToken);
        }
        var trial = registry.Under(new RegistryGuard(now => Requests.RefuseRole(by, request, now)) { IsTrial = true });
        if (await Requests.ApplyAsync(trial, by, request, cancellationToken) is RegistryResult.Refused unfit) return new ChangeResult.Answered(unfit);
        var at = time.GetUtcNow();
        if ((await store.ListAsync(by.Tenant, cancellationToken)).Count(one => one.IsOpen(at) && one.By.Subject == by.Subject) >= MostOpen)
            return new ChangeResult.Refused("too-many-proposals", 429, $"{MostOpen} of your proposals wait for a decision; have those decided first.");
        var proposal = new Proposal(Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)), by, request, CanonicalJson.Digest(RunJson.ToValue(request)), Requests.Basis(before, request), at, at + Patience);
        await RecordAsync(by, proposal, "proposed", null, null);
        await store.AddAsync(by.Tenant, proposal, CancellationToken.None);
        return new ChangeResult.Proposed(proposal);
    }

    /// <summary>Decides one. Whoever decides first has decided; what a crash leaves approved and not applied is taken up by <see cref="RecoverAsync"/>.</summary>
    /// <param name="session">Who decides: another human than who proposed it, with the role admin.</param>
    /// <param name="id">The proposal.</param>
    /// <param name="digest">Of the request as it was shown.</param>
    /// <param name="approves">Whether it is to be applied.</param>
    /// <param name="reason">Why.</param>
    /// <param name="cancellationToken">Stops before anything was decided.</param>
    public async Task<ChangeResult> DecideAsync(InteractiveSession session, string id, string digest, bool approves, string? reason, CancellationToken cancellationToken = default)
    {
        var (person, now) = (session.Person, time.GetUtcNow());
        if (await store.FindAsync(person.Tenant, id, cancellationToken) is not var (proposal, etag)) return new ChangeResult.Refused("unknown-proposal", 404, "There is no such proposal.");
        var (refused, glass) = await JudgeAsync(session, proposal, digest, now, cancellationToken);
        if (glass is not null && !approves) refused = OwnProposal;
        if (refused is not null)
        {
            await RecordAsync(person, proposal, "refused", refused.Rule, refused.Detail);
            return refused;
        }
        var decided = proposal with
        {
            State = approves ? ProposalState.Approved : ProposalState.Rejected,
            DecidedBy = person.Subject,
            DecidedAt = now,
            Reason = reason is null ? null : Excerpt.Of(reason, MaxReason),
        };
        if (approves) decided = ProposalApplication.Claim(decided, now) with { BreakGlass = glass?.Id };
        if (glass is not null && Glass is not null) await Glass.UsedAsync(glass, decided);
        await RecordAsync(person, decided, approves ? "approved" : "rejected", null, decided.Reason);
        if (await store.ReplaceAsync(person.Tenant, decided, etag, CancellationToken.None) is not { } next) return new ChangeResult.Refused("decided", 409, "Somebody else decided it meanwhile.");
        return approves ? new ChangeResult.Answered(await _application.ApplyAsync(decided, next)) : new ChangeResult.Rejected(decided);
    }

    /// <summary>Ends what was approved and, after a crash, is neither applied nor failed: applied once, or failed with the reason.</summary>
    /// <returns>How many it ended.</returns>
    public Task<int> RecoverAsync(TenantId tenant, CancellationToken cancellationToken = default) => _application.RecoverAsync(tenant, cancellationToken);

    /// <summary>Deletes proposals that ended, or that nobody decided, so long ago; the audit keeps what became of them.</summary>
    public async Task ForgetAsync(TenantId tenant, CancellationToken cancellationToken = default)
    {
        var before = time.GetUtcNow() - Kept;
        foreach (var old in (await store.ListAsync(tenant, cancellationToken)).Where(one => one.State != ProposalState.Approved && one.ExpiresAt < before)) await store.DeleteAsync(tenant, old.Id, cancellationToken);
    }

    /// <summary>All of a tenant's proposals, newest first.</summary>
    public async Task<IReadOnlyList<Proposal>> ListAsync(TenantId tenant, CancellationToken cancellationToken = default) =>
        [.. (await store.ListAsync(tenant, cancellationToken)).OrderByDescending(proposal => proposal.At)];

    public async Task<Proposal?> FindAsync(TenantId tenant, string id, CancellationToken cancellationToken = default) => (await store.FindAsync(tenant, id, cancellationToken))?.Proposal;

    /// <summary>What is registered under the name now, for whoever compares.</summary>
    public async Task<IReadOnlyList<RegistryEntry>> CurrentAsync(TenantId tenant, Proposal proposal, CancellationToken cancellationToken = default) =>
        [.. Requests.About(await registry.ReadAsync(tenant, cancellationToken), proposal.Request)];

    /// <summary>Why this person can't decide it now, or null; for the page, nothing is recorded.</summary>
    public async Task<ChangeResult.Refused?> WhyNotAsync(InteractiveSession session, Proposal proposal, CancellationToken cancellationToken = default) =>
        (await JudgeAsync(session, proposal, proposal.Digest, time.GetUtcNow(), cancellationToken)).Refused;

    private static ChangeResult.Refused OwnProposal { get; } = new("same-person", 403, "Whoever proposes a change does not approve it: another administrator does.");

    private static Problem? RefuseWider(RegistryRequest request, RegistrySnapshot now) => request.Widens(now)
        ? new Problem(ProblemTypes.Conflict, 409, "The change widens by now", "What it is about changed meanwhile; it needs a second person.") { Stage = "registry", Rule = WidensRule }
        : null;

    /// <summary>Why it can't be decided, or the break-glass by which alone it can be approved, or neither.</summary>
    private async Task<(ChangeResult.Refused? Refused, BreakGlass? Glass)> JudgeAsync(InteractiveSession session, Proposal proposal, string digest, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var person = session.Person;
        if (session.Refuse(now) is { } no) return (new(no.Rule, no.Status, no.Detail), null);
        if (person.Roles.IsDefault || !person.Roles.Contains(Role)) return (new("role-required", 403, $"This needs the role {Role}."), null);
        if (proposal.State != ProposalState.Open) return (new("decided", 409, "It was decided already."), null);
        if (now >= proposal.ExpiresAt) return (new("proposal-expired", 409, "Nobody decided it in time; propose it again."), null);
        if (digest != proposal.Digest) return (new("shown-digest", 409, "What you looked at is not what was proposed; open the page again."), null);
        var isOwn = await HumanAsync(proposal.By, cancellationToken) == person.Human || proposal.By.Subject == person.Subject;
        var glass = isOwn && Glass is not null ? await Glass.FindAsync(person, cancellationToken) : null;
        if (isOwn && glass is null) return (OwnProposal, null);
        return Requests.Basis(await registry.ReadAsync(person.Tenant, cancellationToken), proposal.Request) == proposal.Basis ? (null, glass) : (new("fence-changed", 409, Requests.ChangedMeanwhile), null);
    }

    /// <summary>The human who proposed it as the directory has them now; an application is nobody.</summary>
    private async ValueTask<string?> HumanAsync(Principal by, CancellationToken cancellationToken) =>
        by.Kind == PrincipalKind.User ? (await directory.FindUserAsync(by.Tenant, by.Id, cancellationToken) ?? by).Human : null;

    private Task RecordAsync(Principal by, Proposal proposal, string decision, string? rule, string? reason) =>
        ProposalRecords.AppendAsync(audit, by.Subject, proposal, decision, rule, reason, time.GetUtcNow());
}
