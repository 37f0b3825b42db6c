using Interlock.Core;
using Interlock.Core.Audit;
using Interlock.Core.Gateway;
using Interlock.Core.Storage;

namespace Interlock.Tests.Gateway;

/// <summary>Several processes over one store: a call that another one makes is neither made again nor taken for lost while that one lives.</summary>
public sealed class LeaseTests
{
    private static readonly TimeSpan Time = TimeSpan.FromSeconds(60);

    private static CancellationToken Token => World.Token;

    [Fact]
    public async Task Call_UnderWayElsewhere_IsUnderWay_AndThenItsRecordedResult()
    {
        await using var world = await World.CreateAsync();
        var answer = new TaskCompletionSource<UpstreamResult>();
        world.Upstream.Then((_, _) => answer.Task);
        var (one, other) = (Node(world, "one"), Node(world, "other"));
        var call = world.Call();
        var making = one.Gateway.CallAsync(call, Token);
        await ArrivedAsync(world, 1);
        var elsewhere = Assert.IsType<GatewayResult.UnderWay>(await other.Gateway.CallAsync(call, Token));
        Assert.Equal(world.Time.Now + Time, elsewhere.Until);
        answer.SetResult(StubUpstream.Done());
        Assert.IsType<GatewayResult.Completed>(await making);
        Assert.IsType<GatewayResult.Completed>(await other.Gateway.CallAsync(call, Token));
        Assert.Single(world.Upstream.Calls);
        Assert.Empty(await world.RecordsAsync(AuditTypes.CallRefused));
    }

    [Fact]
    public async Task Call_ManyAtOnce_OneIsMade_AndNoneIsRefused()
    {
        for (var round = 0; round < 20; round++)
        {
            await using var world = await World.CreateAsync();
            world.Upstream.Always(_ => StubUpstream.Done());
            var call = world.Call();
            var nodes = Enumerable.Range(0, 4).Select(i => Node(world, $"n{i}")).ToList();
            var results = await Task.WhenAll(nodes.Select(node => Task.Run(() => node.Gateway.CallAsync(call, Token))));
            Assert.All(results, result => Assert.True(result is GatewayResult.Completed or GatewayResult.UnderWay, result.ToString()));
            Assert.Single(world.Upstream.Calls);
            Assert.IsType<GatewayResult.Completed>(await nodes[0].Gateway.CallAsync(call, Token));
        }
    }

    [Fact]
    public async Task Call_WorkerDied_IsInDoubtWhenItsLeaseHasEnded()
    {
        await using var world = await World.CreateAsync();
        world.Upstream.Then((_, _) => new TaskCompletionSource<UpstreamResult>().Task); // dies while it waits
        var call = world.Call();
        _ = Node(world, "dead").Gateway.CallAsync(call, Token);
        await ArrivedAsync(world, 1);
        var other = Node(world, "other");
        Assert.IsType<GatewayResult.UnderWay>(await other.Gateway.CallAsync(call, Token));
        world.Time.Now += Time + TimeSpan.FromSeconds(1);
        Assert.IsType<GatewayResult.InDoubt>(await other.Gateway.CallAsync(call, Token));
        Assert.Single(world.Upstream.Calls);
    }

    [Fact]
    public async Task Call_WorkerStandsStillBetweenCommitAndSending_IsNotSentAfterItsLease()
    {
        for (var at = 1; ; at++)
        {
            // The operation after which the claim is there.
            await using var trial = await World.CreateAsync();
            var call = trial.Call();
            var claim = new RowKey(AuditChain.ForRun(World.Tenant, World.Run).Partition, EffectClaims.EffectRow(call.Effect, 1));
            var store = new FaultyTableStore(trial.Memory);
            store.Arm(at, Fault.HangAfter);
            var still = new Node(trial, store, new EffectLease("still", Time)).Gateway.CallAsync(call, Token);
            await store.Reached;
            if (await trial.Memory.GetAsync(AuditChain.RecordsTable, claim, Token) is null)
            {
                trial.Upstream.Always(_ => StubUpstream.Done());
                store.LetGo();
                await still;
                continue;
            }
            trial.Time.Now += Time + TimeSpan.FromSeconds(1);
            Assert.IsType<GatewayResult.InDoubt>(await Node(trial, "other").Gateway.CallAsync(call, Token));
            store.LetGo();
            Assert.IsType<GatewayResult.Failed>(await still);
            Assert.Empty(trial.Upstream.Calls);
            Assert.Equal(["unknown", "failed"], (await trial.RecordsAsync(AuditTypes.CallOutcome)).Select(record => record.Outcome));
            Assert.IsType<GatewayResult.Failed>(await Node(trial, "other").Gateway.CallAsync(call, Token));
            return;
        }
    }

    [Fact]
    public async Task Call_WorkerStandsStillBeforeItTriesAgain_IsNotSentAfterItsLease()
    {
        await using var world = await World.CreateAsync();
        var call = world.Call();
        world.Upstream.Then(async (_, _) =>
        {
            world.Time.Now += Time + TimeSpan.FromSeconds(1);
            Assert.IsType<GatewayResult.InDoubt>(await Node(world, "other").Gateway.CallAsync(call, Token));
            return new UpstreamResult.NotSent(new Problem(ProblemTypes.Communication, 502, "Nobody is there"));
        });
        Assert.IsType<GatewayResult.Failed>(await Node(world, "still").Gateway.CallAsync(call, Token));
        Assert.Single(world.Upstream.Calls);
        Assert.Equal(["unknown", "failed"], (await world.RecordsAsync(AuditTypes.CallOutcome)).Select(record => record.Outcome));
    }

    [Fact]
    public async Task Call_LeaseKept_OutlivesItsTime()
    {
        await using var world = await World.CreateAsync();
        var answer = new TaskCompletionSource<UpstreamResult>();
        world.Upstream.Then((_, _) => answer.Task);
        var call = world.Call();
        var one = Node(world, "one", TimeSpan.FromSeconds(0.3)); // kept by the machine's clock, every tenth of a second
        var making = one.Gateway.CallAsync(call, Token);
        await ArrivedAsync(world, 1);
        var before = await LeasedUntilAsync(world, call);
        world.Time.Now += TimeSpan.FromMinutes(1);
        while (await LeasedUntilAsync(world, call) == before) await Task.Delay(20, Token);
        Assert.IsType<GatewayResult.UnderWay>(await Node(world, "other").Gateway.CallAsync(call, Token));
        answer.SetResult(StubUpstream.Done());
        Assert.IsType<GatewayResult.Completed>(await making);
    }

    [Fact]
    public async Task Call_SameProcessAsksAgainAfterItsStoreBroke_GoesOnAtOnce()
    {
        await using var world = await World.CreateAsync();
        world.Upstream.Always(_ => StubUpstream.Done());
        var call = world.Call();
        for (var at = 1; at < 60; at++)
        {
            var store = new FaultyTableStore(world.Memory);
            var node = new Node(world, store, new EffectLease("same", Time));
            store.Arm(at, Fault.ThrowBefore);
            if (await Record.ExceptionAsync(() => node.Gateway.CallAsync(call with { Effect = new($"{at:x32}") }, Token)) is null) break;
            Assert.IsNotType<GatewayResult.UnderWay>(await node.Gateway.CallAsync(call with { Effect = new($"{at:x32}") }, Token));
        }
    }

    private static Node Node(World world, string holder, TimeSpan? time = null) => new(world, world.Memory, new EffectLease(holder, time ?? Time));

    private static async Task<DateTimeOffset?> LeasedUntilAsync(World world, GatewayCall call) =>
        (await new Ledger(world.Memory, world.Blobs).FindAsync(call, Token))?.Row.LeasedUntil;

    private static async Task ArrivedAsync(World world, int calls)
    {
        while (world.Upstream.Calls.Count < calls) await Task.Yield();
    }
}
