using Interlock.Json;

namespace Interlock.Core.Policy;

/// <summary>
/// Decides a call, purely: same policies and request, same decision, whatever the order of the rules. Any applicable deny wins, then any
/// requireApproval, then allow; every member of the actor chain must be permitted by some rule; nothing matching is a refusal, and
/// so is a <c>when</c> that fails on any rule whose principals and target match.
/// </summary>
public static class PolicyEngine
{
    public static PolicyDecision Decide(PolicySet policies, PolicyRequest request)
    {
        var members = ChainMember.Of(request);
        var input = new Lazy<JsonValue>(() => Condition.Input(request));
        var applicable = new List<(PolicyRule Rule, Membership[] By)>();
        var failed = new List<(string Id, string Why)>();
        foreach (var rule in policies.Rules)
        {
            if (!rule.Concerns(request.Kind, request.Target)) continue;
            var by = Array.ConvertAll(members, member => member.In(rule.Principals, request.Workflow));
            if (!by.Any(match => Counts(rule.Effect, match))) continue;
            switch (Condition.Evaluate(rule.When, input, request.Now))
            {
                case (true, _): applicable.Add((rule, by)); break;
                case (null, var why): failed.Add((rule.Id, why)); break;
            }
        }

        if (failed.Count > 0)
        {
            var first = failed.MinBy(failure => failure.Id, StringComparer.Ordinal);
            return Refuse(PolicyRules.Error, failed.Select(failure => failure.Id), $"The condition of rule '{first.Id}' {first.Why}; the policy must be corrected.");
        }
        var denies = applicable.Where(match => match.Rule.Effect == PolicyEffect.Deny).Select(match => match.Rule).ToList();
        if (denies.Count > 0) return Refuse(PolicyRules.Denied, denies.Select(rule => rule.Id), Reason(denies, "denies"));
        for (var i = 0; i < members.Length; i++)
        {
            if (applicable.Exists(match => match.By[i] == Membership.Yes)) continue;
            var detail = $"No rule allows {members[i].Subject} to call {request.Target}; ask for a rule that does.";
            return Refuse(i == 0 ? PolicyRules.DefaultDeny : PolicyRules.ChainNotAuthorized, [], detail);
        }
        var guards = applicable.Where(match => match.Rule.Effect == PolicyEffect.RequireApproval).Select(match => match.Rule).ToList();
        var ids = Sorted(applicable.Select(match => match.Rule.Id));
        if (guards.Count == 0)
            return new(PolicyEffect.Allow, ids, null, Reason([.. applicable.Select(match => match.Rule)], "allows"), null, policies.Digest, request.Now);
        var floor = ApprovalFloor.Combine(guards.Select(rule => rule.Approval).OfType<ApproverRequirement>());
        return new(PolicyEffect.RequireApproval, ids, null, Reason(guards, "requires approval for"), floor, policies.Digest, request.Now);

        PolicyDecision Refuse(string rule, IEnumerable<string> ruleIds, string reason) =>
            new(PolicyEffect.Deny, Sorted(ruleIds), rule, reason, null, policies.Digest, request.Now);

        string Reason(List<PolicyRule> rules, string verb)
        {
            var first = rules.OrderBy(rule => rule.Id, StringComparer.Ordinal).First();
            return first.Reason ?? $"Rule '{first.Id}' {verb} {request.Target}.";
        }
    }

    /// <summary>Where membership is unknown the stricter reading holds: a deny or a gate applies, a permission does not.</summary>
    private static bool Counts(PolicyEffect effect, Membership match) =>
        match == Membership.Yes || (match == Membership.Unknown && effect != PolicyEffect.Allow);

    private static string[] Sorted(IEnumerable<string> ids) => [.. ids.Order(StringComparer.Ordinal)];
}
