using Interlock.Core;
using Interlock.Core.Audit;
using Interlock.Core.Gateway;
using Interlock.Core.Registry;
using Interlock.Core.Workflows;
using Interlock.Json;

namespace Interlock.Tests.Gateway;

/// <summary>One effect, one execution; what is in doubt is repeated only where that was declared safe.</summary>
public sealed class EffectTests
{
    private static readonly UpstreamResult NotSent = new UpstreamResult.NotSent(new Problem(ProblemTypes.Runtime, 502, "Connection refused"));
    private static readonly UpstreamResult Rejected = new UpstreamResult.Rejected(new Problem(ProblemTypes.Runtime, 400, "Invalid params"));

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Call_AskedAgain_AnswersFromTheLedger()
    {
        await using var world = await World.CreateAsync();
        world.Upstream.Then(StubUpstream.Done(JsonValue.Object(("n", 1))));
        for (var i = 0; i < 3; i++)
            Assert.Equal(JsonValue.Object(("n", 1)), Assert.IsType<GatewayResult.Completed>(await new Node(world, world.Memory).Gateway.CallAsync(world.Call(), Token)).Output);
        Assert.Equal([AuditTypes.CallIntent, AuditTypes.CallOutcome], (await world.RecordsAsync()).Select(record => record.Type));
    }

    [Fact]
    public async Task Call_CompletedThenToolDisabled_StillAnswersFromTheLedger()
    {
        await using var world = await World.CreateAsync();
        world.Upstream.Then(StubUpstream.Done());
        await world.Node.Gateway.CallAsync(world.Call(), Token);
        await world.MoveAsync(RegistryKind.Tool, "crm/read", "1.0.0", Lifecycle.Disabled);
        Assert.IsType<GatewayResult.Completed>(await world.Node.Gateway.CallAsync(world.Call(), Token));
    }

    [Fact]
    public async Task Call_AskedForBeforeARestore_IsInDoubtAndNotMade()
    {
        await using var world = await World.CreateAsync();
        var call = world.Call() with { IssuedAt = world.Time.Now };
        world.Time.Now += TimeSpan.FromMinutes(1);
        world.Incarnation = new Incarnation(world.Time.Now);
        var node = new Node(world, world.Memory);
        Assert.IsType<GatewayResult.InDoubt>(await node.Gateway.CallAsync(call, Token));
        Assert.Equal("incarnation-changed", Assert.Single(await world.RecordsAsync(AuditTypes.CallRefused)).Rule);
        world.Upstream.Then(StubUpstream.Done(), StubUpstream.Done());
        Assert.IsType<GatewayResult.Completed>(await node.Gateway.CallAsync(call with { OnInDoubt = InDoubtAction.Retry }, Token)); // its author answers for it
        Assert.IsType<GatewayResult.Completed>(await node.Gateway.CallAsync(world.Call(purpose: "since") with { IssuedAt = world.Time.Now }, Token));
    }

    [Fact]
    public async Task Call_CompletedBeforeARestore_IsAnsweredFromTheLedger()
    {
        await using var world = await World.CreateAsync();
        world.Upstream.Then(StubUpstream.Done());
        var call = world.Call() with { IssuedAt = world.Time.Now };
        await world.Node.Gateway.CallAsync(call, Token);
        world.Incarnation = new Incarnation(world.Time.Now.AddMinutes(1));
        Assert.IsType<GatewayResult.Completed>(await new Node(world, world.Memory).Gateway.CallAsync(call, Token));
    }

    [Fact]
    public async Task Call_LargeOutput_IsKeptApartAndComesBack()
    {
        await using var world = await World.CreateAsync();
        var output = JsonValue.From(new string('x', 1_000_000));
        world.Upstream.Then(StubUpstream.Done(output));
        for (var i = 0; i < 2; i++)
            Assert.Equal(output, Assert.IsType<GatewayResult.Completed>(await new Node(world, world.Memory).Gateway.CallAsync(world.Call() with { Site = null }, Token)).Output);
        Assert.Equal(1, world.Blobs.Count);
    }

    [Theory]
    [InlineData(false, 10)]
    [InlineData(false, 300_000)]
    [InlineData(true, 10)]
    [InlineData(true, 300_000)]
    public async Task Call_WholeResult_ComesBackOnEveryRepeat(bool isError, int length)
    {
        await using var world = await World.CreateAsync();
        var result = StrictJson.Parse($$"""{"content":[{"type":"image","data":"{{new string('A', length)}}","mimeType":"image/png"}],"structuredContent":{"n":1},"_meta":{"k":[1]},"isError":{{(isError ? "true" : "false")}}}""");
        world.Upstream.Then(MethodResult.Completed(result, isError));
        for (var i = 0; i < 3; i++)
        {
            var answer = await new Node(world, world.Memory).Gateway.CallAsync(world.Call() with { Site = null }, Token);
            if (answer is GatewayResult.Completed done) Assert.Equal((JsonValue.Object(("n", 1)), false), (done.Output, isError));
            Assert.Equal(result, isError ? Assert.IsType<GatewayResult.Failed>(answer).Result : Assert.IsType<GatewayResult.Completed>(answer).Result);
        }
        Assert.Single(world.Upstream.Calls);
        Assert.Equal(length > 200_000 ? 1 : 0, world.Blobs.Count);
    }

    [Fact]
    public async Task Call_ToolSaysItFailed_IsFailedForGoodWithItsWordsBounded()
    {
        await using var world = await World.CreateAsync();
        world.Upstream.Then(new UpstreamResult.Completed(JsonValue.From(new string('x', 1999) + "😀" + new string('y', 100_000)), true));
        for (var i = 0; i < 2; i++)
        {
            var problem = Assert.IsType<GatewayResult.Failed>(await new Node(world, world.Memory).Gateway.CallAsync(world.Call() with { Site = null }, Token)).Problem;
            Assert.Equal(new string('x', 1999) + "…", problem.Detail);
        }
    }

    [Fact]
    public async Task Call_ClientsOwn_IsRecordedInThePrincipalsChain()
    {
        await using var world = await World.CreateAsync();
        world.Upstream.Then(StubUpstream.Done());
        Assert.IsType<GatewayResult.Completed>(await world.Node.Gateway.CallAsync(world.Call() with { Site = null }, Token));
        Assert.All(await world.RecordsAsync(), record => Assert.Equal("principal:user:ana:2026-03-03", record.Chain));
    }

    [Fact]
    public async Task Call_ClientsOwnAskedAgainAfterMidnight_AnswersFromTheLedger()
    {
        await using var world = await World.CreateAsync();
        world.Upstream.Then(StubUpstream.Done());
        var call = world.Call() with { Site = null, Deadline = World.Start.AddDays(3) };
        await world.Node.Gateway.CallAsync(call, Token);
        world.Time.Now = World.Start.AddDays(1);
        Assert.IsType<GatewayResult.Completed>(await new Node(world, world.Memory).Gateway.CallAsync(call, Token));
        Assert.Single(world.Upstream.Calls);
    }

    [Theory]
    [InlineData("crm/read", InDoubtAction.Fail, 1)]
    [InlineData("crm/read", InDoubtAction.Escalate, 1)]
    [InlineData("crm/read", InDoubtAction.Retry, 3)]
    [InlineData("crm/safe", InDoubtAction.Fail, 3)]
    public async Task Call_AnswersKeepGettingLost_IsRepeatedOnlyWhereDeclared(string tool, InDoubtAction onInDoubt, int calls)
    {
        await using var world = await World.CreateAsync();
        world.Upstream.Then([.. Enumerable.Repeat(StubUpstream.Lost(), calls)]);
        var call = world.Call(tool) with { OnInDoubt = onInDoubt, IdempotencyKey = "order-7" };
        Assert.IsType<GatewayResult.InDoubt>(await world.Node.Gateway.CallAsync(call, Token));
        Assert.IsType<GatewayResult.InDoubt>(await new Node(world, world.Memory).Gateway.CallAsync(call, Token));
        Assert.Equal(Enumerable.Repeat("order-7", calls), world.Upstream.Calls.Select(sent => sent.IdempotencyKey));
        Assert.Equal(calls, (await world.RecordsAsync(AuditTypes.CallIntent)).Count);
        Assert.Equal(calls, (await world.RecordsAsync(AuditTypes.CallOutcome)).Count(record => record.Outcome == "unknown"));
    }

    [Fact]
    public async Task Call_ServerHintsThatItIsIdempotent_IsNotRepeated()
    {
        await using var world = await World.CreateAsync();
        var contract = JsonValue.Object(("name", "hinted"), ("annotations", JsonValue.Object(("idempotentHint", true), ("readOnlyHint", true))));
        await world.WriteAsync(World.Entry(RegistryKind.Tool, "crm/read", "1.1.0", new ToolBody(contract, "sha256:hinted", JsonValue.Object(("type", "object")))));
        world.Upstream.Then(StubUpstream.Lost());
        Assert.IsType<GatewayResult.InDoubt>(await world.Node.Gateway.CallAsync(world.Call(), Token));
        Assert.Single(world.Upstream.Calls);
    }

    [Fact]
    public async Task Call_RepeatDidNotHappen_LeavesTheFirstAttemptInDoubt()
    {
        foreach (var last in new[] { NotSent, Rejected })
        {
            await using var world = await World.CreateAsync();
            world.Upstream.Then(StubUpstream.Lost()).Always(_ => last);
            Assert.IsType<GatewayResult.InDoubt>(await world.Node.Gateway.CallAsync(world.Call() with { OnInDoubt = InDoubtAction.Retry }, Token));
        }
    }

    [Fact]
    public async Task Call_CertainlyNotDone_IsFailedAndNotInDoubt()
    {
        foreach (var result in new[] { NotSent, Rejected })
        {
            await using var world = await World.CreateAsync();
            world.Upstream.Always(_ => result);
            Assert.IsType<GatewayResult.Failed>(await world.Node.Gateway.CallAsync(world.Call() with { OnInDoubt = InDoubtAction.Retry }, Token));
        }
    }

    [Fact]
    public async Task Call_RefusedByARuleOfTheWayThere_NamesStageAndRule()
    {
        await using var world = await World.CreateAsync();
        world.Upstream.Always(_ => new UpstreamResult.NotSent(new Problem(ProblemTypes.Refused, 403, "Egress denied") { Rule = "egress-denied" }) { IsFinal = true });
        var failed = Assert.IsType<GatewayResult.Failed>(await world.Node.Gateway.CallAsync(world.Call(), Token));
        Assert.Equal(("invoke", "egress-denied"), (failed.Problem.Stage, failed.Problem.Rule));
    }

    [Fact]
    public async Task Call_RepeatRefused_StaysInDoubt()
    {
        await using var world = await World.CreateAsync();
        world.Upstream.Then(async (_, _) =>
        {
            await world.MoveAsync(RegistryKind.Tool, "crm/read", "1.0.0", Lifecycle.Disabled);
            return StubUpstream.Lost();
        });
        Assert.IsType<GatewayResult.InDoubt>(await world.Node.Gateway.CallAsync(world.Call() with { OnInDoubt = InDoubtAction.Retry }, Token));
        Assert.Equal("disabled", Assert.Single(await world.RecordsAsync(AuditTypes.CallRefused)).Rule);
    }

    [Fact]
    public async Task Call_ServerRegisteredAnewBeforeTheRepeat_IsNotRepeatedThere()
    {
        await using var world = await World.CreateAsync();
        world.Upstream.Then(async (_, _) =>
        {
            await world.MoveAsync(RegistryKind.Server, "crm", "1.0.0", Lifecycle.Deprecated);
            await world.WriteAsync(World.Server("2.0.0", "reg-2", new Uri("https://elsewhere.contoso.com/mcp")));
            return StubUpstream.Lost();
        });
        Assert.IsType<GatewayResult.InDoubt>(await world.Node.Gateway.CallAsync(world.Call("crm/safe"), Token));
        Assert.Single(world.Upstream.Calls);
    }

    [Fact]
    public async Task Call_UpstreamThrows_IsInDoubtWhenAskedAgain()
    {
        await using var world = await World.CreateAsync();
        world.Upstream.Then((_, _) => throw new InvalidOperationException("a bug"));
        await Assert.ThrowsAsync<InvalidOperationException>(() => world.Node.Gateway.CallAsync(world.Call(), Token));
        Assert.IsType<GatewayResult.InDoubt>(await world.Node.Gateway.CallAsync(world.Call(), Token));
        Assert.Single(world.Upstream.Calls);
    }

    [Fact]
    public async Task Call_OutputThatIsNoText_IsSettled()
    {
        await using var world = await World.CreateAsync();
        world.Upstream.Then(StubUpstream.Done(JsonValue.From("half a \ud83d pair")));
        Assert.IsNotType<GatewayResult.InDoubt>(await world.Node.Gateway.CallAsync(world.Call(), Token));
        Assert.Equal("completed", Assert.Single(await world.RecordsAsync(AuditTypes.CallOutcome)).Outcome);
    }
}
