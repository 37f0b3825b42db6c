using System.Globalization;
using Interlock.Core;
using Interlock.Core.Gateway;
using Interlock.Core.Runs;
using Interlock.Json;
using Interlock.Tests.Storage;

namespace Interlock.Tests.Adversary;

public sealed class EngineTests : IDisposable
{
    private readonly TempDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    private static string Fork(int branches) => "  - all:\n      fork:\n        branches:\n" + string.Concat(Enumerable.Range(0, branches)
        .Select(i => string.Create(CultureInfo.InvariantCulture, $"          - b{i}: {{ call: tool, with: {{ tool: s/t, arguments: {{ i: {i} }} }} }}\n")));

    private static async Task<UpstreamResult> Wait(CancellationToken ct)
    {
        try
        {
            await Task.Delay(Timeout.Infinite, ct);
        }
        catch (OperationCanceledException)
        {
        }
        return new UpstreamResult.Unknown(new Problem(ProblemTypes.Timeout, 408, "stopped"));
    }

    [Fact]
    public void Set_WrappingInALoop_NeverNestsDeeperThanJsonMay()
    {
        var definition = Workflows.Documents.Read("  - nest:\n      for: { each: i, in: '${ [range(2000)] }' }\n      do:\n        - wrap: { set: { a: '${ . }' } }\n  - call: { call: tool, with: { tool: s/t, arguments: { x: '${ . }' } } }\n").Definition!;
        var state = Interpreter.Start(definition, new RunEvent.RunStarted(DateTimeOffset.UtcNow, new RunId(new string('a', 32)), Rig.Tenant, new WorkflowRef("test/doc", "1.0.0", definition.Digest), Interpreter.Current, new RunOrigin(Rig.Starter, null, "api"), JsonValue.EmptyObject));
        var depth = 0;
        for (var at = state.Pending.Values.OfType<Command.CallTool>().FirstOrDefault()?.Arguments["x"]; at is { IsObject: true, Count: > 0 }; at = at["a"]) depth++;
        Assert.True(depth <= StrictJson.MaxDepth, $"The pending call's arguments nest {depth} levels deep.");
    }

    [Fact]
    public async Task DeepValue_AfterAWait_FailsTheRunAndDoesNotWedgeIt()
    {
        await using var rig = await new Rig(_directory.Path).StartAsync();
        var run = await rig.RunAsync("  - pause: { wait: { milliseconds: 50 } }\n  - nest:\n      for: { each: i, in: '${ [range(700)] }' }\n      do:\n        - wrap: { set: { a: '${ . }' } }\n");
        var state = await rig.UntilAsync(run.Id, state => state.Status.IsClosed(), 4);
        Assert.True(state.Status.IsClosed(), "The run is " + state.Status + " for ever; cancelling it says " + await rig.Engine.CancelAsync(Rig.Tenant, run.Id, Rig.Admin, null));
    }

    [Fact]
    public async Task LargeErrorDetail_ClosesTheRun()
    {
        await using var rig = await new Rig(_directory.Path).StartAsync();
        var run = await rig.RunAsync(
            "  - call:\n      call: tool\n      with: { tool: s/t }\n      metadata: { interlock: { compensate: { tool: s/t, arguments: { undo: true } } } }\n" +
            "  - stop: { raise: { error: { type: 'https://x.y/e', status: 500, title: t, detail: '${ $workflow.input.big }' } } }\n",
            JsonValue.Object(("big", new string('x', 300_000))));
        var state = await rig.UntilAsync(run.Id, state => state.Status.IsClosed(), 4);
        Assert.True(state.Status.IsClosed(), "The run is " + state.Status + " for ever; cancelling it says " + await rig.Engine.CancelAsync(Rig.Tenant, run.Id, Rig.Admin, null));
    }

    [Fact]
    public async Task SuspendAndResume_WhileCallsWaitForASlot_FailsNothing()
    {
        await using var rig = await new Rig(_directory.Path).StartAsync();
        var go = new TaskCompletionSource();
        rig.Upstream.Answer = async (_, _) =>
        {
            await go.Task;
            return new UpstreamResult.Completed(JsonValue.EmptyObject, false);
        };
        var run = await rig.RunAsync(Fork(20));
        while (rig.Upstream.Calls.Count < 16) await Task.Delay(10);
        await Task.Delay(300);
        await rig.Engine.SuspendAsync(Rig.Tenant, run.Id, Rig.Admin, null);
        go.SetResult();
        await rig.UntilAsync(run.Id, state => state.Deferred.Count >= 20, 3);
        await rig.Engine.ResumeAsync(Rig.Tenant, run.Id, Rig.Admin);
        var state = await rig.UntilAsync(run.Id, state => state.Status.IsClosed());
        Assert.True(state.Status == RunStatus.Completed, $"{state.Status}: {state.Error}");
    }

    [Fact]
    public async Task Cancel_WhileCallsWaitForASlot_ClosesTheRunSoon()
    {
        await using var rig = await new Rig(_directory.Path).StartAsync();
        rig.Upstream.Answer = (_, ct) => Wait(ct);
        var run = await rig.RunAsync(Fork(20));
        while (rig.Upstream.Calls.Count < 16) await Task.Delay(10);
        await Task.Delay(300);
        await rig.Engine.CancelAsync(Rig.Tenant, run.Id, Rig.Admin, null);
        var state = await rig.UntilAsync(run.Id, state => state.Status.IsClosed(), 6);
        Assert.True(state.Status.IsClosed(), $"{state.Abandoned.Count} calls that never left keep the run waiting.");
    }

    [Fact]
    public async Task OneRunWithManySlowCalls_DoesNotStopOtherRuns()
    {
        await using var rig = await new Rig(_directory.Path).StartAsync();
        rig.Upstream.Answer = (call, ct) => System.Text.Encoding.UTF8.GetString(call.Arguments.Span).Contains("other", StringComparison.Ordinal)
            ? Task.FromResult<UpstreamResult>(new UpstreamResult.Completed(JsonValue.EmptyObject, false))
            : Wait(ct);
        var hog = await rig.RunAsync(Fork(600));
        while (rig.Upstream.Calls.Count < 16) await Task.Delay(10);
        await Task.Delay(2000);
        var other = await rig.RunAsync("  - c: { call: tool, with: { tool: s/t, arguments: { other: true } } }\n");
        var state = await rig.UntilAsync(other.Id, state => state.Status.IsClosed(), 5);
        Assert.True(state.Status == RunStatus.Completed, $"The other run is {state.Status}; the upstream saw {rig.Upstream.Calls.Count} calls of run {hog.Id}.");
    }

    [Fact]
    public async Task CrashBetweenTheAuditOfTheEndAndTheLog_LeavesTheAuditTrue()
    {
        RunId id;
        await using (var rig = await new Rig(_directory.Path).StartAsync())
        {
            var run = await rig.RunAsync("  - pause: { wait: { seconds: 2 } }\n  - call: { call: tool, with: { tool: s/t } }\n");
            id = run.Id;
            // The log refuses the step that closes the run, as a process that dies there would leave it: the audit is written before.
            var head = rig.Log.Find("local", id.Value)!;
            await rig.Log.AppendAsync("local", id.Value, 2, [RunJson.Serialize<RunEvent>(new RunEvent.TimerFired(DateTimeOffset.UtcNow, new EffectId("none")))], null, head with { Seq = 2 });
            await Assert.ThrowsAnyAsync<Exception>(() => rig.Engine.CancelAsync(Rig.Tenant, id, Rig.Admin, "stop"));
        }
        await using (var rig = await new Rig(_directory.Path).StartAsync())
        {
            var state = await rig.UntilAsync(id, state => state.Status.IsClosed());
            var closed = (await rig.RecordsAsync("run:" + id)).Where(record => record.Id.EndsWith(":closed", StringComparison.Ordinal)).Select(record => record.Outcome);
            Assert.Equal([state.Status.Text()], closed);
        }
    }

    [Fact]
    public async Task AFailedWriteOfOneStep_DoesNotDropTheRun()
    {
        await using var rig = await new Rig(_directory.Path).StartAsync();
        rig.Upstream.Answer = async (_, _) =>
        {
            await Task.Delay(200);
            return new UpstreamResult.Completed(JsonValue.EmptyObject, false);
        };
        var run = await rig.RunAsync("  - call: { call: tool, with: { tool: s/t } }\n");
        var batches = 0; // intent, outcome, then the run's end
        rig.Tables.Before = (table, _) => table == "audit" && ++batches == 3 ? throw new IOException("disk full for a moment") : Task.CompletedTask;
        var state = await rig.UntilAsync(run.Id, state => state.Status.IsClosed(), 5);
        Assert.True(state.Status.IsClosed(), "A passing failure of the store dropped the run until the process restarts; cancelling it says " + await rig.Engine.CancelAsync(Rig.Tenant, run.Id, Rig.Admin, null));
    }

    [Fact]
    public async Task GateWhoseIndexWriteFailedOnce_IsInTheInbox()
    {
        await using var rig = await new Rig(_directory.Path).StartAsync();
        var failed = false;
        rig.Tables.Before = (table, _) =>
        {
            if (table != "gatesopen" || failed) return Task.CompletedTask;
            failed = true;
            throw new IOException("a moment's failure, or the process died here");
        };
        var run = await rig.RunAsync("  - gate: { call: approval, with: { title: t, approvers: [ { group: leads } ], expiresAfter: PT1H } }\n");
        await Task.Delay(1500);
        var gate = Assert.Single(run.Pending.Values.OfType<Command.OpenApproval>()).Gate.Id;
        Assert.NotNull(await rig.Desk.FindAsync(Rig.Tenant, gate));
        Assert.Contains(await rig.Desk.InboxAsync(Rig.Approver), open => open.Id == gate);
    }

    [Fact]
    public async Task DecisionWhoseBrowserLeftAfterTheRowWasWritten_IsRecordedAndTold()
    {
        await using var rig = await new Rig(_directory.Path).StartAsync();
        var run = await rig.RunAsync("  - gate: { call: approval, with: { title: t, approvers: [ { group: leads } ], expiresAfter: PT1H } }\n");
        var id = Assert.Single(run.Pending.Values.OfType<Command.OpenApproval>()).Gate.Id;
        Core.Approvals.Gate? gate;
        while ((gate = await rig.Desk.FindAsync(Rig.Tenant, id)) is null) await Task.Delay(20);
        await Task.Delay(200);
        using var aborted = new CancellationTokenSource();
        rig.Tables.After = async (table, what) =>
        {
            if (table == "gates" && what == "replace") await aborted.CancelAsync();
        };
        var thrown = await Record.ExceptionAsync(() => rig.Desk.DecideAsync(
            new Core.Approvals.InteractiveSession(Rig.Approver, DateTimeOffset.UtcNow), id, new Core.Approvals.Decision.Approve(null, gate.ShownDigest), aborted.Token));
        Assert.Equal(GateOutcome.Approved, (await rig.Desk.FindAsync(Rig.Tenant, id))!.Outcome);
        var votes = (await rig.RecordsAsync("run:" + run.Id)).Count(record => record.Id.Contains(":vote:", StringComparison.Ordinal));
        Assert.True(votes == 1 && thrown is null, $"The row says approved; the audit has {votes} votes, and {thrown?.GetType().Name} keeps the page from telling the run.");
    }

    [Fact]
    public async Task SuspendWhileACompensationStarts_LosesNoCompensation()
    {
        await using var rig = await new Rig(_directory.Path).StartAsync();
        var run = await rig.RunAsync(
            "  - call:\n      call: tool\n      with: { tool: s/t }\n      metadata: { interlock: { compensate: { tool: s/t, arguments: { undo: true } } } }\n" +
            "  - pause: { wait: { milliseconds: 300 } }\n" +
            "  - stop: { raise: { error: { type: 'https://x.y/e', status: 500, title: t } } }\n");
        var suspended = false;
        rig.Tables.Reading = async table =>
        {
            if (table != "registry" || suspended) return;
            if (await rig.Engine.GetAsync(Rig.Tenant, run.Id) is not { Undoing: not null }) return;
            suspended = true; // an operator suspends while the compensation is on its way to the fence
            await rig.Engine.SuspendAsync(Rig.Tenant, run.Id, Rig.Admin, null);
        };
        await rig.UntilAsync(run.Id, state => state.Suspended && state.Deferred.Count > 0, 5);
        Assert.True(suspended);
        await rig.Engine.ResumeAsync(Rig.Tenant, run.Id, Rig.Admin);
        var state = await rig.UntilAsync(run.Id, state => state.Status.IsClosed());
        Assert.True(rig.Upstream.Calls.Count == 2, $"The upstream saw {rig.Upstream.Calls.Count} call(s); {state.Error?.Detail}");
    }

    [Fact]
    public async Task AGateWithAnEmptyTitle_NeverOpens()
    {
        await using var rig = await new Rig(_directory.Path).StartAsync();
        var run = await rig.RunAsync("  - gate: { call: approval, with: { title: '${ \"\" }', approvers: [ { group: leads } ], expiresAfter: PT1H, covers: [c] } }\n  - c: { call: tool, with: { tool: s/t } }\n");
        Assert.Equal(RunStatus.Faulted, run.Status);
        Assert.Equal(ProblemTypes.Validation, run.Error?.Type);
        Assert.Empty(rig.Upstream.Calls);
    }
}
