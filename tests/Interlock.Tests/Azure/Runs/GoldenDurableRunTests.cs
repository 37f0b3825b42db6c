using Interlock.Tests.Azure.Durable;
using Interlock.Tests.Execution;
using Interlock.Tests.Runs;
using Microsoft.DurableTask.Client;

namespace Interlock.Tests.Azure.Runs;

/// <summary>
/// The interpreter's golden runs on simulated Durable Functions, which replays the orchestration from its start at every step: the same events, states
/// and effects, whatever is delivered twice, late, at once or to a new generation.
/// </summary>
public sealed class GoldenDurableRunTests
{
    public static TheoryData<string> Cases => GoldenStoredRunTests.Cases;

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Run_StepByStep_HasTheRecordedStates(string name)
    {
        var rig = new DurableRig(GoldenRun.Read(name));
        await rig.StartAsync();
        for (var i = 1; i < rig.Golden.Events.Count; i++)
        {
            await rig.HappenAsync(rig.Golden.Events[i]);
            await rig.SettleAsync();
            await AssertStateAsync(rig, i);
        }
        await AssertEndAsync(rig);
        Assert.Equal(rig.Stored.Commands.Called.Distinct(), rig.Stored.Commands.Called);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Run_EveryTurnANewGeneration_HasTheRecordedStates(string name)
    {
        var rig = new DurableRig(GoldenRun.Read(name), turns: 1);
        await rig.StartAsync();
        for (var i = 1; i < rig.Golden.Events.Count; i++)
        {
            await rig.HappenAsync(rig.Golden.Events[i]);
            await rig.SettleAsync();
        }
        await AssertEndAsync(rig);
        // A history can't be left while a call is under way, and in this case one hangs all the time.
        if (name != "timeouts-in-order") Assert.True(rig.Instance.Generations > 1 || rig.Golden.Events.Count < 4);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Run_EveryActivityTwice_AndSignalsTooMany_HasTheRecordedStates(string name)
    {
        var rig = new DurableRig(GoldenRun.Read(name));
        await rig.StartAsync(settle: false);
        await rig.SettleAsync(activity => activity.RunTwiceAsync());
        for (var i = 1; i < rig.Golden.Events.Count; i++)
        {
            await rig.HappenAsync(rig.Golden.Events[i]);
            await rig.Scheduler.WakeAsync(rig.Tenant, rig.Run, DurableRig.Token);
            await rig.Scheduler.WakeAsync(rig.Tenant, rig.Run, DurableRig.Token);
            await rig.SettleAsync(activity => activity.RunTwiceAsync());
            await AssertStateAsync(rig, i);
        }
        await AssertEndAsync(rig);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Run_WorkersDieAtEveryTurn_HasTheRecordedStates(string name)
    {
        var rig = new DurableRig(GoldenRun.Read(name));
        await rig.StartAsync(settle: false);
        await CrashingAsync(rig);
        for (var i = 1; i < rig.Golden.Events.Count; i++)
        {
            await rig.HappenAsync(rig.Golden.Events[i]);
            await CrashingAsync(rig);
            await AssertStateAsync(rig, i);
        }
        await AssertEndAsync(rig);

        static Task CrashingAsync(DurableRig rig)
        {
            var crash = Crash.BeforeSending;
            return rig.SettleAsync(async activity =>
            {
                await activity.CrashAsync();
                await activity.RunAsync();
                crash = crash == Crash.BeforeSending ? Crash.BeforeRecording : Crash.BeforeSending;
                if (rig.Simulator.Runnable.Count > 0) rig.Simulator.TakeTurn(rig.InstanceId, crash: crash);
            });
        }
    }

    /// <summary>Calls begin here when their end is released; one that the script ends while the run is suspended is held back until it resumes.</summary>
    private static async Task AssertStateAsync(DurableRig rig, int index)
    {
        var state = await rig.StateAsync();
        if (!state.Suspended) GoldenStoredRunTests.AssertState(rig.Golden, index, state);
    }

    /// <summary>The last recorded state, the instance completed, nothing left armed or listed.</summary>
    internal static async Task AssertEndAsync(DurableRig rig)
    {
        await AssertStateAsync(rig, rig.Golden.States.Count - 1);
        // Calls that the run gave up waiting for: they find that they have been left.
        foreach (var left in rig.Calls) await left.RunAsync();
        rig.Simulator.RunOrchestrators();
        Assert.Equal(OrchestrationRuntimeStatus.Completed, rig.Instance.Status);
        Assert.Equal(0, rig.Simulator.ArmedTimers);
        Assert.Empty(await rig.Stored.Runs.OpenAsync(rig.Tenant, DurableRig.Token).ToListAsync(DurableRig.Token));
        Assert.True((await rig.Stored.Runs.FindAsync(rig.Tenant, rig.Run, DurableRig.Token))!.IsOver); // it was stored
    }
}
