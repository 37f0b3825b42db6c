using Interlock.Core;
using Interlock.Core.Agents;
using Interlock.Core.Audit;
using Interlock.Core.Gateway;
using Interlock.Core.Registry;
using Interlock.Core.Runs;
using Interlock.Tests.Gateway;

namespace Interlock.Tests.Agents;

/// <summary>What a conversation is opened with: the version that answers, the pool that this run may use, recorded before anybody hears of it.</summary>
public sealed class AgentDeskTests
{
    private static readonly PoolRequest Pool = new() { Tools = ["crm/read", "crm/lookup", "crm/drop", "crm/apply", "crm/none"], Agents = ["reader"] };

    private static CancellationToken Token => World.Token;

    [Fact]
    public async Task Open_TellsTheVersionItsSettingsAndThePoolThatTheRunMayUse()
    {
        await using var world = await AgentWorld.CreateAsync(
            AgentWorld.OfTool("reader", "crm/read"),
            AgentWorld.Chat("planner", "1.1.0", settings => settings with { Instructions = "Be brief.", Limits = new AgentLimits { Steps = 3 }, MaxOutputTokens = 50 }));
        var terms = await OpenedAsync(world, AgentWorld.Opening(world, version: "^1"), Pool);
        Assert.Equal(("planner", "1.1.0", "small", "Be brief.", 3, 50, AgentWorld.Prices), (terms.Agent, terms.Version, terms.Model, terms.Instructions, terms.Limits.Steps, terms.MaxOutputTokens, terms.Prices));
        Assert.Equal(["crm__read", "crm__apply", "reader"], terms.Pool.Select(member => member.Name));
        Assert.Equal(World.Tool("crm/read").As<ToolBody>().InputSchema, terms.Find("reader")!.InputSchema); // it is in the pool
        Assert.Equal(["crm/none", "crm/lookup", "crm/drop"], terms.Excluded.Select(exclusion => exclusion.Target));
        Assert.Contains("policy-denied", terms.Excluded.Single(exclusion => exclusion.Target == "crm/lookup").Why); // the agent's own rule
        var record = Assert.Single(await world.RecordsAsync(AuditTypes.AgentOpened));
        Assert.Equal(("planner", "1.1.0", "allow", terms.PoolDigest), (record.Target, record.AgentVersion, record.Decision, record.Details!["pool"]!.AsString())); // it has details
        Assert.Equal((3, 3), (record.Details["members"]!.Count, record.Details["excluded"]!.Count));
    }

    [Fact]
    public async Task Open_Again_IsOneRecord_AndAnotherOneWhenTheRegistryIsAnother()
    {
        await using var world = await AgentWorld.CreateAsync();
        var terms = await OpenedAsync(world, AgentWorld.Opening(world), Pool);
        Assert.Equal(RunJson.ToValue(terms), RunJson.ToValue(await OpenedAsync(world, AgentWorld.Opening(world), Pool, new Node(world, world.Memory))));
        Assert.Single(await world.RecordsAsync(AuditTypes.AgentOpened));
        await world.MoveAsync(RegistryKind.Tool, "crm/read", "1.0.0", Lifecycle.Disabled);
        Assert.Null((await OpenedAsync(world, AgentWorld.Opening(world), Pool)).Find("crm__read"));
        Assert.Equal(2, (await world.RecordsAsync(AuditTypes.AgentOpened)).Select(record => record.Details!["pool"]!.AsString()).Distinct().Count()); // each has details
        await OpenedAsync(world, AgentWorld.Opening(world), Pool);
        Assert.Equal(2, (await world.RecordsAsync(AuditTypes.AgentOpened)).Count);
    }

    [Fact]
    public async Task Open_ByACallOfTheAgent_GivesItsOwnPool()
    {
        await using var world = await AgentWorld.CreateAsync(AgentWorld.Chat("helper", with: settings => settings with { Pool = new PoolRequest { Tools = ["crm/safe"] } }));
        Assert.Equal(["crm__safe"], (await OpenedAsync(world, AgentWorld.Opening(world, "helper"), null)).Pool.Select(member => member.Name));
    }

    [Fact]
    public async Task Open_ADeprecatedVersion_OpensItsSuccessor()
    {
        await using var world = await AgentWorld.CreateAsync(AgentWorld.Chat("planner", "2.0.0"));
        await world.MoveAsync(RegistryKind.Agent, "planner", "1.0.0", Lifecycle.Deprecated, "2.0.0");
        Assert.Equal("2.0.0", (await OpenedAsync(world, AgentWorld.Opening(world, version: "1.0.0"), Pool)).Version);
    }

    [Theory]
    [InlineData("banned", "authorize", "policy-denied")]
    [InlineData("careful", "authorize", "grant-required")]
    [InlineData("nobody", "resolve", "unknown-agent")]
    [InlineData("off", "resolve", "disabled")]
    [InlineData("short", "resolve", "no-chat-agent")]
    [InlineData("shorter", "resolve", "unknown-agent")]
    public async Task Open_WhatMayNotBe_IsRefusedAndRecordedOnce(string agent, string stage, string rule)
    {
        await using var world = await AgentWorld.CreateAsync(
            AgentWorld.Chat("banned"), AgentWorld.Chat("careful"), AgentWorld.Chat("off") with { Lifecycle = Lifecycle.Disabled }, AgentWorld.OfTool("reader", "crm/read"),
            AgentWorld.Chat("short", with: settings => settings with { Context = new ContextPolicy { Summarizer = "reader" } }),
            AgentWorld.Chat("shorter", with: settings => settings with { Context = new ContextPolicy { Summarizer = "none" } }));
        for (var i = 0; i < 2; i++)
        {
            var refusal = (await AgentWorld.Desk(world).OpenAsync(AgentWorld.Opening(world, agent), Pool, Token)).Refusal;
            Assert.Equal((stage, rule), (refusal?.Stage, refusal?.Rule));
        }
        Assert.Single(await world.RecordsAsync(AuditTypes.CallRefused), record => record.Stage == stage && record.Rule == rule);
        Assert.Empty(await world.RecordsAsync(AuditTypes.AgentOpened));
    }

    [Fact]
    public async Task Open_WhenTheRunNoLongerWaits_IsRefused()
    {
        await using var world = await AgentWorld.CreateAsync();
        world.Fence.IsPending = false;
        Assert.Equal("frame-not-pending", (await AgentWorld.Desk(world).OpenAsync(AgentWorld.Opening(world), Pool, Token)).Refusal?.Rule);
        Assert.Empty(await world.RecordsAsync(AuditTypes.AgentOpened));
    }

    [Fact]
    public async Task Open_AnAgentThatPeopleApprove_SpendsTheGrant_AndItsTurnsNeedNoOther()
    {
        await using var world = await AgentWorld.CreateAsync(AgentWorld.Chat("careful"));
        var arguments = World.Arguments("""{"task":"fix"}""");
        var gate = await world.ApprovedAsync(world.Request("gate-1", World.Cover("careful", arguments) with { Kind = "agent" }));
        var desk = AgentWorld.Desk(world);
        var other = AgentWorld.Opening(world, "careful", arguments: World.Arguments("""{"task":"drop"}""")) with { Grant = gate.Id };
        Assert.Equal("intent-mismatch", (await desk.OpenAsync(other, null, Token)).Refusal?.Rule);
        Assert.Equal("grant-required", Rule(await world.Node.Gateway.CallAsync(AgentWorld.Turn(world, "early", "careful"), Token)));
        var opening = AgentWorld.Opening(world, "careful", arguments: arguments) with { Grant = gate.Id, RequiresGrant = true };
        await OpenedAsync(world, opening, null);
        await OpenedAsync(world, opening, null, new Node(world, world.Memory));
        var record = Assert.Single(await world.RecordsAsync(AuditTypes.AgentOpened));
        Assert.Equal(("approved", gate.Id), (record.Decision, record.Gate!.Value)); // it has one
        Assert.Equal("grant-spent", (await desk.OpenAsync(opening with { Effect = EffectIds.Of(World.Run, World.Frame, "another") }, null, Token)).Refusal?.Rule);
        world.Upstream.Then(AgentWorld.Answer(1, 1), AgentWorld.Answer(1, 1));
        foreach (var turn in new[] { "one", "two" }) Assert.IsType<GatewayResult.Completed>(await world.Node.Gateway.CallAsync(AgentWorld.Turn(world, turn, "careful"), Token));
        Assert.All((await world.RecordsAsync(AuditTypes.CallIntent)), intent => Assert.Equal(("approved", gate.Id), (intent.Decision, intent.Gate!.Value))); // each has one
        Assert.Equal("grant-required", Rule(await world.Node.Gateway.CallAsync(AgentWorld.Turn(world, "elsewhere", "careful") with { Site = World.Site(new FrameId("/do/9/other")) }, Token)));
        await world.WriteAsync(AgentWorld.Chat("careful", "2.0.0"));
        Assert.Equal("target-mismatch", Rule(await world.Node.Gateway.CallAsync(AgentWorld.Turn(world, "led to another version", "careful"), Token)));
    }

    [Fact]
    public async Task Open_UnderAGateWhoseAuditSaysOtherwise_IsRefused()
    {
        await using var world = await AgentWorld.CreateAsync(AgentWorld.Chat("careful"));
        var arguments = World.Arguments("""{"task":"fix"}""");
        var request = world.Request("gate-1", World.Cover("careful", arguments) with { Kind = "agent" });
        var opened = await world.Node.Desk.OpenAsync(World.Tenant, World.Site(), world.Origin, request, Token);
        Assert.Null(opened.Refusal);
        var opening = AgentWorld.Opening(world, "careful", arguments: arguments) with { Grant = request.Id };
        Assert.Equal("grant-missing", (await AgentWorld.Desk(world).OpenAsync(opening, null, Token)).Refusal?.Rule); // nobody approved it yet
        Assert.Empty(await world.RecordsAsync(AuditTypes.AgentOpened));
    }

    [Fact]
    public async Task IsConversation_OfAChatAgentOnly_AndNotOfACallThatWentOutBefore()
    {
        await using var world = await AgentWorld.CreateAsync(AgentWorld.OfTool("reader", "crm/read"));
        var desk = AgentWorld.Desk(world);
        Assert.True(await desk.IsConversationAsync(AgentWorld.Opening(world), Token));
        var call = world.Call("reader") with { Kind = TargetKind.Agent };
        Assert.False(await desk.IsConversationAsync(call, Token));
        world.Upstream.Then(StubUpstream.Done());
        await world.Node.Gateway.CallAsync(call, Token);
        await world.WriteAsync(AgentWorld.Chat("reader", "2.0.0"));
        Assert.False(await desk.IsConversationAsync(call, Token)); // it was a call, and is answered as one
        Assert.True(await desk.IsConversationAsync(call with { Effect = EffectIds.Of(World.Run, World.Frame, "later") }, Token));
    }

    private static string? Rule(GatewayResult result) => Assert.IsType<GatewayResult.Refused>(result).Refusal.Rule;

    private static async Task<AgentTerms> OpenedAsync(World world, GatewayCall call, PoolRequest? pool, Node? node = null)
    {
        var opened = await AgentWorld.Desk(world, node).OpenAsync(call, pool, Token);
        Assert.Null(opened.Refusal);
        return opened.Value!; // not refused
    }
}
