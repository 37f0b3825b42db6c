using System.Collections.Immutable;

namespace Interlock.Core.Policy;

/// <summary>Who may publish which events: one of <see cref="Principals"/>, of a type and from a source that each match one of the patterns.</summary>
public sealed record PublisherRule(string Id, ImmutableArray<PolicySubject> Principals, ImmutableArray<TargetPattern> Types, ImmutableArray<TargetPattern> Sources)
{
    internal bool Allows(ChainMember publisher, string type, string source) =>
        Types.Any(pattern => pattern.Matches(type)) && Sources.Any(pattern => pattern.Matches(source)) && publisher.In(Principals, null) == Membership.Yes;
}
