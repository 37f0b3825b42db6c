using Interlock.Core.Identity;
using Interlock.Core.Runs;
using Interlock.Functions.Runs;
using Interlock.Json;
using Interlock.Tests.Runs;

namespace Interlock.Tests.Azure.Runs;

/// <summary>A run that can't go on costs little: nothing is asked for again and again without a pause.</summary>
public sealed class RestingTests
{
    private static readonly Principal Ana = new(new("acme"), "ana", PrincipalKind.User, "Ana", [], []);

    private static CancellationToken Token => DurableRig.Token;

    [Fact]
    public async Task AbandonedCall_EndsWhileTheRunIsSuspended_IsAskedForOnce()
    {
        var rig = new DurableRig(GoldenRun.Read("timeouts"));
        await rig.StartAsync();
        await rig.HappenAsync(rig.Golden.Events[1]); // its timeout: the call is abandoned
        await rig.SettleAsync();
        await rig.Stored.Host.SuspendAsync(rig.Tenant, rig.Run, Ana, null, Token);
        var late = rig.Golden.Events.OfType<RunEvent.EffectFailed>().Single();
        rig.Release(late, late.Effect);
        await rig.SettleAsync();
        Assert.Single(rig.Stored.Commands.Called);
        Assert.Single((await rig.StateAsync()).Deferred);
        await rig.Stored.Host.ResumeAsync(rig.Tenant, rig.Run, Ana, Token);
        await rig.SettleAsync();
        Assert.Empty((await rig.StateAsync()).Abandoned);
    }

    [Fact]
    public async Task Call_BreakingEachTime_IsAskedForLessAndLessOften()
    {
        var rig = new DurableRig(GoldenRun.Read("data-flow"));
        await rig.StartAsync();
        var (began, failures) = (rig.Simulator.Time.Now, 0);
        while (rig.Simulator.Time.Now < began.AddMinutes(10))
        {
            foreach (var call in rig.Calls)
            {
                failures++;
                call.Fail(new IOException("The audit is away."));
            }
            await rig.SettleAsync();
            rig.Simulator.Advance(TimeSpan.FromSeconds(1));
            await rig.SettleAsync();
        }
        Assert.InRange(failures, 10, 20);
    }

    [Fact]
    public async Task HandedCall_GoingOnForTenMinutes_HoldsNoActivityAndIsAskedForAsOftenAsSaid()
    {
        var rig = new DurableRig(GoldenRun.Read("data-flow"));
        var time = rig.Simulator.Time;
        rig.Stored.Commands.Handed = _ => time.Now.AddMinutes(1);
        await rig.StartAsync();
        var (began, activities) = (time.Now, 0);
        while (time.Now < began.AddMinutes(10))
        {
            await RunAllAsync(rig, () => activities++);
            Assert.Empty(rig.Simulator.Activities);
            rig.Simulator.Advance(TimeSpan.FromSeconds(1));
        }
        Assert.InRange(rig.Stored.Commands.Called.Count, 10, 11);
        Assert.InRange(activities, 18, 22); // a look and an ask each minute
    }

    [Fact]
    public async Task HandedCalls_Several_DoNotStartEachOtherAgain()
    {
        var rig = new DurableRig(GoldenRun.Read("fork-merge"));
        var time = rig.Simulator.Time;
        rig.Stored.Commands.Handed = call => time.Now.AddSeconds(20 + (call.Id.Value[0] % 16));
        await rig.StartAsync();
        await RunAllAsync(rig, () => { });
        var calls = (await rig.StateAsync()).Pending.Values.OfType<Command.Call>().Count();
        Assert.InRange(calls, 2, 16);
        Assert.Equal(calls, rig.Stored.Commands.Called.Count);
        Assert.Empty(rig.Simulator.Activities);
    }

    [Fact]
    public async Task HandedCall_ShortPoll_IsHeldAndEnds()
    {
        var rig = new DurableRig(GoldenRun.Read("data-flow"));
        var asked = 0;
        rig.Stored.Commands.Handed = _ => asked++ < 3 ? rig.Simulator.Time.Now.AddMilliseconds(1) : null;
        rig.Stored.Commands.Otherwise = call => new RunEvent.EffectCompleted(rig.Simulator.Time.Now, call.Id, JsonValue.EmptyObject);
        await rig.StartAsync();
        await RunAllAsync(rig, () => { });
        Assert.InRange(asked, 4, 40);
        Assert.True((await rig.StateAsync()).Events > 1);
    }

    private static async Task RunAllAsync(DurableRig rig, Action onActivity)
    {
        for (var step = 0; step < 1000; step++)
        {
            rig.Simulator.RunOrchestrators();
            if (rig.Simulator.Activities is not [var next, ..]) return;
            onActivity();
            await next.RunAsync();
        }
        throw new InvalidOperationException("The run does not come to rest.");
    }

    [Fact]
    public async Task Rest_AlarmEarlyByTheClockOfThisMachine_IsOver()
    {
        var rig = new DurableRig(GoldenRun.Read("approval-approved"));
        await rig.StartAsync(settle: false);
        rig.Simulator.RunOrchestrators();
        Assert.Single(rig.Simulator.Activities).Fail(new IOException("The store is away."));
        rig.Simulator.RunOrchestrators();
        rig.Simulator.Advance(TimeSpan.FromSeconds(1));
        rig.Simulator.Time.Now -= TimeSpan.FromMilliseconds(300);
        rig.Simulator.RunOrchestrators();
        Assert.Equal(RunOrchestration.AdvanceActivity, Assert.Single(rig.Simulator.Activities).Name);
    }
}
