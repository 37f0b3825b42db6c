using Interlock.Core.Approvals;
using Interlock.Core.Endpoints;
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
        if (call.Site?.Under is { Version: { } version } under && registry.Find(RegistryKind.Agent, under.Agent, version) is not { Lifecycle: Lifecycle.Active or Lifecycle.Deprecated })
            return new Refusal(Name, "agent-disabled", 403, $"The agent '{under.Agent}' that asks is not active any more.");
        if (EndpointTarget.TryParse(call.Via ?? call.Target) is { } endpoint) return Endpoint(call, endpoint, registry);
        if (call.Kind == TargetKind.Agent) return Agent(call, registry);
        if (VirtualTarget.TryParse(call.Via ?? call.Target) is not { } asked) return Tool(call, registry);
        if (call is { Via: null, Version: not null }) return new Refusal(Name, "version", 400, $"'{asked}' has no versions; its route says which ones of each tool.");
        var lead = Router.Run(call, asked, registry, takesCalls);
        return lead.Taken is { Target: var taken } ? Tool(call with { Via = asked.ToString(), Target = taken.Tool, Version = taken.Version }, registry) : lead.Refusal!; // one of the two
    }

    /// <summary>To what is registered where the call says. A repeat goes to what it went to, or nowhere.</summary>
    private static StageResult<RoutedCall> Endpoint(GatewayCall call, EndpointTarget asked, RegistrySnapshot registry)
    {
        var found = EndpointRouter.Run(asked, call.Arguments, registry);
        if (found.Refusal is { } refusal) return refusal;
        if (call.Via is not null && call.Target != found.Value)
            return new Refusal(Name, "no-route", 409, $"The endpoint led this call to {call.Target}, and something else is registered there now.");
        var led = call with { Via = asked.ToString(), Target = found.Value!, Version = null }; // no refusal, so there is a name
        return asked is EndpointTarget.A2a ? Agent(led, registry) : Tool(led, registry);
    }

    private static StageResult<RoutedCall> Tool(GatewayCall call, RegistrySnapshot registry)
    {
        if (call.Target.IndexOf('/') is not (> 0 and var slash) || slash == call.Target.Length - 1)
            return new Refusal(Name, "unknown-tool", 404, $"'{Excerpt.Of(call.Target, 80)}' is no tool name; tools are named server/tool.");
        var resolution = registry.Resolve(RegistryKind.Tool, call.Target, call.Version);
        if (resolution is Resolution.Refused refused) return Refuse(refused, "unknown-tool");
        var (entry, repinned) = (Resolution.Found)resolution; // the only other case
        var serverName = call.Target[..slash];
        if (serverName == BuiltinServer.Name && call.Site is null) return new Refusal(Name, "run-only", 403, $"'{call.Target}' is for runs: only a task of one, or an agent that works for it, may call it.");
        if (registry.Resolve(RegistryKind.Server, serverName, null) is not Resolution.Found { Entry: var server })
            return new Refusal(Name, "server-unavailable", 403, $"The server '{serverName}' of this tool is not active.");
        var (tool, address) = (entry.As<ToolBody>(), server.As<ServerBody>());
        if (EndpointRouter.Refuse(address, call.Arguments, registry) is { } elsewhere) return elsewhere;
        var target = new BoundTarget(entry.Name, entry.Version, tool.ContractDigest, address.RegistrationId, address.Address);
        return new RoutedCall(call, registry, entry, repinned, target, CallContract.Of(call.Tenant, call.Target[(slash + 1)..], tool, address) with { Avoid = server.PassedOver ?? [] });
    }

    private static StageResult<RoutedCall> Agent(GatewayCall call, RegistrySnapshot registry)
    {
        var resolution = registry.Resolve(RegistryKind.Agent, call.Target, call.Version);
        if (resolution is Resolution.Refused refused) return Refuse(refused, "unknown-agent");
        var (entry, repinned) = (Resolution.Found)resolution; // the only other case
        var agent = entry.As<AgentBody>();
        if (Misused(call, entry, agent) is { } misused) return misused;
        if (agent.Settings is { Protocol: AgentProtocol.Mcp, Tool: { } tool }) return AsTool(call, entry, repinned, tool, registry);
        var endpoint = UpstreamEndpoint.Of(call.Tenant, agent);
        var target = new BoundTarget(entry.Name, entry.Version, agent.CardDigest, agent.RegistrationId, endpoint.Address);
        return new RoutedCall(call, registry, entry, repinned, target, CallContract.Of(call, entry.Name, agent));
    }

    /// <summary>A chat agent answers turns of a conversation that was opened, and nothing else has turns.</summary>
    private static Refusal? Misused(GatewayCall call, RegistryEntry entry, AgentBody agent) => (call.Step, agent.Settings.Protocol == AgentProtocol.Chat) switch
    {
        (ConversationStep.None, true) => new Refusal(Name, "chat-agent", 409, $"'{entry.Name}' {entry.Version} is a chat agent: a run opens a conversation with it, and nothing is sent to it in another way."),
        (ConversationStep.Turn, false) => new Refusal(Name, "no-chat-agent", 409, $"'{entry.Name}' {entry.Version} is no chat agent, and the conversation was begun with one."),
        _ => null,
    };

    /// <summary>An agent that is a tool: the call is the agent's, by the tool's contract.</summary>
    private static StageResult<RoutedCall> AsTool(GatewayCall call, RegistryEntry entry, RegistryEntry? repinned, string tool, RegistrySnapshot registry)
    {
        var led = Tool(call with { Kind = TargetKind.Tool, Target = tool, Version = null }, registry);
        return led.Value is { } known
            ? known with { Call = call with { Tool = tool }, Entry = entry, RepinnedFrom = repinned, Tool = known.Entry, Target = known.Target with { Name = entry.Name, Version = entry.Version } }
            : led.Refusal! with { Detail = $"The agent '{entry.Name}' is the tool '{tool}'. {led.Refusal!.Detail}" }; // one of the two
    }

    private static Refusal Refuse(Resolution.Refused refused, string unknown) =>
        new(Name, refused.Rule == "unknown" ? unknown : refused.Rule, refused.Status, refused.Detail);
}
