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
        var applicable = new List<RuleMatch>();
        var failed = new List<(string Id, string Why)>();
        foreach (var match in RuleMatch.Of(policies, request, members))
        {
            if (!match.Rule.AppliesTo(request.Read, out var source)) continue;
            switch (Condition.Evaluate(match.Rule.When, input, request.Now))
            {
                case (true, _): applicable.Add(match with { Read = source }); break;
                case (null, var why): failed.Add((match.Rule.Id, why)); break;
            }
        }

        if (failed.Count > 0)
        {
            var first = failed.MinBy(failure => failure.Id, StringComparer.Ordinal);
            return Refuse(PolicyRules.Error, failed.Select(failure => failure.Id), $"The condition of rule '{first.Id}' {first.Why}; the policy must be corrected.");
        }
        var denies = applicable.Where(match => match.Rule.Effect == PolicyEffect.Deny).ToList();
        if (denies.Count > 0) return Refuse(PolicyRules.Denied, denies.Select(match => match.Rule.Id), Reason(denies, "denies", request.Target));
        if (Unpermitted(members, applicable, request.Target) is (var rule, var detail)) return Refuse(rule, [], detail);
        var guards = applicable.Where(match => match.Rule.Effect == PolicyEffect.RequireApproval).ToList();
        var ids = Sorted(applicable.Select(match => match.Rule.Id));
        if (guards.Count == 0)
            return new(PolicyEffect.Allow, ids, null, Reason(applicable, "allows", request.Target), null, policies.Digest, request.Now);
        var floor = ApprovalFloor.Combine(guards.Select(match => match.Rule.Approval).OfType<ApproverRequirement>());
        return new(PolicyEffect.RequireApproval, ids, null, Reason(guards, "requires approval for", request.Target), floor, policies.Digest, request.Now);

        PolicyDecision Refuse(string rule, IEnumerable<string> ruleIds, string reason) =>
            new(PolicyEffect.Deny, Sorted(ruleIds), rule, reason, null, policies.Digest, request.Now);
    }

    /// <summary>
    /// The refusal that any call of the target meets, whatever its arguments and whatever conditions say; null where some call may pass. For what shows or offers targets:
    /// each call is decided on its own.
    /// </summary>
    public static (string Rule, string Reason)? RefuseAlways(PolicySet policies, PolicyRequest request)
    {
        var members = ChainMember.Of(request);
        var matches = RuleMatch.Of(policies, request, members).ToList();
        var denies = matches.Where(match => match.Rule is { Effect: PolicyEffect.Deny, IsConditional: false }).ToList();
        return denies.Count > 0 ? (PolicyRules.Denied, Reason(denies, "denies", request.Target)) : Unpermitted(members, matches.Where(match => match.Rule.Effect != PolicyEffect.Deny), request.Target);
    }

    /// <summary>Whether the decision may depend on what was read before the call.</summary>
    public static bool AsksWhatWasRead(PolicySet policies, TargetKind kind, string target) => policies.Rules.Any(rule => !rule.AfterReading.IsEmpty && rule.Concerns(kind, target));

    /// <summary>The refusal for the first member of the chain that no rule permits; null where each has one.</summary>
    private static (string Rule, string Reason)? Unpermitted(ChainMember[] members, IEnumerable<RuleMatch> matches, string target)
    {
        var permitted = matches.Select(match => match.By).ToList();
        for (var i = 0; i < members.Length; i++)
        {
            if (permitted.Exists(by => by[i] == Membership.Yes)) continue;
            return (i == 0 ? PolicyRules.DefaultDeny : PolicyRules.ChainNotAuthorized, $"No rule allows {members[i].Subject} to call {target}; ask for a rule that does.");
        }
        return null;
    }

    /// <summary>The words of the first rule, with what was read where that made it apply.</summary>
    private static string Reason(List<RuleMatch> matches, string verb, string target)
    {
        var (rule, read) = matches.OrderBy(match => match.Rule.Id, StringComparer.Ordinal).Select(match => (match.Rule, match.Read)).First();
        if (read is null) return rule.Reason ?? $"Rule '{rule.Id}' {verb} {target}.";
        return $"{rule.Reason ?? $"Rule '{rule.Id}' {verb} {target} after what was read."} (rule '{rule.Id}'; read before: {read})";
    }

    private static string[] Sorted(IEnumerable<string> ids) => [.. ids.Order(StringComparer.Ordinal)];
}
