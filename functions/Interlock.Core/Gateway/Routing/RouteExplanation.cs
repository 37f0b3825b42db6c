using System.Collections.Immutable;
using Interlock.Core.Gateway.Stages;
using Interlock.Core.Registry;

namespace Interlock.Core.Gateway.Routing;

/// <summary>Where a call of a tool would go now, and of each version that there is why it would be that one or not. Says nothing of what policy allows.</summary>
/// <param name="Taken">The version that answers, or null.</param>
/// <param name="RepinnedFrom">The version that it stands in for.</param>
/// <param name="Refusal">Why none answers.</param>
/// <param name="Candidates">Every version, newest first.</param>
public sealed record RouteExplanation(string? Taken, string? RepinnedFrom, Refusal? Refusal, ImmutableArray<RouteCandidate> Candidates)
{
    public static RouteExplanation Of(GatewayCall call, RegistrySnapshot registry)
    {
        var routed = ResolveStage.Run(call with { Kind = TargetKind.Tool }, registry);
        var (entry, from) = (routed.Value?.Entry, routed.Value?.RepinnedFrom);
        var range = VersionRange.TryParse(call.Version);
        var candidates = registry.OfKind(RegistryKind.Tool).Where(version => version.Name == call.Target)
            .OrderByDescending(version => SemanticVersion.TryParse(version.Version))
            .Select(version => new RouteCandidate(version.Version, version.Lifecycle, version == entry, Why(version, entry, from, range)));
        return new(entry?.Version, from?.Version, routed.Refusal, [.. candidates]);
    }

    private static string Why(RegistryEntry version, RegistryEntry? taken, RegistryEntry? from, VersionRange? range)
    {
        var isInRange = SemanticVersion.TryParse(version.Version) is { } parsed && range?.Matches(parsed) == true;
        if (version == taken) return from is null ? "the newest active version in the range" : $"stands in for {from.Version}: it takes what that took and gives what that gave";
        if (version == from) return $"in the range and deprecated: {taken!.Version} stands in for it"; // what stands in for it was taken
        if (version.Lifecycle != Lifecycle.Active) return $"{version.Lifecycle.ToString().ToLowerInvariant()}{(version.Reason is { } reason ? $": {reason}" : "")}";
        if (isInRange) return "an older one than the version that is taken";
        return from is not null && VersionFit.Breaks(from, version) is { IsEmpty: false } breaks ? $"does not fit {from.Version}: {VersionFit.Describe(breaks)}" : "not in the range";
    }
}

public sealed record RouteCandidate(string Version, Lifecycle Lifecycle, bool IsTaken, string Why);
