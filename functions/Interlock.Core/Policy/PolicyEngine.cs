using System.Globalization;
using Interlock.Json;
using Interlock.Json.Jq;

namespace Interlock.Core.Policy;

/// <summary>
/// Decides a call, purely: same policies and request, same decision, whatever the order of the rules. Any applicable deny wins, then any
/// requireApproval, then allow; every member of the actor chain must be permitted by some rule; nothing matching is a refusal, and
/// so is a <c>when</c> that fails on any rule whose principals and target match.
/// </summary>
public static class PolicyEngine
{
    private static readonly JqLimits WhenLimits = new() { Steps = 100_000, Depth = 128, OutputBytes = 1024 * 1024 };

    public static PolicyDecision Decide(PolicySet policies, PolicyRequest request)
    {
        var members = ChainMember.Of(request);
        var input = new Lazy<JsonValue>(() => WhenInput(request));
        var applicable = new List<(PolicyRule Rule, Membership[] By)>();
        var failed = new List<(string Id, string Why)>();
        foreach (var rule in policies.Rules)
        {
            if (!rule.Concerns(request.Kind, request.Target)) continue;
            var by = Array.ConvertAll(members, member => member.In(rule.Principals, request.Workflow));
            if (!by.Any(match => Counts(rule.Effect, match))) continue;
            switch (Evaluate(rule, input, request.Now))
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

    private static (bool? Holds, string Why) Evaluate(PolicyRule rule, Lazy<JsonValue> input, DateTimeOffset now)
    {
        if (rule.When is null) return (true, "");
        try
        {
            var scope = JqScope.Empty with { Now = now, Limits = WhenLimits };
            return rule.When.Evaluate(input.Value, scope).Take(2).ToList() switch
            {
                [{ IsBoolean: true } holds] => (holds.AsBoolean(), ""),
                [var other] => (null, $"gave {Named(other)} where a boolean belongs"),
                [] => (null, "gave nothing where a boolean belongs"),
                _ => (null, "gave several results where one boolean belongs"),
            };
        }
        catch (JqException)
        {
            return (null, "failed on this call"); // its message may quote arguments
        }
        catch (JqLimitException e)
        {
            return (null, $"went over its limit of {e.Limit}");
        }
    }

    private static string Named(JsonValue value) => value.Kind switch
    {
        JsonKind.Null => "null",
        JsonKind.Number => "a number",
        JsonKind.String => "a string",
        JsonKind.Array => "an array",
        _ => "an object",
    };

    private static JsonValue WhenInput(PolicyRequest request)
    {
        var starter = request.Chain.Starter;
        return JsonValue.Object(
            ("target", request.Target),
            ("kind", request.Kind == TargetKind.Tool ? "tool" : "agent"),
            ("arguments", request.Arguments),
            ("starter", JsonValue.Object(
                ("id", starter.Id),
                ("groups", JsonValue.Array((starter.Groups.IsDefault ? [] : starter.Groups).Select(JsonValue.From))),
                ("roles", JsonValue.Array((starter.Roles.IsDefault ? [] : starter.Roles).Select(JsonValue.From))))),
            ("workflow", request.Workflow ?? JsonValue.Null),
            ("task", request.Task?.Value ?? JsonValue.Null),
            ("now", request.Now.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture)));
    }

    private static string[] Sorted(IEnumerable<string> ids) => [.. ids.Order(StringComparer.Ordinal)];
}
