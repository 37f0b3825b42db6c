using System.Collections.Immutable;
using Interlock.Core.Agents;
using Interlock.Core.Approvals;
using Interlock.Core.Endpoints;
using Interlock.Core.Policy;
using Interlock.Core.Registry;
using Interlock.Json;

namespace Interlock.Core.Gateway;

/// <summary>A call whose target is known: the entry it goes to, by which epoch, and where that is.</summary>
public sealed record RoutedCall(GatewayCall Call, RegistrySnapshot Registry, RegistryEntry Entry, RegistryEntry? RepinnedFrom, BoundTarget Target, CallContract Contract)
{
    /// <summary>Of an agent that is a tool: that tool, whose policy, limits and contract hold besides.</summary>
    public RegistryEntry? Tool { get; init; }

    /// <summary>The entry whose contract it is.</summary>
    public RegistryEntry Contracted => Tool ?? Entry;
}

/// <summary>What the gateway needs of a contract: schemas, wire name, endpoint, and the operator's word on server and tool.</summary>
public sealed record CallContract(UpstreamEndpoint Endpoint, string WireName, JsonValue? InputSchema)
{
    public JsonValue? OutputSchema { get; init; }

    public ServerSettings Server { get; init; } = ServerSettings.None;

    public ToolSettings Tool { get; init; } = ToolSettings.None;

    /// <summary>Whether it is called as a task and in no other way, as tools of 2025-11-25 may say of themselves.</summary>
    public bool IsTask { get; init; }

    /// <summary>Replicas that show another contract: never called.</summary>
    public ImmutableArray<Uri> Avoid { get; init; } = [];

    /// <summary>Of a chat agent, what its tokens cost.</summary>
    public TokenPrices? Prices { get; init; }

    public static CallContract Of(TenantId tenant, string wireName, ToolBody tool, ServerBody server) => new(UpstreamEndpoint.Of(tenant, server), wireName, tool.InputSchema)
    {
        OutputSchema = tool.OutputSchema,
        IsTask = tool.Contract["execution"]?["taskSupport"]?.StringOrNull() == "required",
        Server = server.Settings,
        Tool = tool.Settings,
    };

    /// <summary>Of an agent; who calls it by the DSL's own call gives the parts of the message, others its one data part.</summary>
    public static CallContract Of(GatewayCall call, string name, AgentBody agent) => agent.Settings.Protocol == AgentProtocol.Chat
        ? OfChat(call, agent)
        : new(UpstreamEndpoint.Of(call.Tenant, agent), call.IsWhole ? EndpointTarget.A2a.Method : name, call.IsWhole ? Parts : agent.InputSchema)
        {
            Tool = new ToolSettings { Idempotent = agent.Idempotent },
        };

    /// <summary>Of a chat agent: its wire name is its model. A turn changes nothing, so it may always be repeated, and its answer stays in place: what a model says is read from it.</summary>
    private static CallContract OfChat(GatewayCall call, AgentBody agent) =>
        new(UpstreamEndpoint.Of(call.Tenant, agent), agent.Settings.Model ?? throw new InvalidOperationException("A chat agent is registered with a model."), call.Step == ConversationStep.Turn ? ChatTurn.Schema : agent.InputSchema)
        {
            Tool = new ToolSettings { Idempotent = true, MaxResultBytes = ChatTurn.MaxBytes },
            Prices = agent.Settings.Prices,
        };

    private static JsonValue Parts { get; } = StrictJson.Parse("""
        { "type": "object", "required": ["parts"], "additionalProperties": false, "properties": {
          "parts": { "type": "array", "minItems": 1, "maxItems": 100, "items": { "type": "object", "required": ["kind"], "properties": { "kind": { "enum": ["text", "data", "file"] } } } } } }
        """);
}

/// <summary>A call whose arguments are valid and frozen: these bytes are shown, digested and sent.</summary>
public sealed record FrozenCall(RoutedCall Routed, JsonValue Arguments, ReadOnlyMemory<byte> Bytes, string Digest)
{
    public GatewayCall Call => Routed.Call;
}

/// <summary>A call that policy, and the grant where one is needed, let through.</summary>
public sealed record AuthorizedCall(FrozenCall Frozen, PolicyDecision Decision, Gate? Gate)
{
    /// <summary>Of a turn that needs an approval: the gate that granted its conversation.</summary>
    public GateId? Under { get; init; }

    public GatewayCall Call => Frozen.Call;

    public RoutedCall Routed => Frozen.Routed;
}
