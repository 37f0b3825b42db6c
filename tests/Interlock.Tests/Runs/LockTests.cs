using Interlock.Core;
using Interlock.Core.Runs;
using Interlock.Core.Workflows;
using Interlock.Json;
using Interlock.Tests.Workflows;

namespace Interlock.Tests.Runs;

/// <summary>Tasks and runs that hold a lock: when they begin, how long it is theirs, and what is made under it.</summary>
public sealed class LockTests
{
    private const string Call = "work: { call: tool, with: { tool: crm/read, arguments: {} }, timeout: { after: { minutes: 5 } } }";
    private const string Then = "after: { call: tool, with: { tool: crm/read, arguments: {} } }";

    [Fact]
    public void Task_WithALock_BeginsWhenItIsGranted()
    {
        var run = Locked(Call, Then);
        var hold = run.Pending<Command.HoldLock>("work");
        Assert.Equal(("crm", 1, LockContention.Queue, RunHarness.Noon.AddMinutes(5)), (hold.Name, hold.Places, hold.Contention, hold.Deadline));
        Assert.Empty(run.Calls);
        run.Granted("work", 7);
        Assert.Equal([7L], run.State.LocksAround(run.Call("work").Frame).Select(held => held.Value.Fence));
        run.Complete("work");
        Assert.Empty(run.State.Pending.Values.OfType<Command.HoldLock>());
        Assert.Empty(run.State.LocksAround(run.Call("after").Frame));
        run.Complete("after").Is(RunStatus.Completed).Replayed();
    }

    [Fact]
    public void Grant_ToldTwice_BeginsTheTaskOnce()
    {
        var run = Locked(Call);
        var hold = run.Pending<Command.HoldLock>("work");
        run.Granted("work", 7).Send(new RunEvent.LockGranted(run.Now, hold.Id, 8));
        Assert.Equal(7, run.State.Locks![hold.Id].Fence);
        run.Complete("work").Send(new RunEvent.LockGranted(run.Now, hold.Id, 9)).Is(RunStatus.Completed).Replayed();
    }

    [Fact]
    public void Task_OutOfTimeWhileItWaits_FailsAndWaitsNoMore()
    {
        var run = Locked(Call).Fire("work", TimerPurpose.Timeout).Is(RunStatus.Faulted);
        Assert.Equal(ProblemTypes.Timeout, run.State.Error!.Type);
        Assert.Empty(run.Called);
    }

    [Fact]
    public void Lock_OfAnInterruptedCall_IsHeldUntilItHasSettled()
    {
        var run = Locked(Call).Granted("work", 7).Fire("work", TimerPurpose.Timeout);
        Assert.Single(run.State.Pending.Values.OfType<Command.HoldLock>());
        Assert.Single(run.State.Abandoned);
        run.Complete("work").Is(RunStatus.Faulted).Replayed();
    }

    [Fact]
    public void Lock_OfAnInterruptedCallThatNeverSettles_IsHeldUntilItsDeadline()
    {
        var run = Locked(Call).Granted("work", 7).Fire("work", TimerPurpose.Timeout);
        run.Fire("work", TimerPurpose.Abandoned).Is(RunStatus.Faulted).Replayed();
    }

    [Fact]
    public void Lock_OfABlock_IsHeldAcrossItsTasks_AndTakenOnce()
    {
        var run = Locked("block: { do: [ { one: { call: tool, with: { tool: crm/read, arguments: {} } } }, { two: { call: tool, with: { tool: crm/read, arguments: {} } } } ] }", Then, inner: true);
        run.Granted("block", 7);
        Assert.Equal(["one"], run.Calls.Select(RunHarness.Name)); // its own task names the same lock, and has it already
        run.Complete("one");
        Assert.Single(run.State.LocksAround(run.Call("two").Frame));
        run.Complete("two");
        Assert.Null(run.State.Locks);
        run.Complete("after").Is(RunStatus.Completed).Replayed();
    }

    [Fact]
    public void Lock_IsGivenBackBeforeTheRunCompensates_AndAtACancel()
    {
        var run = Locked("work: { call: tool, with: { tool: crm/read, arguments: {} }, metadata: { interlock: { compensate: { tool: crm/undo, arguments: {} } } } }", Then);
        run.Granted("work", 7).Complete("work").Fail("after");
        Assert.Empty(run.State.Pending.Values.OfType<Command.HoldLock>());
        Assert.Equal(["undo:work"], run.Calls.Select(RunHarness.Name));

        var cancelled = Locked(Call).Cancel().Is(RunStatus.Cancelled).Replayed();
        Assert.Empty(cancelled.Called);
    }

    [Fact]
    public void Lock_ThatIsRefused_FailsTheTask()
    {
        var run = Locked(Call);
        run.Send(new RunEvent.EffectFailed(run.Now, run.Pending<Command.HoldLock>("work").Id, new Problem(ProblemTypes.Refused, 409, "No") { Rule = "lock-places" })).Is(RunStatus.Faulted);
        Assert.Equal("lock-places", run.State.Error!.Rule);
    }

    [Theory]
    [InlineData("workflow:test/doc:x")]
    [InlineData("")]
    [InlineData("a\nb")]
    public void Name_ThatNoLockMayHave_FailsTheTask(string name)
    {
        var run = Locked(Call, name: name).Is(RunStatus.Faulted);
        Assert.Equal(ProblemTypes.Validation, run.State.Error!.Type);
    }

    [Fact]
    public void Run_WithConcurrency_BeginsWhenItsPlaceIsGranted_AndHasItUntilItIsClosed()
    {
        var run = RunHarness.Of(Rewritten(Documents.Head + $"  - {Undone}\n  - {Then}\n", concurrency: new ConcurrencyRule(new Template.Literal("a b"), 2, LockContention.Reject)));
        var hold = run.State.Pending.Values.OfType<Command.HoldLock>().Single();
        Assert.Equal(($"workflow:{run.Definition.Name}:{CanonicalJson.Digest("a b")}", 2, LockContention.Reject, FrameId.Root), (hold.Name, hold.Places, hold.Contention, hold.Frame));
        run.Send(new RunEvent.LockGranted(run.Now, hold.Id, 3)).Complete("work").Fail("after");
        Assert.Single(run.State.Pending.Values.OfType<Command.HoldLock>()); // it compensates, and so still goes on
        run.Complete("undo:work").Is(RunStatus.Faulted).Replayed();
    }

    [Fact]
    public void Run_WithConcurrency_RefusedOrCancelledWhileItWaits_DoesNothing()
    {
        var refused = RunHarness.Of(Rewritten(Documents.Head + $"  - {Then}\n", concurrency: new ConcurrencyRule(new Template.Literal("key"), 1, LockContention.Reject)));
        var hold = refused.State.Pending.Values.OfType<Command.HoldLock>().Single();
        Assert.Equal($"workflow:{refused.Definition.Name}:key", hold.Name);
        refused.Send(new RunEvent.EffectFailed(refused.Now, hold.Id, new Problem(ProblemTypes.Refused, 409, "Busy") { Rule = "concurrency" })).Is(RunStatus.Faulted).Replayed();
        Assert.Equal(409, refused.State.Error!.Status);

        var cancelled = RunHarness.Of(Rewritten(Documents.Head + $"  - {Then}\n", concurrency: new ConcurrencyRule(new Template.Literal("key"), 1, LockContention.Queue))).Cancel().Is(RunStatus.Cancelled).Replayed();
        Assert.Empty(cancelled.Called);
    }

    [Fact]
    public void Lock_OfACallThatPeopleAreAskedAboutAgain_IsGivenBackMeanwhile_AndTakenAnew()
    {
        const string Gated = """
              - ask: { call: approval, with: { title: 'Go?', approvers: [ { group: leads } ], covers: [work], expiresAfter: PT1H } }

            """;
        var run = RunHarness.Of(Rewritten($"{Documents.Head}{Gated}  - {Call}\n", Crm, at: 1)).Approve("ask");
        var first = run.Pending<Command.HoldLock>("work").Id;
        run.Granted("work", 7).Refuse("work", "second-look-required");
        Assert.Empty(run.State.Pending.Values.OfType<Command.HoldLock>());
        run.Approve("work");
        Assert.NotEqual(first, run.Pending<Command.HoldLock>("work").Id);
        Assert.Empty(run.Calls);
        run.Granted("work", 8).Complete("work").Is(RunStatus.Completed).Replayed();
    }

    [Fact]
    public void Suspended_GrantIsKeptUntilItGoesOn()
    {
        var run = Locked(Call).Suspend().Granted("work", 7);
        Assert.Null(run.State.Locks);
        run.Resume();
        Assert.Equal(["work"], run.Calls.Select(RunHarness.Name));
        run.Complete("work").Is(RunStatus.Completed).Replayed();
    }

    private const string Undone = "work: { call: tool, with: { tool: crm/read, arguments: {} }, metadata: { interlock: { compensate: { tool: crm/undo, arguments: {} } } } }";

    /// <summary>The first of the tasks, and with <paramref name="inner"/> the first of its own, holds a lock.</summary>
    private static RunHarness Locked(string first, string? second = null, string name = "crm", bool inner = false) =>
        RunHarness.Of(Rewritten(Documents.Head + $"  - {first}\n{(second is null ? "" : $"  - {second}\n")}", Crm with { Name = new Template.Literal(name) }, inner));

    private static TaskLock Crm { get; } = new(new Template.Literal("crm"), 1);

    private static WorkflowDefinition Rewritten(string text, TaskLock? held = null, bool inner = false, ConcurrencyRule? concurrency = null, int at = 0)
    {
        var read = WorkflowReader.Read(text, "doc.yaml");
        var definition = read.Definition ?? throw new InvalidOperationException(string.Join('\n', read.Findings));
        var first = definition.Tasks.Tasks[at];
        if (first is DoTask block && inner) first = block with { Tasks = block.Tasks with { Tasks = block.Tasks.Tasks.SetItem(0, block.Tasks.Tasks[0] with { Lock = held }) } };
        return new WorkflowDefinition(new TaskList(definition.Tasks.Path, definition.Tasks.Tasks.SetItem(at, first with { Lock = held })))
        {
            Name = definition.Name,
            Version = definition.Version,
            Digest = definition.Digest,
            Document = definition.Document,
            Concurrency = concurrency,
        };
    }
}
