using Interlock.Core;
using Interlock.Core.Execution;
using Interlock.Core.Identity;
using Interlock.Core.Runs;
using Interlock.Core.Storage;
using Interlock.Functions.Runs;
using Interlock.Json;
using Interlock.Tests.Azure.Durable;
using Interlock.Tests.Runs;
using Microsoft.DurableTask.Client;

namespace Interlock.Tests.Azure.Runs;

/// <summary>Durable Functions' pitfalls, each played against the app's orchestration.</summary>
public sealed class PitfallTests
{
    private const string GateBesideACall = """
          - both:
              fork:
                branches:
                  - guarded:
                      do:
                        - ask: { call: approval, with: { title: Go, approvers: [ { group: leads } ], quorum: 1, covers: [ granted ], onReject: fail, expiresAfter: PT4H, onTimeout: fail } }
                        - granted: { call: tool, with: { tool: ops/restart, arguments: {} } }
                  - slow: { call: tool, with: { tool: ops/report, arguments: {} } }
        """;

    private static readonly Principal Ana = new(new("acme"), "ana", PrincipalKind.User, "Ana", [], []);

    private static CancellationToken Token => DurableRig.Token;

    [Fact]
    public async Task Signal_Lost_TheReconcilerWakesTheRun()
    {
        var rig = await AtTheGateAsync();
        // The decision is recorded and folded, and the process dies before it raises the signal.
        rig.Stored.Commands.Release(Decision(rig));
        await rig.Stored.Driver.AdvanceAsync(rig.Tenant, rig.Run, default, Token);
        await rig.SettleAsync();
        Assert.Empty(rig.Calls);
        await rig.Stored.Reconciler.RunAsync(rig.Tenant, Token);
        await rig.SettleAsync();
        Assert.Single(rig.Calls);
    }

    [Fact]
    public async Task Signal_BeforeTheDecisionIsVisible_DoesNotUseItUp()
    {
        var rig = await AtTheGateAsync();
        await rig.Scheduler.WakeAsync(rig.Tenant, rig.Run, Token);
        await rig.SettleAsync();
        await rig.HappenAsync(Decision(rig));
        await rig.SettleAsync();
        Assert.Single(rig.Calls);
    }

    [Fact]
    public async Task Signal_BeforeTheInstanceHasStarted_DoesNoHarm()
    {
        var rig = new DurableRig(GoldenRun.Read("approval-approved"));
        await rig.StartAsync(settle: false);
        await rig.HappenAsync(Decision(rig));
        await rig.SettleAsync();
        Assert.Single(rig.Calls);
        Assert.Equal(2, (await rig.StateAsync()).Events);
    }

    [Fact]
    public async Task Signals_AHundredAtOnce_AreALookOrTwo()
    {
        var rig = await AtTheGateAsync();
        await rig.HappenAsync(Decision(rig));
        for (var i = 0; i < 100; i++) await rig.Scheduler.WakeAsync(rig.Tenant, rig.Run, Token);
        await rig.SettleAsync();
        Assert.Equal(2, (await rig.StateAsync()).Events);
        Assert.Single(rig.Calls);
        await FinishAsync(rig);
        await GoldenDurableRunTests.AssertEndAsync(rig);
    }

    [Fact]
    public async Task Signal_ToAFinishedRun_IsNothing()
    {
        var rig = await AtTheGateAsync();
        await rig.HappenAsync(Decision(rig));
        await rig.SettleAsync();
        await FinishAsync(rig);
        var episodes = rig.Simulator.Episodes;
        await rig.Scheduler.WakeAsync(rig.Tenant, rig.Run, Token);
        await rig.Stored.Host.GateChangedAsync(rig.Tenant, rig.Run, Decision(rig).Gate, Token);
        Assert.False(await rig.Stored.Host.CancelAsync(rig.Tenant, rig.Run, Ana, null, Token));
        await rig.SettleAsync();
        Assert.Equal(episodes, rig.Simulator.Episodes);
        await GoldenDurableRunTests.AssertEndAsync(rig);
    }

    [Fact]
    public async Task CustomStatus_OfTheLargestRun_IsFarBelowItsLimit()
    {
        var largest = new RunProgress(long.MaxValue, "compensating", false, int.MaxValue, int.MaxValue, int.MaxValue);
        Assert.InRange(System.Text.Json.JsonSerializer.Serialize(largest).Length, 1, 300);
        var rig = await AtTheGateAsync();
        var status = (await rig.Simulator.Client.GetInstanceAsync(rig.InstanceId, true, Token))!.ReadCustomStatusAs<RunProgress>();
        Assert.Equal(new RunProgress(1, "running", false, 0, 1, 0), status);
    }

    [Fact]
    public async Task Results_Large_NeverReachTheHistory()
    {
        var rig = new DurableRig(GoldenRun.Read("data-flow"));
        await rig.StartAsync();
        var effect = new EffectId((await rig.StateAsync()).Pending.Values.OfType<Command.Call>().Single().Id.Value);
        var large = JsonValue.Object(("total", 30), ("currency", "EUR"), ("blob", new string('x', 6_000_000)));
        rig.Release(new RunEvent.EffectCompleted(rig.Simulator.Time.Now, effect, large), effect);
        await rig.SettleAsync();
        var history = string.Concat(rig.Instance.History.Select(entry => entry.ToString()));
        Assert.InRange(history.Length, 1, 20_000);
        Assert.DoesNotContain("EUR", history, StringComparison.Ordinal);
        Assert.Equal(large, Assert.IsType<RunEvent.EffectCompleted>((await rig.Stored.EventsAsync(rig.Golden.Started))[1]).Output);
    }

    [Fact]
    public async Task Timers_AreOneAtATime_AndNoneIsLeft()
    {
        var rig = await AtTheGateAsync();
        Assert.Equal(1, rig.Simulator.ArmedTimers);
        await rig.HappenAsync(Decision(rig));
        await rig.SettleAsync();
        Assert.Equal(1, rig.Simulator.ArmedTimers);
        await FinishAsync(rig);
        Assert.Equal(OrchestrationRuntimeStatus.Completed, rig.Instance.Status);
        Assert.Equal(0, rig.Simulator.ArmedTimers);
    }

    [Fact]
    public async Task NewGeneration_WithAnOpenGateAndABusyBranch_DrainsFoldsAndGoesOn()
    {
        var definition = RunHarness.Tasks(GateBesideACall).Definition;
        var rig = new DurableRig(new GoldenRun("gate beside a call", definition, [RunHarness.Started(definition)], []), turns: 2, mostTurns: 3);
        await rig.StartAsync();
        var busy = Assert.Single(rig.Calls);
        // Turns are used up by signals; the history can't be left, because a call is under way.
        for (var i = 0; i < 6; i++)
        {
            await rig.Scheduler.WakeAsync(rig.Tenant, rig.Run, Token);
            await rig.SettleAsync();
        }
        Assert.Equal(1, rig.Instance.Generations);

        // People's words are heard meanwhile, and folded; only new calls wait.
        var gate = (await rig.StateAsync()).Pending.Values.OfType<Command.OpenApproval>().Single().Gate.Id;
        await rig.HappenAsync(new RunEvent.GateClosed(rig.Simulator.Time.Now, gate, GateOutcome.Approved, ["user:cem"], null));
        await rig.SettleAsync();
        var granted = (await rig.StateAsync()).Pending.Values.OfType<Command.CallTool>().Single(call => call.Task.Name == "granted").Id;
        Assert.Equal([busy], rig.Calls);
        await rig.Stored.Host.SuspendAsync(rig.Tenant, rig.Run, Ana, null, Token);
        await rig.SettleAsync();
        await rig.Stored.Host.ResumeAsync(rig.Tenant, rig.Run, Ana, Token);
        await rig.SettleAsync();

        var slow = (await rig.StateAsync()).Pending.Values.OfType<Command.CallTool>().Single(call => call.Task.Name == "slow").Id;
        Complete(slow);
        await rig.SettleAsync();
        Assert.True(rig.Instance.Generations > 1);
        Assert.Single(rig.Stored.Commands.Called, effect => effect == slow);
        Assert.Contains(granted.Value, Assert.Single(rig.Calls).Input, StringComparison.Ordinal);
        Complete(granted);
        await rig.SettleAsync();
        Assert.Equal(RunStatus.Completed, (await rig.StateAsync()).Status);
        Assert.Equal(OrchestrationRuntimeStatus.Completed, rig.Instance.Status);
        Assert.Equal(0, rig.Simulator.ArmedTimers);

        void Complete(EffectId effect) => rig.Release(new RunEvent.EffectCompleted(rig.Simulator.Time.Now, effect, JsonValue.EmptyObject), effect);
    }

    [Fact]
    public async Task NewGeneration_SignalInTheSameBatch_IsNotMissed()
    {
        for (var turns = 1; turns < 8; turns++)
        {
            var rig = new DurableRig(GoldenRun.Read("approval-approved"), turns: turns);
            await rig.StartAsync();
            for (var i = 0; i < turns - 1; i++)
            {
                await rig.Scheduler.WakeAsync(rig.Tenant, rig.Run, Token);
                await rig.SettleAsync();
            }
            // The look's answer and the signal come together, in either order.
            await rig.Scheduler.WakeAsync(rig.Tenant, rig.Run, Token);
            rig.Simulator.RunOrchestrators();
            var look = Assert.Single(rig.Simulator.Activities, activity => activity.Name == RunOrchestration.AdvanceActivity);
            var answer = await look.BeginAsync();
            await rig.HappenAsync(Decision(rig));
            answer();
            await rig.SettleAsync();
            Assert.Single(rig.Calls);
        }
    }

    [Fact]
    public async Task Activity_TwiceAtOnce_IsOneCallFolded()
    {
        var rig = await AtTheGateAsync();
        await rig.HappenAsync(Decision(rig));
        await rig.SettleAsync();
        var done = rig.Golden.Events.OfType<RunEvent.EffectCompleted>().First();
        rig.Release(done, done.Effect);
        await Assert.Single(rig.Calls).RunTwiceAsync();
        await rig.SettleAsync();
        Assert.Equal(3, (await rig.StateAsync()).Events);
    }

    [Fact]
    public async Task Activity_AfterTheRunWasCancelled_CallsNothing()
    {
        var rig = await AtTheGateAsync();
        await rig.HappenAsync(Decision(rig));
        rig.Simulator.RunOrchestrators();
        await rig.SettleAsync(activity => activity.RunAsync());
        var late = Assert.Single(rig.Calls);
        await rig.Stored.Host.CancelAsync(rig.Tenant, rig.Run, Ana, "enough", Token);
        var state = await rig.StateAsync();
        // The abandoned call is asked for once more, so that its end is known; the gateway's fence refuses what never left.
        rig.Release(new RunEvent.EffectFailed(rig.Simulator.Time.Now, state.Abandoned.Keys.Single(), new Problem(ProblemTypes.Refused, 409, "Refused") { Rule = "frame-not-pending" }), state.Abandoned.Keys.Single());
        await late.RunAsync();
        await rig.SettleAsync();
        Assert.Equal(RunStatus.Cancelled, (await rig.StateAsync()).Status);
        Assert.Equal(OrchestrationRuntimeStatus.Completed, rig.Instance.Status);
    }

    [Fact]
    public async Task Activity_Broken_IsAskedForAgainAfterAPause_AndFailsNothing()
    {
        var rig = await AtTheGateAsync();
        await rig.HappenAsync(Decision(rig));
        await rig.SettleAsync();
        for (var i = 0; i < 5; i++)
        {
            Assert.Single(rig.Calls).Fail(new InvalidOperationException("the store is away"));
            rig.Simulator.RunOrchestrators();
            rig.Simulator.Advance(TimeSpan.FromSeconds(Math.Pow(2, i)) - TimeSpan.FromMilliseconds(1));
            await rig.SettleAsync();
            Assert.Empty(rig.Calls);
            rig.Simulator.Advance(TimeSpan.FromMilliseconds(1));
            await rig.SettleAsync();
        }
        await FinishAsync(rig);
        await GoldenDurableRunTests.AssertEndAsync(rig);
    }

    [Fact]
    public async Task Activity_Failing_LeavesAShortTextOfOursInTheHistory()
    {
        var broken = new BrokenStore(new MemoryTableStore());
        var rig = new DurableRig(GoldenRun.Read("approval-approved"), store: broken);
        await rig.StartAsync(settle: false);
        broken.Says = "secret " + new string('x', 100_000);
        await rig.SettleAsync();
        var failure = rig.Instance.History.OfType<HistoryEvent.ActivityFailed>().First().ToString();
        Assert.Contains("The activity 'advance' failed; the worker's log says why.", failure, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", failure, StringComparison.Ordinal);
        Assert.InRange(failure.Length, 1, 8_000);
        broken.Says = null;
        rig.Simulator.Advance(TimeSpan.FromSeconds(1));
        await rig.SettleAsync();
        Assert.Equal(1, rig.Simulator.ArmedTimers); // it went on: the gate is open
    }

    [Fact]
    public async Task Terminated_TheRunIsCancelledByReconciliation_WithItsCompensations()
    {
        var rig = new DurableRig(GoldenRun.Read("cancel"));
        await rig.StartAsync();
        var first = rig.Golden.Events.OfType<RunEvent.EffectCompleted>().First();
        await rig.HappenAsync(first);
        await rig.SettleAsync();
        await rig.Simulator.Client.TerminateInstanceAsync(rig.InstanceId, Token);
        rig.Simulator.RunOrchestrators();
        Assert.Equal(OrchestrationRuntimeStatus.Terminated, rig.Instance.Status);
        await rig.Stored.Reconciler.RunAsync(rig.Tenant, Token);
        foreach (var happened in rig.Golden.Events.OfType<RunEvent.EffectCompleted>()) rig.Release(happened, happened.Effect);
        foreach (var left in rig.Calls) await left.RunAsync();
        await rig.SettleAsync();
        var state = await rig.StateAsync();
        Assert.Equal(RunStatus.Cancelled, state.Status);
        Assert.Equal("scheduler", (await rig.Stored.EventsAsync(rig.Golden.Started)).OfType<RunEvent.CancelRequested>().Single().By);
        Assert.Contains(rig.Golden.Events.OfType<RunEvent.EffectCompleted>().Last().Effect, rig.Stored.Commands.Called); // the compensation
        Assert.Equal(OrchestrationRuntimeStatus.Completed, rig.Instance.Status);
    }

    [Fact]
    public async Task TaskHubLost_RunsGoOnFromTheirRows()
    {
        var rig = await AtTheGateAsync();
        await rig.Simulator.Client.PurgeInstanceAsync(rig.InstanceId, cancellation: Token);
        await rig.HappenAsync(Decision(rig));
        await rig.Stored.Reconciler.RunAsync(rig.Tenant, Token);
        await rig.SettleAsync();
        await FinishAsync(rig);
        await GoldenDurableRunTests.AssertEndAsync(rig);
    }

    [Fact]
    public async Task Start_Twice_IsOneInstance_AndAFinishedRunIsNotStartedAgain()
    {
        var rig = await AtTheGateAsync();
        var (episodes, execution) = (rig.Simulator.Episodes, rig.Instance.ExecutionId);
        await rig.StartAsync();
        await rig.Scheduler.ScheduleAsync(rig.Tenant, rig.Run, Token);
        Assert.Equal((episodes, execution), (rig.Simulator.Episodes, rig.Instance.ExecutionId));
        await rig.HappenAsync(Decision(rig));
        await rig.SettleAsync();
        await FinishAsync(rig);
        var called = rig.Stored.Commands.Called.Count;
        await rig.StartAsync();
        await rig.Scheduler.ScheduleAsync(rig.Tenant, rig.Run, Token); // an instance of a run that is over ends at its first look
        await rig.SettleAsync();
        Assert.Equal(called, rig.Stored.Commands.Called.Count);
        await GoldenDurableRunTests.AssertEndAsync(rig);
    }

    [Fact]
    public async Task OlderWorker_NewerRun_IsLeftAlone_AndLookedAtAgain()
    {
        var rig = await AtTheGateAsync();
        var stored = (await rig.Stored.Runs.FindAsync(rig.Tenant, rig.Run, Token))!; // just started
        var newer = stored.State with { Logic = (LogicVersion)99, Events = 2 };
        await rig.Stored.Runs.AppendAsync(stored, new RunStep(newer, [new RunEvent.ResumeRequested(rig.Simulator.Time.Now, "user:ana")]), Token);
        await rig.HappenAsync(Decision(rig));
        await rig.SettleAsync();
        Assert.Empty(rig.Calls);
        Assert.Equal(2, (await rig.StateAsync()).Events);
        // A newer worker takes over: here, the run is again of the logic that this program knows.
        stored = (await rig.Stored.Runs.FindAsync(rig.Tenant, rig.Run, Token))!; // as above
        await rig.Stored.Runs.AppendAsync(stored, new RunStep(stored.State with { Logic = LogicVersion.V1, Events = 3 }, [new RunEvent.ResumeRequested(rig.Simulator.Time.Now, "user:ana")]), Token);
        rig.Simulator.Advance(TimeSpan.FromMinutes(1));
        await rig.SettleAsync();
        Assert.Single(rig.Calls);
    }

    [Fact]
    public async Task Purge_RemovesWhatEndedLongAgo_AndNothingElse()
    {
        var rig = await AtTheGateAsync();
        var purge = new Interlock.Functions.Upkeep.PurgeFunctions(rig.Scheduler, rig.Simulator.Time);
        rig.Simulator.Time.Now += TimeSpan.FromDays(8);
        await purge.PurgeAsync(new Microsoft.Azure.Functions.Worker.TimerInfo(), rig.Simulator.Client, Token);
        Assert.False(rig.Instance.IsOver); // it waits still
        rig.Simulator.Time.Now -= TimeSpan.FromDays(8);
        await rig.HappenAsync(Decision(rig));
        await rig.SettleAsync();
        await FinishAsync(rig);
        await purge.PurgeAsync(new Microsoft.Azure.Functions.Worker.TimerInfo(), rig.Simulator.Client, Token);
        Assert.True(rig.Instance.IsOver);
        rig.Simulator.Time.Now += TimeSpan.FromDays(8);
        await purge.PurgeAsync(new Microsoft.Azure.Functions.Worker.TimerInfo(), rig.Simulator.Client, Token);
        Assert.Null(rig.Simulator.Find(rig.InstanceId));
        Assert.Equal(RunStatus.Completed, (await rig.StateAsync()).Status);
    }

    [Fact]
    public async Task RunThatDoesNotExist_EndsItsInstance()
    {
        var rig = new DurableRig(GoldenRun.Read("approval-approved"));
        await rig.Scheduler.ScheduleAsync(rig.Tenant, rig.Run, Token);
        await rig.SettleAsync();
        Assert.Equal(OrchestrationRuntimeStatus.Completed, rig.Instance.Status);
    }

    [Theory]
    [InlineData("approval-approved")]
    [InlineData("incident-remediation")]
    [InlineData("saga")]
    [InlineData("flow")]
    public async Task Anything_InAnyOrder_TwiceOrOnADyingWorker_ComesToItsEnd(string name)
    {
        for (var seed = 0; seed < 25; seed++)
        {
            var golden = GoldenRun.Read(name);
            var rig = new DurableRig(golden, turns: 1 + seed % 5);
            await rig.StartAsync(settle: false);
            foreach (var happened in golden.Events.Where(happened => happened is RunEvent.EffectCompleted or RunEvent.EffectFailed or RunEvent.GateClosed)) rig.Stored.Commands.Release(happened);
            rig.Stored.Commands.Otherwise = call => new RunEvent.EffectFailed(rig.Simulator.Time.Now, call.Id, new Problem(ProblemTypes.ToolError, 500, "Not in the script"));
            var schedule = new RandomSchedule(rig.Simulator, seed);
            await schedule.RunAsync([]);
            var state = await rig.StateAsync();
            Assert.True(state.Status.IsClosed(), $"seed {seed}: {string.Join("; ", schedule.Trace.TakeLast(20))}");
            Assert.Equal(OrchestrationRuntimeStatus.Completed, rig.Instance.Status);
            Assert.Equal(0, rig.Simulator.ArmedTimers);
            Assert.Equal(state.Events, (await rig.Stored.EventsAsync(golden.Started)).Count);
        }
    }

    private static RunEvent.GateClosed Decision(DurableRig rig) => rig.Golden.Events.OfType<RunEvent.GateClosed>().Single();

    private static async Task<DurableRig> AtTheGateAsync()
    {
        var rig = new DurableRig(GoldenRun.Read("approval-approved"));
        await rig.StartAsync();
        return rig;
    }

    /// <summary>What comes after the decision.</summary>
    private static async Task FinishAsync(DurableRig rig)
    {
        foreach (var happened in rig.Golden.Events.Skip(2))
        {
            await rig.HappenAsync(happened);
            await rig.SettleAsync();
        }
    }

    /// <summary>Fails every reading with a text of its own, while it has one.</summary>
    private sealed class BrokenStore(ITableStore inner) : ITableStore
    {
        public string? Says { get; set; }

        public Task<TableRow?> GetAsync(string table, RowKey key, CancellationToken cancellationToken = default) =>
            Says is null ? inner.GetAsync(table, key, cancellationToken) : throw new InvalidOperationException(Says);

        public Task<WriteResult> InsertAsync(string table, RowKey key, JsonValue body, CancellationToken cancellationToken = default) =>
            inner.InsertAsync(table, key, body, cancellationToken);

        public Task<WriteResult> ReplaceAsync(string table, RowKey key, JsonValue body, string etag, CancellationToken cancellationToken = default) =>
            inner.ReplaceAsync(table, key, body, etag, cancellationToken);

        public Task<WriteResult> DeleteAsync(string table, RowKey key, string etag, CancellationToken cancellationToken = default) =>
            inner.DeleteAsync(table, key, etag, cancellationToken);

        public Task<BatchResult> BatchAsync(string table, string partition, IReadOnlyList<TableWrite> writes, CancellationToken cancellationToken = default) =>
            inner.BatchAsync(table, partition, writes, cancellationToken);

        public IAsyncEnumerable<TableRow> QueryAsync(
            string table, string partition, string? from = null, string? to = null, bool descending = false, CancellationToken cancellationToken = default) =>
            inner.QueryAsync(table, partition, from, to, descending, cancellationToken);
    }
}
