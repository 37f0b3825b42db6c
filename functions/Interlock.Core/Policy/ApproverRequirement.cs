using System.Collections.Immutable;
using Interlock.Json;

namespace Interlock.Core.Policy;

/// <summary>
/// So many different people out of these must approve; the initiators of the run, or the authors of the workflow, don't count when excluded.
/// </summary>
public sealed record ApproverRequirement(ImmutableArray<Approver> Approvers, int Quorum, bool ExcludeInitiator = true, bool ExcludeAuthor = true)
{
    /// <summary>Of a rule: whoever approved before every argument was known must look again when it is. A gate of a document says nothing here.</summary>
    public bool SecondLook { get; init; }

    public bool Equals(ApproverRequirement? other) =>
        other is not null && Quorum == other.Quorum && SecondLook == other.SecondLook && ExcludeInitiator == other.ExcludeInitiator && ExcludeAuthor == other.ExcludeAuthor
        && Approvers.ToHashSet().SetEquals(other.Approvers);

    public override int GetHashCode() => HashCode.Combine(Quorum, ExcludeInitiator, ExcludeAuthor, Approvers.Length);

    public JsonValue ToJson()
    {
        var json = JsonValue.Object(
            ("approvers", JsonValue.Array(Approvers.Select(approver => approver.ToJson()))),
            ("quorum", Quorum),
            ("excludeInitiator", ExcludeInitiator),
            ("excludeAuthor", ExcludeAuthor));
        return SecondLook ? json.With("secondLook", true) : json;
    }

    /// <summary>What keeps this from being at least as strict as <paramref name="floor"/>, or null when it is.</summary>
    internal string? WeakerThan(ApproverRequirement floor)
    {
        if (Approvers.IsDefaultOrEmpty) return "it names no approvers";
        var outsiders = Approvers.Where(approver => !floor.Approvers.Contains(approver)).Select(approver => approver.ToString());
        if (string.Join(", ", outsiders) is { Length: > 0 } names)
            return $"{names} may not approve this (policy: {string.Join(", ", floor.Approvers.Select(approver => approver.ToString()))})";
        if (Quorum < floor.Quorum) return $"its quorum is {Quorum} and policy asks for {floor.Quorum}";
        if (floor.ExcludeInitiator && !ExcludeInitiator) return "it lets the initiator approve";
        if (floor.ExcludeAuthor && !ExcludeAuthor) return "it lets the author approve";
        return null;
    }
}
