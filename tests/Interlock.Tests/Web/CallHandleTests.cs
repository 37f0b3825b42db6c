using Interlock.Core;
using Interlock.Core.Audit;
using Interlock.Core.Gateway;
using Interlock.Core.Identity;
using Interlock.Core.Registry;
using Interlock.Http.Hosting;
using Interlock.Http.Mcp;
using Interlock.Json;
using Interlock.Json.Schema;
using Interlock.Tests.Gateway;

namespace Interlock.Tests.Web;

/// <summary>Calls that take longer than their answer may, on two instances over one store.</summary>
public sealed class CallHandleTests : IAsyncLifetime
{
    private const string Tool = "crm__read";

    /// <summary>The operation at which the gateway has looked into the ledger and asks the registry: the face asked it before, for epoch and entries.</summary>
    private const int AtTheGateway = 4;

    private static readonly TimeSpan Within = TimeSpan.FromMilliseconds(300);

    private readonly TaskCompletionSource<UpstreamResult> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _arrived = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly LocalIssuer _issuer = LocalIssuer.Create("test", TimeProvider.System);
    private World? _world;
    private McpInstance? _one;
    private McpInstance? _two;

    private World Everything => _world!; // set before any test, as the others are

    private McpInstance One => _one!;

    private McpInstance Two => _two!;

    public async ValueTask InitializeAsync()
    {
        _world = await World.CreateAsync();
        _world.Time.Now = DateTimeOffset.UtcNow; // tokens are of today
        _world.Upstream.Then(async (_, ct) =>
        {
            await using var asked = ct.Register(() => _stopped.TrySetResult());
            _arrived.TrySetResult();
            return await Task.WhenAny(_answer.Task, _stopped.Task) == _answer.Task ? await _answer.Task : StubUpstream.Lost();
        });
        _one = await McpInstance.StartAsync(_world, _issuer, Within);
        _two = await McpInstance.StartAsync(_world, _issuer, Within);
    }

    [Fact]
    public async Task Status_OfACallThatGoesOnAtItsUpstream_AsksWithTheTokenOfWhoAsks()
    {
        var handle = (await HandleAsync())["structuredContent"]!["handle"]!.AsString();
        Everything.Upstream.Always(_ => StubUpstream.Done(JsonValue.Object(("found", 7))));
        _answer.SetResult(new UpstreamResult.Handed("t1", TimeSpan.FromMinutes(1)));
        while (await Everything.Memory.QueryAsync("handed", World.Tenant.Value, cancellationToken: World.Token).CountAsync(World.Token) == 0) await Task.Yield();
        while ((await Two.StatusAsync(Everything.Ana, handle))["structuredContent"] != JsonValue.Object(("found", 7))) Everything.Time.Now += TimeSpan.FromSeconds(50);
        var asked = Assert.Single(Everything.Upstream.Calls, call => call.Task == "t1");
        Assert.NotNull(asked.Link?.Token);
    }

    [Fact]
    public async Task Call_TakesLonger_GivesAHandleAndLaterItsResult()
    {
        var working = (await HandleAsync())["structuredContent"]!;
        var handle = working["handle"]!.AsString();
        Assert.Equal(("working", Tool, 10), (working["status"]!.AsString(), working["tool"]!.AsString(), working["pollAfterSeconds"]!.AsNumber()));
        Assert.Equal(TimeSpan.FromMinutes(20), DateTimeOffset.Parse(working["deadline"]!.AsString(), null) - DateTimeOffset.Parse(working["startedAt"]!.AsString(), null));
        Assert.Empty(JsonSchema.Compile(CallHandle.Schema).Validate(working));
        Assert.Equal(working, (await One.StatusAsync(Everything.Ana, handle))["structuredContent"]);
        Assert.Equal(working, (await Two.StatusAsync(Everything.Ana, handle))["structuredContent"]);
        Assert.Equal(1, One.Running); // the host is to see that the process is busy

        await EndAsync(StubUpstream.Done(JsonValue.Object(("found", 7))));
        foreach (var instance in (McpInstance[])[One, Two])
        {
            var result = await instance.StatusAsync(Everything.Ana, handle);
            Assert.Equal((JsonValue.Object(("found", 7)), null), (result["structuredContent"], result["isError"]));
        }
        Assert.Equal(0, One.Running);
        Assert.Single(Everything.Upstream.Calls);
        Assert.Single(await Everything.RecordsAsync(AuditTypes.CallOutcome), record => record.Outcome == "completed");
    }

    [Fact]
    public async Task Call_EndsInTime_IsAnsweredItself()
    {
        _answer.SetResult(StubUpstream.Done());
        Assert.Equal(JsonValue.Object(("ok", true)), (await One.CallAsync(Everything.Ana, Tool))["structuredContent"]);
        await IdleAsync(One);
    }

    [Fact]
    public async Task Call_TellsTheModelWhatToDo()
    {
        var result = await HandleAsync();
        Assert.Null(result["isError"]);
        var text = result["content"]![0]!["text"]!.AsString();
        Assert.Contains("interlock__call_status", text, StringComparison.Ordinal);
        Assert.Contains(result["structuredContent"]!["handle"]!.AsString(), text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Status_CallFailed_IsItsFailure()
    {
        var handle = await HandleIdAsync();
        await EndAsync(new UpstreamResult.Completed(JsonValue.From("no such ticket"), IsError: true));
        await AssertProblemAsync(handle, ProblemTypes.ToolError, "no such ticket");
    }

    [Fact]
    public async Task Status_OutcomeUnknown_IsInDoubt()
    {
        var handle = await HandleIdAsync();
        await EndAsync(StubUpstream.Lost());
        await AssertProblemAsync(handle, ProblemTypes.InDoubt, "may or may not");
    }

    [Fact]
    public async Task Status_ProcessDied_IsWorkingUntilTheDeadlineAndThenInDoubt()
    {
        var handle = await HandleIdAsync(); // nobody ever answers
        Two.Clock.Advance(TimeSpan.FromMinutes(20.9));
        Assert.Equal("working", (await Two.StatusAsync(Everything.Ana, handle))["structuredContent"]!["status"]!.AsString());
        Two.Clock.Advance(TimeSpan.FromMinutes(0.2));
        var problem = (await Two.StatusAsync(Everything.Ana, handle))["structuredContent"]!;
        Assert.Equal(ProblemTypes.InDoubt, problem["type"]!.AsString());
    }

    [Fact]
    public async Task Status_LeaseOfTheProcessIsOver_IsInDoubtAtOnce()
    {
        await using var leased = await McpInstance.StartAsync(Everything, _issuer, Within, lease: new EffectLease("one", TimeSpan.FromHours(1)));
        var call = leased.CallAsync(Everything.Ana, Tool);
        await _arrived.Task;
        await leased.Clock.TimerAsync(Within);
        leased.Clock.Advance(Within);
        var handle = (await call)["structuredContent"]!["handle"]!.AsString();
        Everything.Time.Now += TimeSpan.FromHours(1) - TimeSpan.FromTicks(1);
        Assert.Equal("working", (await Two.StatusAsync(Everything.Ana, handle))["structuredContent"]!["status"]!.AsString());
        Everything.Time.Now += TimeSpan.FromTicks(1); // it never prolonged it: it is gone
        Assert.Equal(ProblemTypes.InDoubt, (await Two.StatusAsync(Everything.Ana, handle))["structuredContent"]!["type"]!.AsString());
        _answer.SetResult(StubUpstream.Done(JsonValue.Object(("found", 7))));
        await IdleAsync(leased);
        Assert.Equal(JsonValue.Object(("found", 7)), (await Two.StatusAsync(Everything.Ana, handle))["structuredContent"]); // it was only slow
    }

    [Fact]
    public async Task Status_RefusedAfterTheHandle_SaysSo()
    {
        var store = new FaultyTableStore(Everything.Memory);
        await using var slow = await McpInstance.StartAsync(Everything, _issuer, Within, store);
        store.Arm(AtTheGateway, Fault.HangBefore);
        var call = slow.CallAsync(Everything.Ana, Tool);
        await slow.Clock.TimerAsync(Within);
        await store.Reached;
        slow.Clock.Advance(Within);
        var handle = (await call)["structuredContent"]!["handle"]!.AsString();
        await Everything.MoveAsync(RegistryKind.Tool, "crm/read", "1.0.0", Lifecycle.Disabled);
        Assert.Equal("working", (await Two.StatusAsync(Everything.Ana, handle))["structuredContent"]!["status"]!.AsString());
        store.LetGo();
        await IdleAsync(slow);
        Assert.Equal("disabled", (await Two.StatusAsync(Everything.Ana, handle))["structuredContent"]!["rule"]!.AsString());
        Assert.Empty(Everything.Upstream.Calls);
    }

    [Fact]
    public async Task Status_ProcessDiedBeforeTheCallLeft_SaysThatItNeverHappened()
    {
        var store = new FaultyTableStore(Everything.Memory);
        await using var slow = await McpInstance.StartAsync(Everything, _issuer, Within, store);
        store.Arm(AtTheGateway, Fault.HangBefore);
        var call = slow.CallAsync(Everything.Ana, Tool);
        await slow.Clock.TimerAsync(Within);
        slow.Clock.Advance(Within);
        var handle = (await call)["structuredContent"]!["handle"]!.AsString();
        Two.Clock.Advance(TimeSpan.FromMinutes(22));
        Assert.Equal(ProblemTypes.Timeout, (await Two.StatusAsync(Everything.Ana, handle))["structuredContent"]!["type"]!.AsString());
        await slow.StopAsync();
        store.LetGo();
        await IdleAsync(slow);
        Assert.Empty(Everything.Upstream.Calls);
    }

    [Fact]
    public async Task Status_UnknownOrAnothersHandle_AreToldApartByNobody()
    {
        var handle = await HandleIdAsync();
        var unknown = await One.StatusAsync(Everything.Ana, new string('0', 32));
        Assert.Equal("unknown-handle", unknown["structuredContent"]!["rule"]!.AsString());
        Assert.Equal(unknown, await One.StatusAsync(Everything.Sam, handle));
        Assert.Equal(unknown, await One.StatusAsync(Everything.Directory.Add(new TenantId("rival"), "ana"), handle));
        Assert.Equal(unknown, await One.StatusAsync(Everything.Ana with { Kind = PrincipalKind.Application }, handle));
        foreach (var malformed in (string[])["", "x", handle + "0", handle.ToUpperInvariant() + "|", "../" + handle]) Assert.Equal(unknown, await One.StatusAsync(Everything.Ana, malformed));
        Assert.Equal(unknown, await One.CallAsync(Everything.Ana, "interlock__call_status"));
    }

    [Fact]
    public async Task Status_OfARunTokensCall_IsForThatRunAndFrameOnly()
    {
        var handles = new CallHandles(Everything.Memory, Everything.Node.Gateway, Everything.Time);
        var agent = new Principal(World.Tenant, "helper", PrincipalKind.Agent, "Helper", [], []);
        var claims = new RunTokenClaims(World.Tenant, World.Run, World.Frame, [new ToolName("crm/read")]);
        McpCaller Caller(Principal principal, RunTokenClaims? token) => new(principal, Everything.Origin.Chain("helper"), token, null);
        var handle = new CallHandle(new EffectId(new string('a', 32)), Tool, "crm/read", Everything.Time.Now, Everything.Time.Now.AddMinutes(1));
        await handles.GiveAsync(Caller(agent, claims), handle, World.Token);
        var arguments = JsonValue.Object(("handle", handle.Effect.Value));
        Assert.Null((await handles.StatusAsync(Caller(agent, claims), arguments, World.Token))["isError"]);
        foreach (var other in (McpCaller[])
        [
            Caller(agent, null), Caller(Everything.Ana, null), Caller(Everything.Ana, claims), Caller(agent with { Id = "other" }, claims),
            Caller(agent, claims with { Run = new RunId(new string('b', 32)) }), Caller(agent, claims with { Frame = new FrameId("/do/2/other") }),
        ])
            Assert.Equal(JsonValue.True, (await handles.StatusAsync(other, arguments, World.Token))["isError"]);
    }

    [Fact]
    public async Task Call_SameKeyWhileWorking_GivesTheSameHandleOnEveryInstance()
    {
        var first = await HandleAsync("key-1");
        foreach (var instance in (McpInstance[])[One, Two])
            Assert.Equal(first, await instance.CallAsync(Everything.Ana, Tool, key: "key-1"));
        await EndAsync(StubUpstream.Done());
        foreach (var instance in (McpInstance[])[One, Two])
            Assert.Equal(JsonValue.Object(("ok", true)), (await instance.CallAsync(Everything.Ana, Tool, key: "key-1"))["structuredContent"]);
        Assert.Single(Everything.Upstream.Calls);
    }

    [Fact]
    public async Task Call_SameKeyBeforeTheHandle_SharesTheCallAndTheHandle()
    {
        var first = One.CallAsync(Everything.Ana, Tool, key: "key-1");
        await _arrived.Task;
        await One.Clock.TimerAsync(Within);
        var second = One.CallAsync(Everything.Ana, Tool, key: "key-1");
        await One.Clock.TimerAsync(Within, 2);
        One.Clock.Advance(Within);
        Assert.Equal(await first, await second);
        await EndAsync(StubUpstream.Done());
        Assert.Single(Everything.Upstream.Calls);
    }

    [Fact]
    public async Task Call_ClientLeavesAfterTheHandle_GoesOn()
    {
        var handle = await HandleIdAsync();
        One.Http.Dispose(); // closes its connections
        Assert.False(_stopped.Task.IsCompleted);
        await EndAsync(StubUpstream.Done(JsonValue.Object(("found", 7))));
        Assert.Equal(JsonValue.Object(("found", 7)), (await Two.StatusAsync(Everything.Ana, handle))["structuredContent"]);
    }

    [Fact]
    public async Task Call_ClientLeavesBeforeTheHandle_IsAskedToStop()
    {
        using var leaving = new CancellationTokenSource();
        var call = One.CallUntilAsync(Everything.Ana, Tool, leaving.Token);
        await _arrived.Task;
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        await _stopped.Task.WaitAsync(TimeSpan.FromSeconds(60), World.Token);
        await IdleAsync(One);
        Assert.Single(await Everything.RecordsAsync(AuditTypes.CallOutcome), record => record.Outcome == "unknown");
    }

    [Fact]
    public async Task Call_HostStopsAfterTheHandle_IsAskedToStopAndSettled()
    {
        var handle = await HandleIdAsync();
        await One.StopAsync();
        await IdleAsync(One);
        Assert.True(_stopped.Task.IsCompleted);
        Assert.Single(await Everything.RecordsAsync(AuditTypes.CallOutcome), record => record.Outcome == "unknown");
        Assert.Equal(ProblemTypes.InDoubt, (await Two.StatusAsync(Everything.Ana, handle))["structuredContent"]!["type"]!.AsString());
    }

    [Fact]
    public async Task List_ShowsTheToolOnlyWhereHandlesAreGiven()
    {
        await using var patient = await McpInstance.StartAsync(Everything, _issuer, null);
        Assert.DoesNotContain("interlock__call_status", await NamesAsync(patient));
        Assert.Contains("interlock__call_status", await NamesAsync(One));
        Assert.Contains(Tool, await NamesAsync(One));
    }

    [Fact]
    public void ResultSchema_OrHandle_TakesBothAndNothingElse()
    {
        var schema = StrictJson.Parse("""{"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object","required":["n"],"properties":{"n":{"$ref":"#/$defs/n"}},"$defs":{"n":{"type":"integer"}}}""");
        var either = ResultSchema.OrHandle(schema)!;
        Assert.Equal("object", either["type"]!.AsString());
        var compiled = JsonSchema.Compile(either);
        Assert.Empty(compiled.Validate(StrictJson.Parse("""{"n":1}""")));
        Assert.Empty(compiled.Validate(CallResultsOf("working")));
        Assert.NotEmpty(compiled.Validate(CallResultsOf("done")));
        Assert.NotEmpty(compiled.Validate(StrictJson.Parse("""{"n":"1"}""")));
        Assert.Null(ResultSchema.OrHandle(StrictJson.Parse("""{"type":"object","properties":{"next":{"$ref":"#"}}}""")));
        Assert.Null(ResultSchema.OrHandle(StrictJson.Parse("""{"$id":"https://x.example/s","type":"object"}""")));
    }

    [Theory]
    [InlineData(99)]
    [InlineData(600_001)]
    public void Options_AnswerWithinOutsideItsRange_AreRefused(int milliseconds) =>
        Assert.Throws<ArgumentException>(() => new WebOptions { AnswerWithin = TimeSpan.FromMilliseconds(milliseconds) }.Validate());

    [Fact]
    public void Options_CallDeadline_IsAtMostAnHour()
    {
        new WebOptions { CallDeadline = TimeSpan.FromHours(1), AnswerWithin = TimeSpan.FromSeconds(200) }.Validate();
        Assert.Throws<ArgumentException>(() => new WebOptions { CallDeadline = TimeSpan.FromHours(1.01) }.Validate());
    }

    public async ValueTask DisposeAsync()
    {
        _answer.TrySetResult(StubUpstream.Done());
        await One.DisposeAsync();
        await Two.DisposeAsync();
        await Everything.DisposeAsync();
        _issuer.Dispose();
    }

    private static JsonValue CallResultsOf(string status) => JsonValue.Object(
        ("status", status), ("handle", "h"), ("tool", "t"), ("startedAt", "s"), ("deadline", "d"), ("pollAfterSeconds", 10));

    /// <summary>Calls the tool of instance one and lets the time of its answer pass.</summary>
    private async Task<JsonValue> HandleAsync(string? key = null)
    {
        var call = One.CallAsync(Everything.Ana, Tool, key: key);
        await _arrived.Task.WaitAsync(TimeSpan.FromSeconds(60), World.Token);
        await One.Clock.TimerAsync(Within);
        One.Clock.Advance(Within);
        return await call;
    }

    private async Task<string> HandleIdAsync() => (await HandleAsync())["structuredContent"]!["handle"]!.AsString();

    private async Task EndAsync(UpstreamResult result)
    {
        _answer.SetResult(result);
        await IdleAsync(One);
    }

    private static async Task IdleAsync(McpInstance instance)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(World.Token);
        patience.CancelAfter(TimeSpan.FromSeconds(60));
        while (instance.Running > 0)
        {
            patience.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    private async Task AssertProblemAsync(string handle, string type, string words)
    {
        foreach (var instance in (McpInstance[])[One, Two])
        {
            var result = await instance.StatusAsync(Everything.Ana, handle);
            Assert.True(result["isError"]!.AsBoolean());
            Assert.Equal(type, result["structuredContent"]!["type"]!.AsString());
            Assert.Contains(words, result["structuredContent"]!["detail"]!.AsString(), StringComparison.Ordinal);
        }
    }

    private async Task<List<string>> NamesAsync(McpInstance instance) =>
        [.. (await instance.SendAsync(instance.Token(Everything.Ana), "tools/list", JsonValue.EmptyObject))["tools"]!.Items.Select(tool => tool["name"]!.AsString())];
}
