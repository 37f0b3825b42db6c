using System.Text;
using Interlock.Core;
using Interlock.Core.Audit;
using Interlock.Core.Blackboards;
using Interlock.Core.Gateway;
using Interlock.Core.Registry;
using Interlock.Core.Runs;
using Interlock.Core.Storage;
using Interlock.Http.Mcp;
using Interlock.Json;
using Interlock.Tests.Events;
using Interlock.Tests.Registry;

namespace Interlock.Tests.Gateway;

/// <summary>The blackboard of a run: through the gateway as any tool is, for its own run, bounded, and written once whatever crashes.</summary>
public sealed class BlackboardTests
{
    private const string Policy = """
        version: 1
        rules:
          - { id: board, tools: ['interlock/*'], effect: allow }
        """;

    [Fact]
    public async Task Put_ThenGet_GivesTheValueWithItsVersion_AndAConflictTellsTheCurrentOne()
    {
        await using var world = await World.CreateAsync(Policy);
        Assert.Equal("""{"version":1,"written":true}""", await CallAsync(world, "put", """{"key":"a/b","value":{"n":1},"expected":0}"""));
        Assert.Equal("""{"found":true,"value":{"n":1},"version":1}""", await CallAsync(world, "get", """{"key":"a/b"}"""));
        Assert.Equal("""{"value":{"n":1},"version":1,"written":false}""", await CallAsync(world, "put", """{"key":"a/b","value":2,"expected":0}"""));
        Assert.Equal("""{"version":2,"written":true}""", await CallAsync(world, "put", """{"key":"a/b","value":null,"expected":1}"""));
        Assert.Equal("""{"version":1,"written":true}""", await CallAsync(world, "put", """{"key":"c","value":"x"}"""));
        Assert.Equal("""{"keys":[{"bytes":4,"key":"a/b","version":2}]}""", await CallAsync(world, "list", """{"prefix":"a"}"""));
        Assert.Equal("""{"found":false,"value":null,"version":0}""", await CallAsync(world, "get", """{"key":"none"}"""));
        Assert.Empty(world.Upstream.Calls);
        Assert.Equal(7, (await world.RecordsAsync(AuditTypes.CallOutcome)).Count);
    }

    [Fact]
    public async Task Tools_AreRefused_WithoutARule_AndWithoutARun()
    {
        await using (var world = await World.CreateAsync())
        {
            var refused = Assert.IsType<GatewayResult.Refused>(await world.Node.Gateway.CallAsync(world.Call("interlock/blackboard_get", World.Arguments("""{"key":"a"}""")), World.Token));
            Assert.Equal(("authorize", "policy-default-deny"), (refused.Refusal.Stage, refused.Refusal.Rule));
        }
        await using (var world = await World.CreateAsync(Policy))
        {
            var refused = Assert.IsType<GatewayResult.Refused>(await world.Node.Gateway.CallAsync(world.Call("interlock/blackboard_get", World.Arguments("""{"key":"a"}""")) with { Site = null }, World.Token));
            Assert.Equal(("resolve", "run-only"), (refused.Refusal.Stage, refused.Refusal.Rule));
            var unknown = Assert.IsType<GatewayResult.Refused>(await world.Node.Gateway.CallAsync(world.Call("interlock/drop", World.Arguments("{}")), World.Token));
            Assert.Equal("unknown-tool", unknown.Refusal.Rule);
            var invalid = Assert.IsType<GatewayResult.Refused>(await world.Node.Gateway.CallAsync(world.Call("interlock/blackboard_put", World.Arguments("""{"key":"a b","value":1}""")), World.Token));
            Assert.Equal("arguments", invalid.Refusal.Rule);
        }
    }

    [Fact]
    public async Task Server_OfThatName_IsNeitherRegisteredNorListed()
    {
        await using var world = await World.CreateAsync(Policy);
        var registry = await world.Node.Registries.ReadAsync(World.Tenant, World.Token);
        Assert.DoesNotContain(registry.All, entry => entry.Name.StartsWith("interlock", StringComparison.Ordinal));
        Assert.True(new Catalog(registry, null, false).Tool("interlock__blackboard_put")!.IsOffered); // to who works for a run
        Assert.Null(new Catalog(registry, "crm", false).Tool("blackboard_put"));
        var desk = new RegistryDesk(world.Node.Registries, new WorkflowCatalog(world.Blobs), world.Node.Audit, new StubDiscovery(), world.Directory, world.Node.Fences, world.Time);
        var refused = Assert.IsType<RegistryResult.Refused>(await desk.RegisterServerAsync(world.Sam, BuiltinServer.Name, World.Address, ServerSettings.None, World.Token));
        Assert.Equal(400, refused.Problem.Status);
    }

    [Fact]
    public async Task Runs_SeeTheirOwnOnly()
    {
        await using var world = await World.CreateAsync(Policy);
        await CallAsync(world, "put", """{"key":"a","value":1}""");
        var other = world.Call("interlock/blackboard_get", World.Arguments("""{"key":"a"}"""), purpose: "other") with { Site = World.Site() with { Run = new RunId(new string('b', 32)) } };
        Assert.Equal("""{"found":false,"value":null,"version":0}""", Assert.IsType<GatewayResult.Completed>(await world.Node.Gateway.CallAsync(other, World.Token)).Output.ToString());
    }

    [Fact]
    public async Task Bounds_AreHeld_AndAValueTooLargeIsRefused()
    {
        var store = new MemoryTableStore();
        var board = new Blackboard(store, TimeProvider.System);
        var big = new string('x', Blackboard.MaxValueBytes - 2);
        Assert.IsType<BlackboardResult.TooMuch>(await board.PutAsync(World.Tenant, World.Run, "p", "k", big + "x", null, World.Token));
        for (var i = 0; i < 64; i++) Assert.IsType<BlackboardResult.Written>(await board.PutAsync(World.Tenant, World.Run, $"big{i}", $"big{i}", big, null, World.Token));
        Assert.IsType<BlackboardResult.TooMuch>(await board.PutAsync(World.Tenant, World.Run, "one", "one", 1, null, World.Token));
        for (var i = 0; i < 64; i++) await board.PutAsync(World.Tenant, World.Run, $"small{i}", $"big{i}", 1, 1, World.Token);
        for (var i = 64; i < Blackboard.MaxKeys; i++) Assert.IsType<BlackboardResult.Written>(await board.PutAsync(World.Tenant, World.Run, $"k{i}", $"k{i}", 1, 0, World.Token));
        Assert.IsType<BlackboardResult.TooMuch>(await board.PutAsync(World.Tenant, World.Run, "more", "more", 1, null, World.Token));
        Assert.Equal(Blackboard.MaxKeys, (await board.ListAsync(World.Tenant, World.Run, "", World.Token)).Count);
    }

    [Fact]
    public async Task Puts_AtOnce_EachCountOnce()
    {
        var board = new Blackboard(new YieldingTableStore(new MemoryTableStore()), TimeProvider.System);
        await Task.WhenAll(Enumerable.Range(0, 20).Select(i => Task.Run(async () =>
        {
            while (true)
            {
                var (value, version) = await board.GetAsync(World.Tenant, World.Run, "n", World.Token);
                if (await board.PutAsync(World.Tenant, World.Run, $"{i} {version}", "n", (version == 0 ? 0 : value.AsNumber()) + 1, version, World.Token) is BlackboardResult.Written) return;
            }
        }, World.Token)));
        Assert.Equal((20, 20), ((int)(await board.GetAsync(World.Tenant, World.Run, "n", World.Token)).Value.AsNumber(), (await board.GetAsync(World.Tenant, World.Run, "n", World.Token)).Version));
    }

    [Theory]
    [InlineData(Fault.ThrowBefore)]
    [InlineData(Fault.ThrowAfter)]
    public async Task Put_WhoseProcessDiesAnywhere_IsMadeOnce(Fault fault)
    {
        var struck = 0;
        for (var at = 1; at < 300; at++)
        {
            await using var world = await World.CreateAsync(Policy);
            await CallAsync(world, "put", """{"key":"n","value":0}""");
            var store = new FaultyTableStore(world.Memory);
            var call = world.Call("interlock/blackboard_put", World.Arguments("""{"key":"n","value":1}"""), purpose: "again");
            store.Arm(at, fault);
            try
            {
                await new Node(world, store).Gateway.CallAsync(call, World.Token);
            }
            catch (StoreFaultException)
            {
                // It died.
            }
            var result = await new Node(world, world.Memory).Gateway.CallAsync(call, World.Token);
            Assert.True(result is GatewayResult.Completed { Output: var output } && output["version"]!.AsNumber() == 2, $"{fault} at {at}: {store.Struck} gave {result}");
            Assert.Equal("""{"found":true,"value":1,"version":2}""", await CallAsync(world, "get", """{"key":"n"}"""));
            if (store.Struck is null) break;
            struck++;
        }
        Assert.InRange(struck, 15, 298);
    }

    [Fact]
    public async Task Board_IsForgotten_WhenTheRunIsOverForLong()
    {
        await using var world = await World.CreateAsync(Policy);
        await CallAsync(world, "put", """{"key":"n","value":0}""");
        var isOver = false;
        world.Time.Now += Blackboard.Kept + TimeSpan.FromDays(1);
        await SweepAsync();
        Assert.Equal(3, await RowsAsync());
        isOver = true;
        world.Time.Now += TimeSpan.FromDays(8);
        await SweepAsync();
        Assert.Equal(0, await RowsAsync());

        Task<int> SweepAsync() => new Expiries(world.Memory).SweepAsync(World.Tenant, world.Time.Now, _ => Task.FromResult(isOver), 50, World.Token);

        async Task<int> RowsAsync() => await world.Memory.QueryAsync("blackboards", Keys.Join(World.Tenant.Value, World.Run.Value), cancellationToken: World.Token).CountAsync(World.Token);
    }

    [Fact]
    public async Task Document_CountsOnTheBlackboard()
    {
        await using var world = await World.CreateAsync(Policy);
        var society = new Society(world);
        await society.PublishAsync(
            "counts",
            """
              - put: { call: tool, with: { tool: interlock/blackboard_put, arguments: { key: total, value: '${ .n }' } } }
              - read: { call: tool, with: { tool: interlock/blackboard_get, arguments: { key: total } } }
            """);
        var run = await society.StartAsync("counts", JsonValue.Object(("n", 7)));
        await society.TakeOverAsync();
        var ended = await society.StateAsync(run);
        Assert.True(ended.Status == RunStatus.Completed, ended.Error?.ToString());
        Assert.Equal(7, ended.Output!["value"]!.AsNumber());
    }

    private static int _calls;

    private static async Task<string> CallAsync(World world, string tool, string arguments)
    {
        var result = await world.Node.Gateway.CallAsync(world.Call($"interlock/blackboard_{tool}", World.Arguments(arguments), purpose: $"call {Interlocked.Increment(ref _calls)}"), World.Token);
        return Encoding.UTF8.GetString(CanonicalJson.Serialize(Assert.IsType<GatewayResult.Completed>(result).Output));
    }
}
