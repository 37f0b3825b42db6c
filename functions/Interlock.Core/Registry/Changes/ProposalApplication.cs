using Interlock.Core.Audit;

namespace Interlock.Core.Registry.Changes;

/// <summary>
/// Applies what was approved: under a claim that lapses, so that a crash holds nothing up, and once, for the registry's write takes the proposal's row with it. What it is about must be
/// as it was when it was proposed, in the very registry that is written.
/// </summary>
internal sealed class ProposalApplication(RegistryDesk registry, ProposalStore store, AuditLog audit, TimeProvider time)
{
    /// <summary>Longer than a server takes to show itself.</summary>
    public static readonly TimeSpan ClaimTime = TimeSpan.FromMinutes(3);

    /// <summary>How often a proposal's application is begun before it has failed.</summary>
    public const int MostTries = 5;

    private const int MostRaces = 10;

    public static Proposal Claim(Proposal proposal, DateTimeOffset now) => proposal with { Tries = proposal.Tries + 1, ClaimedUntil = now + ClaimTime };

    /// <summary>Applies a proposal whose claim the caller has just written.</summary>
    public async Task<RegistryResult> ApplyAsync(Proposal claimed, string etag)
    {
        var tenant = claimed.By.Tenant;
        var result = await TryAsync(claimed);
        if (result is RegistryResult.Refused && !await registry.GiveUpAsync(tenant, claimed.Id)) result = await DoneAsync(claimed);
        var ended = result is RegistryResult.Refused { Problem: var problem }
            ? claimed with { State = ProposalState.Failed, ClaimedUntil = null, Reason = Excerpt.Of($"{problem.Title}: {problem.Detail}", ChangeDesk.MaxReason) }
            : claimed with { State = ProposalState.Applied, ClaimedUntil = null };
        var written = await store.ReplaceAsync(tenant, ended, etag, CancellationToken.None);
        if (written is not null && ended.State == ProposalState.Failed)
            await ProposalRecords.AppendAsync(audit, claimed.DecidedBy ?? claimed.By.Subject, ended, "failed", null, ended.Reason, time.GetUtcNow());
        return result;
    }

    /// <summary>Takes up every proposal whose claim has lapsed.</summary>
    public async Task<int> RecoverAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        var ended = 0;
        foreach (var left in (await store.ListAsync(tenant, cancellationToken)).Where(IsLeft))
        {
            if (await store.FindAsync(tenant, left.Id, cancellationToken) is not var (proposal, etag) || !IsLeft(proposal)) continue;
            var claimed = Claim(proposal, time.GetUtcNow());
            if (await store.ReplaceAsync(tenant, claimed, etag, cancellationToken) is not { } next) continue;
            await ApplyAsync(claimed, next);
            ended++;
        }
        return ended;
    }

    private bool IsLeft(Proposal proposal) => proposal.State == ProposalState.Approved && !(time.GetUtcNow() < proposal.ClaimedUntil);

    private async Task<RegistryResult> TryAsync(Proposal claimed)
    {
        var guarded = registry.Under(new RegistryGuard(now => Refuse(claimed, now)) { Proposal = claimed.Id });
        for (var race = 1; ; race++)
        {
            if (await registry.AppliedAsync(claimed.By.Tenant, claimed.Id) is true) return await DoneAsync(claimed);
            if (claimed.Tries > MostTries) return RegistryResult.Refuse(409, "The change could not be applied", $"It was tried {MostTries} times and broke off each time; propose it again.");
            var result = await Requests.ApplyAsync(guarded, claimed.By, claimed.Request, CancellationToken.None);
            if (result is not RegistryResult.Refused { Problem.Rule: RegistryWriter.Outdated } || race == MostRaces) return result;
        }
    }

    /// <summary>The answer when it was applied by somebody who did not come to say so.</summary>
    private async Task<RegistryResult> DoneAsync(Proposal claimed) => new RegistryResult.Changed((await registry.ReadAsync(claimed.By.Tenant)).Epoch, []);

    private static Problem? Refuse(Proposal claimed, RegistrySnapshot now) =>
        Requests.RefuseRole(claimed.By, claimed.Request, now)
        ?? (Requests.Basis(now, claimed.Request) == claimed.Basis ? null : new Problem(ProblemTypes.Conflict, 409, "The registry is another one", Requests.ChangedMeanwhile) { Stage = "registry", Rule = "fence-changed" });
}
