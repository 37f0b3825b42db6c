using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using Interlock.Json.Jq;

namespace Interlock.Core.Gateway.Routing;

/// <summary>A route with its conditions compiled, once per body.</summary>
internal sealed record RoutePlan(RouteBody Body, ImmutableArray<RoutePlan.Rule> Prefer, ImmutableArray<RoutePlan.Rule> Avoid)
{
    private static readonly ConditionalWeakTable<RouteBody, RoutePlan> Plans = [];

    public static RoutePlan Of(RouteBody body) => Plans.GetValue(body, static one => new(one, [.. one.Prefer.Select(Compile)], [.. one.Avoid.Select(Compile)]));

    /// <exception cref="JqSyntaxException">A condition is no jq; what is registered was checked.</exception>
    private static Rule Compile(RouteRule rule) =>
        new(rule.When is null ? null : JqProgram.Parse(rule.When), [.. rule.Tools.Select(pattern => TargetPattern.Parse(TargetKind.Tool, pattern)!)]); // checked when it was read

    internal sealed record Rule(JqProgram? When, ImmutableArray<TargetPattern> Tools)
    {
        public bool Concerns(string tool) => Tools.Any(pattern => pattern.Matches(tool));
    }
}
