using Interlock.Core;
using Interlock.Core.Identity;
using Interlock.Core.Policy;
using Interlock.Core.Registry;
using Interlock.Json;

namespace Interlock.Http.Mcp;

/// <summary>
/// Whether a caller gets to see a tool: unless policy refuses it whatever the arguments are. It is judged with empty arguments; a refusal counts
/// only if no rule with a <c>when</c> could change it. Seeing is no permission: each call is decided on its own.
/// </summary>
internal static class ToolVisibility
{
    public static bool IsVisible(PolicySet policies, ActorChain chain, RegistryEntry tool, DateTimeOffset now)
    {
        var request = new PolicyRequest(chain, TargetKind.Tool, tool.Name, tool.Digest, JsonValue.EmptyObject, now);
        var decision = PolicyEngine.Decide(policies, request);
        if (decision.Effect != PolicyEffect.Deny) return true;
        return decision.RefusalRule switch
        {
            PolicyRules.Error => true,
            PolicyRules.Denied => decision.RuleIds.All(id => policies.Rules.Any(rule => rule.Id == id && rule.When is not null)),
            _ => policies.Rules.Any(rule => rule is { When: not null, Effect: not PolicyEffect.Deny } && rule.Tools.Any(pattern => pattern.Matches(tool.Name)) && Names(rule, chain)),
        };
    }

    private static bool Names(PolicyRule rule, ActorChain chain) => rule.Principals.Any(principal => principal switch
    {
        PolicySubject.Any => true,
        PolicySubject.One one => chain.Subjects.Contains(one.Subject),
        PolicySubject.Group group => !chain.Starter.Groups.IsDefault && chain.Starter.Groups.Contains(group.Id),
        _ => false,
    });
}
