using Interlock.Core;
using Interlock.Core.Audit;
using Interlock.Core.Gateway;
using Interlock.Core.Registry;
using Interlock.Core.Workflows;
using Interlock.Json;

namespace Interlock.Tests.Gateway;

/// <summary>A call that goes on at its upstream under a handle is asked after, never made again, and nobody is held by it whose run can come back.</summary>
public sealed class HandleTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private static CancellationToken Token => World.Token;

    [Fact]
    public async Task RunsCall_Handed_IsUnderWayUntilThePollAndThenCompleted()
    {
        await using var world = await World.CreateAsync();
        world.Upstream.Then(Handed("t1", 2 * Second), Handed("t1", 2 * Second), StubUpstream.Done());
        var call = world.Call();
        var first = Assert.IsType<GatewayResult.UnderWay>(await world.Node.Gateway.CallAsync(call, Token));
        Assert.Equal((true, world.Time.Now + (2 * Second)), (first.IsHanded, first.Until));
        Assert.Equal(first, await new Node(world, world.Memory).Gateway.CallAsync(call, Token)); // too early: nobody is asked
        Assert.Single(world.Upstream.Calls);
        world.Time.Now = first.Until;
        var second = Assert.IsType<GatewayResult.UnderWay>(await world.Node.Gateway.CallAsync(call, Token));
        Assert.Equal(LedgerState.Intended, (await world.Node.Gateway.FindAsync(call, Token))?.State);
        world.Time.Now = second.Until;
        Assert.IsType<GatewayResult.Completed>(await world.Node.Gateway.CallAsync(call, Token));
        Assert.Equal([null, "t1", "t1"], world.Upstream.Calls.Select(sent => sent.Task));
        Assert.Single(await world.RecordsAsync(AuditTypes.CallIntent));
        var outcome = Assert.Single(await world.RecordsAsync(AuditTypes.CallOutcome));
        Assert.Equal(("completed", 4000), (outcome.Outcome, outcome.DurationMs));
        Assert.IsType<GatewayResult.Completed>(await world.Node.Gateway.CallAsync(call, Token));
    }

    [Theory]
    [InlineData(0, 0, 200)]
    [InlineData(0, 2000, 2000)]
    [InlineData(0, 3_600_000, 60_000)]
    [InlineData(100, 0, 10_000)]
    [InlineData(3600, 0, 60_000)]
    public void Next_IsBounded(int elapsedSeconds, int wantedMs, int waitMs)
    {
        var began = World.Start;
        var now = began.AddSeconds(elapsedSeconds);
        Assert.Equal(waitMs, (LedgerHandle.Next(began, now, TimeSpan.FromMilliseconds(wantedMs)) - now).TotalMilliseconds);
    }

    [Theory]
    [InlineData("required", true)]
    [InlineData("optional", false)]
    public async Task Call_OfWhatSaysThatItIsATaskOnly_IsMadeAsOne(string support, bool isTask)
    {
        await using var world = await World.CreateAsync();
        var contract = JsonValue.Object(("name", "long"), ("execution", JsonValue.Object(("taskSupport", support))));
        await world.WriteAsync(World.Entry(RegistryKind.Tool, "crm/revert", "2.0.0", new ToolBody(contract, "sha256:contract-2", JsonValue.Object(("type", "object")))));
        world.Upstream.Then(StubUpstream.Done());
        await world.Node.Gateway.CallAsync(world.Call("crm/revert"), Token);
        Assert.Equal(isTask, Assert.Single(world.Upstream.Calls).AsTask);
    }

    [Fact]
    public async Task RunsCall_AbandonedWhileHanded_IsStoppedAndItsOutcomeUnknown()
    {
        await using var world = await World.CreateAsync();
        world.Upstream.Then(Handed("t1", 60 * Second), Handed("t1", Second));
        var call = world.Call();
        await world.Node.Gateway.CallAsync(call, Token);
        Assert.IsType<GatewayResult.InDoubt>(await world.Node.Gateway.CallAsync(call with { IsAbandoned = true }, Token));
        Assert.Equal([false, true], world.Upstream.Calls.Select(sent => sent.Stop));
        Assert.Equal("unknown", Assert.Single(await world.RecordsAsync(AuditTypes.CallOutcome)).Outcome);
    }

    [Fact]
    public async Task RunsCall_DeadlinePassedAndItHadEnded_IsCompleted()
    {
        await using var world = await World.CreateAsync();
        world.Upstream.Then(Handed("t1", Second), StubUpstream.Done());
        var call = world.Call();
        await world.Node.Gateway.CallAsync(call, Token);
        world.Time.Now = call.Deadline;
        Assert.IsType<GatewayResult.Completed>(await world.Node.Gateway.CallAsync(call, Token));
        Assert.True(world.Upstream.Calls.Last().Stop);
    }

    [Fact]
    public async Task RepeatableCall_TaskLost_IsMadeAgainWithoutTheHandle()
    {
        await using var world = await World.CreateAsync();
        world.Upstream.Then(Handed("t1", Second), new UpstreamResult.Rejected(new Problem(ProblemTypes.ToolError, 404, "No such task")), StubUpstream.Done());
        var call = world.Call() with { OnInDoubt = InDoubtAction.Retry };
        await world.Node.Gateway.CallAsync(call, Token);
        world.Time.Now += Second;
        Assert.IsType<GatewayResult.Completed>(await world.Node.Gateway.CallAsync(call, Token));
        Assert.Equal([null, "t1", null], world.Upstream.Calls.Select(sent => sent.Task));
    }

    [Fact]
    public async Task Call_TaskLost_IsInDoubtAndNotMadeAgain()
    {
        await using var world = await World.CreateAsync();
        world.Upstream.Then(Handed("t1", Second), new UpstreamResult.Rejected(new Problem(ProblemTypes.ToolError, 404, "No such task")));
        var call = world.Call();
        await world.Node.Gateway.CallAsync(call, Token);
        world.Time.Now += Second;
        Assert.IsType<GatewayResult.InDoubt>(await world.Node.Gateway.CallAsync(call, Token));
        Assert.IsType<GatewayResult.InDoubt>(await world.Node.Gateway.CallAsync(call, Token));
        Assert.Equal(2, world.Upstream.Calls.Count);
    }

    [Fact]
    public async Task Poll_ThatSaysNothing_IsRepeated()
    {
        await using var world = await World.CreateAsync();
        var busy = new UpstreamResult.Rejected(new Problem(ProblemTypes.Communication, 429, "Busy")) { RetryAfter = 30 * Second };
        world.Upstream.Then(Handed("t1", Second), StubUpstream.Lost(), new UpstreamResult.NotSent(new Problem(ProblemTypes.Communication, 502, "Away")), busy, StubUpstream.Done());
        var call = world.Call();
        for (var polls = 0; polls < 3; polls++) world.Time.Now = Assert.IsType<GatewayResult.UnderWay>(await world.Node.Gateway.CallAsync(call, Token)).Until;
        var waiting = Assert.IsType<GatewayResult.UnderWay>(await world.Node.Gateway.CallAsync(call, Token));
        Assert.Equal(world.Time.Now + (30 * Second), waiting.Until);
        world.Time.Now = waiting.Until;
        Assert.IsType<GatewayResult.Completed>(await world.Node.Gateway.CallAsync(call, Token));
    }

    [Fact]
    public async Task Poll_RegistrationGone_AsksNobody()
    {
        await using var world = await World.CreateAsync();
        world.Upstream.Then(Handed("t1", Second));
        var call = world.Call();
        await world.Node.Gateway.CallAsync(call, Token);
        await world.MoveAsync(RegistryKind.Server, "crm", "1.0.0", Lifecycle.Disabled);
        world.Time.Now += Second;
        Assert.IsType<GatewayResult.InDoubt>(await world.Node.Gateway.CallAsync(call, Token));
        Assert.Single(world.Upstream.Calls);
    }

    [Fact]
    public async Task Poll_ToolDisabled_IsStillAskedAfter()
    {
        await using var world = await World.CreateAsync();
        world.Upstream.Then(Handed("t1", Second), StubUpstream.Done());
        var call = world.Call();
        await world.Node.Gateway.CallAsync(call, Token);
        await world.MoveAsync(RegistryKind.Tool, "crm/read", "1.0.0", Lifecycle.Disabled);
        world.Time.Now += Second;
        Assert.IsType<GatewayResult.Completed>(await world.Node.Gateway.CallAsync(call, Token));
    }

    [Fact]
    public async Task Poll_GoesToTheAddressThatHasTheTask()
    {
        await using var world = await World.CreateAsync();
        var replica = new Uri("https://crm2.contoso.com/mcp");
        world.Upstream.Then(new UpstreamResult.Handed("t1", Second) { At = replica }, StubUpstream.Done());
        var call = world.Call();
        await world.Node.Gateway.CallAsync(call, Token);
        world.Time.Now += Second;
        Assert.IsType<GatewayResult.Completed>(await world.Node.Gateway.CallAsync(call, Token));
        Assert.Equal([World.Address, replica], world.Upstream.Calls.Select(sent => sent.Endpoint.Address));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3000)]
    public async Task Handle_ThatCannotBeKept_IsInDoubt(int length)
    {
        await using var world = await World.CreateAsync();
        world.Upstream.Then(Handed(new string('t', length), Second));
        Assert.IsType<GatewayResult.InDoubt>(await world.Node.Gateway.CallAsync(world.Call(), Token));
    }

    [Fact]
    public async Task RunsCall_TaskAsksForInput_IsStoppedAndFails()
    {
        await using var world = await World.CreateAsync();
        world.Upstream.Then(Handed("t1", Second), InputRoundTests.Asks("s1"), Handed("t1", Second));
        var call = world.Call();
        await world.Node.Gateway.CallAsync(call, Token);
        world.Time.Now += Second;
        Assert.Equal("input-required", Assert.IsType<GatewayResult.Failed>(await world.Node.Gateway.CallAsync(call, Token)).Problem.Rule);
        Assert.True(world.Upstream.Calls.Last().Stop);
    }

    [Fact]
    public async Task ClientsCall_Handed_WaitsHereAndPollsUntilItEnds()
    {
        var clock = new ManualClock(World.Start);
        await using var world = await World.CreateAsync();
        world.Upstream.Then(Handed("t1", 2 * Second), Handed("t1", 3 * Second), StubUpstream.Done());
        var node = new Node(world, world.Memory, time: clock);
        var waiting = node.Gateway.CallAsync(InputRoundTests.Client(world), Token);
        await clock.TimerAsync(2 * Second);
        clock.Advance(2 * Second);
        await clock.TimerAsync(3 * Second);
        Assert.False(waiting.IsCompleted);
        clock.Advance(3 * Second);
        Assert.IsType<GatewayResult.Completed>(await waiting);
        Assert.Equal([null, "t1", "t1"], world.Upstream.Calls.Select(sent => sent.Task));
    }

    [Fact]
    public async Task ClientsCall_DeadlineComes_IsStoppedAndItsOutcomeUnknown()
    {
        var clock = new ManualClock(World.Start);
        await using var world = await World.CreateAsync();
        world.Upstream.Then(Handed("t1", 30 * Second), Handed("t1", Second));
        var node = new Node(world, world.Memory, time: clock);
        var waiting = node.Gateway.CallAsync(InputRoundTests.Client(world) with { Deadline = World.Start + (10 * Second) }, Token);
        await clock.TimerAsync(10 * Second);
        clock.Advance(10 * Second);
        Assert.IsType<GatewayResult.InDoubt>(await waiting);
        Assert.Equal([false, true], world.Upstream.Calls.Select(sent => sent.Stop));
    }

    [Fact]
    public async Task ClientsCall_OnlyItsTokenLetsOneAsk_AndItIsGone_IsInDoubtAndSaysSo()
    {
        await using var world = await World.CreateAsync();
        var noToken = new UpstreamResult.NotSent(new Problem(ProblemTypes.Authorization, 403, "The server's credential can't be had", "It is called with the caller's own authority.") { Rule = "caller-token-required" }) { IsFinal = true };
        world.Upstream.Then(Handed("t1", Second), noToken, noToken);
        var call = InputRoundTests.Client(world);
        _ = new Node(world, world.Memory, time: new ManualClock(World.Start)).Gateway.CallAsync(call, Token); // dies while it waits
        while (world.Upstream.Calls.IsEmpty || (await new Ledger(world.Memory, world.Blobs).FindAsync(call, Token))?.Row.Handle is null) await Task.Yield();
        var later = new Node(world, world.Memory);
        world.Time.Now += Second;
        Assert.Equal(LedgerState.Intended, (await later.Gateway.FindAsync(call, Token))?.State); // it may come with its token yet
        world.Time.Now = call.Deadline;
        var doubt = Assert.IsType<GatewayResult.InDoubt>((await later.Gateway.FindAsync(call, Token))?.Result);
        Assert.Contains("could neither be asked how it ended nor told to stop: It is called with the caller's own authority.", doubt.Problem.Detail, StringComparison.Ordinal);
        Assert.EndsWith("Look there before you repeat it.", doubt.Problem.Detail, StringComparison.Ordinal);
        Assert.Equal("caller-token-required", Assert.Single(await world.RecordsAsync(AuditTypes.CallOutcome)).Problem?.Rule);
    }

    [Fact]
    public async Task ClientsCall_ClientLeaves_IsStoppedAndSettled()
    {
        var clock = new ManualClock(World.Start);
        await using var world = await World.CreateAsync();
        world.Upstream.Then(Handed("t1", 30 * Second), StubUpstream.Done());
        using var leaves = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var waiting = new Node(world, world.Memory, time: clock).Gateway.CallAsync(InputRoundTests.Client(world), leaves.Token);
        await clock.TimerAsync(30 * Second);
        await leaves.CancelAsync();
        Assert.IsType<GatewayResult.Completed>(await waiting); // it had ended when it was told to stop
        Assert.True(world.Upstream.Calls.Last().Stop);
    }

    [Fact]
    public async Task ClientsCall_TaskAsksForInput_GoesOnUnderTheSameHandle()
    {
        await using var world = await World.CreateAsync();
        world.Upstream.Then(Handed("t1", TimeSpan.Zero), InputRoundTests.Asks("s1"), Handed("t1", TimeSpan.Zero), StubUpstream.Done());
        var call = InputRoundTests.Client(world);
        var clock = new ManualClock(World.Start);
        var node = new Node(world, world.Memory, time: clock);
        var first = node.Gateway.CallAsync(call, Token);
        await clock.TimerAsync(TimeSpan.FromMilliseconds(200));
        clock.Advance(TimeSpan.FromMilliseconds(200));
        Assert.IsType<GatewayResult.InputRequired>(await first);
        var second = node.Gateway.CallAsync(InputRoundTests.Answer(call, "s1"), Token);
        await clock.TimerAsync(TimeSpan.FromMilliseconds(200));
        clock.Advance(TimeSpan.FromMilliseconds(200));
        Assert.IsType<GatewayResult.Completed>(await second);
        Assert.Equal([null, "t1", "t1", "t1"], world.Upstream.Calls.Select(sent => sent.Task));
        Assert.Equal([null, null, "s1", null], world.Upstream.Calls.Select(sent => sent.Link?.Answers?.State));
    }

    [Theory]
    [InlineData(Fault.ThrowBefore)]
    [InlineData(Fault.ThrowAfter)]
    [InlineData(Fault.HangBefore)]
    [InlineData(Fault.HangAfter)]
    public async Task Handed_StoreFailsOrWorkerDiesAnywhere_IsCalledOnceAndFollowedToItsEnd(Fault fault)
    {
        var polled = 0;
        for (var at = 1; ; at++)
        {
            Assert.InRange(at, 1, 200);
            await using var world = await World.CreateAsync();
            var call = await CrashTests.GuardedAsync(world);
            world.Upstream.Always(sent => sent.Task is null || world.Time.Now < World.Start.AddSeconds(2) ? Handed("t1", Second) : StubUpstream.Done());
            var store = new FaultyTableStore(world.Memory);
            store.Arm(at, fault);
            var first = new Node(world, store);
            var struck = MoveOnAsync(world, first, call);
            await Task.WhenAny(struck, store.Reached);
            if (store.Struck is null) break;
            if (fault is Fault.ThrowBefore or Fault.ThrowAfter) await Record.ExceptionAsync(() => struck);
            var where = $"{fault} at operation {at}, {store.Struck}";
            var row = (await new Ledger(world.Memory, world.Blobs).FindAsync(call, Token))?.Row;
            var claimed = await new EffectClaims(world.Memory).IsClaimedAsync(AuditChain.ForRun(World.Tenant, World.Run), call.Effect, 1, Token);
            if (row?.Handle is not null) polled++;

            var answer = await MoveOnAsync(world, new Node(world, world.Memory), call);
            var doubt = claimed && row is { State: LedgerState.Intended, Handle: null };
            if (doubt) Assert.True(answer is GatewayResult.InDoubt, $"{answer}; {where}");
            else Assert.True(answer is GatewayResult.Completed, $"{answer}; {where}");
            Assert.InRange(world.Upstream.Calls.Count(sent => sent.Task is null), doubt ? 0 : 1, 1);
            Assert.Equal(doubt ? "unknown" : "completed", Assert.Single(await world.RecordsAsync(AuditTypes.CallOutcome)).Outcome);
        }
        Assert.InRange(polled, 5, 200);
    }

    internal static UpstreamResult Handed(string task, TimeSpan pollAfter) => new UpstreamResult.Handed(task, pollAfter);

    /// <summary>Asks as a run's host does: again when the gateway says.</summary>
    private static async Task<GatewayResult> MoveOnAsync(World world, Node node, GatewayCall call)
    {
        while (true)
        {
            var result = await node.Gateway.CallAsync(call, Token);
            if (result is not GatewayResult.UnderWay { Until: var until }) return result;
            world.Time.Now = until;
        }
    }
}
