using System.Collections.Immutable;
using Interlock.Json;

namespace Interlock.Core.Policy;

/// <summary>
/// The least gate that policy accepts for a call. Each requirement must be met by itself: approvers of one never stand in for another's.
/// </summary>
public sealed record ApprovalFloor(IReadOnlyList<ApproverRequirement> Requirements)
{
    /// <summary>The rule under which a weaker gate is refused.</summary>
    public const string Rule = "gate-below-policy";

    private const int MaxEscalations = 16;

    /// <summary>Whether people must look again once values are known that were not when they approved.</summary>
    public bool SecondLook => Requirements.Any(requirement => requirement.SecondLook);

    /// <summary>The floor itself as a gate's terms: where a gate takes its approvers from policy alone.</summary>
    public GateTerms ToTerms() => new([.. Requirements]);

    /// <summary>
    /// Whether a gate with these terms can only close approved when every requirement of the floor is met, its escalations included.
    /// Approvers are compared as written: a person is not taken for a member of a group, because membership changes.
    /// </summary>
    public FloorCheck IsMetBy(GateTerms terms)
    {
        var step = terms;
        for (var depth = 0; step is not null; step = step.Escalation, depth++)
        {
            if (depth > MaxEscalations) return new($"A gate escalates at most {MaxEscalations} times.");
            if (Weakness(step) is { } weakness) return new((depth == 0 ? "The gate is below policy: " : $"Escalation {depth} is below policy: ") + weakness + ".");
        }
        return FloorCheck.Met;
    }

    public bool Equals(ApprovalFloor? other) => other is not null && Requirements.ToHashSet().SetEquals(other.Requirements);

    public override int GetHashCode() => Requirements.Count;

    public JsonValue ToJson() => JsonValue.Array(Requirements.Select(requirement => requirement.ToJson()));

    /// <summary>
    /// The strictest of several: requirements over the same approvers become one with the highest quorum and every exclusion; exclusions of
    /// any hold for all. The order of the result does not depend on the order given.
    /// </summary>
    internal static ApprovalFloor Combine(IEnumerable<ApproverRequirement> requirements)
    {
        var all = requirements.ToList();
        var (initiator, author, secondLook) = (all.Exists(one => one.ExcludeInitiator), all.Exists(one => one.ExcludeAuthor), all.Exists(one => one.SecondLook));
        var combined = all
            .Select(one => one with { Approvers = [.. one.Approvers.Distinct().OrderBy(approver => approver.ToString(), StringComparer.Ordinal)] })
            .GroupBy(one => CanonicalJson.Digest(JsonValue.Array(one.Approvers.Select(approver => approver.ToJson()))))
            .OrderBy(group => group.Key, StringComparer.Ordinal)
            .Select(group => new ApproverRequirement(group.First().Approvers, group.Max(one => one.Quorum), initiator, author) { SecondLook = secondLook });
        return new(combined.ToImmutableArray());
    }

    private string? Weakness(GateTerms terms)
    {
        if (terms.Requirements.IsDefaultOrEmpty) return "it names no approvers";
        foreach (var floor in Requirements)
        {
            // All of a gate's requirements must be met, so one that is strict enough suffices.
            var weaknesses = terms.Requirements.Select(requirement => requirement.WeakerThan(floor)).ToList();
            if (!weaknesses.Contains(null)) return weaknesses[0];
        }
        return null;
    }
}

/// <summary>Whether a gate is strict enough; when not, why (rule <see cref="ApprovalFloor.Rule"/>).</summary>
public sealed record FloorCheck(string? Reason)
{
    public static FloorCheck Met { get; } = new((string?)null);

    public bool IsMet => Reason is null;
}
