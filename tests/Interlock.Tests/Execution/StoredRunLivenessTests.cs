using Interlock.Core;
using Interlock.Core.Execution;
using Interlock.Core.Identity;
using Interlock.Core.Runs;
using Interlock.Core.Storage;
using Interlock.Core.Workflows;
using Interlock.Json;
using Interlock.Tests.Gateway;
using Interlock.Tests.Runs;

namespace Interlock.Tests.Execution;

/// <summary>What is broken, slow or newer in one place holds up nothing else.</summary>
public sealed class StoredRunLivenessTests
{
    private static readonly Principal Ana = new(new("acme"), "ana", PrincipalKind.User, "Ana", [], []);

    private static CancellationToken Token => StoredRig.Token;

    [Fact]
    public async Task Gate_NothingCanBeLearntOf_HoldsUpNothingButItself()
    {
        var (definition, started) = Run("""
            - both:
                fork:
                  branches:
                    - ask: { call: approval, with: { title: Go, approvers: [ { group: leads } ], expiresAfter: PT1H, onReject: fail, onTimeout: fail } }
                    - other: { do: [ { pause: { wait: PT10S } }, { apply: { call: tool, with: { tool: ops/restart } } } ] }
            """);
        var rig = new StoredRig();
        await rig.StartAsync(definition, started);
        rig.Commands.GatesBreak = new InvalidDataException("The row of the gate was not written by Interlock.");
        var waiting = await rig.Driver.AdvanceAsync(started.Tenant, started.Run, default, Token);
        Assert.Equal(started.At.AddSeconds(10), waiting!.NextDue); // it was started
        rig.Time.Now += TimeSpan.FromSeconds(10);
        var plan = await rig.Driver.AdvanceAsync(started.Tenant, started.Run, default, Token);
        Assert.Single(plan!.Calls); // as above
        Assert.Equal(rig.Time.Now.AddSeconds(30), plan.NextDue);
        Assert.All(rig.HeldUp, held => Assert.Equal((typeof(Command.OpenApproval), rig.Commands.GatesBreak), (held.Command.GetType(), held.Error)));
        Assert.NotEmpty(rig.HeldUp);
        rig.Commands.GatesBreak = null;
        Assert.True((await rig.Driver.AdvanceAsync(started.Tenant, started.Run, default, Token))!.NextDue > rig.Time.Now.AddMinutes(30)); // as above
    }

    [Fact]
    public async Task Decision_StoreAwayWhenTheRunIsTold_TheRunIsWokenAllTheSame()
    {
        var faulty = new FaultyTableStore(new MemoryTableStore());
        var rig = new StoredRig(faulty);
        var golden = GoldenRun.Read("approval-approved");
        await rig.StartAsync(golden.Definition, golden.Started);
        var decision = golden.Events.OfType<RunEvent.GateClosed>().Single();
        rig.Commands.Release(decision);
        faulty.Arm(1, Fault.ThrowBefore);
        await rig.Host.GateChangedAsync(golden.Started.Tenant, golden.Started.Run, decision.Gate, Token);
        Assert.NotNull(faulty.Struck);
        Assert.Single(rig.Scheduler.Woken);
    }

    [Fact]
    public async Task Request_ForARunOfANewerLogic_IsNotFoldedByThisOne()
    {
        var golden = GoldenRun.Read("cancel");
        var rig = new StoredRig();
        await rig.StartAsync(golden.Definition, golden.Started);
        var (tenant, run) = (golden.Started.Tenant, golden.Started.Run);
        var stored = (await rig.Runs.FindAsync(tenant, run, Token))!; // just started
        var newer = stored.State with { Logic = (LogicVersion)99, Events = stored.State.Events + 1 };
        Assert.NotNull(await rig.Runs.AppendAsync(stored, new RunStep(newer, [new RunEvent.ResumeRequested(rig.Time.Now, "ana")]), Token));
        await Assert.ThrowsAsync<InvalidOperationException>(() => rig.Host.CancelAsync(tenant, run, Ana, null, Token));
        rig.Scheduler.Status = new ScheduledRun(ScheduleStatus.Terminated);
        Assert.Single((await rig.Reconciler.RunAsync(tenant, Token)).Failed);
        Assert.Equal(2, (await rig.StateAsync(golden.Started)).Events);
    }

    [Fact]
    public async Task Watch_StoreTimesOut_GoesOnLooking()
    {
        using var watch = new CallWatch(new RunStore(new TimingOutOnce(), new MemoryBlobStore()), new("acme"), new("1"), new("e"), TimeProvider.System, TimeSpan.FromMilliseconds(1), Token);
        var left = new TaskCompletionSource();
        await using var registration = watch.Left.Register(left.SetResult);
        await left.Task.WaitAsync(TimeSpan.FromSeconds(20), Token);
    }

    [Fact]
    public async Task Reconciliation_LooksAtManyRunsAtOnce()
    {
        const int Together = 8;
        var meeting = new MeetingScheduler(Together);
        var rig = new StoredRig(scheduler: meeting);
        var golden = GoldenRun.Read("approval-approved");
        for (var i = 0; i < 2 * Together; i++) await rig.StartAsync(golden.Definition, golden.Started with { Run = new RunId($"{i:x32}") });
        var done = await rig.Reconciler.RunAsync(golden.Started.Tenant, Token);
        Assert.Equal((2 * Together, 0), (done.Seen, done.Failed.Count));
    }

    private static (WorkflowDefinition Definition, RunEvent.RunStarted Started) Run(string tasks)
    {
        var text = "document: { dsl: 1.0.3, namespace: golden, name: branches, version: 1.0.0, metadata: { interlock: { mode: supervised, onError: fail, onTimeout: fail } } }\ntimeout: { after: P1D }\ndo:\n" + tasks;
        var read = WorkflowReader.Read(text, "branches.yaml");
        var definition = read.Definition ?? throw new InvalidDataException(string.Join("\n", read.Findings));
        return (definition, GoldenRun.Read("cancel").Started with { Workflow = new WorkflowRef("golden/branches", "1.0.0", definition.Digest) });
    }

    /// <summary>An empty store whose first answer does not come in time, as the service's client says it.</summary>
    private sealed class TimingOutOnce : ITableStore
    {
        private readonly MemoryTableStore _inner = new();
        private int _asked;

        public Task<TableRow?> GetAsync(string table, RowKey key, CancellationToken cancellationToken = default) =>
            Interlocked.Increment(ref _asked) == 1 ? Task.FromException<TableRow?>(new TaskCanceledException("The operation was cancelled because it exceeded the configured timeout.")) : _inner.GetAsync(table, key, cancellationToken);

        public Task<WriteResult> InsertAsync(string table, RowKey key, JsonValue body, CancellationToken cancellationToken = default) => throw new NotSupportedException();
        public Task<WriteResult> ReplaceAsync(string table, RowKey key, JsonValue body, string etag, CancellationToken cancellationToken = default) => throw new NotSupportedException();
        public Task<WriteResult> DeleteAsync(string table, RowKey key, string etag, CancellationToken cancellationToken = default) => throw new NotSupportedException();
        public Task<BatchResult> BatchAsync(string table, string partition, IReadOnlyList<TableWrite> writes, CancellationToken cancellationToken = default) => throw new NotSupportedException();
        public IAsyncEnumerable<TableRow> QueryAsync(string table, string partition, string? from = null, string? to = null, bool descending = false, CancellationToken cancellationToken = default) => throw new NotSupportedException();
    }

    /// <summary>Answers nobody until so many have asked at once.</summary>
    private sealed class MeetingScheduler(int together) : IRunScheduler
    {
        private readonly TaskCompletionSource _met = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _here;

        public Task ScheduleAsync(TenantId tenant, RunId run, CancellationToken cancellationToken = default) => Task.CompletedTask;

        public Task WakeAsync(TenantId tenant, RunId run, CancellationToken cancellationToken = default) => Task.CompletedTask;

        public async Task<ScheduledRun> FindAsync(TenantId tenant, RunId run, CancellationToken cancellationToken = default)
        {
            if (Interlocked.Increment(ref _here) == together) _met.SetResult();
            await _met.Task.WaitAsync(TimeSpan.FromSeconds(20), cancellationToken);
            return new ScheduledRun(ScheduleStatus.Active, long.MaxValue);
        }
    }
}
