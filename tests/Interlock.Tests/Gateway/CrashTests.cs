using Interlock.Core;
using Interlock.Core.Audit;
using Interlock.Core.Gateway;
using Interlock.Core.Storage;
using Interlock.Core.Workflows;

namespace Interlock.Tests.Gateway;

/// <summary>
/// A guarded call with a fault at every single read and write of the store: the operation fails before or after it took effect, or the worker
/// stops there and comes back to life when another one has asked for the same effect.
/// </summary>
public sealed class CrashTests
{
    private const int MostOperations = 200;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(Fault.ThrowBefore, false)]
    [InlineData(Fault.ThrowAfter, false)]
    [InlineData(Fault.ThrowBefore, true)]
    [InlineData(Fault.ThrowAfter, true)]
    public async Task Call_StoreFailsAnywhere_NeverTwiceAndNeverLost(Fault fault, bool joint)
    {
        var struck = new List<string>();
        for (var at = 1; ; at++)
        {
            Assert.InRange(at, 1, MostOperations);
            await using var world = await World.CreateAsync();
            var call = await GuardedAsync(world);
            var store = Store(world, joint);
            var first = new Node(world, store);
            world.Upstream.Always(_ => StubUpstream.Done());
            store.Arm(at, fault);
            var thrown = await Record.ExceptionAsync(() => first.Gateway.CallAsync(call, Token));
            if (store.Struck is null) break;
            struck.Add(store.Struck);
            if (world.Upstream.Calls.IsEmpty) Assert.IsType<StoreFaultException>(thrown);
            else Assert.Null(thrown); // an answer that came is recorded, though the store fails for a moment
            await SettledAsync(world, call, $"{fault} at operation {at}, {store.Struck}");
        }
        AssertReachedEverything(struck, joint);
    }

    [Theory]
    [InlineData(Fault.HangBefore, false)]
    [InlineData(Fault.HangAfter, false)]
    [InlineData(Fault.HangBefore, true)]
    [InlineData(Fault.HangAfter, true)]
    public async Task Call_WorkerStopsAnywhereAndNeverComesBack_NeverTwiceAndNeverLost(Fault fault, bool joint)
    {
        var struck = new List<string>();
        for (var at = 1; ; at++)
        {
            Assert.InRange(at, 1, MostOperations);
            await using var world = await World.CreateAsync();
            var call = await GuardedAsync(world);
            var store = Store(world, joint);
            world.Upstream.Always(_ => StubUpstream.Done());
            store.Arm(at, fault);
            var dead = new Node(world, store).Gateway.CallAsync(call, Token);
            await Task.WhenAny(dead, store.Reached);
            if (store.Struck is null) break;
            struck.Add(store.Struck);
            await SettledAsync(world, call, $"{fault} at operation {at}, {store.Struck}");
        }
        AssertReachedEverything(struck, joint);
    }

    [Theory]
    [InlineData(Fault.HangBefore, false)]
    [InlineData(Fault.HangAfter, false)]
    [InlineData(Fault.HangBefore, true)]
    [InlineData(Fault.HangAfter, true)]
    public async Task Call_WorkerTakenForDeadComesBack_OneCallAndItsOutcomeIsKept(Fault fault, bool joint)
    {
        for (var at = 1; ; at++)
        {
            Assert.InRange(at, 1, MostOperations);
            await using var world = await World.CreateAsync();
            var call = await GuardedAsync(world);
            var store = Store(world, joint);
            world.Upstream.Always(_ => StubUpstream.Done());
            store.Arm(at, fault);
            var slow = new Node(world, store).Gateway.CallAsync(call, Token);
            await Task.WhenAny(slow, store.Reached);
            if (store.Struck is null) break;
            var where = $"{fault} at operation {at}, {store.Struck}";
            var quick = await new Node(world, world.Memory).Gateway.CallAsync(call, Token);
            store.LetGo();
            var late = await slow;
            Assert.True(world.Upstream.Calls.Count == 1, $"{world.Upstream.Calls.Count} calls; {where}");
            Assert.True(quick is GatewayResult.Completed or GatewayResult.InDoubt, $"{quick}; {where}");
            Assert.True(late is GatewayResult.Completed or GatewayResult.Refused { Refusal.Rule: "effect-claimed" }, $"{late}; {where}");
            Assert.True(await new Node(world, world.Memory).Gateway.CallAsync(call, Token) is GatewayResult.Completed, where);
            Assert.Single(await OutcomesAsync(world), record => record.Outcome == "completed");
        }
    }

    [Fact]
    public async Task Call_ProcessDiesWhileTheUpstreamWorks_IsInDoubtAndNeverRepeated()
    {
        await using var world = await World.CreateAsync();
        var call = await GuardedAsync(world);
        var arrived = new TaskCompletionSource();
        world.Upstream.Then(async (_, _) =>
        {
            arrived.SetResult();
            await Task.Delay(Timeout.Infinite, Token);
            return StubUpstream.Done();
        });
        _ = new Node(world, world.Memory).Gateway.CallAsync(call, Token);
        await arrived.Task;
        for (var i = 0; i < 3; i++) Assert.IsType<GatewayResult.InDoubt>(await new Node(world, world.Memory).Gateway.CallAsync(call, Token));
        Assert.Single(world.Upstream.Calls);
        Assert.Equal("unknown", Assert.Single(await OutcomesAsync(world)).Outcome);
    }

    [Fact]
    public async Task Call_AnswerComesAfterTheWorkerWasTakenForDead_ReplacesTheDoubt()
    {
        await using var world = await World.CreateAsync();
        var call = await GuardedAsync(world);
        var (arrived, answer) = (new TaskCompletionSource(), new TaskCompletionSource());
        world.Upstream.Then(async (_, _) =>
        {
            arrived.SetResult();
            await answer.Task;
            return StubUpstream.Done();
        });
        var slow = new Node(world, world.Memory).Gateway.CallAsync(call, Token);
        await arrived.Task;
        Assert.IsType<GatewayResult.InDoubt>(await new Node(world, world.Memory).Gateway.CallAsync(call, Token));
        answer.SetResult();
        Assert.IsType<GatewayResult.Completed>(await slow);
        Assert.IsType<GatewayResult.Completed>(await new Node(world, world.Memory).Gateway.CallAsync(call, Token));
        Assert.Equal(["unknown", "completed"], (await OutcomesAsync(world)).Select(record => record.Outcome));
    }

    [Theory]
    [InlineData(Fault.ThrowBefore, false)]
    [InlineData(Fault.ThrowAfter, false)]
    [InlineData(Fault.ThrowBefore, true)]
    [InlineData(Fault.ThrowAfter, true)]
    public async Task RepeatableCall_StoreFailsAnywhere_RepeatsUnderTheSameKeyAndGrant(Fault fault, bool joint)
    {
        for (var at = 1; ; at++)
        {
            Assert.InRange(at, 1, MostOperations);
            await using var world = await World.CreateAsync();
            var call = await GuardedAsync(world) with { OnInDoubt = InDoubtAction.Retry };
            var store = Store(world, joint);
            world.Upstream.Then(StubUpstream.Lost()).Always(_ => StubUpstream.Done());
            store.Arm(at, fault);
            await Record.ExceptionAsync(() => new Node(world, store).Gateway.CallAsync(call, Token));
            if (store.Struck is null) break;
            var where = $"{fault} at operation {at}, {store.Struck}";
            Assert.True(await new Node(world, world.Memory).Gateway.CallAsync(call, Token) is GatewayResult.Completed, where);
            Assert.Equal(call.Effect.Value, Assert.Single(world.Upstream.Calls.Select(sent => sent.IdempotencyKey).Distinct()));
            Assert.InRange(world.Upstream.Calls.Count, 1, 3);
            await AssertRecordedAsync(world, where);
        }
    }

    [Fact]
    public async Task Call_CancelledWhileTheIntentIsWritten_IsSettledAndNotInDoubt()
    {
        await using var world = await World.CreateAsync();
        var call = await GuardedAsync(world);
        var operations = await OperationsAsync(call);
        var store = new FaultyTableStore(world.Memory);
        store.Arm(operations.IndexOf("batch audit") + 1, Fault.HangAfter);
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Token);
        world.Upstream.Then((_, ct) => Task.FromResult(ct.IsCancellationRequested
            ? new UpstreamResult.NotSent(new Problem(ProblemTypes.Runtime, 499, "Cancelled"))
            : StubUpstream.Done()));
        var cancelled = new Node(world, store).Gateway.CallAsync(call, cancel.Token);
        await store.Reached;
        await cancel.CancelAsync();
        store.LetGo();
        Assert.IsType<GatewayResult.Failed>(await cancelled);
        Assert.IsType<GatewayResult.Failed>(await new Node(world, world.Memory).Gateway.CallAsync(call, Token));
    }

    /// <summary>A call to a guarded tool with the approval it needs.</summary>
    internal static async Task<GatewayCall> GuardedAsync(World world)
    {
        var gate = await world.ApprovedAsync();
        return world.Call("crm/apply") with { Grant = gate.Id, RequiresGrant = true };
    }

    /// <summary>Another process asks until it gets an answer, and again: it stays the same, and the upstream was called at most once.</summary>
    private static async Task SettledAsync(World world, GatewayCall call, string where)
    {
        var claimed = await world.Memory.GetAsync(AuditChain.RecordsTable, new RowKey(AuditChain.ForRun(World.Tenant, World.Run).Partition, EffectClaims.EffectRow(call.Effect, 1)), Token) is not null;
        var ledger = await new Ledger(world.Memory, world.Blobs).FindAsync(call, Token);
        var before = world.Upstream.Calls.Count;
        Assert.True(before == 0 || claimed, $"called without a claim; {where}");
        var doubt = claimed && ledger is { Row.State: LedgerState.Intended };

        var answer = await new Node(world, world.Memory).Gateway.CallAsync(call, Token);
        if (doubt) Assert.True(answer is GatewayResult.InDoubt, $"{answer}; {where}");
        else Assert.True(answer is GatewayResult.Completed, $"{answer}; {where}");
        Assert.Equal(doubt ? before : 1, world.Upstream.Calls.Count);

        var again = await new Node(world, world.Memory).Gateway.CallAsync(call, Token);
        Assert.Equal(answer.GetType(), again.GetType());
        Assert.InRange(world.Upstream.Calls.Count, 0, 1);
        await AssertRecordedAsync(world, where);
        Assert.Equal(doubt ? "unknown" : "completed", Assert.Single(await OutcomesAsync(world)).Outcome);
        Assert.Single(await world.RecordsAsync(AuditTypes.CallIntent));
        Assert.Empty(await world.RecordsAsync(AuditTypes.CallRefused));
    }

    /// <summary>An intent for every call, an outcome for every intent, nothing twice, the chain whole.</summary>
    private static async Task AssertRecordedAsync(World world, string where)
    {
        var intents = await world.RecordsAsync(AuditTypes.CallIntent);
        var outcomes = await OutcomesAsync(world);
        Assert.True(world.Upstream.Calls.Count <= intents.Count, where);
        Assert.Equal(intents.Select(record => record.Attempt), outcomes.Select(record => record.Attempt).Distinct());
        Assert.Equal(outcomes.Count, outcomes.Select(record => record.Id).Distinct().Count());
        await world.AssertIntactAsync();
    }

    private static Task<List<AuditRecord>> OutcomesAsync(World world) => world.RecordsAsync(AuditTypes.CallOutcome);

    /// <summary>What a guarded call does to the store, in order.</summary>
    private static async Task<List<string>> OperationsAsync(GatewayCall call)
    {
        var operations = new List<string>();
        for (var at = 1; ; at++)
        {
            await using var world = await World.CreateAsync();
            await world.ApprovedAsync();
            world.Upstream.Always(_ => StubUpstream.Done());
            var store = new FaultyTableStore(world.Memory);
            store.Arm(at, Fault.ThrowBefore);
            await Record.ExceptionAsync(() => new Node(world, store).Gateway.CallAsync(call, Token));
            if (store.Struck is not { } struck) return operations;
            operations.Add(struck);
        }
    }

    private static FaultyTableStore Store(World world, bool joint) => joint ? new FaultyJointStore(world.Memory) : new FaultyTableStore(world.Memory);

    /// <summary>Where one commit holds both, ledger and audit are written twice, together; else each twice.</summary>
    private static void AssertReachedEverything(List<string> struck, bool joint)
    {
        string[] written = joint ? ["joint audit ledger"] : ["insert ledger", "batch audit", "replace ledger"];
        foreach (var operation in (IEnumerable<string>)["get ledger", "get registry", "query registry", "get gates", "get audit", "query audit", .. written])
            Assert.Contains(operation, struck);
        Assert.Equal(2, struck.Count(operation => operation == (joint ? "joint audit ledger" : "batch audit")));
    }
}
