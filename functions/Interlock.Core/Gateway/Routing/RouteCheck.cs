using Interlock.Core.Registry;

namespace Interlock.Core.Gateway.Routing;

/// <summary>Whether a route may be published: each target answers now, takes whatever the first one takes, and gives nothing that the first one would not.</summary>
internal static class RouteCheck
{
    /// <summary>What speaks against it, or null.</summary>
    public static string? Refuse(RouteBody route, RegistrySnapshot registry)
    {
        RegistryEntry? first = null;
        foreach (var target in route.Targets)
        {
            var resolution = registry.Resolve(RegistryKind.Tool, target.Tool, target.Version);
            if (resolution is Resolution.Refused refused) return $"{target}: {refused.Detail}";
            var (entry, _) = (Resolution.Found)resolution; // the only other case
            first ??= entry;
            if (VersionFit.Breaks(first, entry) is { IsEmpty: false } breaks) return $"{target} can't stand in for {route.Targets[0]}: {VersionFit.Describe(breaks)}";
        }
        return null;
    }
}
