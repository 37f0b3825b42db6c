using System.Collections.Immutable;
using Interlock.Core.Registry;

namespace Interlock.Core.Gateway.Routing;

/// <summary>Where a virtual target leads a call: to <see cref="Taken"/>, or nowhere, with the refusal. Each candidate says what keeps calls from it.</summary>
public sealed record Lead(ImmutableArray<LeadCandidate> Candidates, LeadCandidate? Taken, Refusal? Refusal);

/// <summary>One tool that a call could be led to.</summary>
/// <param name="Target">The tool, its versions and its weight.</param>
/// <param name="Entry">The version that would answer, or null.</param>
/// <param name="LeftOut">Why not it; null when it is a candidate indeed.</param>
public sealed record LeadCandidate(RouteTarget Target, RegistryEntry? Entry, string? LeftOut)
{
    /// <summary>Whether it is left out for what addresses do at the moment.</summary>
    internal bool IsAway { get; init; }
}
