using Interlock.Core;
using Interlock.Core.Agents;
using Interlock.Core.Execution;
using Interlock.Core.Gateway;
using Interlock.Core.Registry;
using Interlock.Core.Registry.Pools;
using Interlock.Json;
using Interlock.Tests.Gateway;

namespace Interlock.Tests.Agents;

/// <summary>Chat agents in a <see cref="World"/>, and turns of their conversations.</summary>
internal static class AgentWorld
{
    public const string Policy =
        """
        version: 1
        rules:
          - { id: all, tools: ['crm/read', 'crm/lookup', 'crm/apply', 'crm/safe'], agents: ['*'], effect: allow }
          - { id: guarded, tools: ['crm/apply'], agents: ['careful'], effect: requireApproval, approval: { approvers: [ { group: sre } ], quorum: 1 } }
          - { id: never, tools: ['crm/drop'], agents: ['banned'], effect: deny }
          - { id: not-planner, principals: [ { agent: planner } ], tools: ['crm/lookup'], effect: deny }
        """;

    public static readonly Uri Endpoint = new("https://models.contoso.com/v1");

    /// <summary>What a million tokens cost: 2 in, 8 out.</summary>
    public static readonly TokenPrices Prices = new(2_000_000, 8_000_000);

    public static async Task<World> CreateAsync(params RegistryEntry[] besides)
    {
        var world = await World.CreateAsync(Policy);
        await world.WriteAsync([Chat("planner"), .. besides]);
        return world;
    }

    public static RegistryEntry Chat(string name, string version = "1.0.0", Func<AgentSettings, AgentSettings>? with = null)
    {
        var settings = new AgentSettings { Protocol = AgentProtocol.Chat, Model = "small", Prices = Prices };
        settings = with?.Invoke(settings) ?? settings;
        return World.Entry(RegistryKind.Agent, name, version, new AgentBody(Endpoint, $"reg-{name}-{version}", CanonicalJson.Digest(AgentSettingsJson.Write(settings))) { Settings = settings });
    }

    public static RegistryEntry OfTool(string name, string tool) => World.Entry(
        RegistryKind.Agent, name, "1.0.0", new AgentBody(null, $"reg-{name}", "sha256:settings") { Settings = new AgentSettings { Protocol = AgentProtocol.Mcp, Tool = tool } });

    public static GatewayCall Turn(World world, string purpose = "turn", string agent = "planner") =>
        world.Call(agent, StrictJson.Parse("""{"messages":[{"role":"user","content":"go"}]}"""), purpose: purpose) with { Kind = TargetKind.Agent, Step = ConversationStep.Turn };

    public static UpstreamResult Answer(long input, long output, string model = "small-2026") => new UpstreamResult.Completed(
        new ModelAnswer("done", [], "stop", model, new TokenCount(input, output)).ToJson(), IsError: false)
    {
        Use = new ModelUse(model, new TokenCount(input, output)),
    };

    public static AgentDesk Desk(World world, Node? node = null) => new(
        (node ?? world.Node).Gateway, new RegistryStore(world.Memory), new PolicyCache(), new PoolReader(new WorkflowCatalog(world.Blobs)), world.Directory, world.Time);

    public static GatewayCall Opening(World world, string agent = "planner", string purpose = "open", string? version = null, JsonValue? arguments = null) =>
        world.Call(agent, arguments ?? World.Arguments("""{"task":"fix"}"""), purpose: purpose, version: version) with { Kind = TargetKind.Agent };
}
