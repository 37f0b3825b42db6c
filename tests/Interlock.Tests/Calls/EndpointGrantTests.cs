using System.Collections.Immutable;
using Interlock.Core.Audit;
using Interlock.Core.Endpoints;
using Interlock.Core.Gateway;
using Interlock.Core.Registry;
using Interlock.Core.Runs;
using Interlock.Http.Upstreams;
using Interlock.Json;
using Interlock.Tests.Gateway;

namespace Interlock.Tests.Calls;

/// <summary>Calls by where things are, behind gates and through crashes.</summary>
public sealed class EndpointGrantTests
{
    private const string Policy = """
        version: 1
        rules:
          - { id: pets, tools: ['*/*'], effect: allow }
          - { id: guarded, tools: ['pets/DELETE'], effect: requireApproval, approval: { approvers: [ { group: sre } ], quorum: 1 } }
        """;

    private static CancellationToken Token => World.Token;

    [Fact]
    public async Task Call_CoveredWithoutAGrant_IsRefused()
    {
        await using var world = await CreateAsync();
        var refused = Assert.IsType<GatewayResult.Refused>(await world.Node.Gateway.CallAsync(Call(world, "POST") with { RequiresGrant = true }, Token));
        Assert.Equal("grant-required", refused.Refusal.Rule);
        Assert.Empty(world.Upstream.Calls);
        Assert.Single(await world.RecordsAsync(AuditTypes.CallRefused));
    }

    [Fact]
    public async Task Call_Granted_IsMadeAsApprovedAndOnce()
    {
        await using var world = await CreateAsync();
        var gate = await world.ApprovedAsync(world.Request("g", Cover("DELETE")));
        Assert.Equal("pets/DELETE", Assert.Single(gate.Calls).Target.Name);
        world.Upstream.Then(StubUpstream.Done());
        var call = Call(world, "DELETE") with { RequiresGrant = true, Grant = gate.Id };
        Assert.IsType<GatewayResult.Completed>(await world.Node.Gateway.CallAsync(call, Token));
        Assert.IsType<GatewayResult.Completed>(await new Node(world, world.Memory).Gateway.CallAsync(call, Token));
        var sent = Assert.Single(world.Upstream.Calls);
        Assert.Equal((UpstreamKind.Http, "DELETE"), (sent.Endpoint.Kind, sent.Tool));
    }

    [Theory]
    [InlineData("https://pets.example/v2/pet/8", "intent-mismatch")]
    [InlineData("https://pets.example/v2/pet/7?force=true", "intent-mismatch")]
    [InlineData("https://pets.example/v2/inner/7", "target-mismatch")]
    public async Task Call_GrantedElsewhere_IsRefused(string endpoint, string rule)
    {
        await using var world = await CreateAsync();
        await world.WriteAsync([.. Registered("inner", "https://pets.example/v2/inner", "reg-inner")]);
        var gate = await world.ApprovedAsync(world.Request("g", Cover("POST")));
        var refused = Assert.IsType<GatewayResult.Refused>(await world.Node.Gateway.CallAsync(Call(world, "POST", endpoint) with { RequiresGrant = true, Grant = gate.Id }, Token));
        Assert.Equal(rule, refused.Refusal.Rule);
        Assert.Empty(world.Upstream.Calls);
    }

    [Fact]
    public async Task Call_GrantedWithAComputedBody_IsMadeWithWhatCameOfIt()
    {
        await using var world = await CreateAsync();
        var gate = await world.ApprovedAsync(world.Request("g", Cover("POST", computed: ["/body"])));
        world.Upstream.Then(StubUpstream.Done());
        var call = Call(world, "POST", body: JsonValue.Object(("amount", 3))) with { RequiresGrant = true, Grant = gate.Id };
        Assert.IsType<GatewayResult.Completed>(await world.Node.Gateway.CallAsync(call, Token));
        Assert.Equal("""{"body":{"amount":3},"origin":"https://pets.example","path":"/v2/pet/7"}""", System.Text.Encoding.UTF8.GetString(Assert.Single(world.Upstream.Calls).Arguments.Span));
    }

    [Fact]
    public async Task Call_EndpointRegisteredAnew_VoidsTheGrant()
    {
        await using var world = await CreateAsync();
        var gate = await world.ApprovedAsync(world.Request("g", Cover("POST")));
        await world.MoveAsync(RegistryKind.Server, "pets", "1.0.0", Lifecycle.Disabled);
        await world.WriteAsync(Server("pets", "https://pets.example/v2", "reg-2", "2.0.0"));
        var refused = Assert.IsType<GatewayResult.Refused>(await world.Node.Gateway.CallAsync(Call(world, "POST") with { RequiresGrant = true, Grant = gate.Id }, Token));
        Assert.Equal("target-mismatch", refused.Refusal.Rule);
        Assert.Empty(world.Upstream.Calls);
    }

    [Fact]
    public async Task Call_ProcessDiesBetween_IsInDoubtAndNeverRepeated()
    {
        await using var world = await CreateAsync();
        var arrived = new TaskCompletionSource();
        world.Upstream.Then(async (_, _) =>
        {
            arrived.SetResult();
            await Task.Delay(Timeout.Infinite, Token);
            return StubUpstream.Done();
        });
        _ = new Node(world, world.Memory).Gateway.CallAsync(Call(world, "POST"), Token);
        await arrived.Task;
        for (var i = 0; i < 3; i++) Assert.IsType<GatewayResult.InDoubt>(await new Node(world, world.Memory).Gateway.CallAsync(Call(world, "POST"), Token));
        Assert.Single(world.Upstream.Calls);
    }

    [Fact]
    public async Task Call_InDoubtAndSomethingElseIsThereNow_IsNotRepeated()
    {
        await using var world = await CreateAsync();
        world.Upstream.Then(StubUpstream.Lost());
        Assert.IsType<GatewayResult.InDoubt>(await world.Node.Gateway.CallAsync(Call(world, "POST"), Token));
        await world.WriteAsync([.. Registered("inner", "https://pets.example/v2/pet", "reg-inner")]);
        Assert.IsType<GatewayResult.InDoubt>(await new Node(world, world.Memory).Gateway.CallAsync(Call(world, "POST") with { OnInDoubt = Core.Workflows.InDoubtAction.Retry }, Token));
        Assert.Single(world.Upstream.Calls);
    }

    [Fact]
    public async Task Call_TwoRegistrationsAtOneAddress_IsAmbiguous()
    {
        await using var world = await CreateAsync();
        await world.WriteAsync([.. Registered("twin", "https://pets.example/v2/", "reg-twin")]);
        var refused = Assert.IsType<GatewayResult.Refused>(await world.Node.Gateway.CallAsync(Call(world, "GET"), Token));
        Assert.Equal("endpoint-ambiguous", refused.Refusal.Rule);
        Assert.Empty(world.Upstream.Calls);
    }

    private static async Task<World> CreateAsync()
    {
        var world = await World.CreateAsync(Policy);
        await world.WriteAsync([.. Registered("pets", "https://pets.example/v2", "reg-pets")]);
        return world;
    }

    private static RegistryEntry[] Registered(string name, string address, string registration)
    {
        var endpoint = EndpointUri.Read(address).Uri!; // the tests' are URLs
        var tools = HttpContracts.Of(endpoint).Select(tool => World.Entry(RegistryKind.Tool, $"{name}/{tool.Name}", "1.0.0", new ToolBody(tool.Raw, tool.Digest, tool.InputSchema)));
        return [Server(name, address, registration), .. tools];
    }

    private static RegistryEntry Server(string name, string address, string registration, string version = "1.0.0") =>
        World.Entry(RegistryKind.Server, name, version, new ServerBody(new Uri(address), registration) { Settings = new ServerSettings { Protocol = ServerProtocol.Http } });

    private static GatewayCall Call(World world, string method, string endpoint = "https://pets.example/v2/pet/7", JsonValue? body = null) =>
        world.Call($"http:{method}", Arguments(endpoint, body));

    private static CoveredCall Cover(string method, ImmutableArray<string>? computed = null) => World.Cover($"http:{method}", Arguments("https://pets.example/v2/pet/7", null), computed: computed);

    private static JsonValue Arguments(string endpoint, JsonValue? body)
    {
        var written = JsonValue.Object(("endpoint", endpoint));
        return HttpArguments.Shape(body is null ? written : written.With("body", body));
    }
}
