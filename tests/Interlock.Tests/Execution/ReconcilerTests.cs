using Interlock.Core;
using Interlock.Core.Execution;
using Interlock.Core.Runs;
using Interlock.Core.Storage;
using Interlock.Json;
using Interlock.Tests.Runs;

namespace Interlock.Tests.Execution;

/// <summary>What a lost wake-up, a crash or a lost scheduler leaves behind is found and goes on.</summary>
public sealed class ReconcilerTests
{
    private static CancellationToken Token => StoredRig.Token;

    [Fact]
    public async Task Decision_RecordedAndNeverTold_IsFoldedAndTheRunWoken()
    {
        var (rig, golden) = await AtTheGateAsync();
        rig.Scheduler.Status = new ScheduledRun(ScheduleStatus.Active, 1);
        rig.Commands.Release(golden.Events.OfType<RunEvent.GateClosed>().Single());
        var done = await rig.Reconciler.RunAsync(golden.Started.Tenant, Token);
        Assert.Equal((1, 1, 0), (done.Seen, done.Moved, done.Failed.Count));
        Assert.Equal(2, (await rig.StateAsync(golden.Started)).Events);
        Assert.Single(rig.Scheduler.Woken);
    }

    [Fact]
    public async Task Decision_FoldedAndWakeUpLost_TheRunIsWoken()
    {
        var (rig, golden) = await AtTheGateAsync();
        rig.Commands.Release(golden.Events.OfType<RunEvent.GateClosed>().Single());
        await rig.Driver.AdvanceAsync(golden.Started.Tenant, golden.Started.Run, default, Token);
        rig.Scheduler.Status = new ScheduledRun(ScheduleStatus.Active, 1);
        await rig.Reconciler.RunAsync(golden.Started.Tenant, Token);
        Assert.Single(rig.Scheduler.Woken);
    }

    [Fact]
    public async Task RunThatIsWhereItsSchedulerKnowsIt_IsLeftAlone()
    {
        var (rig, golden) = await AtTheGateAsync();
        rig.Scheduler.Status = new ScheduledRun(ScheduleStatus.Active, 1);
        Assert.Equal(0, (await rig.Reconciler.RunAsync(golden.Started.Tenant, Token)).Moved);
        Assert.Empty(rig.Scheduler.Woken);
        Assert.Single(rig.Scheduler.Scheduled);
    }

    [Fact]
    public async Task RunThatNobodySchedules_IsScheduled()
    {
        var (rig, golden) = await AtTheGateAsync();
        rig.Scheduler.Status = new ScheduledRun(ScheduleStatus.Absent);
        await rig.Reconciler.RunAsync(golden.Started.Tenant, Token);
        Assert.Equal(2, rig.Scheduler.Scheduled.Count);
    }

    [Fact]
    public async Task RunTerminatedPastInterlock_IsCancelledWithItsCompensations_Once()
    {
        var golden = GoldenRun.Read("cancel");
        var rig = new StoredRig();
        await rig.StartAsync(golden.Definition, golden.Started);
        var first = golden.Events.OfType<RunEvent.EffectCompleted>().First();
        rig.Commands.Release(first);
        await rig.Driver.CallAsync(golden.Started.Tenant, golden.Started.Run, first.Effect, Token);
        rig.Scheduler.Status = new ScheduledRun(ScheduleStatus.Terminated);
        await rig.Reconciler.RunAsync(golden.Started.Tenant, Token);
        await rig.Reconciler.RunAsync(golden.Started.Tenant, Token);
        Assert.Single((await rig.EventsAsync(golden.Started)).OfType<RunEvent.CancelRequested>());
        Assert.Equal(RunStatus.Compensating, (await rig.StateAsync(golden.Started)).Status);
        Assert.True(rig.Scheduler.Scheduled.Count >= 2);
    }

    [Fact]
    public async Task EndedRunWithoutItsRecord_GetsIt_AndLeavesTheList()
    {
        var golden = GoldenRun.Read("raise");
        var rig = new StoredRig();
        await rig.StartAsync(golden.Definition, golden.Started);
        Assert.Single(await rig.Runs.OpenAsync(golden.Started.Tenant, Token).ToListAsync(Token));
        await rig.Reconciler.RunAsync(golden.Started.Tenant, Token);
        Assert.Empty(await rig.Runs.OpenAsync(golden.Started.Tenant, Token).ToListAsync(Token));
        Assert.True((await rig.Runs.FindAsync(golden.Started.Tenant, golden.Started.Run, Token))!.IsOver); // just seen
    }

    [Fact]
    public async Task ListedRunThatWasNeverStored_IsForgottenAfterAWhile()
    {
        var rig = new StoredRig();
        var (tenant, key) = (new TenantId("acme"), new RowKey(Keys.Join("acme"), "00000000000000000000000000000009"));
        await rig.Memory.InsertAsync("runsopen", key, JsonValue.Object(("run", key.Row), ("startedAt", "2026-03-10T12:00:00.0000000+00:00")), Token);
        await rig.Reconciler.RunAsync(tenant, Token);
        Assert.Single(await rig.Runs.OpenAsync(tenant, Token).ToListAsync(Token));
        rig.Time.Now = rig.Time.Now.AddHours(1);
        await rig.Reconciler.RunAsync(tenant, Token);
        Assert.Empty(await rig.Runs.OpenAsync(tenant, Token).ToListAsync(Token));
    }

    [Fact]
    public async Task OneRunThatCannotBeRead_DoesNotKeepTheOthersBack()
    {
        var (rig, golden) = await AtTheGateAsync();
        var broken = new RowKey(Keys.Join("acme", "00000000000000000000000000000000"), "head");
        await rig.Memory.InsertAsync("runs", broken, JsonValue.EmptyObject, Token);
        await rig.Memory.InsertAsync("runsopen", new RowKey(Keys.Join("acme"), "00000000000000000000000000000000"), JsonValue.Object(("startedAt", "2026-03-10T12:00:00.0000000+00:00")), Token);
        rig.Scheduler.Status = new ScheduledRun(ScheduleStatus.Absent);
        var done = await rig.Reconciler.RunAsync(golden.Started.Tenant, Token);
        Assert.Equal((2, 1), (done.Seen, done.Moved));
        Assert.Equal("00000000000000000000000000000000", Assert.Single(done.Failed).Run.Value);
    }

    private static async Task<(StoredRig Rig, GoldenRun Golden)> AtTheGateAsync()
    {
        var golden = GoldenRun.Read("approval-approved");
        var rig = new StoredRig();
        await rig.StartAsync(golden.Definition, golden.Started);
        return (rig, golden);
    }
}
