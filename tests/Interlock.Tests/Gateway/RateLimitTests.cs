using Interlock.Core;
using Interlock.Core.Approvals;
using Interlock.Core.Audit;
using Interlock.Core.Gateway;
using Interlock.Core.Gateway.Limits;
using Interlock.Core.Identity;
using Interlock.Core.Registry;

namespace Interlock.Tests.Gateway;

/// <summary>The gateway's rates: what is over them is refused before anything leaves.</summary>
public sealed class RateLimitTests
{
    private static readonly GatewayLimits PerPrincipal = new() { PerTenant = null, PerPrincipal = new RateLimit(0.5, 4), Global = null }; // a bucket of two, and a burst of four
    private static readonly GatewayLimits PerTenant = new() { PerTenant = new RateLimit(0.5, 4), PerPrincipal = new RateLimit(0.5, 100) };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Call_OverItsPrincipalsRate_IsRefusedRecordedAndSentNowhere()
    {
        await using var world = await World.CreateAsync();
        var node = new Node(world, world.Memory, limits: PerPrincipal);
        await SpendAsync(world, node, world.Ana);
        var (calls, refused) = (world.Upstream.Calls.Count, await world.RecordsAsync(AuditTypes.CallRefused));
        Assert.Empty(refused);
        var call = Call(world, world.Ana, "one-too-many");
        var refusal = Assert.IsType<GatewayResult.Refused>(await node.Gateway.CallAsync(call, Token)).Refusal;
        Assert.Equal(("admit", "rate-limited", 429), (refusal.Stage, refusal.Rule, refusal.Status));
        Assert.Contains("retry after 1 s", refusal.Detail, StringComparison.Ordinal);
        Assert.Equal(calls, world.Upstream.Calls.Count);
        var record = Assert.Single(await world.RecordsAsync(AuditTypes.CallRefused));
        Assert.Equal(("admit", "rate-limited", (EffectId?)call.Effect), (record.Stage, record.Rule, record.Effect));

        world.Time.Now += TimeSpan.FromSeconds(1);
        Assert.IsType<GatewayResult.Completed>(await node.Gateway.CallAsync(call, Token));
    }

    [Fact]
    public async Task Call_OfARunOverTheRate_WaitsForItsTurn_AndIsRefusedWhenItsDeadlineIsNearer()
    {
        await using var world = await World.CreateAsync();
        var node = new Node(world, world.Memory, limits: PerPrincipal);
        await SpendAsync(world, node, world.Ana);
        world.Upstream.Then(StubUpstream.Done());
        var call = Call(world, world.Ana, "of-a-run") with { Site = World.Site() };
        Assert.Equal("rate-limited", Rule(await node.Gateway.CallAsync(call with { Effect = new("0123456789abcdef0123456789abcde0"), Deadline = world.Time.Now.AddMilliseconds(1) }, Token)));
        var waiting = node.Gateway.CallAsync(call, Token);
        Assert.False(waiting.IsCompleted);
        world.Time.Now += TimeSpan.FromSeconds(3); // the bucket has its tokens again; the wait itself is by the machine's clock
        Assert.IsType<GatewayResult.Completed>(await waiting);
    }

    [Fact]
    public async Task Call_OnAnotherInstance_SharesTheRate()
    {
        await using var world = await World.CreateAsync();
        await SpendAsync(world, new Node(world, world.Memory, limits: PerPrincipal), world.Ana);
        var other = new Node(world, world.Memory, limits: PerPrincipal);
        Assert.Equal("rate-limited", Assert.IsType<GatewayResult.Refused>(await other.Gateway.CallAsync(Call(world, world.Ana, "other"), Token)).Refusal.Rule);
    }

    [Fact]
    public async Task Call_AnotherPrincipalOrTenant_HasARateOfItsOwn()
    {
        await using var world = await World.CreateAsync();
        var node = new Node(world, world.Memory, limits: PerPrincipal);
        await SpendAsync(world, node, world.Ana);
        Assert.IsType<GatewayResult.Completed>(await node.Gateway.CallAsync(Call(world, world.Sam, "sam"), Token));

        node = new Node(world, world.Memory, limits: PerTenant);
        await SpendAsync(world, node, world.Sam);
        Assert.Equal("rate-limited", Rule(await node.Gateway.CallAsync(Call(world, world.Zoe, "zoe"), Token)));
        var stranger = world.Directory.Add(new TenantId("rival"), "sam");
        Assert.Equal("unknown-tool", Rule(await node.Gateway.CallAsync(Call(world, stranger, "stranger"), Token))); // it has no such tool, and was not held back
    }

    [Fact]
    public async Task Limiter_TenantsAndNames_NeverShareARow()
    {
        await using var world = await World.CreateAsync();
        var limiter = new RateLimiter(world.Memory, PerTenant, world.Time, () => 0);
        while (await limiter.RefuseAsync(Routed(Call(world, world.Ana, "x")), Token) is null)
        {
        }
        Assert.NotNull(await limiter.RefuseAsync(Routed(Call(world, world.Zoe, "x")), Token));
        Assert.Null(await limiter.RefuseAsync(Routed(Call(world, world.Ana with { Tenant = new TenantId("rival") }, "x")), Token));
    }

    [Fact]
    public async Task Limiter_TenantIsOver_KeepsThePrincipalsTokens()
    {
        await using var world = await World.CreateAsync();
        var limits = new GatewayLimits { PerTenant = new RateLimit(0.5, 4), PerPrincipal = new RateLimit(0.001, 3) };
        var limiter = new RateLimiter(world.Memory, limits, world.Time, () => 0);
        while (await limiter.RefuseAsync(Routed(Call(world, world.Zoe, "x")), Token) is null)
        {
        }
        for (var i = 0; i < 10; i++) Assert.Contains("tenant", (await limiter.RefuseAsync(Routed(Call(world, world.Ana, "x")), Token))?.Refusal.Detail, StringComparison.Ordinal);
        world.Time.Now += TimeSpan.FromSeconds(0.999); // the slice from which she was given back still lives, and the tenant's next token is not there
        Assert.Contains("tenant", (await limiter.RefuseAsync(Routed(Call(world, world.Ana, "x")), Token))?.Refusal.Detail, StringComparison.Ordinal);
        world.Time.Now += TimeSpan.FromSeconds(0.001);
        Assert.Null(await limiter.RefuseAsync(Routed(Call(world, world.Ana, "x")), Token));
    }

    [Fact]
    public async Task Call_Denied_CostsNothing()
    {
        await using var world = await World.CreateAsync();
        var node = new Node(world, world.Memory, limits: PerPrincipal);
        for (var i = 0; i < 10; i++) Assert.Equal("policy-denied", Rule(await node.Gateway.CallAsync(Call(world, world.Ana, $"denied-{i}", "crm/drop"), Token)));
        await SpendAsync(world, node, world.Ana);
    }

    [Fact]
    public async Task Call_AnsweredFromTheLedger_CostsNothing()
    {
        await using var world = await World.CreateAsync();
        world.Upstream.Always(_ => StubUpstream.Done());
        var node = new Node(world, world.Memory, limits: PerPrincipal);
        for (var i = 0; i < 10; i++) Assert.IsType<GatewayResult.Completed>(await node.Gateway.CallAsync(Call(world, world.Ana, "same"), Token));
        Assert.Single(world.Upstream.Calls);
    }

    [Fact]
    public async Task Call_RepeatOfAnUnknownAttempt_IsNotHeldBack()
    {
        await using var world = await World.CreateAsync();
        var node = new Node(world, world.Memory, limits: PerPrincipal);
        world.Upstream.Then(StubUpstream.Done(), StubUpstream.Lost(), StubUpstream.Done());
        Assert.IsType<GatewayResult.Completed>(await node.Gateway.CallAsync(Call(world, world.Ana, "first"), Token));
        Assert.IsType<GatewayResult.Completed>(await node.Gateway.CallAsync(Call(world, world.Ana, "repeated", "crm/safe"), Token));
        Assert.Equal("rate-limited", Rule(await node.Gateway.CallAsync(Call(world, world.Ana, "third"), Token)));
    }

    [Fact]
    public async Task Call_Compensation_IsNeverHeldBack()
    {
        await using var world = await World.CreateAsync();
        var node = new Node(world, world.Memory, limits: PerPrincipal);
        await SpendAsync(world, node, world.Ana);
        var undo = Call(world, world.Ana, "undo", "crm/revert") with { IsCompensation = true };
        Assert.IsType<GatewayResult.Completed>(await node.Gateway.CallAsync(undo, Token));
    }

    [Fact]
    public async Task Call_StoreFailsAtTheLimit_ThrowsAndRefusesNothing()
    {
        foreach (var fault in (Fault[])[Fault.ThrowBefore, Fault.ThrowAfter])
        {
            var struck = new List<string>();
            for (var at = 1; at < 20; at++)
            {
                await using var world = await World.CreateAsync();
                world.Upstream.Always(_ => StubUpstream.Done());
                var store = new FaultyTableStore(world.Memory);
                var node = new Node(world, store, limits: PerPrincipal);
                store.Arm(at, fault);
                var thrown = await Record.ExceptionAsync(() => node.Gateway.CallAsync(Call(world, world.Ana, "x"), Token));
                if (store.Struck is { } operation && operation.EndsWith(LeasedBucket.Table, StringComparison.Ordinal))
                {
                    struck.Add(operation);
                    Assert.IsType<StoreFaultException>(thrown);
                    Assert.Empty(world.Upstream.Calls);
                    Assert.Empty(await world.RecordsAsync(AuditTypes.CallRefused));
                }
                Assert.True(await new Node(world, world.Memory, limits: PerPrincipal).Gateway.CallAsync(Call(world, world.Ana, "x"), Token) is GatewayResult.Completed or GatewayResult.InDoubt);
            }
            Assert.Equal(["get limits", "insert limits"], struck);
        }
    }

    [Fact]
    public async Task Gateway_LimitOutsideItsRange_IsNotMade()
    {
        await using var world = await World.CreateAsync();
        Assert.Throws<ArgumentException>(() => new Node(world, world.Memory, limits: new GatewayLimits { PerTenant = new RateLimit(10, 1) }));
        new GatewayLimits().Validate();
    }

    private static string Rule(GatewayResult result) => Assert.IsType<GatewayResult.Refused>(result).Refusal.Rule;

    private static GatewayCall Call(World world, Principal caller, string purpose, string target = "crm/read") =>
        world.Call(target, purpose: $"{caller.Tenant}:{caller.Id}:{purpose}") with { Chain = new ActorChain(caller), Site = null };

    /// <summary>Makes the two calls that there are tokens for.</summary>
    private static RoutedCall Routed(GatewayCall call)
    {
        var entry = World.Tool(call.Target);
        return new RoutedCall(call, new RegistrySnapshot(call.Tenant, 1, [entry]), entry, null, new BoundTarget(entry.Name, entry.Version, "", "reg-1", World.Address), new CallContract(UpstreamEndpoint.Of(call.Tenant, new ServerBody(World.Address, "reg-1")), "x", null));
    }

    private static async Task SpendAsync(World world, Node node, Principal caller)
    {
        world.Upstream.Always(_ => StubUpstream.Done());
        for (var i = 0; i < 2; i++) Assert.IsType<GatewayResult.Completed>(await node.Gateway.CallAsync(Call(world, caller, $"spend-{i}"), Token));
    }
}
