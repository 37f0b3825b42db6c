using System.Security.Cryptography;
using Interlock.Core.Approvals;
using Interlock.Core.Audit;
using Interlock.Core.Identity;
using Interlock.Core.Runs;
using Interlock.Json;

namespace Interlock.Core.Registry.Changes;

/// <summary>
/// Four eyes over the registry. What narrows is done at once; what widens is a proposal until another administrator, another human, approves just what was proposed in a
/// signed-in browser, and is then applied if what it is about is still as it was. Everything is recorded before it counts.
/// </summary>
public sealed class ChangeDesk(RegistryDesk registry, ProposalStore store, AuditLog audit, IDirectory directory, TimeProvider time)
{
    public static readonly TimeSpan Patience = TimeSpan.FromHours(72);

    private const string Role = "admin";
    private const int MostOpen = 50;
    private const int MaxReason = 2000;

    /// <summary>Changes the registry by a request that nobody else need see: where four eyes are off, and for what narrows.</summary>
    public static Task<RegistryResult> ApplyAsync(RegistryDesk registry, Principal by, RegistryRequest request, CancellationToken cancellationToken = default) => request switch
    {
        RegistryRequest.RegisterServer server => registry.RegisterServerAsync(by, server.Name, server.Address, server.Settings, cancellationToken),
        RegistryRequest.RegisterAgent agent => registry.RegisterAgentAsync(by, agent.Name, agent.Version, agent.Address, cancellationToken),
        RegistryRequest.Move move => registry.SetLifecycleAsync(by, move.Kind, move.Name, move.Version, move.Lifecycle, move.Successor, move.Reason, cancellationToken),
        RegistryRequest.ApproveContract approve => registry.ApproveContractAsync(by, approve.Name, approve.Version, approve.Contract, approve.Reason, cancellationToken),
        RegistryRequest.PublishPolicy policy => registry.PublishPolicyAsync(by, policy.Text, cancellationToken),
        RegistryRequest.PublishRoute route => registry.PublishRouteAsync(by, route.Name, route.Text, cancellationToken),
        _ => throw new InvalidOperationException($"Unexpected {request.GetType().Name}."),
    };

    public async Task<ChangeResult> RequestAsync(Principal by, RegistryRequest request, CancellationToken cancellationToken = default)
    {
        var before = await registry.ReadAsync(by.Tenant, cancellationToken);
        if (!request.Widens(before)) return new ChangeResult.Answered(await ApplyAsync(registry, by, request, cancellationToken));
        var now = time.GetUtcNow();
        if ((await store.ListAsync(by.Tenant, cancellationToken)).Count(one => one.IsOpen(now) && one.By.Subject == by.Subject) >= MostOpen)
            return new ChangeResult.Refused("too-many-proposals", 429, $"{MostOpen} of your proposals wait for a decision; have those decided first.");
        var proposal = new Proposal(Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)), by, request, CanonicalJson.Digest(RunJson.ToValue(request)), Basis(before, request), now, now + Patience);
        await RecordAsync(by, proposal, "proposed", null, null);
        await store.AddAsync(by.Tenant, proposal, CancellationToken.None);
        return new ChangeResult.Proposed(proposal);
    }

    /// <summary>Decides one. Approving it again after a crash applies what was approved and not yet applied.</summary>
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
        if (await RefuseAsync(session, proposal, digest, now, cancellationToken) is { } refused)
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
        await RecordAsync(person, decided, approves ? "approved" : "rejected", null, decided.Reason);
        if (await store.ReplaceAsync(person.Tenant, decided, etag, CancellationToken.None) is not { } next) return new ChangeResult.Refused("decided", 409, "Somebody else decided it meanwhile.");
        if (!approves) return new ChangeResult.Rejected(decided);
        var result = await ApplyAsync(registry, proposal.By, proposal.Request, CancellationToken.None);
        var ended = result is RegistryResult.Refused { Problem: var problem }
            ? decided with { State = ProposalState.Failed, Reason = Excerpt.Of($"{problem.Title}: {problem.Detail}", MaxReason) }
            : decided with { State = ProposalState.Applied };
        await store.ReplaceAsync(person.Tenant, ended, next, CancellationToken.None);
        return new ChangeResult.Answered(result);
    }

    /// <summary>All of a tenant's proposals, newest first.</summary>
    public async Task<IReadOnlyList<Proposal>> ListAsync(TenantId tenant, CancellationToken cancellationToken = default) =>
        [.. (await store.ListAsync(tenant, cancellationToken)).OrderByDescending(proposal => proposal.At)];

    public async Task<Proposal?> FindAsync(TenantId tenant, string id, CancellationToken cancellationToken = default) => (await store.FindAsync(tenant, id, cancellationToken))?.Proposal;

    /// <summary>What is registered under the name now, for whoever compares.</summary>
    public async Task<IReadOnlyList<RegistryEntry>> CurrentAsync(TenantId tenant, Proposal proposal, CancellationToken cancellationToken = default) =>
        [.. About(await registry.ReadAsync(tenant, cancellationToken), proposal.Request)];

    private async Task<ChangeResult.Refused?> RefuseAsync(InteractiveSession session, Proposal proposal, string digest, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var person = session.Person;
        if (session.Refuse(now) is { } no) return new(no.Rule, no.Status, no.Detail);
        if (person.Roles.IsDefault || !person.Roles.Contains(Role)) return new("role-required", 403, $"This needs the role {Role}.");
        if (proposal.State is not (ProposalState.Open or ProposalState.Approved)) return new("decided", 409, "It was decided already.");
        if (now >= proposal.ExpiresAt) return new("proposal-expired", 409, "Nobody decided it in time; propose it again.");
        if (digest != proposal.Digest) return new("shown-digest", 409, "What you looked at is not what was proposed; open the page again.");
        if (await HumanAsync(proposal.By, cancellationToken) == person.Human || proposal.By.Subject == person.Subject) return new("same-person", 403, "Whoever proposes a change does not approve it.");
        if (Basis(await registry.ReadAsync(person.Tenant, cancellationToken), proposal.Request) != proposal.Basis) return new("fence-changed", 409, "What the change is about is registered otherwise by now; propose it again.");
        return null;
    }

    /// <summary>The human who proposed it as the directory has them now; an application is nobody.</summary>
    private async ValueTask<string?> HumanAsync(Principal by, CancellationToken cancellationToken) =>
        by.Kind == PrincipalKind.User ? (await directory.FindUserAsync(by.Tenant, by.Id, cancellationToken) ?? by).Human : null;

    private static IEnumerable<RegistryEntry> About(RegistrySnapshot registry, RegistryRequest request)
    {
        var (kind, name) = request.Subject;
        return registry.All.Where(entry => (entry.Kind == kind && entry.Name == name) || (kind == RegistryKind.Server && entry.Kind == RegistryKind.Tool && entry.Name.StartsWith(name + "/", StringComparison.Ordinal)));
    }

    private static string Basis(RegistrySnapshot registry, RegistryRequest request) => CanonicalJson.Digest(JsonValue.Array(About(registry, request)
        .OrderBy(entry => entry.Kind).ThenBy(entry => entry.Name, StringComparer.Ordinal).ThenBy(entry => entry.Version, StringComparer.Ordinal)
        .Select(entry => JsonValue.Array(entry.Name, entry.Version, entry.Lifecycle.ToString(), entry.Digest, entry.Successor ?? "", entry.Shown?.Digest ?? ""))));

    private async Task RecordAsync(Principal by, Proposal proposal, string decision, string? rule, string? reason)
    {
        var now = time.GetUtcNow();
        var chain = AuditChain.ForPrincipal(by.Tenant, by.Subject, now);
        var (kind, name) = proposal.Request.Subject;
        var record = new AuditRecord
        {
            Id = $"proposal:{proposal.Id}:{decision}:{now.UtcTicks.ToString(System.Globalization.CultureInfo.InvariantCulture)}",
            Type = AuditTypes.RegistryProposal,
            Time = now,
            Tenant = by.Tenant,
            Chain = chain.Id,
            Actors = [proposal.By.Subject, .. by.Subject == proposal.By.Subject ? Array.Empty<string>() : [by.Subject]],
            Target = Excerpt.Of($"{kind.ToString().ToLowerInvariant()}:{name}", 400),
            Decision = decision,
            Stage = rule is null ? null : "decision",
            Rule = rule,
            Reason = reason,
            Details = JsonValue.Object(("proposal", proposal.Id), ("request", proposal.Digest), ("basis", proposal.Basis)),
        };
        await audit.AppendAsync(chain, [record], [], CancellationToken.None);
    }
}
