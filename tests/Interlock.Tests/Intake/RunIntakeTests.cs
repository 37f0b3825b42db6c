using Interlock.Core;
using Interlock.Core.Audit;
using Interlock.Core.Intake;
using Interlock.Core.Registry;
using Interlock.Core.Storage;
using Interlock.Json;
using Interlock.Tests.Gateway;
using Interlock.Tests.Registry;

namespace Interlock.Tests.Intake;

public sealed class RunIntakeTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Receive_SameEventTwice_IsOneRun()
    {
        await using var world = new World();
        var runs = new StubRunHost();
        var intake = await IntakeAsync(world, runs, ("one", "type: t"));
        var happened = Event();
        Assert.True(Assert.Single((await StartedAsync(intake, world, happened)).Runs).IsNew);
        var again = await IntakeAsync(world, runs);
        Assert.False(Assert.Single((await StartedAsync(again, world, Event("""{"type":"t","source":"s","id":"1","specversion":"1.0","data":{"n":1}}"""))).Runs).IsNew);
        var start = Assert.Single(runs.Started);
        Assert.Equal(JsonValue.Array(happened.Json), start.Input);
        Assert.Equal("event", start.Origin.Trigger);
        Assert.Empty(await world.RecordsAsync(AuditTypes.CallRefused));
    }

    [Theory]
    [InlineData("""{"specversion":"1.0","id":"1","source":"s","type":"t","data":{"n":2}}""")]
    [InlineData("""{"specversion":"1.0","id":"1","source":"s","type":"other","data":{"n":1}}""")]
    [InlineData("""{"specversion":"1.0","id":"1","source":"s","type":"t","data":{"n":1},"extra":null}""")]
    public async Task Receive_SameIdWithOtherContent_IsAConflictThatIsRecorded(string other)
    {
        await using var world = new World();
        var runs = new StubRunHost();
        var intake = await IntakeAsync(world, runs, ("one", "type: t"));
        await StartedAsync(intake, world, Event());
        for (var i = 0; i < 2; i++)
            Assert.Equal("event-conflict", Assert.IsType<IntakeResult.Refused>(await intake.ReceiveAsync(world.Ana, Event(other), Token)).Problem.Rule);
        Assert.Single(runs.Started);
        var record = Assert.Single(await world.RecordsAsync(AuditTypes.CallRefused));
        Assert.Equal(("intake", "event-conflict", CanonicalJson.Digest(StrictJson.Parse(other))), (record.Stage, record.Rule, record.ArgumentsDigest));
        Assert.Equal(["user:ana"], record.Actors);
    }

    [Fact]
    public async Task Receive_IdSourceAndPublisher_DoNotRunTogether()
    {
        await using var world = new World();
        var runs = new StubRunHost();
        var intake = await IntakeAsync(world, runs, ("one", "type: t"));
        foreach (var (id, source) in new[] { ("1", "s"), ("s1", "x"), ("x", "s1"), ("1:s", "s"), ("s", "1:s") })
            await StartedAsync(intake, world, Event(JsonValue.Object(("specversion", "1.0"), ("id", id), ("source", source), ("type", "t")).ToString()));
        await intake.ReceiveAsync(world.Sam, Event(), Token);
        Assert.Equal(6, runs.Started.Select(start => start.Id).Distinct().Count());
    }

    [Fact]
    public async Task Receive_StartsEveryWorkflowWhoseFilterFits()
    {
        await using var world = new World();
        var runs = new StubRunHost();
        var intake = await IntakeAsync(world, runs,
            ("any", "type: t"), ("source", "type: t, source: 'https://s'"), ("subject", "type: t, subject: '${ startswith(\"user/\") }'"),
            ("other-type", "type: u"), ("other-source", "type: t, source: 'https://z'"), ("other-subject", "type: t, subject: '${ . == \"x\" }'"));
        await StartedAsync(intake, world, Event("""{"specversion":"1.0","id":"1","source":"https://s","type":"t","subject":"user/7"}"""));
        Assert.Equal(["events/any", "events/source", "events/subject"], runs.Started.Select(start => start.Workflow.Name).Order(StringComparer.Ordinal));
        Assert.All(runs.Started, start => Assert.Contains("user:user/7", start.Origin.Initiators));
    }

    [Fact]
    public async Task Receive_NobodyListens_StartsNothing()
    {
        await using var world = new World();
        var runs = new StubRunHost();
        var intake = await IntakeAsync(world, runs, ("one", "type: u"));
        Assert.Empty((await StartedAsync(intake, world, Event())).Runs);
    }

    [Fact]
    public async Task Receive_FilterThatFails_IsAnErrorAndNotANo()
    {
        await using var world = new World();
        var runs = new StubRunHost();
        var intake = await IntakeAsync(world, runs, ("one", "type: t, source: '${ error(\"x\") }'"));
        Assert.Equal(ProblemTypes.Expression, Assert.IsType<IntakeResult.Refused>(await intake.ReceiveAsync(world.Ana, Event(), Token)).Problem.Type);
        Assert.Empty(runs.Started);
    }

    [Fact]
    public async Task Start_SameKeySameInput_IsTheSameRun()
    {
        await using var world = new World();
        var runs = new StubRunHost();
        var intake = await IntakeAsync(world, runs, ("one", "type: t"));
        for (var i = 0; i < 2; i++)
            Assert.IsType<IntakeResult.Started>(await intake.StartAsync(world.Ana, "events/one", null, JsonValue.Object(("n", 1)), "api", "key-1", Token));
        Assert.Single(runs.Started);
        Assert.IsType<IntakeResult.Started>(await intake.StartAsync(world.Sam, "events/one", null, JsonValue.Object(("n", 2)), "api", "key-1", Token));
        Assert.Equal(2, runs.Started.Count);
    }

    [Fact]
    public async Task Start_KeyReusedForOtherInput_IsRefusedAndRecorded()
    {
        await using var world = new World();
        var runs = new StubRunHost();
        var intake = await IntakeAsync(world, runs, ("one", "type: t"));
        await intake.StartAsync(world.Ana, "events/one", null, JsonValue.Object(("n", 1)), "api", "key-1", Token);
        for (var i = 0; i < 2; i++)
            Assert.Equal("key-reuse", Assert.IsType<IntakeResult.Refused>(await intake.StartAsync(world.Ana, "events/one", null, JsonValue.Object(("n", 2)), "api", "key-1", Token)).Problem.Rule);
        Assert.Single(runs.Started);
        var record = Assert.Single(await world.RecordsAsync(AuditTypes.CallRefused));
        Assert.Equal(("intake", "key-reuse", CanonicalJson.Digest(JsonValue.Object(("n", 2)))), (record.Stage, record.Rule, record.ArgumentsDigest));
    }

    [Fact]
    public async Task Start_KeyAfterItsTime_IsForgottenAndItsRunIsNot()
    {
        await using var world = new World();
        var runs = new StubRunHost();
        var intake = await IntakeAsync(world, runs, ("one", "type: t"));
        var first = Assert.IsType<IntakeResult.Started>(await intake.StartAsync(world.Ana, "events/one", null, JsonValue.Object(("n", 1)), "api", "key-1", Token));
        var expiries = new Expiries(world.Memory);

        Assert.Equal(0, await expiries.SweepAsync(World.Tenant, World.Start.AddDays(29), _ => Task.FromResult(true), 10, Token));
        Assert.Equal(1, await expiries.SweepAsync(World.Tenant, World.Start.AddDays(31), _ => Task.FromResult(true), 10, Token));

        var again = Assert.IsType<IntakeResult.Started>(await intake.StartAsync(world.Ana, "events/one", null, JsonValue.Object(("n", 2)), "api", "key-1", Token));
        Assert.Equal((first.Runs[0].State.Id, false), (again.Runs[0].State.Id, again.Runs[0].IsNew));
    }

    [Theory]
    [InlineData(Lifecycle.Deprecated, "deprecated")]
    [InlineData(Lifecycle.Disabled, "disabled")]
    public async Task Start_WorkflowNotActive_StartsNoRun(Lifecycle lifecycle, string rule)
    {
        await using var world = new World();
        var runs = new StubRunHost();
        var intake = await IntakeAsync(world, runs, ("one", "type: t"));
        await world.MoveAsync(RegistryKind.Workflow, "events/one", "1.0.0", lifecycle);
        Assert.Equal(rule, Assert.IsType<IntakeResult.Refused>(await intake.StartAsync(world.Ana, "events/one", "1.0.0", JsonValue.Null, "api", null, Token)).Problem.Rule);
        Assert.Empty((await StartedAsync(intake, world, Event())).Runs);
        Assert.Empty(runs.Started);
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"specversion":"0.3","id":"1","source":"s","type":"t"}""")]
    [InlineData("""{"specversion":"1.0","id":"","source":"s","type":"t"}""")]
    [InlineData("""{"specversion":"1.0","id":1,"source":"s","type":"t"}""")]
    [InlineData("""{"specversion":"1.0","id":"1","type":"t"}""")]
    [InlineData("""{"specversion":"1.0","id":"1","source":"s","type":"t","subject":""}""")]
    public void CloudEvent_NotOfTheForm_IsRefused(string json) => Assert.NotNull(CloudEvent.Read(StrictJson.Parse(json)).Error);

    private static CloudEvent Event(string json = """{"specversion":"1.0","id":"1","source":"s","type":"t","data":{"n":1}}""") =>
        CloudEvent.Read(StrictJson.Parse(json)).Event!; // well-formed in every test that comes here

    private static async Task<IntakeResult.Started> StartedAsync(RunIntake intake, World world, CloudEvent happened) =>
        Assert.IsType<IntakeResult.Started>(await intake.ReceiveAsync(world.Ana, happened, Token));

    private static async Task<RunIntake> IntakeAsync(World world, StubRunHost runs, params (string Name, string Filter)[] workflows)
    {
        var catalog = new WorkflowCatalog(world.Blobs);
        var desk = new RegistryDesk(world.Node.Registries, catalog, world.Node.Audit, new StubDiscovery(), world.Directory, world.Node.Fences, world.Time);
        foreach (var (name, filter) in workflows)
        {
            var text =
                $$"""
                document: { dsl: 1.0.3, namespace: events, name: {{name}}, version: 1.0.0, metadata: { interlock: { mode: supervised, onError: fail, onTimeout: fail } } }
                schedule: { on: { one: { with: { {{filter}} } } } }
                timeout: { after: { minutes: 1 } }
                do:
                  - keep: { set: { done: true } }
                """;
            var published = await desk.PublishWorkflowAsync(world.Ana, text, name + ".yaml", Token);
            Assert.True(published is RegistryResult.Changed, (published as RegistryResult.Refused)?.Problem.Detail);
        }
        return new RunIntake(world.Node.Registries, catalog, runs, world.Memory, world.Node.Audit, world.Time);
    }
}
