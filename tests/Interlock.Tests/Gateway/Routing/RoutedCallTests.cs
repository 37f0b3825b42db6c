using Interlock.Core;
using Interlock.Core.Approvals;
using Interlock.Core.Audit;
using Interlock.Core.Gateway;
using Interlock.Core.Gateway.Routing;
using Interlock.Core.Registry;

namespace Interlock.Tests.Gateway.Routing;

/// <summary>Behind the route everything is the tool's that it leads to: policy, grants, records, circuits.</summary>
public sealed class RoutedCallTests
{
    private static CancellationToken Token => World.Token;

    [Fact]
    public async Task Call_ThroughARoute_IsTheToolsInEveryRecord()
    {
        await using var world = await WorldAsync(new([new("crm/read")]));
        world.Upstream.Then(StubUpstream.Done());
        Assert.IsType<GatewayResult.Completed>(await CallAsync(world));
        Assert.Equal("read", Assert.Single(world.Upstream.Calls).Tool);
        var records = (await world.RecordsAsync()).Where(record => record.Effect is not null).ToList();
        Assert.Equal([AuditTypes.CallIntent, AuditTypes.CallOutcome], records.Select(record => record.Type));
        Assert.All(records, record => Assert.Equal(("crm/read", "route:r"), (record.Target, record.Via)));
        Assert.All(records, record => Assert.Equal("route:r", AuditRecord.FromJson(record.ToJson()).Via));
        Assert.IsType<GatewayResult.Completed>(await CallAsync(world)); // the ledger's
        Assert.Single(world.Upstream.Calls);
    }

    [Fact]
    public async Task Call_PolicyForbidsTheTool_IsRefusedUnderItsName()
    {
        await using var world = await WorldAsync(new([new("crm/drop")]));
        Assert.Equal("policy-denied", Assert.IsType<GatewayResult.Refused>(await CallAsync(world)).Refusal.Rule);
        var refused = Assert.Single(await world.RecordsAsync(AuditTypes.CallRefused));
        Assert.Equal(("crm/drop", "route:r"), (refused.Target, refused.Via));
        Assert.Empty(world.Upstream.Calls);
    }

    [Fact]
    public async Task Call_NoTarget_IsRefusedOnceUnderTheRoutesName()
    {
        await using var world = await WorldAsync(new([new("crm/nothing")]));
        Assert.Equal("no-route", Assert.IsType<GatewayResult.Refused>(await CallAsync(world)).Refusal.Rule);
        Assert.Equal(("route:r", null, "no-route"), Assert.Single(await world.RecordsAsync(AuditTypes.CallRefused)) is var refused ? (refused.Target, refused.Via, refused.Rule) : default);
    }

    [Theory]
    [InlineData(Stickiness.Run)]
    [InlineData(Stickiness.Caller)]
    [InlineData(Stickiness.None)]
    public async Task Call_Covered_GoesToWhatWasBoundWhenTheGateOpened(Stickiness sticky)
    {
        await using var world = await WorldAsync(new([new("crm/apply"), new("crm/read"), new("crm/lookup")]) { Sticky = sticky });
        world.Upstream.Then(StubUpstream.Done());
        var gate = await world.ApprovedAsync(world.Request(covers: World.Cover("route:r")));
        var bound = Assert.Single(gate.Calls).Target.Name;
        Assert.IsType<GatewayResult.Completed>(await CallAsync(world, gate));
        Assert.Equal(bound, "crm/" + Assert.Single(world.Upstream.Calls).Tool);
        Assert.Equal((bound, "route:r", "approved"), Assert.Single(await world.RecordsAsync(AuditTypes.CallIntent)) is var intent ? (intent.Target, intent.Via, intent.Decision) : default);
    }

    [Fact]
    public async Task Call_CoveredAndTheRouteLeadsElsewhereNow_IsRefused()
    {
        await using var world = await WorldAsync(new([new("crm/apply")]));
        var gate = await world.ApprovedAsync(world.Request(covers: World.Cover("route:r")));
        await RerouteAsync(world, new([new("crm/read")]));
        Assert.Equal("target-mismatch", Assert.IsType<GatewayResult.Refused>(await CallAsync(world, gate)).Refusal.Rule);
        Assert.Empty(world.Upstream.Calls);
    }

    [Fact]
    public async Task Call_RepeatedAfterTheWeightsChanged_GoesWhereItWent()
    {
        await using var world = await WorldAsync(new([new("crm/safe", null, 1)]));
        await world.WriteAsync(World.Tool("crm/safe-too", idempotent: true));
        world.Upstream.Then(async (_, _) =>
        {
            await RerouteAsync(world, new([new("crm/safe", null, 1), new("crm/safe-too", null, 1000)]));
            return StubUpstream.Lost();
        }).Then(StubUpstream.Done());
        Assert.IsType<GatewayResult.Completed>(await CallAsync(world));
        Assert.Equal(["safe", "safe"], world.Upstream.Calls.Select(call => call.Tool));
    }

    [Fact]
    public async Task Call_InDoubtAndTheRouteLeadsThereNoMore_StaysInDoubt()
    {
        await using var world = await WorldAsync(new([new("crm/safe")]));
        world.Upstream.Then(async (_, _) =>
        {
            await RerouteAsync(world, new([new("crm/read")]));
            return StubUpstream.Lost();
        });
        Assert.IsType<GatewayResult.InDoubt>(await CallAsync(world));
        Assert.Single(world.Upstream.Calls);
    }

    [Fact]
    public async Task Call_ReroutedBeforeItIsSentAgain_IsNotSent()
    {
        await using var world = await WorldAsync(new([new("crm/read")]));
        world.Upstream.Then(async (_, _) =>
        {
            await RerouteAsync(world, new([new("crm/lookup")]));
            return new UpstreamResult.NotSent(new Problem(ProblemTypes.Communication, 502, "Refused"));
        });
        Assert.IsType<GatewayResult.Failed>(await CallAsync(world));
        Assert.Single(world.Upstream.Calls);
    }

    [Fact]
    public async Task Drain_OfTheToolOrTheRoute_WaitsForCallsThatWereLedThere()
    {
        await using var world = await WorldAsync(new([new("crm/read")]));
        var (arrived, ended) = (new TaskCompletionSource(), new TaskCompletionSource<UpstreamResult>());
        world.Upstream.Then((_, _) =>
        {
            arrived.SetResult();
            return ended.Task;
        });
        var call = CallAsync(world);
        await arrived.Task;
        foreach (var (kind, name, concerned) in new[] { (RegistryKind.Tool, "crm/read", 1), (RegistryKind.Route, "r", 1), (RegistryKind.Server, "crm", 1), (RegistryKind.Route, "other", 0), (RegistryKind.Tool, "crm/lookup", 0) })
            Assert.Equal((name, concerned), (name, (await world.Node.Fences.DrainAsync(World.Tenant, 1, kind, name, TimeSpan.FromMilliseconds(1), Token)).Calls.Count));
        ended.SetResult(StubUpstream.Done());
        Assert.IsType<GatewayResult.Completed>(await call);
    }

    [Fact]
    public async Task Call_CircuitOfOneTargetOpens_TheOtherTakesOver()
    {
        await using var world = await WorldAsync(new([new("erp/list", null, 1000), new("crm/read", null, 1)]) { Prefer = [new(null, ["erp/*"])] });
        var resilience = new ResilienceSettings { BreakOver = 2, Retries = 0 };
        await world.WriteAsync(World.Entry(RegistryKind.Server, "erp", "1.0.0", new ServerBody(World.Address, "reg-erp") { Settings = new ServerSettings { Resilience = resilience } }), World.Tool("erp/list"));
        world.Upstream.Always(call => call.Tool == "list" ? new UpstreamResult.NotSent(new Problem(ProblemTypes.Communication, 502, "Refused")) : StubUpstream.Done());
        var results = new List<GatewayResult>();
        for (var i = 0; i < 4; i++) results.Add(await CallAsync(world, purpose: $"call-{i}"));
        Assert.Equal([true, true], results.Take(2).Select(result => result is GatewayResult.Failed));
        Assert.Equal([true, true], results.Skip(2).Select(result => result is GatewayResult.Completed));
        Assert.Equal(["crm/read", "crm/read"], (await world.RecordsAsync(AuditTypes.CallIntent)).TakeLast(2).Select(record => record.Target!));
    }

    private static Task<GatewayResult> CallAsync(World world, Gate? gate = null, string purpose = "call") =>
        world.Node.Gateway.CallAsync(world.Call("route:r", purpose: purpose) with { Grant = gate?.Id, RequiresGrant = gate is not null }, Token);

    private static async Task<World> WorldAsync(RouteBody route)
    {
        var world = await World.CreateAsync(World.Policy.Replace("'crm/read',", "'crm/read', 'crm/safe-too', 'erp/list',", StringComparison.Ordinal));
        await world.WriteAsync(World.Entry(RegistryKind.Route, "r", "1.0.0", route));
        return world;
    }

    private static async Task RerouteAsync(World world, RouteBody route)
    {
        await world.MoveAsync(RegistryKind.Route, "r", "1.0.0", Lifecycle.Deprecated, "2.0.0");
        await world.WriteAsync(World.Entry(RegistryKind.Route, "r", "2.0.0", route));
    }
}
