using System.Collections.Immutable;
using Interlock.Core.Approvals;
using Interlock.Core.Endpoints;
using Interlock.Core.Policy;
using Interlock.Core.Registry;
using Interlock.Json;

namespace Interlock.Core.Gateway;

/// <summary>A call whose target is known: the entry it goes to, by which epoch, and where that is.</summary>
public sealed record RoutedCall(GatewayCall Call, RegistrySnapshot Registry, RegistryEntry Entry, RegistryEntry? RepinnedFrom, BoundTarget Target, CallContract Contract);

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

    public static CallContract Of(TenantId tenant, string wireName, ToolBody tool, ServerBody server) => new(UpstreamEndpoint.Of(tenant, server), wireName, tool.InputSchema)
    {
        OutputSchema = tool.OutputSchema,
        IsTask = tool.Contract["execution"]?["taskSupport"]?.StringOrNull() == "required",
        Server = server.Settings,
        Tool = tool.Settings,
    };

    /// <summary>Of an agent; who calls it by the DSL's own call gives the parts of the message, others its one data part.</summary>
    public static CallContract Of(GatewayCall call, string name, AgentBody agent) =>
        new(new UpstreamEndpoint(UpstreamKind.A2a, agent.RegistrationId, agent.Address) { Dialect = AgentDialect.Of(agent.Card, agent.Address) }, call.IsWhole ? EndpointTarget.A2a.Method : name, call.IsWhole ? Parts : agent.InputSchema)
        {
            Tool = new ToolSettings { Idempotent = agent.Idempotent },
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
    public GatewayCall Call => Frozen.Call;

    public RoutedCall Routed => Frozen.Routed;
}
