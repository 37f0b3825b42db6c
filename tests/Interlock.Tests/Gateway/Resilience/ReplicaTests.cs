using Interlock.Core;
using Interlock.Core.Audit;
using Interlock.Core.Gateway;
using Interlock.Core.Gateway.Resilience;
using Interlock.Core.Registry;
using Interlock.Core.Runs;

namespace Interlock.Tests.Gateway.Resilience;

public sealed class ReplicaTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static GatewayCall Call(World world, int number, string target = "crm/read") => world.Call(target, purpose: $"call-{number}");

    [Fact]
    public async Task Call_TwoAddresses_TakeTurnsAndTheOutcomeNamesWhichAnswered()
    {
        await using var world = await RoutesWorld.CreateAsync();
        world.Upstream.Always(_ => StubUpstream.Done());
        for (var i = 0; i < 4; i++) Assert.IsType<GatewayResult.Completed>(await world.Node.Gateway.CallAsync(Call(world, i), Token));
        Assert.Equal("aabb", string.Concat(world.Called().Order()));
        var outcomes = await world.RecordsAsync(AuditTypes.CallOutcome);
        Assert.Equal(world.Upstream.Calls.Select(call => call.Endpoint.Address.AbsoluteUri).Order(), outcomes.Select(record => record.Address).Order());
    }

    [Fact]
    public async Task Call_OneAddressIsBusy_GoesToTheOther()
    {
        await using var world = await RoutesWorld.CreateAsync();
        var answer = new TaskCompletionSource<UpstreamResult>();
        world.Upstream.Then((_, _) => answer.Task);
        world.Upstream.Always(_ => StubUpstream.Done());
        var first = world.Node.Gateway.CallAsync(Call(world, 0), Token);
        while (world.Upstream.Calls.IsEmpty) await Task.Yield();
        for (var i = 1; i < 6; i++) await world.Node.Gateway.CallAsync(Call(world, i), Token);
        answer.SetResult(StubUpstream.Done());
        await first;
        Assert.Single(world.Called(), letter => letter == world.Called()[0]);
    }

    [Fact]
    public async Task Call_NotSentToOne_IsMadeAtTheOtherWithinTheAttempt()
    {
        await using var world = await RoutesWorld.CreateAsync(new ResilienceSettings { Retries = 0 });
        world.Upstream.Always(call => call.Endpoint.Address == RoutesWorld.A ? RoutesWorld.NotSent : StubUpstream.Done());
        for (var i = 0; i < 4; i++) Assert.IsType<GatewayResult.Completed>(await world.Node.Gateway.CallAsync(Call(world, i), Token));
        Assert.Equal(4, (await world.RecordsAsync(AuditTypes.CallIntent)).Count);
        Assert.All(await world.RecordsAsync(AuditTypes.CallOutcome), record => Assert.Equal(RoutesWorld.B.AbsoluteUri, record.Address));
    }

    [Fact]
    public async Task Call_UnknownAtOne_IsNotRepeatedAtTheOther()
    {
        await using var world = await RoutesWorld.CreateAsync();
        world.Upstream.Then(StubUpstream.Lost());
        Assert.IsType<GatewayResult.InDoubt>(await world.Node.Gateway.CallAsync(Call(world, 0), Token));
        Assert.Single(world.Upstream.Calls);
    }

    [Fact]
    public async Task Call_UnknownOfAnIdempotentTool_IsRepeatedAsTheNextAttemptAndNoMoreThanItsRetries()
    {
        await using var world = await RoutesWorld.CreateAsync(new ResilienceSettings { Retries = 1 });
        world.Upstream.Then(StubUpstream.Lost(), StubUpstream.Lost());
        Assert.IsType<GatewayResult.InDoubt>(await world.Node.Gateway.CallAsync(Call(world, 0, "crm/safe"), Token));
        Assert.Equal([1, 2], (await world.RecordsAsync(AuditTypes.CallIntent)).Select(record => record.Attempt ?? 0));
    }

    [Fact]
    public async Task Call_ReadOnlyTool_IsRepeated()
    {
        await using var world = await RoutesWorld.CreateAsync(read: new ToolSettings { ReadOnly = true });
        world.Upstream.Then(StubUpstream.Lost(), StubUpstream.Done());
        Assert.IsType<GatewayResult.Completed>(await world.Node.Gateway.CallAsync(Call(world, 0), Token));
    }

    [Fact]
    public async Task Call_BusyEverywhere_WaitsAsLongAsItIsAskedToAndNotPastItsDeadline()
    {
        await using var world = await RoutesWorld.CreateAsync();
        world.Upstream.Always(_ => RoutesWorld.Busy(600)); // longer than anybody waits
        Assert.IsType<GatewayResult.Failed>(await world.Node.Gateway.CallAsync(Call(world, 0), Token));
        world.Upstream.Always(_ => RoutesWorld.Busy(30));
        Assert.IsType<GatewayResult.Failed>(await world.Node.Gateway.CallAsync(Call(world, 1) with { Deadline = world.Time.Now.AddSeconds(20) }, Token));
        Assert.Equal(4, world.Upstream.Calls.Count); // each address once, each time
    }

    [Fact]
    public async Task Call_NoTimeAndNoWordOnWhetherItBegan_IsInDoubt()
    {
        await using var world = await RoutesWorld.CreateAsync();
        world.Upstream.Then(RoutesWorld.Overloaded(1));
        Assert.IsType<GatewayResult.InDoubt>(await world.Node.Gateway.CallAsync(Call(world, 0), Token));
        Assert.Single(world.Upstream.Calls);
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public async Task Call_NoTime_OfWhatMayBeRepeatedByItsOperatorsWord_IsMadeElsewhereAndNeverInDoubt(bool readOnly, bool idempotent)
    {
        await using var world = await RoutesWorld.CreateAsync(read: new ToolSettings { ReadOnly = readOnly, Idempotent = idempotent });
        world.Upstream.Then(RoutesWorld.Overloaded(600), StubUpstream.Done());
        Assert.IsType<GatewayResult.Completed>(await world.Node.Gateway.CallAsync(Call(world, 0), Token));
        Assert.Equal("ab", string.Concat(world.Called().Order()));
        world.Upstream.Always(_ => RoutesWorld.Overloaded(600));
        Assert.IsType<GatewayResult.Failed>(await world.Node.Gateway.CallAsync(Call(world, 1), Token));
    }

    [Fact]
    public async Task Call_OpenCircuit_CallersWhoLeaveOrAreHastyKeepNobodyOut()
    {
        await using var world = await RoutesWorld.CreateAsync(new ResilienceSettings { Retries = 0, BreakOver = 2, BreakSeconds = 600 }, null, RoutesWorld.A);
        world.Upstream.Then(RoutesWorld.NotSent, RoutesWorld.NotSent);
        for (var i = 0; i < 2; i++) await world.Node.Gateway.CallAsync(Call(world, i), Token);
        world.Time.Now += TimeSpan.FromSeconds(600);
        var left = new UpstreamResult.Unknown(new Problem(ProblemTypes.Cancelled, 499, "The call was cancelled"));
        world.Upstream.Then(left, left);
        for (var i = 2; i < 4; i++) Assert.IsType<GatewayResult.InDoubt>(await world.Node.Gateway.CallAsync(Call(world, i), Token));
        for (var i = 4; i < 6; i++)
        {
            var hasty = await world.Node.Gateway.CallAsync(Call(world, i) with { Deadline = world.Time.Now.AddMilliseconds(900) }, Token);
            Assert.Equal("circuit-open", Assert.IsType<GatewayResult.Refused>(hasty).Refusal.Rule);
        }
        world.Upstream.Always(_ => StubUpstream.Done());
        Assert.IsType<GatewayResult.Completed>(await world.Node.Gateway.CallAsync(Call(world, 6), Token));
        Assert.IsType<GatewayResult.Completed>(await world.Node.Gateway.CallAsync(Call(world, 7) with { Deadline = world.Time.Now.AddMilliseconds(900) }, Token));
    }

    [Fact]
    public async Task Call_AddressesThatDifferInTheirQueryOnly_AreTwo_AndNoRecordHasIt()
    {
        Uri one = new("https://a.contoso.com/mcp?key=s3cret-1"), two = new("https://a.contoso.com/mcp?key=s3cret-2");
        await using var world = await RoutesWorld.CreateAsync(new ResilienceSettings { Retries = 1 }, new ToolSettings { ReadOnly = true }, one, two);
        world.Upstream.Always(_ => StubUpstream.Done());
        for (var i = 0; i < 4; i++)
        {
            world.Upstream.Then(StubUpstream.Lost());
            Assert.IsType<GatewayResult.Completed>(await world.Node.Gateway.CallAsync(Call(world, i), Token));
            Assert.Equal([one, two], world.Upstream.Calls.TakeLast(2).Select(call => call.Endpoint.Address).OrderBy(address => address.Query)); // its repeat goes to the other one
        }
        Assert.All(await world.RecordsAsync(), record => Assert.DoesNotContain("s3cret", record.ToJson().ToString()));
        Assert.Contains(await world.RecordsAsync(AuditTypes.CallOutcome), record => record.Address == "https://a.contoso.com/mcp");
    }

    [Fact]
    public async Task Call_ThatIsAsked_GoesOnAtTheAddressOfThatQuery()
    {
        Uri one = new("https://a.contoso.com/mcp?key=1"), two = new("https://a.contoso.com/mcp?key=2");
        await using var world = await RoutesWorld.CreateAsync(null, null, one, two);
        for (var i = 0; i < 4; i++)
        {
            world.Upstream.Then(InputRoundTests.Asks("s1"), StubUpstream.Done());
            var call = InputRoundTests.Client(world) with { Effect = new($"{i:x32}") };
            Assert.IsType<GatewayResult.InputRequired>(await world.Node.Gateway.CallAsync(call, Token));
            Assert.IsType<GatewayResult.Completed>(await world.Node.Gateway.CallAsync(InputRoundTests.Answer(call, "s1"), Token));
            Assert.Single(world.Upstream.Calls.TakeLast(2).Select(sent => sent.Endpoint.Address).Distinct());
        }
    }

    [Fact]
    public async Task Call_ToolDisabledBetweenTwoAddresses_IsNotSentAgain()
    {
        await using var world = await RoutesWorld.CreateAsync();
        world.Upstream.Then(async (_, _) =>
        {
            await world.MoveAsync(RegistryKind.Tool, "crm/read", "1.0.0", Lifecycle.Disabled);
            return RoutesWorld.NotSent;
        });
        Assert.IsType<GatewayResult.Failed>(await world.Node.Gateway.CallAsync(Call(world, 0), Token));
        Assert.Single(world.Upstream.Calls);
    }

    [Fact]
    public async Task Call_AddressFailsTooOften_IsPassedOverAndTriedAgainByOne()
    {
        await using var world = await RoutesWorld.CreateAsync(new ResilienceSettings { Retries = 0 });
        var down = true;
        world.Upstream.Always(call => down && call.Endpoint.Address == RoutesWorld.A ? RoutesWorld.NotSent : StubUpstream.Done());
        for (var i = 0; i < 60; i++) Assert.IsType<GatewayResult.Completed>(await world.Node.Gateway.CallAsync(Call(world, i), Token));
        Assert.Equal(10, world.Called().Count(letter => letter == 'a'));
        world.Time.Now += TimeSpan.FromSeconds(15);
        for (var i = 60; i < 64; i++) await world.Node.Gateway.CallAsync(Call(world, i), Token);
        Assert.Equal(11, world.Called().Count(letter => letter == 'a'));
        down = false;
        world.Time.Now += TimeSpan.FromSeconds(15);
        for (var i = 64; i < 74; i++) await world.Node.Gateway.CallAsync(Call(world, i), Token);
        Assert.True(world.Called().Count(letter => letter == 'a') > 14);
    }

    [Fact]
    public async Task Call_AllAddressesOpen_IsRefusedBeforeItCommitsAndSpendsNoGrant()
    {
        await using var world = await RoutesWorld.CreateAsync(new ResilienceSettings { Retries = 0, BreakOver = 2 });
        var gate = await world.ApprovedAsync();
        world.Upstream.Always(_ => RoutesWorld.NotSent);
        for (var i = 0; i < 2; i++) Assert.IsType<GatewayResult.Failed>(await world.Node.Gateway.CallAsync(Call(world, i), Token));
        var guarded = world.Call("crm/apply") with { Grant = gate.Id, RequiresGrant = true };
        var refused = Assert.IsType<GatewayResult.Refused>(await world.Node.Gateway.CallAsync(guarded, Token)).Refusal;
        Assert.Equal(("admit", "circuit-open", 503), (refused.Stage, refused.Rule, refused.Status));
        Assert.Equal(TimeSpan.FromSeconds(15), refused.RetryAfter);
        Assert.Equal(4, world.Upstream.Calls.Count);
        Assert.Equal(2, (await world.RecordsAsync(AuditTypes.CallIntent)).Count);
        Assert.Equal("circuit-open", Assert.Single(await world.RecordsAsync(AuditTypes.CallRefused)).Rule);
        world.Time.Now += TimeSpan.FromSeconds(15);
        world.Upstream.Always(_ => StubUpstream.Done());
        Assert.IsType<GatewayResult.Completed>(await world.Node.Gateway.CallAsync(guarded, Token));
    }

    [Fact]
    public async Task Call_HalfOpen_OneCallTriesItAndTheOthersAreRefusedBeforeTheyCommit()
    {
        await using var world = await RoutesWorld.CreateAsync(new ResilienceSettings { Retries = 0, BreakOver = 2 }, addresses: [RoutesWorld.A]);
        world.Upstream.Always(_ => RoutesWorld.NotSent);
        for (var i = 0; i < 2; i++) await world.Node.Gateway.CallAsync(Call(world, i), Token);
        world.Time.Now += TimeSpan.FromSeconds(15);
        var answer = new TaskCompletionSource<UpstreamResult>();
        world.Upstream.Then((_, _) => answer.Task);
        var calls = Enumerable.Range(2, 10).Select(i => world.Node.Gateway.CallAsync(Call(world, i), Token)).ToList();
        for (var i = 0; i < 9; i++)
        {
            var first = await Task.WhenAny(calls);
            calls.Remove(first);
            Assert.Equal("circuit-open", Assert.IsType<GatewayResult.Refused>(await first).Refusal.Rule);
        }
        answer.SetResult(StubUpstream.Done());
        Assert.IsType<GatewayResult.Completed>(await calls.Single());
        Assert.Equal(3, world.Upstream.Calls.Count);
        Assert.Equal(3, (await world.RecordsAsync(AuditTypes.CallIntent)).Count);
    }

    [Fact]
    public async Task Call_ToolSaysThatItFailed_OpensNothing()
    {
        await using var world = await RoutesWorld.CreateAsync(new ResilienceSettings { BreakOver = 2 }, addresses: [RoutesWorld.A]);
        world.Upstream.Always(_ => new UpstreamResult.Completed("no", true));
        for (var i = 0; i < 10; i++) Assert.IsType<GatewayResult.Failed>(await world.Node.Gateway.CallAsync(Call(world, i), Token));
        world.Upstream.Always(_ => new UpstreamResult.Rejected(new Problem(ProblemTypes.Communication, 502, "The upstream answered with an HTTP error", "404")));
        for (var i = 10; i < 20; i++) Assert.IsType<GatewayResult.Failed>(await world.Node.Gateway.CallAsync(Call(world, i), Token));
        Assert.Equal(20, world.Upstream.Calls.Count);
    }

    [Fact]
    public async Task Call_CallersWhoCancelOrHaveNoTime_OpenNothingForOthers()
    {
        await using var world = await RoutesWorld.CreateAsync(new ResilienceSettings { BreakOver = 2 }, addresses: [RoutesWorld.A]);
        world.Upstream.Always(_ => new UpstreamResult.Unknown(new Problem(ProblemTypes.Cancelled, 499, "The call was cancelled")));
        for (var i = 0; i < 10; i++) await world.Node.Gateway.CallAsync(Call(world, i), Token);
        world.Upstream.Always(_ => new UpstreamResult.Unknown(new Problem(ProblemTypes.Timeout, 408, "The call's deadline has passed")));
        for (var i = 10; i < 20; i++) await world.Node.Gateway.CallAsync(Call(world, i) with { Deadline = world.Time.Now.AddMilliseconds(500) }, Token);
        world.Upstream.Always(_ => StubUpstream.Done());
        Assert.IsType<GatewayResult.Completed>(await world.Node.Gateway.CallAsync(Call(world, 20), Token));
        world.Upstream.Always(_ => new UpstreamResult.Unknown(new Problem(ProblemTypes.Timeout, 408, "The call's deadline has passed")));
        for (var i = 21; i < 31; i++) await world.Node.Gateway.CallAsync(Call(world, i), Token);
        Assert.IsType<GatewayResult.Refused>(await world.Node.Gateway.CallAsync(Call(world, 31), Token));
    }

    [Fact]
    public async Task Call_MoreThanPlacesAndQueue_IsRefusedWithATimeToComeAgain()
    {
        await using var world = await RoutesWorld.CreateAsync(new ResilienceSettings { MaxConcurrent = 1, MaxQueued = 1 }, addresses: [RoutesWorld.A]);
        var answer = new TaskCompletionSource<UpstreamResult>();
        world.Upstream.Then((_, _) => answer.Task).Then(StubUpstream.Done());
        var routes = world.Node.Gateway.Routes;
        var server = world.Server(await world.Node.Registries.ReadAsync(World.Tenant, Token));
        var calls = new List<Task<GatewayResult>> { world.Node.Gateway.CallAsync(Call(world, 0), Token) };
        while (routes.Of(World.Tenant, server)[0].Outstanding < 1) await Task.Yield();
        calls.Add(world.Node.Gateway.CallAsync(Call(world, 1), Token));
        while (routes.Of(World.Tenant, server)[0].Queued < 1) await Task.Yield();
        var refused = Assert.IsType<GatewayResult.Refused>(await world.Node.Gateway.CallAsync(Call(world, 2), Token)).Refusal;
        Assert.Equal(("queue-full", 429), (refused.Rule, refused.Status));
        Assert.NotNull(refused.RetryAfter);
        answer.SetResult(StubUpstream.Done());
        Assert.All(await Task.WhenAll(calls), result => Assert.IsType<GatewayResult.Completed>(result));
        Assert.Equal(2, (await world.RecordsAsync(AuditTypes.CallIntent)).Count);
    }

    [Fact]
    public async Task Call_ToolWithCachedAnswers_IsAnsweredFromTheLastGoodOneOfTheSameCallerAndArguments()
    {
        var cached = new ToolSettings { ReadOnly = true, WhenUnavailable = WhenUnavailable.Cached };
        await using var world = await RoutesWorld.CreateAsync(new ResilienceSettings { Retries = 0, BreakOver = 2 }, cached, RoutesWorld.A);
        world.Upstream.Then(StubUpstream.Done("mail is up"));
        Assert.IsType<GatewayResult.Completed>(await world.Node.Gateway.CallAsync(Call(world, 0), Token));
        world.Upstream.Always(_ => RoutesWorld.NotSent);
        await world.Node.Gateway.CallAsync(Call(world, 1), Token); // one of two failed
        var sent = world.Upstream.Calls.Count;

        var again = Assert.IsType<GatewayResult.Completed>(await world.Node.Gateway.CallAsync(Call(world, 3), Token));
        Assert.Equal("mail is up", again.Output.AsString());
        Assert.NotNull(again.Result?["_meta"]?["interlock/cachedAt"]);
        var record = Assert.Single(await world.RecordsAsync(AuditTypes.CallRefused));
        Assert.Equal(("circuit-open", true), (record.Rule, record.Details?["answeredFrom"] is not null && record.ResultDigest is not null));

        var other = world.Call("crm/read", World.Arguments("""{"service":"web"}"""), purpose: "other");
        Assert.IsType<GatewayResult.Refused>(await world.Node.Gateway.CallAsync(other, Token));
        var sam = Call(world, 4) with { Chain = new RunOrigin(world.Sam, "user:owner", "api").Chain() };
        Assert.IsType<GatewayResult.Refused>(await world.Node.Gateway.CallAsync(sam, Token));
        Assert.Equal(sent, world.Upstream.Calls.Count);

        await world.MoveAsync(RegistryKind.Tool, "crm/read", "2.0.0", Lifecycle.Quarantined);
        Assert.NotEqual("mail is up", (await world.Node.Gateway.CallAsync(Call(world, 5) with { Version = "2.0.0" }, Token) as GatewayResult.Completed)?.Output.StringOrNull());
    }

    [Fact]
    public async Task Call_CachedAnswerOlderThanAnHour_IsNoAnswer()
    {
        var cached = new ToolSettings { ReadOnly = true, WhenUnavailable = WhenUnavailable.Cached };
        await using var world = await RoutesWorld.CreateAsync(new ResilienceSettings { Retries = 0, BreakOver = 2, BreakSeconds = 600 }, cached, RoutesWorld.A);
        world.Upstream.Then(StubUpstream.Done());
        await world.Node.Gateway.CallAsync(Call(world, 0), Token);
        world.Time.Now += TimeSpan.FromMinutes(60.5);
        world.Upstream.Always(_ => RoutesWorld.NotSent);
        for (var i = 1; i < 3; i++) await world.Node.Gateway.CallAsync(Call(world, i), Token);
        Assert.IsType<GatewayResult.Refused>(await world.Node.Gateway.CallAsync(Call(world, 3), Token));
    }

    [Fact]
    public async Task Call_ToolThatEscalates_IsRefusedWithWordsForTheAuthor()
    {
        await using var world = await RoutesWorld.CreateAsync(new ResilienceSettings { Retries = 0, BreakOver = 2 }, new ToolSettings { WhenUnavailable = WhenUnavailable.Escalate }, RoutesWorld.A);
        world.Upstream.Always(_ => RoutesWorld.NotSent);
        for (var i = 0; i < 2; i++) await world.Node.Gateway.CallAsync(Call(world, i), Token);
        var refused = Assert.IsType<GatewayResult.Refused>(await world.Node.Gateway.CallAsync(Call(world, 2), Token)).Refusal;
        Assert.Contains("onError: escalate", refused.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void Keep_RegistrationIsGone_IsForgotten()
    {
        var routes = new UpstreamRoutes(new ManualClock(World.Start));
        var server = new ServerBody(RoutesWorld.A, "reg-9");
        var first = routes.Set(World.Tenant, "reg-9", RoutesWorld.A, ServerSettings.None);
        Assert.Same(first, routes.Set(World.Tenant, "reg-9", RoutesWorld.A, ServerSettings.None));
        routes.Keep(new TenantId("fabrikam"), new HashSet<string>());
        Assert.Same(first, routes.Set(World.Tenant, "reg-9", RoutesWorld.A, ServerSettings.None));
        routes.Keep(World.Tenant, new HashSet<string>());
        Assert.NotSame(first, routes.Set(World.Tenant, "reg-9", RoutesWorld.A, ServerSettings.None));
        Assert.Single(routes.Of(World.Tenant, server));
    }
}
