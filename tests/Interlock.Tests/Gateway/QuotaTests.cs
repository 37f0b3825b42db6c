using Interlock.Core;
using Interlock.Core.Gateway;
using Interlock.Core.Gateway.Limits;
using Interlock.Core.Registry;
using Interlock.Json;
using Interlock.Local.Commands;

namespace Interlock.Tests.Gateway;

/// <summary>Quotas and budgets: counted once over all instances, refused before anything leaves.</summary>
public sealed class QuotaTests
{
    private static CancellationToken Token => World.Token;

    [Fact]
    public async Task Calls_OverTheQuota_AreRefusedUntilItsWindowEnds()
    {
        await using var world = await WorldAsync("{ version: 1, rules: [ { id: free, tools: ['crm/*'], calls: { hour: 3, day: 5 } } ] }");
        Assert.Equal(3, await CompletedAsync(world, 5));
        var refusal = Assert.IsType<GatewayResult.Refused>(await world.Node.Gateway.CallAsync(Call(world, 100), Token)).Refusal;
        Assert.Equal(("admit", "quota-exceeded", 429), (refusal.Stage, refusal.Rule, refusal.Status));
        Assert.Contains("retry after 1800 s", refusal.Detail); // it is half past
        Assert.Equal(3, world.Upstream.Calls.Count);
        world.Time.Now += TimeSpan.FromMinutes(30);
        Assert.Equal(2, await CompletedAsync(world, 5, from: 200)); // of the day's five
        Assert.Contains("this day", Assert.IsType<GatewayResult.Refused>(await world.Node.Gateway.CallAsync(Call(world, 300), Token)).Refusal.Detail);
    }

    [Fact]
    public async Task Calls_FromManyInstancesAtOnce_AreNeverMoreThanTheQuota()
    {
        const int Quota = 150;
        await using var world = await WorldAsync($"{{ version: 1, rules: [ {{ id: free, calls: {{ day: {Quota} }} }} ] }}");
        var nodes = Enumerable.Range(0, 4).Select(_ => new Node(world, new YieldingTableStore(world.Memory))).ToList();
        var results = await Task.WhenAll(Enumerable.Range(0, 400).Select(i => Task.Run(() => nodes[i % 4].Gateway.CallAsync(Call(world, i), Token))));
        Assert.InRange(results.Count(result => result is GatewayResult.Completed), Quota - 20, Quota); // what another instance holds is out of reach for this one
        Assert.All(results.OfType<GatewayResult.Refused>(), refused => Assert.Equal("quota-exceeded", refused.Refusal.Rule));
        Assert.True(world.Upstream.Calls.Count <= Quota);
    }

    [Fact]
    public async Task Calls_InstancesCrashingAllTheTime_LoseABoundedPart()
    {
        const int Quota = 320;
        await using var world = await WorldAsync($"{{ version: 1, rules: [ {{ id: free, calls: {{ day: {Quota} }} }} ] }}");
        var done = 0;
        for (var i = 0; i < Quota; i++)
            if (await new Node(world, world.Memory).Gateway.CallAsync(Call(world, i), Token) is GatewayResult.Completed) done++;
        Assert.InRange(done, 40, Quota / 2); // an instance for each call: a thirty-second of what is left is lost each time
    }

    [Fact]
    public async Task Cost_OverTheBudget_IsRefused()
    {
        await using var world = await WorldAsync("{ version: 1, rules: [ { id: money, cost: { month: 1 } } ] }", cost: 0.3m);
        Assert.Equal(3, await CompletedAsync(world, 5));
        var refusal = Assert.IsType<GatewayResult.Refused>(await world.Node.Gateway.CallAsync(Call(world, 100), Token)).Refusal;
        Assert.Equal("budget-exceeded", refusal.Rule);
        Assert.IsType<GatewayResult.Completed>(await world.Node.Gateway.CallAsync(Call(world, 101) with { Target = "crm/read" }, Token)); // it costs nothing
    }

    [Fact]
    public async Task Run_OverItsCalls_IsRefused_AndAnotherRunIsNot()
    {
        await using var world = await WorldAsync("{ version: 1, run: { calls: 2 } }");
        GatewayCall Of(string run, int i) => Call(world, i) with { Site = World.Site() with { Run = new RunId(run) } };
        for (var i = 0; i < 2; i++) Assert.IsType<GatewayResult.Completed>(await new Node(world, world.Memory).Gateway.CallAsync(Of(World.Run.Value, i), Token));
        Assert.Equal("quota-exceeded", Rule(await world.Node.Gateway.CallAsync(Of(World.Run.Value, 3), Token)));
        Assert.IsType<GatewayResult.Completed>(await world.Node.Gateway.CallAsync(Of(new string('b', 32), 4), Token));
        Assert.IsType<GatewayResult.Completed>(await world.Node.Gateway.CallAsync(Call(world, 5), Token)); // no run's
    }

    [Fact]
    public async Task Tool_CalledOftenerThanOneRunMay_IsRefusedForThatRunAndToolOnly()
    {
        await using var world = await World.CreateAsync();
        var body = World.Tool("crm/read").As<ToolBody>();
        await world.WriteAsync(World.Entry(RegistryKind.Tool, "crm/read", "2.0.0", body with { Settings = body.Settings with { MaxCalls = 2 } }));
        GatewayCall Of(string run, int i, string tool = "crm/read") => world.Call(tool, purpose: $"{i}") with { Effect = new EffectId(i.ToString("x32", null)), Site = World.Site() with { Run = new RunId(run) } };
        for (var i = 0; i < 2; i++)
        {
            world.Upstream.Then(StubUpstream.Done());
            Assert.IsType<GatewayResult.Completed>(await new Node(world, world.Memory).Gateway.CallAsync(Of(World.Run.Value, i), Token));
        }
        var refusal = Assert.IsType<GatewayResult.Refused>(await world.Node.Gateway.CallAsync(Of(World.Run.Value, 2), Token)).Refusal;
        Assert.Equal(("admit", "max-calls", 429), (refusal.Stage, refusal.Rule, refusal.Status));
        Assert.Equal(2, world.Upstream.Calls.Count);
        Assert.Single(await world.RecordsAsync(Core.Audit.AuditTypes.CallRefused), record => record is { Stage: "admit", Rule: "max-calls" });
        world.Upstream.Then(StubUpstream.Done(), StubUpstream.Done());
        Assert.IsType<GatewayResult.Completed>(await world.Node.Gateway.CallAsync(Of(World.Run.Value, 3, "crm/lookup"), Token));
        Assert.IsType<GatewayResult.Completed>(await world.Node.Gateway.CallAsync(Of(new string('b', 32), 4), Token));
    }

    [Fact]
    public async Task Compensation_IsNeverRefusedForAQuota()
    {
        await using var world = await WorldAsync("{ version: 1, run: { calls: 1 } }");
        Assert.IsType<GatewayResult.Completed>(await world.Node.Gateway.CallAsync(world.Call("crm/read"), Token));
        Assert.Equal("quota-exceeded", Rule(await world.Node.Gateway.CallAsync(world.Call("crm/read", purpose: "again"), Token)));
        Assert.IsType<GatewayResult.Completed>(await world.Node.Gateway.CallAsync(world.Call("crm/revert", purpose: "undo") with { IsCompensation = true }, Token));
    }

    [Theory]
    [InlineData("{ any: true }", 1)]
    [InlineData("{ user: ana }", 1)]
    [InlineData("{ user: sam }", 2)]
    [InlineData("{ group: sre }", 2)]
    public async Task Rule_CountsThoseItNames(string who, int allowed)
    {
        await using var world = await WorldAsync($"{{ version: 1, rules: [ {{ id: one, who: {who}, tools: [crm/lookup], calls: {{ day: 1 }} }} ] }}");
        Assert.Equal(allowed, await CompletedAsync(world, 2)); // Ana is in no group
    }

    [Fact]
    public async Task Rule_PerAll_IsOneForEverybody()
    {
        await using var world = await WorldAsync("{ version: 1, rules: [ { id: one, per: all, calls: { day: 1 } } ] }");
        Assert.Equal(1, await CompletedAsync(world, 2));
        var sams = Call(world, 50) with { Chain = new Core.Identity.ActorChain(world.Sam, null, null) };
        Assert.Equal("quota-exceeded", Rule(await world.Node.Gateway.CallAsync(sams, Token)));
    }

    [Fact]
    public async Task Refusal_OfASecondRule_GivesBackWhatTheFirstCounted()
    {
        await using var world = await WorldAsync("{ version: 1, rules: [ { id: a, per: all, calls: { day: 2 } }, { id: b, who: { user: ana }, calls: { day: 1 } } ] }");
        Assert.Equal(1, await CompletedAsync(world, 3));
        Assert.IsType<GatewayResult.Completed>(await world.Node.Gateway.CallAsync(Call(world, 60) with { Chain = new Core.Identity.ActorChain(world.Sam, null, null) }, Token));
    }

    [Theory]
    [InlineData("{ version: 2 }")]
    [InlineData("{ version: 1, rules: [ { id: a } ] }")]
    [InlineData("{ version: 1, rules: [ { id: a, calls: { hour: 0 } } ] }")]
    [InlineData("{ version: 1, rules: [ { id: a, calls: { year: 1 } } ] }")]
    [InlineData("{ version: 1, rules: [ { id: a, who: { mail: x }, calls: { hour: 1 } } ] }")]
    [InlineData("{ version: 1, rules: [ { id: a, tools: [crm], calls: { hour: 1 } } ] }")]
    [InlineData("{ version: 1, rules: [ { id: a, calls: { hour: 1 } }, { id: a, calls: { hour: 1 } } ] }")]
    [InlineData("{ version: 1, runs: { calls: 1 } }")]
    public void Parse_WhatIsNoQuota_IsRefused(string text) => Assert.NotNull(QuotaSet.Parse(text).Error);

    [Fact]
    public async Task ToolsRate_IsSharedByItsCallers()
    {
        await using var world = await World.CreateAsync();
        await ToolAsync(world, new ToolSettings { Rate = new CallRate(0.5, 4) });
        world.Upstream.Always(_ => StubUpstream.Done());
        for (var i = 0; i < 2; i++) Assert.IsType<GatewayResult.Completed>(await world.Node.Gateway.CallAsync(Call(world, i), Token));
        var refusal = Assert.IsType<GatewayResult.Refused>(await world.Node.Gateway.CallAsync(Call(world, 9) with { Chain = new Core.Identity.ActorChain(world.Sam, null, null) }, Token)).Refusal;
        Assert.Equal("rate-limited", refusal.Rule);
        Assert.Contains("crm/lookup", refusal.Detail);
        Assert.IsType<GatewayResult.Completed>(await world.Node.Gateway.CallAsync(Call(world, 10) with { Target = "crm/read" }, Token));
    }

    [Fact]
    public async Task GlobalRate_IsOneForAllTenantsAndInstances()
    {
        await using var world = await World.CreateAsync();
        world.Upstream.Always(_ => StubUpstream.Done());
        var limits = GatewayLimits.None with { Global = new RateLimit(0.5, 4) };
        for (var i = 0; i < 2; i++) Assert.IsType<GatewayResult.Completed>(await new Node(world, world.Memory, limits: limits).Gateway.CallAsync(Call(world, i), Token));
        Assert.Equal("rate-limited", Rule(await new Node(world, world.Memory, limits: limits).Gateway.CallAsync(Call(world, 9), Token)));
    }

    [Theory]
    [InlineData("caller=20/400", true)]
    [InlineData("tenant=0.5/10", true)]
    [InlineData("global=500/10000", true)]
    [InlineData("caller=20/1", false)]
    [InlineData("caller=20", false)]
    [InlineData("nobody=20/400", false)]
    [InlineData("caller=NaN/400", false)]
    public void ServeOption_Limit_IsRead(string limit, bool isOne) => Assert.Equal(isOne, ServeCommand.Limits([limit]) is not null);

    private static string Rule(GatewayResult result) => Assert.IsType<GatewayResult.Refused>(result).Refusal.Rule;

    private static GatewayCall Call(World world, int i) => world.Call("crm/lookup") with { Site = null, Effect = new($"{i:x32}") };

    private static async Task<int> CompletedAsync(World world, int calls, int from = 0)
    {
        var done = 0;
        for (var i = 0; i < calls; i++)
            if (await world.Node.Gateway.CallAsync(Call(world, from + i), Token) is GatewayResult.Completed) done++;
        return done;
    }

    private static async Task<World> WorldAsync(string quotas, decimal cost = 0)
    {
        var world = await World.CreateAsync();
        world.Upstream.Always(_ => StubUpstream.Done());
        Assert.Null(QuotaSet.Parse(quotas).Error);
        await world.WriteAsync(World.Entry(RegistryKind.Policy, QuotaSet.EntryName, "1.0.0", new PolicyBody(quotas)));
        await ToolAsync(world, new ToolSettings { Cost = cost });
        return world;
    }

    private static Task ToolAsync(World world, ToolSettings settings) => world.WriteAsync(World.Entry(
        RegistryKind.Tool, "crm/lookup", "2.0.0", new ToolBody(JsonValue.Object(("name", "lookup")), "sha256:contract-2", StrictJson.Parse("""{"type":"object"}""")) { Settings = settings }));
}
