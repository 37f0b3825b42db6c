using Interlock.Core;
using Interlock.Core.Audit;
using Interlock.Core.Gateway;
using Interlock.Core.Gateway.Limits;
using Interlock.Core.Identity;
using Interlock.Core.Intake;
using Interlock.Core.Registry;
using Interlock.Core.Runs;
using Interlock.Core.Storage;
using Interlock.Json;
using Interlock.Tests.Gateway;
using Interlock.Tests.Registry;

namespace Interlock.Tests.Intake;

/// <summary>What one principal may have under way, under races and crashes.</summary>
public sealed class RunCapsTests
{
    private static CancellationToken Token => World.Token;

    [Fact]
    public async Task Start_ManyAtOnce_AreAsManyAsMayBe()
    {
        await using var world = new World();
        var runs = new StubRunHost();
        var intakes = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => IntakeAsync(world, runs, new YieldingTableStore(world.Memory), new PrincipalCaps { ActiveRuns = 10 })));
        var results = await Task.WhenAll(Enumerable.Range(0, 80).Select(i => Task.Run(() => StartAsync(intakes[i % 4], world.Ana, i))));
        Assert.Equal((10, 70), (results.Count(rule => rule is null), results.Count(rule => rule == "run-limit")));
        Assert.Equal(10, runs.Started.Count);
        Assert.Null(await StartAsync(intakes[0], world.Sam, 1)); // another's are another's
        Assert.Null(await StartAsync(intakes[0], world.Ana, Array.FindIndex(results, rule => rule is null))); // started before
        foreach (var ended in runs.Started.Take(3)) runs.Ended.Add(ended.Id!.Value); // each was given one
        results = await Task.WhenAll(Enumerable.Range(100, 20).Select(i => Task.Run(() => StartAsync(intakes[i % 4], world.Ana, i))));
        Assert.Equal(3, results.Count(rule => rule is null));
        var records = (await world.RecordsAsync(AuditTypes.CallRefused)).Where(record => record.Rule == "run-limit").ToList();
        Assert.Equal(("intake", "user:ana"), (Assert.Single(records).Stage, Assert.Single(records[0].Actors))); // once a minute, whatever the flood
    }

    [Theory]
    [InlineData(Fault.ThrowBefore)]
    [InlineData(Fault.ThrowAfter)]
    public async Task Start_BrokenOffAnywhere_TakesNoPlaceForGood(Fault fault)
    {
        for (var at = 1; ; at++)
        {
            await using var world = new World();
            var (runs, store) = (new StubRunHost(), new FaultyTableStore(world.Memory));
            var intake = await IntakeAsync(world, runs, store, new PrincipalCaps { ActiveRuns = 2 });
            store.Arm(at, fault);
            try
            {
                await intake.StartAsync(world.Ana, "caps/one", null, JsonValue.EmptyObject, "api", null, Token);
            }
            catch (StoreFaultException)
            {
            }
            if (store.Struck is null) break;
            world.Time.Now += TimeSpan.FromMinutes(6);
            foreach (var left in runs.Started) runs.Ended.Add(left.Id!.Value); // each was given one
            var next = await IntakeAsync(world, runs, world.Memory, new PrincipalCaps { ActiveRuns = 2 });
            Assert.Equal((at, null, null, "run-limit"), (at, await StartAsync(next, world.Ana, 1), await StartAsync(next, world.Ana, 2), await StartAsync(next, world.Ana, 3)));
        }
    }

    [Fact]
    public async Task Events_InAFlood_StartAsManyRunsAsMayBe_AndTheSameEventStartsLater()
    {
        await using var world = new World();
        var runs = new StubRunHost();
        var intake = await IntakeAsync(world, runs, world.Memory, new PrincipalCaps { ActiveRuns = 5 });
        var refused = 0;
        for (var i = 0; i < 50; i++)
            if (await intake.ReceiveAsync(world.Ana, Event(i), Token) is IntakeResult.Refused { Problem: { Rule: "run-limit", Status: 429 } }) refused++;
        Assert.Equal((5, 45), (runs.Started.Count, refused));
        runs.Ended.Add(runs.Started[0].Id!.Value); // it was given one
        Assert.True(Assert.Single(Assert.IsType<IntakeResult.Started>(await intake.ReceiveAsync(world.Ana, Event(49), Token)).Runs).IsNew);
    }

    [Fact]
    public async Task Start_WithTooManyFrames_IsRefusedAndLeavesNoSlot()
    {
        await using var world = new World();
        var runs = new StubRunHost { Frames = 40 };
        var intake = await IntakeAsync(world, runs, world.Memory, new PrincipalCaps { ActiveRuns = 4, ActiveFrames = 100 });
        for (var i = 0; i < 3; i++)
        {
            Assert.Null(await StartAsync(intake, world.Ana, i));
            world.Time.Now += TimeSpan.FromSeconds(6);
        }
        for (var i = 0; i < 5; i++) Assert.Equal("frame-limit", await StartAsync(intake, world.Ana, 10 + i));
        runs.Frames = 1;
        world.Time.Now += TimeSpan.FromSeconds(6);
        Assert.Null(await StartAsync(intake, world.Ana, 20));
        Assert.Equal("run-limit", await StartAsync(intake, world.Ana, 21));
    }

    [Fact]
    public async Task Gates_OfOnesRuns_AreAsManyAsMayBe_UntilSomeAreDecided()
    {
        await using var world = await World.CreateAsync();
        var desk = new ApprovalDesk(new ApprovalParts(new YieldingTableStore(world.Memory), world.Mac, world.Node.Registries, new PolicyCache(), new(world.Memory, world.Mac), world.Node.Audit, world.Directory, world.Time) { Caps = new PrincipalCaps { OpenGates = 4 } });
        Task<string?> OpenAsync(int i) => Task.Run(async () => (await desk.OpenAsync(World.Tenant, World.Site() with { Run = new RunId(i.ToString("x32", null)) }, world.Origin, world.Request($"gate-{i}"), Token)).Refusal?.Rule);
        var results = await Task.WhenAll(Enumerable.Range(0, 20).Select(OpenAsync));
        Assert.Equal((4, 16), (results.Count(rule => rule is null), results.Count(rule => rule == "gate-limit")));
        Assert.Equal(16, (await world.RecordsAsync(AuditTypes.CallRefused)).Count(record => record is { Rule: "gate-limit", Stage: "approval" }));
        var open = Array.FindIndex(results, rule => rule is null);
        Assert.Null(await OpenAsync(open)); // it is open
        await desk.CloseAsync(World.Tenant, World.Site() with { Run = new RunId(open.ToString("x32", null)) }, new GateId($"gate-{open}"), GateOutcome.Withdrawn, Token);
        Assert.Null(await OpenAsync(100));
        Assert.Equal("gate-limit", await OpenAsync(101));
    }

    [Theory]
    [InlineData("runs=1,gates=10000,frames=10000000", true)]
    [InlineData("", true)]
    [InlineData("runs=0", false)]
    [InlineData("runs=10001", false)]
    [InlineData("frames=10000001", false)]
    [InlineData("runs=5;gates=4", false)]
    [InlineData("runs", false)]
    [InlineData("calls=5", false)]
    public void Caps_AsText_AreReadOrRefused(string text, bool isRead) => Assert.Equal(isRead, PrincipalCaps.Parse(text) is not null);

    private static CloudEvent Event(int id) =>
        CloudEvent.Read(JsonValue.Object(("specversion", "1.0"), ("id", $"{id}"), ("source", "s"), ("type", "t"))).Event!; // it is one

    private static async Task<string?> StartAsync(RunIntake intake, Principal by, int key) =>
        (await intake.StartAsync(by, "caps/one", null, JsonValue.EmptyObject, "api", $"key-{key}", Token) as IntakeResult.Refused)?.Problem.Rule;

    private static async Task<RunIntake> IntakeAsync(World world, StubRunHost runs, ITableStore store, PrincipalCaps caps)
    {
        const string Text = """
            document: { dsl: 1.0.3, namespace: caps, name: one, version: 1.0.0, metadata: { interlock: { mode: supervised, onError: fail, onTimeout: fail } } }
            schedule: { on: { one: { with: { type: t } } } }
            timeout: { after: { minutes: 1 } }
            do:
              - keep: { set: { done: true } }
            """;
        var catalog = new WorkflowCatalog(world.Blobs);
        var desk = new RegistryDesk(world.Node.Registries, catalog, world.Node.Audit, new StubDiscovery(), world.Directory, world.Node.Fences, world.Time);
        if ((await world.Node.Registries.ReadAsync(World.Tenant, Token)).Newest(RegistryKind.Workflow, "caps/one") is null) await desk.PublishWorkflowAsync(world.Ana, Text, "one.yaml", Token);
        return new RunIntake(world.Node.Registries, catalog, runs, store, world.Node.Audit, world.Time) { Caps = caps };
    }
}
