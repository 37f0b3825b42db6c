using Interlock.Json;

namespace Interlock.Core.Policy;

/// <summary>
/// A decision and what it rests on. <see cref="RefusalRule"/> is one of <see cref="PolicyRules"/> exactly when <see cref="Effect"/> is deny;
/// <see cref="Floor"/> is present exactly when it is requireApproval; <see cref="RuleIds"/> are sorted.
/// </summary>
public sealed record PolicyDecision(
    PolicyEffect Effect,
    IReadOnlyList<string> RuleIds,
    string? RefusalRule,
    string Reason,
    ApprovalFloor? Floor,
    string PolicyDigest,
    DateTimeOffset Now)
{
    /// <summary>What holds where both decide on one call: either's refusal, else what either asks for.</summary>
    public PolicyDecision And(PolicyDecision other)
    {
        if (Effect == PolicyEffect.Deny) return this;
        if (other.Effect == PolicyEffect.Deny) return other;
        var floor = Floor is { } one && other.Floor is { } two ? ApprovalFloor.Combine([.. one.Requirements, .. two.Requirements]) : Floor ?? other.Floor;
        return (Floor is null && other.Floor is not null ? other : this) with { RuleIds = [.. RuleIds.Concat(other.RuleIds).Distinct().Order(StringComparer.Ordinal)], Floor = floor };
    }

    public JsonValue ToJson()
    {
        var json = JsonValue.Object(
            ("effect", Effect switch { PolicyEffect.Allow => "allow", PolicyEffect.Deny => "deny", _ => "requireApproval" }),
            ("ruleIds", JsonValue.Array(RuleIds.Select(JsonValue.From))),
            ("reason", Reason),
            ("policyDigest", PolicyDigest),
            ("now", Now.ToString("O")));
        if (RefusalRule is not null) json = json.With("rule", RefusalRule);
        return Floor is null ? json : json.With("floor", Floor.ToJson());
    }
}

/// <summary>The rules by which policy refuses.</summary>
public static class PolicyRules
{
    /// <summary>A deny rule matched.</summary>
    public const string Denied = "policy-denied";

    /// <summary>No rule allows it.</summary>
    public const string DefaultDeny = "policy-default-deny";

    /// <summary>The starter may, another member of the chain may not.</summary>
    public const string ChainNotAuthorized = "chain-not-authorized";

    /// <summary>A rule's <c>when</c> failed or gave no boolean.</summary>
    public const string Error = "policy-error";
}
