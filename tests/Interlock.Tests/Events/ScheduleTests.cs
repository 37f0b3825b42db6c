using Interlock.Core.Audit;
using Interlock.Core.Registry;
using Interlock.Json;
using Interlock.Tests.Gateway;

namespace Interlock.Tests.Events;

/// <summary>Workflows that start by themselves: each time once, for their owner, as long as they are active.</summary>
public sealed class ScheduleTests
{
    private const string Keeps = "  - keep: { set: { due: '${ .dueAt }' } }";

    private static CancellationToken Token => World.Token;

    [Fact]
    public async Task Cron_EachTime_IsOneRunOfItsOwner()
    {
        await using var world = new World(); // at half past eight
        var society = new Society(world);
        await society.PublishAsync("nightly", Keeps, "{ cron: '0 9,10 * * *' }", by: world.Zoe);
        await LookAsync(society);
        Assert.Empty(await society.RunsOfAsync("nightly"));
        foreach (var minutes in new[] { 29, 1, 0, 1, 30, 29 })
        {
            world.Time.Now += TimeSpan.FromMinutes(minutes);
            await LookAsync(society, new Society(world));
        }
        var runs = await society.RunsOfAsync("nightly");
        Assert.Equal(["2026-03-03T09:00:00.0000000Z", "2026-03-03T10:00:00.0000000Z"], runs.Select(run => run.Output!["due"]!.AsString()).Order(StringComparer.Ordinal)); // all have ended
        Assert.All(runs, run => Assert.Equal(("schedule", "user:zoe", "user:zoe"), (run.Origin.Trigger, run.Origin.Starter.Subject, run.Origin.WorkflowOwner)));
        var record = Assert.Single(await world.RecordsAsync(AuditTypes.ScheduleActivated));
        Assert.Equal(("workflow:test/nightly", "user:zoe", "user:zoe"), (record.Target, record.Details!["runAs"]!.AsString(), record.Actors.Single()));
    }

    [Fact]
    public async Task Cron_NobodyLookedForDays_StartsTheLatestOnly()
    {
        await using var world = new World();
        var society = new Society(world);
        await society.PublishAsync("nightly", Keeps, "{ cron: '0 * * * *' }");
        await LookAsync(society);
        world.Time.Now += TimeSpan.FromDays(3);
        await LookAsync(society);
        await LookAsync(society);
        Assert.Equal("2026-03-06T08:00:00.0000000Z", Assert.Single(await society.RunsOfAsync("nightly")).Output!["due"]!.AsString());
    }

    [Fact]
    public async Task Every_KeepsItsRhythm()
    {
        await using var world = new World();
        var society = new Society(world);
        await society.PublishAsync("pulse", Keeps, "{ every: { minutes: 10 } }");
        var counts = new List<int>();
        foreach (var minutes in new[] { 0, 9, 1, 5, 5, 25, 5 })
        {
            world.Time.Now += TimeSpan.FromMinutes(minutes);
            await LookAsync(society);
            counts.Add((await society.RunsOfAsync("pulse")).Count);
        }
        Assert.Equal([0, 0, 1, 1, 2, 3, 4], counts);
    }

    [Fact]
    public async Task After_WaitsForTheEndOfTheRunBefore()
    {
        await using var world = new World();
        var society = new Society(world);
        await society.PublishAsync("loop", EventRunTests.Listens, "{ after: { minutes: 10 } }");
        await LookAsync(society);
        Assert.Single(await society.RunsOfAsync("loop"));
        world.Time.Now += TimeSpan.FromHours(1);
        await LookAsync(society);
        Assert.Single(await society.RunsOfAsync("loop"));
        await society.ReceiveAsync("paid");
        await society.SettleAsync();
        world.Time.Now += TimeSpan.FromMinutes(9);
        await LookAsync(society);
        Assert.Single(await society.RunsOfAsync("loop"));
        world.Time.Now += TimeSpan.FromMinutes(1);
        await LookAsync(society);
        Assert.Equal(2, (await society.RunsOfAsync("loop")).Count);
    }

    [Fact]
    public async Task Cron_OutsideItsWindows_StartsNothing()
    {
        await using var world = new World(); // on a Tuesday
        var society = new Society(world);
        await society.PublishAsync("nightly", Keeps, "{ cron: '0 * * * *' }", more: ", schedule: { windows: [ { days: [tue], from: '10:00', until: '12:00' }, { days: [wed], from: '23:00' } ] }");
        for (var hour = 0; hour < 72; hour++)
        {
            world.Time.Now += TimeSpan.FromHours(1);
            await LookAsync(society);
        }
        var due = (await society.RunsOfAsync("nightly")).Select(run => run.Output!["due"]!.AsString()[..16]).Order(StringComparer.Ordinal); // all have ended
        Assert.Equal(["2026-03-03T10:00", "2026-03-03T11:00", "2026-03-04T23:00"], due);
    }

    [Fact]
    public async Task After_ATimeOutsideItsWindows_GoesOnInTheNext()
    {
        await using var world = new World(); // at half past eight on a Tuesday
        var society = new Society(world);
        await society.PublishAsync("loop", Keeps, "{ after: { minutes: 20 } }", more: ", schedule: { windows: [ { from: '08:00', until: '09:00' }, { from: '10:00', until: '10:40' } ] }");
        for (var minute = 0; minute < 180; minute += 10)
        {
            await LookAsync(society);
            world.Time.Now += TimeSpan.FromMinutes(10);
        }
        var due = (await society.RunsOfAsync("loop")).Select(run => run.Output!["due"]!.AsString()[11..16]).Order(StringComparer.Ordinal); // all have ended
        Assert.Equal(["08:30", "08:50", "10:10", "10:30"], due);
    }

    [Fact]
    public async Task After_ARefusal_TriesAgain()
    {
        await using var world = new World();
        var society = new Society(world);
        await society.PublishAsync("loop", Keeps, "{ after: { seconds: 0 } }", by: world.Zoe);
        await LookAsync(society);
        world.Directory.Remove(World.Tenant, "zoe");
        world.Time.Now += TimeSpan.FromMinutes(1);
        await LookAsync(society);
        Assert.Single(await society.RunsOfAsync("loop"));
        world.Directory.Add(World.Tenant, "zoe");
        world.Time.Now += TimeSpan.FromMinutes(1);
        await LookAsync(society);
        Assert.Equal(2, (await society.RunsOfAsync("loop")).Count);
    }

    [Theory]
    [InlineData(Lifecycle.Deprecated)]
    [InlineData(Lifecycle.Disabled)]
    public async Task Cron_NotActive_StartsNothing(Lifecycle lifecycle)
    {
        await using var world = new World();
        var society = new Society(world);
        await society.PublishAsync("nightly", Keeps, "{ cron: '0 * * * *' }");
        await LookAsync(society);
        await world.MoveAsync(RegistryKind.Workflow, "test/nightly", "1.0.0", lifecycle);
        world.Time.Now += TimeSpan.FromDays(1);
        await LookAsync(society);
        Assert.Empty(await society.RunsOfAsync("nightly"));
    }

    [Fact]
    public async Task Cron_NewVersion_TakesTheOthersPlace()
    {
        await using var world = new World();
        var society = new Society(world);
        await society.PublishAsync("nightly", Keeps, "{ cron: '0 * * * *' }");
        await LookAsync(society);
        await society.PublishAsync("nightly", Keeps, "{ cron: '30 * * * *' }", version: "1.1.0");
        world.Time.Now += TimeSpan.FromMinutes(35);
        await LookAsync(society);
        Assert.Empty(await society.RunsOfAsync("nightly"));
        world.Time.Now += TimeSpan.FromMinutes(25);
        await LookAsync(society);
        Assert.Equal("1.1.0", Assert.Single(await society.RunsOfAsync("nightly")).Workflow.Version);
        Assert.Equal(2, (await world.RecordsAsync(AuditTypes.ScheduleActivated)).Count);
    }

    [Fact]
    public async Task Cron_OwnerIsGone_IsRefusedAndRecordedOnce()
    {
        await using var world = new World();
        var society = new Society(world);
        await society.PublishAsync("nightly", Keeps, "{ cron: '0 * * * *' }", by: world.Zoe);
        world.Directory.Remove(World.Tenant, "zoe");
        world.Time.Now += TimeSpan.FromMinutes(30);
        for (var i = 0; i < 3; i++) await LookAsync(society);
        Assert.Empty(await society.RunsOfAsync("nightly"));
        var refusal = Assert.Single(await world.RecordsAsync(AuditTypes.CallRefused));
        Assert.Equal(("schedule", "run-as-unknown"), (refusal.Stage, refusal.Rule));
    }

    [Theory]
    [InlineData("{ every: { seconds: 1 } }")]
    [InlineData("{ after: { seconds: 0 } }")]
    public async Task Times_RefusedEachSecond_AreOneRecordAMinute(string schedule)
    {
        await using var world = new World();
        var society = new Society(world);
        await society.PublishAsync("pulse", Keeps, schedule, by: world.Zoe);
        world.Directory.Remove(World.Tenant, "zoe");
        for (var second = 0; second < 119; second++)
        {
            await LookAsync(society);
            world.Time.Now += TimeSpan.FromSeconds(1);
        }
        Assert.Equal(2, (await world.RecordsAsync(AuditTypes.CallRefused)).Count);
    }

    [Theory]
    [InlineData(Fault.ThrowBefore)]
    [InlineData(Fault.ThrowAfter)]
    public async Task Cron_DeathAtEachStep_IsOneRun(Fault fault)
    {
        var struck = 0;
        for (var at = 1; ; at++)
        {
            await using var world = new World();
            await new Society(world).PublishAsync("nightly", Keeps, "{ cron: '0 * * * *' }");
            world.Time.Now += TimeSpan.FromMinutes(31);
            var store = new FaultyTableStore(world.Memory);
            var dying = new Society(world, store);
            store.Arm(at, fault);
            try
            {
                await dying.Schedules.RunAsync(World.Tenant, Token);
            }
            catch (StoreFaultException)
            {
                // It died before it looked at any.
            }
            var next = new Society(world);
            await LookAsync(next);
            await LookAsync(next);
            Assert.Single(await next.RunsOfAsync("nightly"));
            if (store.Struck is null) break;
            struck++;
        }
        Assert.InRange(struck, 8, 60);
    }

    [Fact]
    public async Task All_GathersOneOfEach_AndStartsOneRun()
    {
        await using var world = new World();
        var society = new Society(world);
        await society.PublishAsync("both", "  - keep: { set: { got: '${ map(.data.n) }' } }",
            "{ on: { all: [ { with: { type: a }, correlate: { order: { from: .data.order } } }, { with: { type: b }, correlate: { order: { from: .data.order } } } ] } }");
        await Send("a", 1, "x");
        await Send("a", 2, "y");
        await Send("a", 3, "x");
        await Send("b", 4, "z");
        Assert.Empty(await society.RunsOfAsync("both"));
        for (var i = 0; i < 2; i++) await Send("b", 5, "x", world.Zoe);
        await Send("b", 6, "x");
        await society.SettleAsync();
        var runs = await society.RunsOfAsync("both");
        Assert.Equal(["""{"got":[1,5]}""", """{"got":[3,6]}"""], runs.Select(run => run.Output!.ToString()).Order(StringComparer.Ordinal)); // all have ended
        Assert.Equal(["user:zoe", "user:sam", "user:ana"], runs.Single(run => run.Output!["got"]![1] == JsonValue.From(5)).Origin.Chain().Subjects);
        Task Send(string type, int n, string order, Core.Identity.Principal? by = null)
        {
            world.Time.Now += TimeSpan.FromSeconds(1);
            return society.ReceiveAsync(type, $"{n}", JsonValue.Object(("n", n), ("order", order)), by);
        }
    }

    [Fact]
    public async Task All_WhoseTimeIsOver_AreForgottenHoweverMany()
    {
        await using var world = new World();
        var society = new Society(world);
        await society.PublishAsync("both", "  - keep: { set: { a: 1 } }",
            "{ on: { all: [ { with: { type: a }, correlate: { order: { from: .data.order } } }, { with: { type: b }, correlate: { order: { from: .data.order } } } ] } }");
        for (var i = 0; i < 1100; i++) await society.ReceiveAsync("a", $"{i}", JsonValue.Object(("order", i % 20)));
        Assert.Equal(1120, await society.RowsAsync("collections", "contoso"));
        world.Time.Now += Core.Intake.Events.EventStore.Kept + TimeSpan.FromSeconds(1);
        await society.Intake.SweepAsync(World.Tenant, Token);
        Assert.Equal(0, await society.RowsAsync("collections", "contoso"));
    }

    [Fact]
    public async Task All_TooManyWait_IsRefused()
    {
        await using var world = new World();
        var society = new Society(world);
        await society.PublishAsync("both", "  - keep: { set: { a: 1 } }", "{ on: { all: [ { with: { type: a } }, { with: { type: b } } ] } }");
        for (var i = 0; i < 100; i++) Assert.IsType<Core.Intake.IntakeResult.Started>(await society.ReceiveAsync("a", $"{i}"));
        Assert.Equal("collection-full", Assert.IsType<Core.Intake.IntakeResult.Refused>(await society.ReceiveAsync("a", "100")).Problem.Rule);
    }

    private static async Task LookAsync(params Society[] processes)
    {
        foreach (var process in processes)
        {
            var pass = await process.Schedules.RunAsync(World.Tenant, Token);
            Assert.Empty(pass.Failed);
            await process.SettleAsync();
        }
    }
}
