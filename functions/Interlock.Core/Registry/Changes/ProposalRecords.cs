using System.Globalization;
using Interlock.Core.Audit;
using Interlock.Json;

namespace Interlock.Core.Registry.Changes;

/// <summary>The audit records of what is proposed and decided.</summary>
internal static class ProposalRecords
{
    public static async Task AppendAsync(AuditLog audit, string by, Proposal proposal, string decision, string? rule, string? reason, DateTimeOffset now)
    {
        var chain = AuditChain.ForPrincipal(proposal.By.Tenant, by, now);
        var (kind, name) = proposal.Request.Subject;
        var record = new AuditRecord
        {
            Id = $"proposal:{proposal.Id}:{decision}:{now.UtcTicks.ToString(CultureInfo.InvariantCulture)}",
            Type = AuditTypes.RegistryProposal,
            Time = now,
            Tenant = chain.Tenant,
            Chain = chain.Id,
            Actors = [proposal.By.Subject, .. by == proposal.By.Subject ? Array.Empty<string>() : [by]],
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
