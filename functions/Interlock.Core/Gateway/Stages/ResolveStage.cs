using Interlock.Core.Approvals;
using Interlock.Core.Gateway.Routing;
using Interlock.Core.Registry;

namespace Interlock.Core.Gateway.Stages;

/// <summary>Resolve and route: from a name and a version range to the entry that answers now, at its endpoint. Lifecycle overrides pins.</summary>
internal static class ResolveStage
{
    public const string Name = "resolve";

    /// <param name="call">The call. What comes out names the tool it was led to, and by what (<see cref="GatewayCall.Via"/>).</param>
    /// <param name="registry">The registry as it is.</param>
    /// <param name="takesCalls">Whether an address of a server takes calls now, where a route may choose by that.</param>
    public static StageResult<RoutedCall> Run(GatewayCall call, RegistrySnapshot registry, Func<RegistryEntry, bool>? takesCalls = null)
    {
        if (call.Kind == TargetKind.Agent) return Agent(call, registry);
        if (VirtualTarget.TryParse(call.Via ?? call.Target) is not { } asked) return Tool(call, registry);
        if (call is { Via: null, Version: not null }) return new Refusal(Name, "version", 400, $"'{asked}' has no versions; its route says which ones of each tool.");
        var lead = Router.Run(call, asked, registry, takesCalls);
        return lead.Taken is { Target: var taken } ? Tool(call with { Via = asked.ToString(), Target = taken.Tool, Version = taken.Version }, registry) : lead.Refusal!; // one of the two
    }

    private static StageResult<RoutedCall> Tool(GatewayCall call, RegistrySnapshot registry)
    {
        if (call.Target.IndexOf('/') is not (> 0 and var slash) || slash == call.Target.Length - 1)
            return new Refusal(Name, "unknown-tool", 404, $"'{Excerpt.Of(call.Target, 80)}' is no tool name; tools are named server/tool.");
        var resolution = registry.Resolve(RegistryKind.Tool, call.Target, call.Version);
        if (resolution is Resolution.Refused refused) return Refuse(refused, "unknown-tool");
        var (entry, repinned) = (Resolution.Found)resolution; // the only other case
        var serverName = call.Target[..slash];
        if (registry.Resolve(RegistryKind.Server, serverName, null) is not Resolution.Found { Entry: var server })
            return new Refusal(Name, "server-unavailable", 403, $"The server '{serverName}' of this tool is not active.");
        var (tool, address) = (entry.As<ToolBody>(), server.As<ServerBody>());
        var target = new BoundTarget(entry.Name, entry.Version, tool.ContractDigest, address.RegistrationId, address.Address);
        return new RoutedCall(call, registry, entry, repinned, target, CallContract.Of(call.Tenant, call.Target[(slash + 1)..], tool, address) with { Avoid = server.PassedOver ?? [] });
    }

    private static StageResult<RoutedCall> Agent(GatewayCall call, RegistrySnapshot registry)
    {
        var resolution = registry.Resolve(RegistryKind.Agent, call.Target, call.Version);
        if (resolution is Resolution.Refused refused) return Refuse(refused, "unknown-agent");
        var (entry, repinned) = (Resolution.Found)resolution; // the only other case
        var agent = entry.As<AgentBody>();
        var target = new BoundTarget(entry.Name, entry.Version, agent.CardDigest, agent.RegistrationId, agent.Address);
        return new RoutedCall(call, registry, entry, repinned, target, CallContract.Of(entry.Name, agent));
    }

    private static Refusal Refuse(Resolution.Refused refused, string unknown) =>
        new(Name, refused.Rule == "unknown" ? unknown : refused.Rule, refused.Status, refused.Detail);
}
