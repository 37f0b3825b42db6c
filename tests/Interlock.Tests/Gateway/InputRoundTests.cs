using Interlock.Core.Approvals;
using Interlock.Core.Audit;
using Interlock.Core.Gateway;
using Interlock.Core.Registry;
using Interlock.Json;

namespace Interlock.Tests.Gateway;

/// <summary>A call whose upstream asks its caller for something goes on over several rounds, each an attempt with an intent of its own.</summary>
public sealed class InputRoundTests
{
    private const int MaxRounds = 8;
    private static readonly JsonValue Requests = StrictJson.Parse("""{"q1":{"method":"elicitation/create"}}""");
    private static readonly JsonValue Responses = StrictJson.Parse("""{"q1":{"action":"accept"}}""");

    private static CancellationToken Token => World.Token;

    [Fact]
    public async Task Call_AsksOnce_GoesOnWithTheAnswersAsTheNextAttempt()
    {
        await using var world = await World.CreateAsync();
        world.Upstream.Then(Asks("s1"), StubUpstream.Done());
        var call = Client(world);
        var asked = Assert.IsType<GatewayResult.InputRequired>(await world.Node.Gateway.CallAsync(call, Token));
        Assert.Equal(("s1", Requests), (asked.State, asked.Requests));
        Assert.IsType<GatewayResult.Completed>(await world.Node.Gateway.CallAsync(Answer(call, "s1"), Token));
        Assert.Equal([null, "s1"], world.Upstream.Calls.Select(sent => sent.Link?.Answers?.State));
        Assert.Equal([1, 2], (await world.RecordsAsync(AuditTypes.CallIntent)).Select(record => record.Attempt));
        Assert.Equal(["input-required", "completed"], (await world.RecordsAsync(AuditTypes.CallOutcome)).Select(record => record.Outcome));
    }

    [Fact]
    public async Task Call_AskedAgainWithoutAnswers_IsTheSameQuestionFromTheLedger()
    {
        await using var world = await World.CreateAsync();
        world.Upstream.Then(Asks("s1"));
        var call = Client(world);
        await world.Node.Gateway.CallAsync(call, Token);
        foreach (var again in (GatewayCall[])[call, Answer(call, "another"), Answer(call, "s1", """{"q1":{},"q2":{}}"""), call with { Link = null }])
        {
            var asked = Assert.IsType<GatewayResult.InputRequired>(await new Node(world, world.Memory).Gateway.CallAsync(again, Token));
            Assert.Equal(("s1", Requests), (asked.State, asked.Requests));
        }
        Assert.Single(world.Upstream.Calls);
        Assert.Equal("input-required", Assert.Single(await world.RecordsAsync(AuditTypes.CallOutcome)).Outcome);
        Assert.IsType<GatewayResult.InputRequired>((await world.Node.Gateway.FindAsync(call, Token))?.Result);
    }

    [Fact]
    public async Task Call_AnswersBeforeAnyQuestion_AreNotSent()
    {
        await using var world = await World.CreateAsync();
        world.Upstream.Then(StubUpstream.Done());
        Assert.IsType<GatewayResult.Completed>(await world.Node.Gateway.CallAsync(Answer(Client(world), "s1"), Token));
        Assert.Null(Assert.Single(world.Upstream.Calls).Link!.Answers);
    }

    [Fact]
    public async Task Call_AsksForEver_FailsAfterEightRounds()
    {
        await using var world = await World.CreateAsync();
        world.Upstream.Always(_ => Asks("s"));
        var call = Client(world);
        for (var round = 0; round < MaxRounds; round++) Assert.IsType<GatewayResult.InputRequired>(await world.Node.Gateway.CallAsync(Answer(call, "s"), Token));
        var failed = Assert.IsType<GatewayResult.Failed>(await world.Node.Gateway.CallAsync(Answer(call, "s"), Token));
        Assert.Equal("input-rounds", failed.Problem.Rule);
        Assert.IsType<GatewayResult.Failed>(await world.Node.Gateway.CallAsync(Answer(call, "s"), Token));
        Assert.Equal(MaxRounds + 1, world.Upstream.Calls.Count);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Call_NobodyCanBeAsked_Fails(bool isRun)
    {
        await using var world = await World.CreateAsync();
        world.Upstream.Then(Asks("s1"));
        var call = isRun ? world.Call() : Client(world) with { Link = new CallerLink() };
        Assert.Equal("input-required", Assert.IsType<GatewayResult.Failed>(await world.Node.Gateway.CallAsync(call, Token)).Problem.Rule);
    }

    [Fact]
    public async Task Call_AsksTooMuch_Fails()
    {
        await using var world = await World.CreateAsync();
        world.Upstream.Then(new UpstreamResult.InputRequired(JsonValue.Object(("q1", new string('x', 70_000))), null));
        Assert.Equal("input-required", Assert.IsType<GatewayResult.Failed>(await world.Node.Gateway.CallAsync(Client(world), Token)).Problem.Rule);
    }

    [Fact]
    public async Task Round_NotSent_FailsAndIsNoDoubt()
    {
        await using var world = await World.CreateAsync();
        world.Upstream.Then(Asks("s1")).Always(_ => new UpstreamResult.NotSent(new Core.Problem("about:blank", 502, "No connection")));
        var call = Client(world);
        await world.Node.Gateway.CallAsync(call, Token);
        Assert.IsType<GatewayResult.Failed>(await world.Node.Gateway.CallAsync(Answer(call, "s1"), Token));
    }

    [Fact]
    public async Task Round_ToolDisabledMeanwhile_IsRefusedAndNothingIsSent()
    {
        await using var world = await World.CreateAsync();
        world.Upstream.Then(Asks("s1"));
        var call = Client(world);
        await world.Node.Gateway.CallAsync(call, Token);
        await world.MoveAsync(RegistryKind.Tool, "crm/read", "1.0.0", Lifecycle.Disabled);
        Assert.Equal("disabled", Assert.IsType<GatewayResult.Refused>(await world.Node.Gateway.CallAsync(Answer(call, "s1"), Token)).Refusal.Rule);
        Assert.Single(world.Upstream.Calls);
        Assert.Single(await world.RecordsAsync(AuditTypes.CallRefused));
    }

    [Fact]
    public async Task Round_OtherRegistrationMeanwhile_IsRefused()
    {
        await using var world = await World.CreateAsync();
        world.Upstream.Then(Asks("s1"));
        var call = Client(world);
        await world.Node.Gateway.CallAsync(call, Token);
        await world.MoveAsync(RegistryKind.Server, "crm", "1.0.0", Lifecycle.Disabled);
        await world.WriteAsync(World.Server("2.0.0", "reg-2"));
        Assert.Equal("fence-changed", Assert.IsType<GatewayResult.Refused>(await world.Node.Gateway.CallAsync(Answer(call, "s1"), Token)).Refusal.Rule);
        Assert.Single(world.Upstream.Calls);
    }

    [Fact]
    public async Task GuardedCall_Asks_SpendsItsApprovalOnce()
    {
        await using var world = await World.CreateAsync();
        world.Upstream.Then(Asks("s1"), Asks("s2"), StubUpstream.Done());
        var call = await CrashTests.GuardedAsync(world) with { Link = Link() };
        await world.Node.Gateway.CallAsync(call, Token);
        await world.Node.Gateway.CallAsync(Answer(call, "s1"), Token);
        Assert.IsType<GatewayResult.Completed>(await world.Node.Gateway.CallAsync(Answer(call, "s2"), Token));
        var other = call with { Effect = new("00000000000000000000000000000001") };
        Assert.Equal("grant-spent", Assert.IsType<GatewayResult.Refused>(await world.Node.Gateway.CallAsync(other, Token)).Refusal.Rule);
    }

    [Fact]
    public async Task Round_AnsweredTwiceAtOnce_IsSentOnce()
    {
        await using var world = await World.CreateAsync();
        world.Upstream.Then(Asks("s1")).Always(_ => StubUpstream.Done());
        var call = Client(world);
        await world.Node.Gateway.CallAsync(call, Token);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => new Node(world, world.Memory).Gateway.CallAsync(Answer(call, "s1"), Token))));
        Assert.Equal(2, world.Upstream.Calls.Count);
    }

    [Theory]
    [InlineData(Fault.ThrowBefore)]
    [InlineData(Fault.ThrowAfter)]
    [InlineData(Fault.HangBefore)]
    [InlineData(Fault.HangAfter)]
    public async Task Round_StoreFailsOrWorkerDiesAnywhere_IsAnsweredOnceOrInDoubt(Fault fault)
    {
        for (var at = 1; ; at++)
        {
            Assert.InRange(at, 1, 200);
            await using var world = await World.CreateAsync();
            var call = await CrashTests.GuardedAsync(world) with { Link = Link() };
            world.Upstream.Then(Asks("s1"));
            Assert.IsType<GatewayResult.InputRequired>(await world.Node.Gateway.CallAsync(call, Token));
            world.Upstream.Then(StubUpstream.Done());
            var store = new FaultyTableStore(world.Memory);
            store.Arm(at, fault);
            var struck = new Node(world, store).Gateway.CallAsync(Answer(call, "s1"), Token);
            await Task.WhenAny(struck, store.Reached);
            if (store.Struck is null) break;
            if (fault is Fault.ThrowBefore or Fault.ThrowAfter) await Record.ExceptionAsync(() => struck);
            var where = $"{fault} at operation {at}, {store.Struck}";
            var ledger = (await new Ledger(world.Memory, world.Blobs).FindAsync(call, Token))!.Value.Row;
            var claimed = await new EffectClaims(world.Memory).IsClaimedAsync(AuditChain.ForRun(World.Tenant, World.Run), call.Effect, 2, Token);

            var plain = await new Node(world, world.Memory).Gateway.CallAsync(call, Token);
            var doubt = ledger.State == LedgerState.Intended && claimed;
            if (doubt) Assert.True(plain is GatewayResult.InDoubt, $"{plain}; {where}");
            else if (!claimed) Assert.True(plain is GatewayResult.InputRequired, $"{plain}; {where}");
            var answer = await new Node(world, world.Memory).Gateway.CallAsync(Answer(call, "s1"), Token);
            if (doubt) Assert.True(answer is GatewayResult.InDoubt, $"{answer}; {where}");
            else Assert.True(answer is GatewayResult.Completed, $"{answer}; {where}");
            Assert.InRange(world.Upstream.Calls.Count, 1, 2);
            await world.AssertIntactAsync();
        }
    }

    internal static UpstreamResult Asks(string state) => new UpstreamResult.InputRequired(Requests, state);

    internal static CallerLink Link() => new() { Capabilities = JsonValue.EmptyObject };

    /// <summary>A client's own call, that can be asked.</summary>
    internal static GatewayCall Client(World world) => world.Call() with { Site = null, Link = Link() };

    internal static GatewayCall Answer(GatewayCall call, string state, string? responses = null) =>
        call with { Link = Link() with { Answers = new InputAnswers(responses is null ? Responses : StrictJson.Parse(responses), state) } };
}
