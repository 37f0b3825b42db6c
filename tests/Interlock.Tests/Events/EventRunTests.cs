using Interlock.Core;
using Interlock.Core.Audit;
using Interlock.Core.Identity;
using Interlock.Core.Intake;
using Interlock.Core.Intake.Events;
using Interlock.Core.Runs;
using Interlock.Json;
using Interlock.Tests.Gateway;

namespace Interlock.Tests.Events;

/// <summary>Events between runs: what is emitted is heard, once, by those it is for, in their tenant.</summary>
public sealed class EventRunTests
{
    internal const string Listens = "  - wait: { listen: { to: { one: { with: { type: paid } } } } }";
    internal const string Emits = "  - tell: { emit: { event: { with: { source: 'https://shop', type: paid, data: { order: '${ .order }' } } } } }";

    private static CancellationToken Token => World.Token;

    [Fact]
    public async Task Emit_WakesARunThatListens()
    {
        await using var world = new World();
        var society = new Society(world);
        await society.PublishAsync("listener", Listens);
        await society.PublishAsync("teller", Emits);
        var listener = await society.StartAsync("listener");
        await society.SettleAsync();
        Assert.Equal(RunStatus.Running, (await society.StateAsync(listener)).Status);
        world.Time.Now += TimeSpan.FromHours(3);
        var teller = await society.StartAsync("teller", JsonValue.Object(("order", 7)));
        await society.SettleAsync();
        Assert.Equal(RunStatus.Completed, (await society.StateAsync(teller)).Status);
        var heard = await society.StateAsync(listener);
        Assert.Equal((RunStatus.Completed, JsonValue.Array(JsonValue.Object(("order", 7)))), (heard.Status, heard.Output));
        var record = Assert.Single(await world.RecordsAsync(AuditTypes.EventEmitted));
        Assert.Equal((teller, "event:paid"), (record.Run!.Value, record.Target)); // of a run
        Assert.Equal(["user:ana", "user:sam"], record.Actors);
        Assert.Equal("paid", Assert.Single(society.Outside.Published).Type);
        Assert.Equal(0, await society.RowsAsync("listeners", "contoso|runs"));
    }

    [Fact]
    public async Task Emit_StartsWorkflowsAsTheRunAndNoMore()
    {
        await using var world = new World();
        var society = new Society(world);
        await society.PublishAsync("started", "  - keep: { set: '${ .[0].data }' }", "{ on: { one: { with: { type: paid } } } }", by: world.Zoe);
        await society.PublishAsync("teller", Emits);
        var teller = await society.StartAsync("teller", JsonValue.Object(("order", 7)));
        await society.SettleAsync();
        var started = Assert.Single(await society.RunsOfAsync("started"));
        Assert.Equal(JsonValue.Object(("order", 7)), started.Output);
        Assert.Equal((teller, 1, "event", "user:zoe"), (started.Origin.Parent!.Value, started.Origin.Depth, started.Origin.Trigger, started.Origin.WorkflowOwner)); // it has one
        Assert.Equal(["user:ana", "user:zoe", "user:sam"], started.Origin.Chain().Subjects);
    }

    [Theory]
    [InlineData("ana", false)]
    [InlineData("sam", true)]
    public async Task Emit_ByAWorkflowWhoseOwnerMayNotPublishIt_IsRefusedWhoeverStartsIt(string owner, bool taken)
    {
        await using var world = await World.CreateAsync("version: 1\nrules: []\nevents: [ { id: ops, principals: [ { group: sre } ], types: ['*'], sources: ['*'] } ]\n");
        var society = new Society(world);
        await society.PublishAsync("listener", Listens);
        await society.PublishAsync("teller", Emits, by: owner == "sam" ? world.Sam : world.Ana);
        var listener = await society.StartAsync("listener", by: world.Zoe);
        await society.SettleAsync();
        var teller = await society.StartAsync("teller", JsonValue.Object(("order", 7)), by: world.Zoe);
        await society.SettleAsync();
        Assert.Equal(taken ? null : "publisher-not-authorized", (await society.StateAsync(teller)).Error?.Rule);
        Assert.Equal(taken ? RunStatus.Completed : RunStatus.Running, (await society.StateAsync(listener)).Status);
        Assert.Equal(taken ? 1 : 0, society.Outside.Published.Count);
        Assert.Equal(taken ? 0 : 1, (await world.RecordsAsync(AuditTypes.CallRefused)).Count);
    }

    [Fact]
    public async Task Emit_EachCausingTheNext_EndsAtTheLimit()
    {
        await using var world = new World();
        var society = new Society(world);
        await society.PublishAsync("echo", "  - tell: { emit: { event: { with: { source: 'https://shop', type: paid } } } }", "{ on: { one: { with: { type: paid } } } }");
        await society.ReceiveAsync("paid");
        await society.SettleAsync();
        var runs = await society.RunsOfAsync("echo");
        Assert.Equal(Enumerable.Range(0, RunLimits.Causation + 1), runs.Select(run => run.Origin.Depth).Order());
        Assert.Equal("causation-limit", Assert.Single(runs, run => run.Status == RunStatus.Faulted).Error?.Rule);
        var refusal = Assert.Single(await world.RecordsAsync(AuditTypes.CallRefused));
        Assert.Equal(("emit", "causation-limit"), (refusal.Stage, refusal.Rule));
    }

    [Theory]
    [InlineData("io.serverlessworkflow.workflow.completed.v1", "reserved-type")]
    [InlineData("", "")]
    public async Task Emit_AnEventThatMayNotBe_IsRefused(string type, string rule)
    {
        await using var world = new World();
        var society = new Society(world);
        await society.PublishAsync("teller", $"  - tell: {{ emit: {{ event: {{ with: {{ source: 'https://shop', type: '${{ \"{type}\" }}' }} }} }} }}");
        var teller = await society.StartAsync("teller");
        await society.SettleAsync();
        var state = await society.StateAsync(teller);
        Assert.Equal((RunStatus.Faulted, rule), (state.Status, state.Error?.Rule ?? ""));
        Assert.Empty(society.Outside.Published);
        Assert.Empty(await world.RecordsAsync(AuditTypes.EventEmitted));
    }

    [Fact]
    public async Task Emit_TheSameIdWithOtherContent_IsAConflict()
    {
        await using var world = new World();
        var society = new Society(world);
        await society.PublishAsync("teller", "  - tell: { emit: { event: { with: { id: fixed, time: '2026-01-01T00:00:00Z', source: 'https://shop', type: paid, data: '${ .n }' } } } }");
        var runs = new List<RunStatus>();
        foreach (var n in new[] { 1, 1, 2 })
        {
            var run = await society.StartAsync("teller", JsonValue.Object(("n", n)));
            await society.SettleAsync();
            runs.Add((await society.StateAsync(run)).Status);
        }
        Assert.Equal([RunStatus.Completed, RunStatus.Completed, RunStatus.Faulted], runs);
        Assert.Single(society.Outside.Published);
        Assert.Equal("event-conflict", Assert.Single(await world.RecordsAsync(AuditTypes.CallRefused)).Rule);
    }

    [Fact]
    public async Task Emit_ComesBackFromOutside_IsKnown()
    {
        await using var world = new World();
        var society = new Society(world);
        await society.PublishAsync("started", "  - keep: { set: { a: 1 } }", "{ on: { one: { with: { type: paid } } } }");
        await society.PublishAsync("teller", Emits);
        await society.StartAsync("teller", JsonValue.Object(("order", 7)));
        await society.SettleAsync();
        var outside = Assert.Single(society.Outside.Published);
        Assert.IsType<IntakeResult.Started>(await society.Intake.ReceiveAsync(world.Zoe, outside, Token));
        Assert.Single(await society.RunsOfAsync("started"));
        Assert.IsType<IntakeResult.Started>(await society.Intake.ReceiveAsync(world.Zoe, CloudEvent.Read(outside.Json.With(CloudEvent.OwnKey, "another")).Event!, Token));
        Assert.Equal(2, (await society.RunsOfAsync("started")).Count); // no key of ours: an event as any other
    }

    [Fact]
    public async Task Emit_OutsideIsAway_IsPublishedLater()
    {
        await using var world = new World();
        var society = new Society(world);
        await society.PublishAsync("teller", Emits);
        society.Outside.IsAway = true;
        var run = await society.StartAsync("teller", JsonValue.Object(("order", 7)));
        await society.SettleAsync();
        Assert.Equal(RunStatus.Completed, (await society.StateAsync(run)).Status);
        society.Outside.IsAway = false;
        Assert.Equal(0, (await society.Intake.Delivery.RunAsync(World.Tenant, cancellationToken: Token)).Delivered);
        world.Time.Now += TimeSpan.FromMinutes(1);
        Assert.Equal(1, (await society.Intake.Delivery.RunAsync(World.Tenant, cancellationToken: Token)).Delivered);
        Assert.Single(society.Outside.Published);
    }

    [Fact]
    public async Task Listen_EventCameBeforeTheHostGotToIt_IsHeard()
    {
        await using var world = new World();
        var society = new Society(world);
        await society.PublishAsync("listener", Listens);
        await society.ReceiveAsync("paid", "early");
        world.Time.Now += TimeSpan.FromSeconds(1);
        var run = await society.StartAsync("listener");
        world.Time.Now += TimeSpan.FromSeconds(1);
        await society.ReceiveAsync("other", "2");
        await society.ReceiveAsync("paid", "3", JsonValue.Object(("n", 3)));
        await society.SettleAsync();
        Assert.Equal(JsonValue.Array(JsonValue.Object(("n", 3))), (await society.StateAsync(run)).Output);
    }

    [Fact]
    public async Task Listen_ToAnyEventUntilOne_TakesEachOnce()
    {
        await using var world = new World();
        var society = new Society(world);
        await society.PublishAsync("listener", "  - wait: { listen: { to: { any: [], until: { one: { with: { type: stop } } } } } }");
        var run = await society.StartAsync("listener");
        await society.SettleAsync();
        for (var i = 0; i < 2; i++)
            foreach (var id in new[] { "1", "2", "3" }) await society.ReceiveAsync("t" + id, id, JsonValue.Object(("id", id)));
        await society.ReceiveAsync("stop", "end");
        await society.SettleAsync();
        Assert.Equal(3, (await society.StateAsync(run)).Output?.Count);
    }

    [Fact]
    public async Task Listen_WhatFitsNoFilter_IsNotKept()
    {
        await using var world = new World();
        var society = new Society(world);
        await society.PublishAsync("listener", "  - wait: { listen: { to: { one: { with: { type: paid, subject: mine } } } } }");
        var run = await society.StartAsync("listener");
        await society.SettleAsync();
        var events = (await society.StateAsync(run)).Events;
        for (var i = 0; i < 20; i++) await society.ReceiveAsync("paid", $"{i}", subject: "yours");
        Assert.Equal(events, (await society.StateAsync(run)).Events);
        await society.ReceiveAsync("paid", "mine", subject: "mine");
        await society.SettleAsync();
        Assert.Equal(RunStatus.Completed, (await society.StateAsync(run)).Status);
    }

    [Fact]
    public async Task Listen_Suspended_HearsItWhenItGoesOn()
    {
        await using var world = new World();
        var society = new Society(world);
        await society.PublishAsync("listener", Listens);
        var run = await society.StartAsync("listener");
        await society.SettleAsync();
        await society.Host.SuspendAsync(World.Tenant, run, world.Ana, null, Token);
        for (var i = 0; i < 30; i++) await society.ReceiveAsync("paid", $"{i}", JsonValue.Object(("n", i)));
        await society.SettleAsync();
        Assert.Empty((await society.StateAsync(run)).Deferred);
        await society.Host.ResumeAsync(World.Tenant, run, world.Ana, Token);
        await society.SettleAsync();
        var state = await society.StateAsync(run);
        Assert.Equal((RunStatus.Completed, 1), (state.Status, state.Output?.Count));
    }

    [Fact]
    public async Task Listen_OfAnotherTenant_HearsNothing()
    {
        await using var world = new World();
        var society = new Society(world);
        await society.PublishAsync("listener", Listens);
        var run = await society.StartAsync("listener");
        await society.SettleAsync();
        var mallory = new Principal(new TenantId("fabrikam"), "mallory", PrincipalKind.User, "Mallory", [], []);
        Assert.Empty(Assert.IsType<IntakeResult.Started>(await society.ReceiveAsync("paid", by: mallory)).Runs);
        await society.Intake.Delivery.RunAsync(mallory.Tenant, all: true, Token);
        await society.TakeOverAsync();
        Assert.Equal(RunStatus.Running, (await society.StateAsync(run)).Status);
        await society.ReceiveAsync("paid");
        await society.SettleAsync();
        Assert.Equal(RunStatus.Completed, (await society.StateAsync(run)).Status);
    }

    [Fact]
    public async Task Listen_Cancelled_LeavesNoListener()
    {
        await using var world = new World();
        var society = new Society(world);
        await society.PublishAsync("listener", Listens);
        var run = await society.StartAsync("listener");
        await society.SettleAsync();
        Assert.Equal(1, await society.RowsAsync("listeners", "contoso|runs"));
        await society.Host.CancelAsync(World.Tenant, run, world.Ana, null, Token);
        Assert.Equal(0, await society.RowsAsync("listeners", "contoso|runs"));
    }

    /// <summary>Whoever publishes an event does not wait for all that listen to it.</summary>
    [Fact]
    public async Task Receive_VeryManyListen_TellsSomeAtOnceAndAllSoon()
    {
        const int listeners = 300;
        await using var world = new World();
        var society = new Society(world);
        await society.PublishAsync("listener", Listens);
        for (var i = 0; i < listeners; i++) await society.StartAsync("listener", by: world.Directory.Add(World.Tenant, $"person{i % 6}"));
        await society.SettleAsync();
        await society.ReceiveAsync("paid");
        await society.SettleAsync();
        Assert.Equal(EventDelivery.ListenersAtOnce, (await society.RunsOfAsync("listener")).Count(run => run.Status == RunStatus.Completed));
        Assert.Equal(1, (await society.Intake.Delivery.RunAsync(World.Tenant, cancellationToken: Token)).Delivered);
        await society.SettleAsync();
        Assert.All(await society.RunsOfAsync("listener"), run => Assert.Equal(RunStatus.Completed, run.Status));
    }

    [Fact]
    public async Task Events_WhoseTimeIsOver_AreForgotten()
    {
        await using var world = new World();
        var society = new Society(world);
        await society.ReceiveAsync("paid");
        Assert.Equal(2, await society.RowsAsync("events", "contoso"));
        world.Time.Now += EventStore.Kept + TimeSpan.FromSeconds(1);
        Assert.Equal(1, (await society.Intake.Delivery.RunAsync(World.Tenant, cancellationToken: Token)).Forgotten);
        Assert.Equal(0, await society.RowsAsync("events", "contoso"));
    }

    [Fact]
    public async Task Receive_TooLarge_IsRefused()
    {
        await using var world = new World();
        var result = await new Society(world).ReceiveAsync("paid", data: JsonValue.From(new string('x', 1_000_000)));
        Assert.Equal("event-too-large", Assert.IsType<IntakeResult.Refused>(result).Problem.Rule);
    }
}
