using Interlock.Core.Audit;
using Interlock.Core.Execution;
using Interlock.Core.Registry;
using Interlock.Core.Runs;
using Interlock.Json;
using Interlock.Tests.Gateway;

namespace Interlock.Tests.Events;

/// <summary>Runs that runs start: on the same authority or less, waited for, taken down together, and not for ever deeper.</summary>
public sealed class ChildTests
{
    private const string Parent = "  - sub: { run: { workflow: { namespace: test, name: child, version: latest, input: { n: '${ .n }' } } } }";
    private const string Detached = "  - sub: { run: { await: false, workflow: { namespace: test, name: child, version: latest } } }";

    private static CancellationToken Token => World.Token;

    [Fact]
    public async Task Child_Completes_ItsOutputIsTheTasks()
    {
        await using var world = new World();
        var society = new Society(world);
        await society.PublishAsync("child", "  - double: { set: { n: '${ .n * 2 }' } }", by: world.Zoe);
        await society.PublishAsync("parent", Parent);
        var run = await society.StartAsync("parent", JsonValue.Object(("n", 21)));
        await society.SettleAsync();
        var state = await society.StateAsync(run);
        Assert.Equal((RunStatus.Completed, JsonValue.Object(("n", 42))), (state.Status, state.Output));
        var child = Assert.Single(await society.RunsOfAsync("child"));
        Assert.Equal(("child", run, 1, state.Input), (child.Origin.Trigger, child.Origin.Parent!.Value, child.Origin.Depth, JsonValue.Object(("n", 21)))); // it has one
        Assert.Equal(["user:ana", "user:zoe", "user:sam"], child.Origin.Chain().Subjects);
        Assert.Equal(state.StartedAt.AddDays(30), child.Origin.Deadline);
    }

    [Fact]
    public async Task Child_AutonomousByNow_IsNotStartedFromASupervisedRun()
    {
        await using var world = new World();
        var society = new Society(world);
        await society.PublishAsync("child", "  - a: { set: { n: 1 } }");
        await society.PublishAsync("parent", Parent);
        await society.PublishAsync("child", "  - a: { set: { n: 1 } }", version: "2.0.0", mode: "autonomous");
        var run = await society.StartAsync("parent", JsonValue.Object(("n", 21)));
        await society.SettleAsync();
        var state = await society.StateAsync(run);
        Assert.Equal((RunStatus.Faulted, "mode"), (state.Status, state.Error?.Rule));
        Assert.Empty(await society.RunsOfAsync("child"));
        Assert.Equal("mode", Assert.Single(await world.RecordsAsync(AuditTypes.CallRefused)).Rule);
    }

    [Fact]
    public async Task Child_ThatWaits_WakesItsParentWhenItEnds()
    {
        await using var world = new World();
        var society = new Society(world);
        await society.PublishAsync("child", EventRunTests.Listens);
        await society.PublishAsync("parent", Parent);
        var run = await society.StartAsync("parent");
        await society.SettleAsync();
        Assert.Equal(RunStatus.Running, (await society.StateAsync(run)).Status);
        await society.ReceiveAsync("paid", data: JsonValue.From(5));
        await society.SettleAsync();
        Assert.Equal(JsonValue.Array(JsonValue.From(5)), (await society.StateAsync(run)).Output);
    }

    /// <summary>What the parent's owner may not do, a run that the parent starts may not do for him: the tool sees nothing.</summary>
    [Fact]
    public async Task Child_OfAnOwnerWhoMayNot_IsRefusedTheCall()
    {
        await using var world = await World.CreateAsync("""
            version: 1
            rules:
              - { id: them, principals: [ { user: ana }, { user: zoe } ], tools: ['crm/read'], effect: allow }
            """);
        world.Upstream.Always(_ => StubUpstream.Done());
        var society = new Society(world);
        await society.PublishAsync("child", "  - read: { call: tool, with: { tool: crm/read, arguments: { service: mail } } }", by: world.Zoe);
        await society.PublishAsync("parent", Parent, by: world.Sam);
        await society.PublishAsync("direct", Parent, by: world.Zoe);
        var run = await society.StartAsync("parent");
        await society.SettleAsync();
        Assert.Equal(RunStatus.Faulted, (await society.StateAsync(run)).Status);
        Assert.Empty(world.Upstream.Calls);
        Assert.Equal("chain-not-authorized", Assert.Single(await world.RecordsAsync(AuditTypes.CallRefused)).Rule);
        run = await society.StartAsync("direct");
        await society.SettleAsync();
        Assert.Equal(RunStatus.Completed, (await society.StateAsync(run)).Status);
        Assert.Single(world.Upstream.Calls);
    }

    [Fact]
    public async Task Child_OfItself_EndsAtTheLimit()
    {
        await using var world = new World();
        var society = new Society(world);
        await society.PublishAsync("child", "  - again: { run: { workflow: { namespace: test, name: child, version: latest } } }");
        var run = await society.StartAsync("child");
        await society.SettleAsync();
        var runs = await society.RunsOfAsync("child");
        Assert.Equal(RunLimits.Causation + 1, runs.Count);
        Assert.Equal("causation-limit", (await society.StateAsync(run)).Error?.Rule);
        var refusal = Assert.Single(await world.RecordsAsync(AuditTypes.CallRefused));
        Assert.Equal(("child", "causation-limit"), (refusal.Stage, refusal.Rule));
    }

    [Theory]
    [InlineData(Lifecycle.Deprecated, "deprecated")]
    [InlineData(Lifecycle.Disabled, "disabled")]
    public async Task Child_NotActive_IsNotStarted(Lifecycle lifecycle, string rule)
    {
        await using var world = new World();
        var society = new Society(world);
        await society.PublishAsync("child", "  - keep: { set: { a: 1 } }");
        await society.PublishAsync("parent", Parent);
        await world.MoveAsync(RegistryKind.Workflow, "test/child", "1.0.0", lifecycle);
        var run = await society.StartAsync("parent");
        await society.SettleAsync();
        Assert.Equal(rule, (await society.StateAsync(run)).Error?.Rule);
        Assert.Empty(await society.RunsOfAsync("child"));
        Assert.Equal(rule, Assert.Single(await world.RecordsAsync(AuditTypes.CallRefused)).Rule);
    }

    [Fact]
    public async Task Parent_Cancelled_TakesItsChildDown()
    {
        await using var world = new World();
        var society = new Society(world);
        await society.PublishAsync("child", EventRunTests.Listens);
        await society.PublishAsync("parent", Parent);
        var run = await society.StartAsync("parent");
        await society.SettleAsync();
        await society.Host.CancelAsync(World.Tenant, run, world.Ana, "enough", Token);
        await society.SettleAsync();
        Assert.Equal(RunStatus.Cancelled, Assert.Single(await society.RunsOfAsync("child")).Status);
        var record = Assert.Single(await world.RecordsAsync(AuditTypes.RunState), record => record.Actors.Contains($"run:{run}"));
        Assert.Equal("cancel", record.Decision);
    }

    [Fact]
    public async Task Parent_Detached_IsNotWaitedForNorTakenDown()
    {
        await using var world = new World();
        var society = new Society(world);
        await society.PublishAsync("child", EventRunTests.Listens);
        await society.PublishAsync("parent", Detached);
        var run = await society.StartAsync("parent");
        await society.SettleAsync();
        await society.TakeOverAsync();
        Assert.Equal(RunStatus.Completed, (await society.StateAsync(run)).Status);
        var child = Assert.Single(await society.RunsOfAsync("child"));
        Assert.Equal((RunStatus.Running, "run"), (child.Status, child.Origin.Trigger));
    }

    /// <summary>The parent's cancelling was durable, and then the process died: whoever looks next finds the child.</summary>
    [Fact]
    public async Task Child_WhoseParentNoLongerWaits_IsCancelledByTheNextLook()
    {
        await using var world = new World();
        var society = new Society(world);
        await society.PublishAsync("child", EventRunTests.Listens);
        await society.PublishAsync("parent", Parent);
        var run = await society.StartAsync("parent");
        await society.SettleAsync();
        var alone = new RunDriver(society.Runs, society.Catalog, new Execution.ScriptedRunner(), society.Node.Audit, world.Time); // withdraws nothing
        Assert.True(await alone.PostAsync(World.Tenant, run, new RunEvent.CancelRequested(world.Time.Now, "ana", null), null, Token));
        Assert.Equal(RunStatus.Running, Assert.Single(await society.RunsOfAsync("child")).Status);
        await new Society(world).TakeOverAsync();
        Assert.Equal(RunStatus.Cancelled, Assert.Single(await society.RunsOfAsync("child")).Status);
    }
}
