using System.Collections.Immutable;
using Interlock.Json.Jq;

namespace Interlock.Core.Policy;

/// <summary>
/// One rule: applies where a principal, the target and <see cref="When"/> match. It concerns tools, agents or both, whichever it lists;
/// <see cref="Approval"/> is present exactly with <see cref="PolicyEffect.RequireApproval"/>.
/// </summary>
public sealed record PolicyRule(
    string Id,
    PolicyEffect Effect,
    ImmutableArray<PolicySubject> Principals,
    ImmutableArray<TargetPattern> Tools,
    ImmutableArray<TargetPattern> Agents,
    JqProgram? When,
    string? Reason,
    ApproverRequirement? Approval,
    int Line)
{
    /// <summary>Of a deny or a requireApproval: it applies only once one of these was read; empty where that does not matter.</summary>
    public ImmutableArray<TargetPattern> AfterReading { get; init; } = [];

    /// <summary>Whether it applies to some calls of its targets only.</summary>
    internal bool IsConditional => When is not null || !AfterReading.IsEmpty;

    /// <summary>Whether what was read lets it apply, and what of it; rules that don't ask apply whatever was read.</summary>
    internal bool AppliesTo(ReadSources? read, out string? source)
    {
        source = AfterReading.IsEmpty ? null : read?.First(AfterReading);
        return AfterReading.IsEmpty || source is not null;
    }

    internal bool Concerns(TargetKind kind, string target) =>
        (kind == TargetKind.Tool ? Tools : Agents).Any(pattern => pattern.Matches(target));
}
