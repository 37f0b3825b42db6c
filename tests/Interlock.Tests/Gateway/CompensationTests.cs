using Interlock.Core;
using Interlock.Core.Approvals;
using Interlock.Core.Gateway;
using Interlock.Json;

namespace Interlock.Tests.Gateway;

/// <summary>Approving a call also grants its declared compensation: after the call, that tool, once.</summary>
public sealed class CompensationTests
{
    private static readonly FrameId Undo = World.Frame.Append("!undo");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Compensate_AfterItsCall_IsGrantedOnce()
    {
        await using var world = await World.CreateAsync();
        world.Upstream.Then(StubUpstream.Done(), StubUpstream.Done());
        var gate = await ApprovedAsync(world);
        Assert.IsType<GatewayResult.Completed>(await CallAsync(world, world.Call("crm/apply") with { Grant = gate.Id }));
        Assert.IsType<GatewayResult.Completed>(await CallAsync(world, Compensation(world, gate)));
        await GrantTests.RefusedAsync(world, Compensation(world, gate) with { Effect = new EffectId("another") }, "grant-spent", calls: 2);
    }

    [Fact]
    public async Task Compensate_BeforeItsCall_IsBlocked()
    {
        await using var world = await World.CreateAsync();
        var gate = await ApprovedAsync(world);
        await GrantTests.RefusedAsync(world, Compensation(world, gate), "compensation-blocked");
    }

    [Fact]
    public async Task Compensate_WithAnotherTool_IsBlocked()
    {
        await using var world = await World.CreateAsync();
        world.Upstream.Then(StubUpstream.Done());
        var gate = await ApprovedAsync(world);
        await CallAsync(world, world.Call("crm/apply") with { Grant = gate.Id });
        await GrantTests.RefusedAsync(world, Compensation(world, gate) with { Target = "crm/read" }, "compensation-blocked", calls: 1);
    }

    [Fact]
    public async Task Compensate_NoneDeclared_IsBlocked()
    {
        await using var world = await World.CreateAsync();
        world.Upstream.Then(StubUpstream.Done());
        var gate = await world.ApprovedAsync();
        await CallAsync(world, world.Call("crm/apply") with { Grant = gate.Id });
        await GrantTests.RefusedAsync(world, Compensation(world, gate), "compensation-blocked", calls: 1);
    }

    [Theory]
    [InlineData("/do/1/ap!undoply!undo")]
    [InlineData("/do/1/apply!undo!undo")]
    [InlineData("!undo/do/1/apply!undo")]
    public async Task Compensate_OfAFrameThatOnlyLooksLikeTheCoveredOne_IsRefused(string frame)
    {
        await using var world = await World.CreateAsync();
        world.Upstream.Then(StubUpstream.Done());
        var gate = await ApprovedAsync(world);
        await CallAsync(world, world.Call("crm/apply") with { Grant = gate.Id });
        await GrantTests.RefusedAsync(world, Compensation(world, gate) with { Site = World.Site(new FrameId(frame)) }, "target-mismatch", calls: 1);
    }

    [Fact]
    public async Task Compensate_FromAnotherProcessAtTheSameTime_IsGrantedOnce()
    {
        await using var world = await World.CreateAsync();
        world.Upstream.Always(_ => StubUpstream.Done());
        var gate = await ApprovedAsync(world);
        await CallAsync(world, world.Call("crm/apply") with { Grant = gate.Id });
        var store = new YieldingTableStore(world.Memory);
        var results = await Task.WhenAll(Enumerable.Range(0, 4).Select(i =>
            Task.Run(() => new Node(world, store).Gateway.CallAsync(Compensation(world, gate) with { Effect = new EffectId($"undo-{i}") }, Token))));
        Assert.Single(results, result => result is GatewayResult.Completed);
        Assert.Equal(2, world.Upstream.Calls.Count);
    }

    private static Task<Gate> ApprovedAsync(World world) => world.ApprovedAsync(world.Request(covers: World.Cover(compensation: "crm/revert")));

    private static GatewayCall Compensation(World world, Gate gate) =>
        world.Call("crm/revert", JsonValue.EmptyObject, Undo) with { Grant = gate.Id, RequiresGrant = true, IsCompensation = true };

    private static Task<GatewayResult> CallAsync(World world, GatewayCall call) => new Node(world, world.Memory).Gateway.CallAsync(call, Token);
}
