using Interlock.Core.Gateway.Stages;
using Interlock.Core.Registry;

namespace Interlock.Core.Gateway.Routing;

/// <summary>Where a virtual target would lead a call now, with what keeps it from each tool, and of a tool by name nothing of that. Says nothing of what policy allows.</summary>
/// <param name="Lead">Of a virtual target its candidates.</param>
/// <param name="Version">Of the tool that is called, or that it leads to, the versions; null where there is none.</param>
/// <param name="Server">The server of that tool.</param>
/// <param name="Refusal">Why it goes nowhere.</param>
public sealed record LeadExplanation(Lead? Lead, RouteExplanation? Version, RegistryEntry? Server, Refusal? Refusal)
{
    public static LeadExplanation Of(GatewayCall call, RegistrySnapshot registry, Func<RegistryEntry, bool> takesCalls)
    {
        Lead? lead = null;
        if (VirtualTarget.TryParse(call.Target) is { } asked)
        {
            var routed = ResolveStage.Run(call, registry, takesCalls);
            lead = Router.Run(call, asked, registry, takesCalls);
            if (routed.Value is null) return new(lead, null, null, routed.Refusal);
            call = call with { Target = routed.Value.Call.Target, Version = routed.Value.Call.Version };
        }
        var version = RouteExplanation.Of(call, registry);
        var server = call.Target.IndexOf('/') is > 0 and var slash ? registry.Newest(RegistryKind.Server, call.Target[..slash]) : null;
        return new(lead, version, server, version.Refusal);
    }
}
