using Interlock.Core.Gateway;
using Interlock.Core.Gateway.Usage;
using Interlock.Core.Registry;
using Interlock.Json;

namespace Interlock.Tests.Gateway;

/// <summary>Usage is counted from the audit, each record once whatever happens between.</summary>
public sealed class UsageTests
{
    private static CancellationToken Token => World.Token;

    [Theory]
    [InlineData(Fault.ThrowBefore)]
    [InlineData(Fault.ThrowAfter)]
    public async Task Update_StoreFailsAnywhereAndAgain_CountsEachRecordOnce(Fault fault)
    {
        await using var world = await UsedAsync();
        for (var at = 1; ; at++)
        {
            Assert.InRange(at, 1, 200);
            var copy = new Core.Storage.MemoryTableStore();
            var store = new FaultyTableStore(copy);
            store.Arm(at, fault);
            await Record.ExceptionAsync(() => new UsageRollup(store, world.Memory).UpdateAsync(World.Tenant, Token));
            var rollup = new UsageRollup(copy, world.Memory);
            await rollup.UpdateAsync(World.Tenant, Token);
            await rollup.UpdateAsync(World.Tenant, Token);
            await AssertUsedAsync(world, rollup);
            if (store.Struck is null) break;
        }
    }

    [Fact]
    public async Task Update_ManyAtOnce_CountsEachRecordOnce()
    {
        await using var world = await UsedAsync();
        var rollups = Enumerable.Range(0, 6).Select(_ => new UsageRollup(new YieldingTableStore(world.Memory), world.Memory)).ToList();
        await Task.WhenAll(rollups.Select(rollup => Task.Run(() => rollup.UpdateAsync(World.Tenant, Token))));
        await AssertUsedAsync(world, rollups[0]);
    }

    [Fact]
    public async Task Outcome_AfterAnUnknownOne_TakesItsPlace()
    {
        await using var world = await World.CreateAsync();
        var (arrived, answer) = (new TaskCompletionSource(), new TaskCompletionSource());
        world.Upstream.Then(async (_, _) =>
        {
            arrived.SetResult();
            await answer.Task;
            return StubUpstream.Done();
        });
        var slow = new Node(world, world.Memory).Gateway.CallAsync(world.Call(), Token);
        await arrived.Task;
        Assert.IsType<GatewayResult.InDoubt>(await new Node(world, world.Memory).Gateway.CallAsync(world.Call(), Token));
        var rollup = world.Node.Gateway.Usage;
        await rollup.UpdateAsync(World.Tenant, Token);
        Assert.Equal((1, 1), await CountAsync(rollup, world));
        answer.SetResult();
        await slow;
        await rollup.UpdateAsync(World.Tenant, Token);
        Assert.Equal((1, 0), await CountAsync(rollup, world));
    }

    private static async Task<(long Calls, long Unknown)> CountAsync(UsageRollup rollup, World world)
    {
        var all = await rollup.ReadAsync(World.Tenant, World.Start, world.Time.Now, Token).ToListAsync(Token);
        return (all.Sum(usage => usage.Calls), all.Sum(usage => usage.Unknown));
    }

    /// <summary>Two calls that cost, one that fails, one refused, in two hours.</summary>
    private static async Task<World> UsedAsync()
    {
        var world = await World.CreateAsync();
        await world.WriteAsync(World.Entry(RegistryKind.Tool, "crm/lookup", "2.0.0", new ToolBody(JsonValue.EmptyObject, "sha256:c", StrictJson.Parse("""{"type":"object"}""")) { Settings = new ToolSettings { Cost = 0.25m } }));
        world.Upstream.Then(StubUpstream.Done(), StubUpstream.Done(), new UpstreamResult.Completed("no", true));
        await world.Node.Gateway.CallAsync(world.Call("crm/lookup"), Token);
        world.Time.Now += TimeSpan.FromHours(1);
        await world.Node.Gateway.CallAsync(world.Call("crm/lookup", purpose: "b") with { Site = null }, Token);
        await world.Node.Gateway.CallAsync(world.Call("crm/read", purpose: "c"), Token);
        await world.Node.Gateway.CallAsync(world.Call("crm/drop", purpose: "d"), Token);
        return world;
    }

    private static async Task AssertUsedAsync(World world, UsageRollup rollup)
    {
        var all = await rollup.ReadAsync(World.Tenant, World.Start, world.Time.Now, Token).ToListAsync(Token);
        Assert.Equal((3, 1, 1, 500_000), (all.Sum(usage => usage.Calls), all.Sum(usage => usage.Failures), all.Sum(usage => usage.Refusals), all.Sum(usage => usage.Cost)));
        Assert.Equal(2, all.Where(usage => usage.Tool == "crm/lookup").Sum(usage => usage.Calls));
        Assert.Single(await rollup.ReadAsync(World.Tenant, World.Start, World.Start, Token).ToListAsync(Token));
        Assert.All(all, usage => Assert.Equal("user:ana", usage.Caller));
        Assert.Empty(await rollup.ReadAsync(new Core.TenantId("rival"), World.Start, world.Time.Now, Token).ToListAsync(Token));
    }
}
