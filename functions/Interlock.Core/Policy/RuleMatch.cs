namespace Interlock.Core.Policy;

/// <summary>A rule that concerns a call's target and names somebody of its chain; for each member, whether it names this one.</summary>
internal sealed record RuleMatch(PolicyRule Rule, Membership[] By)
{
    /// <summary>What was read, on which the rule then depends.</summary>
    public string? Read { get; init; }

    /// <summary>Those whose principals and target match, whatever their conditions.</summary>
    public static IEnumerable<RuleMatch> Of(PolicySet policies, PolicyRequest request, ChainMember[] members)
    {
        foreach (var rule in policies.Rules)
        {
            if (!rule.Concerns(request.Kind, request.Target)) continue;
            var by = Array.ConvertAll(members, member => member.In(rule.Principals, request.Workflow));
            if (by.Any(match => Counts(rule.Effect, match))) yield return new(rule, by);
        }
    }

    /// <summary>Where membership is unknown the stricter reading holds: a deny or a gate applies, a permission does not.</summary>
    private static bool Counts(PolicyEffect effect, Membership match) => match == Membership.Yes || (match == Membership.Unknown && effect != PolicyEffect.Allow);
}
