using Interlock.Core.Gateway;
using Interlock.Core.Gateway.Fences;
using Interlock.Core.Registry;
using Interlock.Tests.Gateway.Resilience;
using Interlock.Tests.Registry;

namespace Interlock.Tests.Gateway;

/// <summary>What a lifecycle change is told of the calls that are under way: in this process, in others that share the store, and at upstreams; and that they count.</summary>
public sealed class FenceTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(60);

    private static CancellationToken Token => World.Token;

    [Theory]
    [InlineData(RegistryKind.Tool, "crm/read")]
    [InlineData(RegistryKind.Server, "crm")]
    public async Task Disable_CallGoesOnAtItsUpstream_NamesItInEveryProcess_UntilItHasEnded(RegistryKind kind, string name)
    {
        await using var world = await World.CreateAsync();
        world.Upstream.Then(HandleTests.Handed("t1", Second), StubUpstream.Done());
        var call = world.Call();
        var handed = Assert.IsType<GatewayResult.UnderWay>(await Node(world, "one").Gateway.CallAsync(call, Token));
        foreach (var node in new[] { Node(world, "other"), new Node(world, world.Memory) })
        {
            Assert.Equal([call.Effect], (await DrainAsync(node, kind, name)).Calls);
            Assert.Empty((await DrainAsync(node, kind, name[..^1])).Calls);
        }
        var disabled = Assert.IsType<RegistryResult.Changed>(await Desk(world, Node(world, "other")).SetLifecycleAsync(world.Ana, RegistryKind.Tool, "crm/read", "1.0.0", Lifecycle.Disabled, null, "incident", Token));
        Assert.Equal([call.Effect], disabled.InFlight);
        world.Time.Now = handed.Until;
        Assert.IsType<GatewayResult.Completed>(await Node(world, "third").Gateway.CallAsync(call, Token));
        Assert.Empty((await DrainAsync(Node(world, "other"), kind, name)).Calls);
    }

    [Fact]
    public async Task Disable_RowOfACallThatHasEnded_IsPassedOverAndRemoved()
    {
        await using var world = await World.CreateAsync();
        world.Upstream.Always(_ => StubUpstream.Done());
        var call = world.Call();
        await world.Node.Gateway.CallAsync(call, Token);
        await world.Node.Fences.Handed.AddAsync(call, Token);
        Assert.Empty((await DrainAsync(world.Node, RegistryKind.Tool, "crm/read")).Calls);
        await foreach (var _ in world.Memory.QueryAsync("handed", World.Tenant.Value, cancellationToken: Token)) Assert.Fail("The row is still there.");
    }

    [Fact]
    public async Task Disable_CallUnderWayInAnotherProcess_IsNamed_OrAwaitedWhenItEndsInTime()
    {
        await using var world = await World.CreateAsync();
        var answer = new TaskCompletionSource<UpstreamResult>();
        world.Upstream.Then((_, _) => answer.Task);
        var (one, other) = (Node(world, "one"), Node(world, "other"));
        var call = world.Call();
        var running = one.Gateway.CallAsync(call, Token);
        while (world.Upstream.Calls.IsEmpty) await Task.Yield();
        Assert.Equal([call.Effect], (await DrainAsync(other, RegistryKind.Tool, "crm/read")).Calls);
        Assert.Empty((await DrainAsync(other, RegistryKind.Tool, "crm/lookup")).Calls);
        var disabling = Desk(world, other).SetLifecycleAsync(world.Ana, RegistryKind.Tool, "crm/read", "1.0.0", Lifecycle.Disabled, null, "incident", Token);
        while ((await other.Registries.ReadAsync(World.Tenant, Token)).Epoch < 2) await Task.Yield();
        Assert.False(disabling.IsCompleted);
        answer.SetResult(StubUpstream.Done());
        Assert.IsType<GatewayResult.Completed>(await running);
        var changed = Assert.IsType<RegistryResult.Changed>(await disabling);
        Assert.Empty(changed.InFlight);
        Assert.Empty(changed.Silent);
    }

    [Fact]
    public async Task Disable_ProcessSaysNothing_IsCountedWithItsCalls_UntilItIsTakenForDead()
    {
        await using var world = await World.CreateAsync();
        var still = new Node(world, world.Memory, new EffectLease("still", Lease), time: new ManualClock(World.Start)); // its timers never fire
        var call = world.Call();
        using var ticket = await still.Fences.EnterAsync(call, Token);
        await world.MoveAsync(RegistryKind.Tool, "crm/read", "1.0.0", Lifecycle.Disabled);
        var left = await DrainAsync(Node(world, "other"), RegistryKind.Tool, "crm/read");
        Assert.Equal(["still"], left.Silent);
        Assert.Equal([call.Effect], left.Calls);
        world.Time.Now += (2 * Lease) + Second;
        var dead = await DrainAsync(Node(world, "other"), RegistryKind.Tool, "crm/read");
        Assert.Empty(dead.Silent);
        Assert.Empty(dead.Calls);
    }

    [Fact]
    public async Task Call_ProcessStoodStillUntilOthersTookItForDead_IsNotSent()
    {
        await using var world = await World.CreateAsync();
        world.Fence.OnAsked = () =>
        {
            world.Time.Now += 3 * Lease; // after the registry was read for the last time
            return Task.CompletedTask;
        };
        Assert.IsType<GatewayResult.Failed>(await Node(world, "still").Gateway.CallAsync(world.Call(), Token));
        Assert.Empty(world.Upstream.Calls);
    }

    [Fact]
    public async Task CallThatGoesOn_KeepsItsPlaceAtItsAddress()
    {
        await using var world = await RoutesWorld.CreateAsync(new ResilienceSettings { MaxConcurrent = 1, MaxQueued = 0 }, null, RoutesWorld.A);
        world.Upstream.Then(HandleTests.Handed("t1", Second), StubUpstream.Done(), StubUpstream.Done());
        var (first, second) = (world.Call(), world.Call(purpose: "second"));
        var handed = Assert.IsType<GatewayResult.UnderWay>(await world.Node.Gateway.CallAsync(first, Token));
        Assert.Equal("queue-full", Assert.IsType<GatewayResult.Refused>(await world.Node.Gateway.CallAsync(second, Token)).Refusal.Rule);
        world.Time.Now = handed.Until;
        Assert.IsType<GatewayResult.Completed>(await world.Node.Gateway.CallAsync(first, Token));
        Assert.IsType<GatewayResult.Completed>(await world.Node.Gateway.CallAsync(second, Token));
    }

    [Fact]
    public async Task CallThatGoesOn_AskedAfterByAnotherProcess_HasItsPlaceThereAndNoMoreWhereNobodyAsks()
    {
        await using var world = await RoutesWorld.CreateAsync(new ResilienceSettings { MaxConcurrent = 1, MaxQueued = 0 }, null, RoutesWorld.A);
        world.Upstream.Then(HandleTests.Handed("t1", Second), HandleTests.Handed("t1", Second));
        var (one, other) = (Node(world, "one"), Node(world, "other"));
        world.Time.Now = Assert.IsType<GatewayResult.UnderWay>(await one.Gateway.CallAsync(world.Call(), Token)).Until;
        await other.Gateway.CallAsync(world.Call(), Token);
        var server = world.Server(await world.Node.Registries.ReadAsync(World.Tenant, Token));
        Assert.Equal((1, 1), (Outstanding(one), Outstanding(other)));
        world.Time.Now += TimeSpan.FromMinutes(3);
        foreach (var node in new[] { one, other }) node.Gateway.Routes.Keep(World.Tenant, new HashSet<string>([server.RegistrationId]));
        Assert.Equal((0, 0), (Outstanding(one), Outstanding(other)));

        int Outstanding(Node node) => Assert.Single(node.Gateway.Routes.Of(World.Tenant, server)).Outstanding;
    }

    [Fact]
    public async Task ClientsCallsThatGoOn_KeepTheirSlots()
    {
        var clock = new ManualClock(World.Start);
        await using var world = await World.CreateAsync();
        world.Upstream.Always(sent => sent.Task is null ? HandleTests.Handed("t1", 2 * Second) : StubUpstream.Done());
        var node = new Node(world, world.Memory, time: clock);
        var waiting = Enumerable.Range(0, 17).Select(i => node.Gateway.CallAsync(InputRoundTests.Client(world) with { Effect = new($"{i:x32}") }, Token)).ToList();
        await clock.TimerAsync(2 * Second, 16);
        for (var i = 0; i < 100; i++) await Task.Yield();
        Assert.Equal(16, world.Upstream.Calls.Count);
        clock.Advance(2 * Second);
        await clock.TimerAsync(2 * Second);
        clock.Advance(2 * Second);
        Assert.All(await Task.WhenAll(waiting), result => Assert.IsType<GatewayResult.Completed>(result));
    }

    private static Node Node(World world, string holder) => new(world, world.Memory, new EffectLease(holder, Lease));

    private static async Task<Drained> DrainAsync(Node node, RegistryKind kind, string name) =>
        await node.Fences.DrainAsync(World.Tenant, (await node.Registries.ReadAsync(World.Tenant, Token)).Epoch, kind, name, TimeSpan.Zero, Token);

    private static RegistryDesk Desk(World world, Node node) => new(node.Registries, new WorkflowCatalog(world.Blobs), node.Audit, new StubDiscovery(), world.Directory, node.Fences, world.Time);
}
