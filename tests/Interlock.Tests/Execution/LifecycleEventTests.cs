using System.Collections.Concurrent;
using Interlock.Core.Execution;
using Interlock.Core.Intake;
using Interlock.Core.Runs;
using Interlock.Tests.Runs;

namespace Interlock.Tests.Execution;

/// <summary>Those who subscribed hear of a run's start and end, and of nothing that it worked on.</summary>
public sealed class LifecycleEventTests
{
    private static CancellationToken Token => StoredRig.Token;

    [Theory]
    [InlineData("approval-approved", "completed")]
    [InlineData("raise", "faulted")]
    [InlineData("cancel", "cancelled")]
    public void Ended_NamesRunAndDocument_AndNothingItWorkedOn(string name, string what)
    {
        var golden = GoldenRun.Read(name);
        var state = RunJson.Deserialize<RunState>(System.Text.Encoding.UTF8.GetBytes(golden.States[^1]));
        var happened = LifecycleEvents.Ended(state);
        Assert.Equal($"io.serverlessworkflow.workflow.{what}.v1", happened.Type);
        Assert.Equal($"{golden.Started.Run}:{what}", happened.Id);
        Assert.Equal(golden.Started.Workflow.Name, happened.Json["data"]!["name"]!.AsString()); // every event has data
        Assert.Equal(happened, CloudEvent.Read(happened.Json).Event);
        Assert.DoesNotContain("detail", happened.Json.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("output", happened.Json.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Ended_OfAnOpenRun_IsRefused()
    {
        var golden = GoldenRun.Read("raise");
        Assert.Throws<ArgumentException>(() => LifecycleEvents.Ended(Interpreter.Start(GoldenRun.Read("cancel").Definition, GoldenRun.Read("cancel").Started)));
        Assert.Equal("io.serverlessworkflow.workflow.started.v1", LifecycleEvents.Started(Interpreter.Start(golden.Definition, golden.Started)).Type);
    }

    [Fact]
    public async Task Run_TellsOfItsEnd_UntilSomebodyTakesIt_AndOnce()
    {
        var golden = GoldenRun.Read("raise");
        var publisher = new StubPublisher();
        var rig = new StoredRig(publisher: publisher);
        await rig.StartAsync(golden.Definition, golden.Started);
        publisher.Accepts = false;
        var plan = await AdvanceAsync(rig, golden);
        Assert.False(plan.IsOver);
        Assert.Equal(rig.Time.Now.AddSeconds(30), plan.NextDue);
        publisher.Accepts = true;
        Assert.True((await AdvanceAsync(rig, golden)).IsOver);
        await AdvanceAsync(rig, golden);
        Assert.Equal(2, publisher.Published.Count(happened => happened.Type.EndsWith("faulted.v1", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Run_NobodyTakesItsEnd_IsOverAfterAnHour()
    {
        var golden = GoldenRun.Read("raise");
        var rig = new StoredRig(publisher: new StubPublisher { Accepts = false });
        await rig.StartAsync(golden.Definition, golden.Started);
        rig.Time.Now += TimeSpan.FromMinutes(59);
        Assert.False((await AdvanceAsync(rig, golden)).IsOver);
        rig.Time.Now += TimeSpan.FromMinutes(2);
        Assert.True((await AdvanceAsync(rig, golden)).IsOver);
    }

    [Fact]
    public async Task Run_NobodyTakesItsStart_GoesOn()
    {
        var golden = GoldenRun.Read("data-flow");
        var publisher = new StubPublisher { Accepts = false };
        var rig = new StoredRig(publisher: publisher);
        await rig.StartAsync(golden.Definition, golden.Started);
        Assert.Single((await AdvanceAsync(rig, golden)).Calls);
        Assert.EndsWith("started.v1", Assert.Single(publisher.Published).Type, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_LookedAtManyTimesBeforeItsFirstStep_TellsOfItsStartOnce()
    {
        var golden = GoldenRun.Read("approval-approved");
        var publisher = new StubPublisher();
        var rig = new StoredRig(publisher: publisher);
        await rig.StartAsync(golden.Definition, golden.Started);
        for (var i = 0; i < 3; i++) await AdvanceAsync(rig, golden);
        await rig.Reconciler.RunAsync(golden.Started.Tenant, Token);
        Assert.EndsWith("started.v1", Assert.Single(publisher.Published).Type, StringComparison.Ordinal);
    }

    private static async Task<RunPlan> AdvanceAsync(StoredRig rig, GoldenRun golden) =>
        (await rig.Driver.AdvanceAsync(golden.Started.Tenant, golden.Started.Run, default, Token))!; // it was started

    private sealed class StubPublisher : IEventPublisher
    {
        public bool Accepts { get; set; } = true;

        public ConcurrentQueue<CloudEvent> Published { get; } = new();

        public Task<bool> PublishAsync(CloudEvent happened, CancellationToken cancellationToken = default)
        {
            Published.Enqueue(happened);
            return Task.FromResult(Accepts);
        }
    }
}
