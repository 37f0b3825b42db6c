using Interlock.Core;
using Interlock.Core.Agents;
using Interlock.Core.Audit;
using Interlock.Core.Gateway;
using Interlock.Core.Gateway.Limits;
using Interlock.Core.Registry;
using Interlock.Json;
using Interlock.Tests.Gateway;

namespace Interlock.Tests.Agents;

/// <summary>A model's turn is a call like any other: one road, one record, and what it used is counted once.</summary>
public sealed class ChatTurnTests
{
    private static CancellationToken Token => World.Token;

    [Fact]
    public async Task Turn_IsRecordedWithItsVersionModelTokensAndCost()
    {
        await using var world = await AgentWorld.CreateAsync();
        world.Upstream.Then(AgentWorld.Answer(1000, 250));
        Assert.IsType<GatewayResult.Completed>(await world.Node.Gateway.CallAsync(AgentWorld.Turn(world), Token));
        var sent = Assert.Single(world.Upstream.Calls);
        Assert.Equal((UpstreamKind.Chat, AgentWorld.Endpoint, "small"), (sent.Endpoint.Kind, sent.Endpoint.Address, sent.Tool));
        var outcome = Assert.Single(await world.RecordsAsync(AuditTypes.CallOutcome));
        Assert.Equal(("planner", "1.0.0", "completed"), (outcome.Target, outcome.AgentVersion, outcome.Outcome));
        Assert.Equal(("small-2026", 1000, 250, 4000), (outcome.Details!["model"]!.AsString(), outcome.Details["tokens"]!["input"]!.AsNumber(), outcome.Details["tokens"]!["output"]!.AsNumber(), outcome.Details["cost"]!.AsNumber())); // it was a turn
        var usage = Assert.Single(await UsageAsync(world));
        Assert.Equal(("planner", 1, 1000, 250, 4000, "support/fix"), (usage.Tool, usage.Calls, usage.InputTokens, usage.OutputTokens, usage.Cost, usage.Workflow));
    }

    [Fact]
    public async Task Turn_WhoseAnswerMakesNoSense_FailsAndCounts()
    {
        await using var world = await AgentWorld.CreateAsync();
        world.Upstream.Then(new UpstreamResult.Completed(JsonValue.Null, true) { Problem = new Problem(ProblemTypes.Communication, 502, "No sense"), Use = new ModelUse("small", new TokenCount(10, 5)) });
        Assert.Equal("No sense", Assert.IsType<GatewayResult.Failed>(await world.Node.Gateway.CallAsync(AgentWorld.Turn(world), Token)).Problem.Title);
        var usage = Assert.Single(await UsageAsync(world));
        Assert.Equal((1, 15, AgentWorld.Prices.Of(new(10, 5))), (usage.Failures, usage.InputTokens + usage.OutputTokens, usage.Cost));
    }

    [Fact]
    public async Task Turn_LostOnTheWay_IsMadeAgainByItself_AndOnlyTheAnswerCounts()
    {
        await using var world = await AgentWorld.CreateAsync();
        world.Upstream.Then(StubUpstream.Lost(), new UpstreamResult.Rejected(new Problem(ProblemTypes.Limit, 429, "Busy")) { RetryAfter = TimeSpan.Zero }, AgentWorld.Answer(100, 10));
        Assert.IsType<GatewayResult.Completed>(await world.Node.Gateway.CallAsync(AgentWorld.Turn(world), Token));
        Assert.Equal(3, world.Upstream.Calls.Count);
        var usage = await UsageAsync(world);
        Assert.Equal((100, 10, AgentWorld.Prices.Of(new(100, 10))), (usage.Sum(one => one.InputTokens), usage.Sum(one => one.OutputTokens), usage.Sum(one => one.Cost)));
    }

    [Theory]
    [InlineData("""{"messages":[]}""")]
    [InlineData("""{"messages":[{"role":"user"}],"model":"large"}""")]
    [InlineData("""{"messages":[{"role":"user"}],"stream":true}""")]
    [InlineData("""{"messages":[{"role":"user"}],"n":2}""")]
    [InlineData("""{"messages":[{"role":"user"}],"tools":[{"type":"web_search"}]}""")]
    public async Task Turn_ThatAsksForMoreThanATurn_NeverLeaves(string body)
    {
        await using var world = await AgentWorld.CreateAsync();
        await RefusedAsync(world, AgentWorld.Turn(world) with { Arguments = StrictJson.Parse(body) }, "validate", "arguments");
    }

    [Fact]
    public async Task Call_OfAChatAgentThatIsNoTurn_NeverLeaves_NorATurnOfAnotherAgent()
    {
        await using var world = await AgentWorld.CreateAsync(AgentWorld.OfTool("reader", "crm/read"));
        await RefusedAsync(world, AgentWorld.Turn(world, "a") with { Step = ConversationStep.None }, "resolve", "chat-agent");
        await RefusedAsync(world, AgentWorld.Turn(world, "b", "reader"), "resolve", "no-chat-agent");
    }

    [Fact]
    public async Task Call_OfAnAgentThatIsATool_ReachesTheToolUnderBothNames()
    {
        await using var world = await AgentWorld.CreateAsync(AgentWorld.OfTool("reader", "crm/read"));
        world.Upstream.Then(StubUpstream.Done());
        Assert.IsType<GatewayResult.Completed>(await world.Node.Gateway.CallAsync(world.Call("reader") with { Kind = TargetKind.Agent }, Token));
        var sent = Assert.Single(world.Upstream.Calls);
        Assert.Equal((UpstreamKind.Mcp, World.Address, "read"), (sent.Endpoint.Kind, sent.Endpoint.Address, sent.Tool));
        var intent = Assert.Single(await world.RecordsAsync(AuditTypes.CallIntent));
        Assert.Equal(("reader", "1.0.0", "1.0.0", "sha256:contract-1", "crm/read"), (intent.Target, intent.AgentVersion, intent.ToolVersion, intent.ContractDigest, intent.Details?["tool"]?.AsString()));
        Assert.Equal("""{"level":3,"service":"mail"}""", System.Text.Encoding.UTF8.GetString(sent.Arguments.Span)); // the tool's contract
    }

    [Theory]
    [InlineData("crm/drop", "authorize", "policy-denied")]
    [InlineData("crm/apply", "authorize", "grant-required")]
    [InlineData("crm/other", "authorize", "policy-default-deny")]
    public async Task Call_OfAToolByAnAgentsName_IsHeldByTheToolsPolicy(string tool, string stage, string rule)
    {
        await using var world = await AgentWorld.CreateAsync(AgentWorld.OfTool("reader", tool));
        await RefusedAsync(world, world.Call("reader") with { Kind = TargetKind.Agent }, stage, rule);
    }

    [Fact]
    public async Task Call_OfAToolByAnAgentsName_IsHeldByTheAgentsPolicyAndTheToolsLifecycle()
    {
        await using var world = await AgentWorld.CreateAsync(AgentWorld.OfTool("banned", "crm/read"), AgentWorld.OfTool("reader", "crm/read"));
        await RefusedAsync(world, world.Call("banned") with { Kind = TargetKind.Agent }, "authorize", "policy-denied");
        await world.MoveAsync(RegistryKind.Tool, "crm/read", "1.0.0", Lifecycle.Disabled);
        await RefusedAsync(world, world.Call("reader", purpose: "b") with { Kind = TargetKind.Agent }, "resolve", "disabled");
    }

    [Fact]
    public async Task Tokens_OverTheBudget_AreRefusedFromTheNextTurnOn()
    {
        await using var world = await AgentWorld.CreateAsync();
        await QuotasAsync(world, "{ version: 1, rules: [ { id: tokens, agents: [planner], tokens: { hour: 1000 } } ] }");
        world.Upstream.Always(_ => AgentWorld.Answer(500, 400));
        Assert.Equal(2, await CompletedAsync(world, 4)); // the second passes it by itself
        var refusal = await RefusedAsync(world, AgentWorld.Turn(world, "more"), "admit", "budget-exceeded");
        Assert.Contains("budget of tokens of rule 'tokens' for this hour is used up; retry after 1800 s", refusal.Detail);
        world.Time.Now += TimeSpan.FromMinutes(30);
        Assert.Equal(2, await CompletedAsync(world, 4, from: 100));
    }

    [Theory]
    [InlineData("{ version: 1, run: { tokens: 1000 } }")]
    [InlineData("{ version: 1, run: { cost: 0.004 } }")]
    public async Task Run_OverItsBudget_IsRefused_AndAnotherRunIsNot(string quotas)
    {
        await using var world = await AgentWorld.CreateAsync();
        await QuotasAsync(world, quotas);
        world.Upstream.Always(_ => AgentWorld.Answer(500, 400));
        Assert.InRange(await CompletedAsync(world, 4), 1, 2);
        var other = AgentWorld.Turn(world, "other") with { Site = World.Site() with { Run = new RunId(new string('b', 32)) } };
        Assert.IsType<GatewayResult.Completed>(await world.Node.Gateway.CallAsync(other, Token));
    }

    [Fact]
    public async Task Turn_StoreFailsAnywhere_IsCountedOnce()
    {
        foreach (var fault in new[] { Fault.ThrowBefore, Fault.ThrowAfter, Fault.HangBefore, Fault.HangAfter })
        {
            for (var at = 1; ; at++)
            {
                Assert.InRange(at, 1, 200);
                await using var world = await AgentWorld.CreateAsync();
                var store = new FaultyTableStore(world.Memory);
                world.Upstream.Always(_ => AgentWorld.Answer(100, 10));
                store.Arm(at, fault);
                var first = new Node(world, store).Gateway.CallAsync(AgentWorld.Turn(world), Token);
                await Task.WhenAny(first, store.Reached);
                if (fault is Fault.ThrowBefore or Fault.ThrowAfter) await Record.ExceptionAsync(() => first);
                if (store.Struck is null) break;
                Assert.IsType<GatewayResult.Completed>(await new Node(world, world.Memory).Gateway.CallAsync(AgentWorld.Turn(world), Token));
                var usage = await UsageAsync(world);
                Assert.Equal((100, 10, AgentWorld.Prices.Of(new(100, 10))), (usage.Sum(one => one.InputTokens), usage.Sum(one => one.OutputTokens), usage.Sum(one => one.Cost)));
            }
        }
    }

    private static async Task<Refusal> RefusedAsync(World world, GatewayCall call, string stage, string rule)
    {
        var seen = world.Upstream.Calls.Count;
        var refusal = Assert.IsType<GatewayResult.Refused>(await world.Node.Gateway.CallAsync(call, Token)).Refusal;
        Assert.Equal((stage, rule), (refusal.Stage, refusal.Rule));
        Assert.Equal(seen, world.Upstream.Calls.Count);
        Assert.Single((await world.RecordsAsync(AuditTypes.CallRefused)), record => record.Effect == call.Effect && record.Stage == stage && record.Rule == rule);
        return refusal;
    }

    private static async Task<int> CompletedAsync(World world, int count, int from = 0)
    {
        var done = 0;
        for (var i = 0; i < count; i++)
            if (await new Node(world, world.Memory).Gateway.CallAsync(AgentWorld.Turn(world, $"{from + i}"), Token) is GatewayResult.Completed) done++;
        return done;
    }

    private static Task QuotasAsync(World world, string text)
    {
        Assert.Null(QuotaSet.Parse(text).Error);
        return world.WriteAsync(World.Entry(RegistryKind.Policy, QuotaSet.EntryName, "1.0.0", new PolicyBody(text)));
    }

    private static async Task<List<Core.Gateway.Usage.Usage>> UsageAsync(World world)
    {
        await world.Node.Gateway.Usage.UpdateAsync(World.Tenant, Token);
        return await world.Node.Gateway.Usage.ReadAsync(World.Tenant, World.Start, world.Time.Now, Token).ToListAsync(Token);
    }
}
