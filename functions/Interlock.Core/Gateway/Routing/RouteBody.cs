using System.Collections.Immutable;

namespace Interlock.Core.Gateway.Routing;

/// <summary>A route: tools of which each call goes to one. The first one's contract is what its callers rely on.</summary>
public sealed record RouteBody(ImmutableArray<RouteTarget> Targets)
{
    public Stickiness Sticky { get; init; }

    /// <summary>The first that holds, and of whose tools one can be called, leaves only those.</summary>
    public ImmutableArray<RouteRule> Prefer { get; init; } = [];

    /// <summary>Each that holds takes its tools out.</summary>
    public ImmutableArray<RouteRule> Avoid { get; init; } = [];
}

/// <summary>One tool of a route, at the versions of a range (<see cref="Registry.VersionRange"/>). Of calls it gets its weight's share, 0 to 1000; 0 gets none.</summary>
public sealed record RouteTarget(string Tool, string? Version = null, int Weight = RouteTarget.StandardWeight)
{
    public const int StandardWeight = 100;

    public override string ToString() => Version is null ? Tool : $"{Tool} {Version}";
}

/// <summary>Concerns the tools that match a pattern, when its condition over the call holds or it has none.</summary>
public sealed record RouteRule(string? When, ImmutableArray<string> Tools);

/// <summary>What goes the same way.</summary>
public enum Stickiness
{
    /// <summary>All calls of a run; outside runs all of a caller.</summary>
    Run,

    /// <summary>All calls that one caller starts.</summary>
    Caller,

    /// <summary>Each call by itself, and its repeats.</summary>
    None,
}
