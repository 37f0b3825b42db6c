using Interlock.Core;
using Interlock.Core.Audit;
using Interlock.Core.Gateway;
using Interlock.Core.Identity;
using Interlock.Json;
using Interlock.Tests.Gateway;
using Interlock.Tests.Web;

namespace Interlock.Tests.Mcp;

/// <summary>What upstreams answer, as clients get it: results as they are, questions with a state that is good once.</summary>
public sealed class RelayTests : IAsyncLifetime
{
    private static readonly JsonValue Call = StrictJson.Parse("""{"name":"crm__read","arguments":{"service":"mail"}}""");

    private static readonly JsonValue Asked = StrictJson.Parse("""{"who":{"method":"elicitation/create","params":{"message":"Who?","requestedSchema":{"type":"object","properties":{}}}}}""");

    private static readonly JsonValue Form = StrictJson.Parse("""{"elicitation":{}}""");

    private readonly LocalIssuer _issuer = LocalIssuer.Create("test", TimeProvider.System);
    private World? _world;
    private McpInstance? _one;

    private World Everything => _world!; // set before any test, as the other is

    private McpInstance One => _one!;

    public async ValueTask InitializeAsync()
    {
        _world = await World.CreateAsync("""
            version: 1
            rules: [ { id: all, principals: [ { any: true } ], tools: ['crm/*'], effect: allow } ]
            """);
        _world.Time.Now = DateTimeOffset.UtcNow; // tokens are of today
        _one = await McpInstance.StartAsync(_world, _issuer, null);
    }

    public async ValueTask DisposeAsync()
    {
        await One.DisposeAsync();
        await Everything.DisposeAsync();
        _issuer.Dispose();
    }

    [Fact]
    public async Task Result_OfEveryKind_IsRelayedAsItCame()
    {
        var result = StrictJson.Parse("""
            {"content":[{"type":"text","text":"<b>","annotations":{"audience":["user"]}},{"type":"image","data":"aGk=","mimeType":"image/png"},{"type":"audio","data":"aGk=","mimeType":"audio/wav"},
             {"type":"resource_link","uri":"file:///a","name":"a"},{"type":"resource","resource":{"uri":"file:///b","blob":"aGk="}},{"type":"hologram","x":[1,2.5]}],
             "structuredContent":{"n":1e21},"_meta":{"vendor/trace":"é\u2028"}}
            """);
        Everything.Upstream.Then(MethodResult.Completed(result, isError: false));
        var relayed = await Ana().ResultAsync("tools/call", Call);
        Assert.Equal("complete", relayed["resultType"]!.AsString());
        Assert.Equal(result, relayed.Without("resultType"));
    }

    [Fact]
    public async Task Result_ThatIsAnError_IsTheToolsOwn()
    {
        var result = StrictJson.Parse("""{"content":[{"type":"text","text":"No such customer."}],"structuredContent":{"code":17},"isError":true}""");
        Everything.Upstream.Then(MethodResult.Completed(result, isError: true));
        Assert.Equal(result, (await Ana().ResultAsync("tools/call", Call)).Without("resultType"));
    }

    [Fact]
    public async Task Progress_OfACallThatAsksForIt_ComesBeforeTheAnswerUnderItsToken()
    {
        Everything.Upstream.Then((call, _) =>
        {
            for (var i = 1; i <= 3; i++) call.Link!.Progress!(JsonValue.Object(("progress", i), ("total", 3)));
            call.Link!.Progress!(JsonValue.Object(("progress", "half"))); // none
            return Task.FromResult(StubUpstream.Done());
        });
        var (_, answer, before) = await Ana().SendAsync("tools/call", Call.With("_meta", JsonValue.Object(("progressToken", "p-1"))));
        Assert.NotNull(answer["result"]);
        Assert.Equal([1, 2, 3], before.Select(message => message["params"]!["progress"]!.AsNumber()));
        Assert.All(before, message => Assert.Equal(("notifications/progress", "p-1"), (message["method"]!.AsString(), message["params"]!["progressToken"]!.AsString())));
    }

    [Fact]
    public async Task Question_OfAnUpstream_IsAnsweredOnceByItsCaller()
    {
        Asks("upstream state");
        Everything.Upstream.Then((call, _) =>
        {
            Assert.Equal(("upstream state", "accept"), (call.Link!.Answers!.State, call.Link.Answers.Responses!["who"]!["action"]!.AsString()));
            return Task.FromResult(StubUpstream.Done());
        });
        var asked = await Ana(Form).ResultAsync("tools/call", Call);
        Assert.Equal(("input_required", Asked), (asked["resultType"]!.AsString(), asked["inputRequests"]));
        var answer = Answer(asked["requestState"]!.AsString());
        foreach (var attack in (Func<Task<JsonValue>>[])
        [
            () => Probe(Everything.Sam, Form).ErrorAsync("tools/call", answer),
            () => Ana(Form).ErrorAsync("tools/call", answer.With("arguments", World.Arguments("""{"service":"web"}"""))),
            () => Ana(Form).ErrorAsync("tools/call", answer.With("name", "crm__lookup")),
            () => Ana(Form).ErrorAsync("tools/call", answer.With("requestState", asked["requestState"]!.AsString() + "x")),
        ])
        {
            Assert.Equal("request-state-invalid", (await attack())["data"]!["rule"]!.AsString());
            One.Clock.Advance(TimeSpan.FromTicks(1));
        }
        Assert.Single(Everything.Upstream.Calls);
        Assert.NotNull((await Ana(Form).ResultAsync("tools/call", answer))["structuredContent"]);
        One.Clock.Advance(TimeSpan.FromTicks(1));
        Assert.Equal("request-state-invalid", (await Ana(Form).ErrorAsync("tools/call", answer))["data"]!["rule"]!.AsString());
        Assert.Equal(2, Everything.Upstream.Calls.Count);
        Assert.Equal(5, (await Everything.RecordsAsync(AuditTypes.CallRefused)).Count);
    }

    [Fact]
    public async Task Question_StateOfAServerThatWasRegisteredAnew_IsRefused()
    {
        Asks("upstream state");
        var asked = await Ana(Form).ResultAsync("tools/call", Call);
        await Everything.WriteAsync(World.Server("2.0.0", "reg-2"));
        Assert.Equal("request-state-invalid", (await Ana(Form).ErrorAsync("tools/call", Answer(asked["requestState"]!.AsString())))["data"]!["rule"]!.AsString());
        Assert.Single(Everything.Upstream.Calls);
    }

    [Fact]
    public async Task Question_TooOld_IsRefused()
    {
        Asks("upstream state");
        var asked = await Ana(Form).ResultAsync("tools/call", Call);
        One.Clock.Advance(TimeSpan.FromHours(1.01));
        Assert.Equal("request-state-invalid", (await Ana(Form).ErrorAsync("tools/call", Answer(asked["requestState"]!.AsString())))["data"]!["rule"]!.AsString());
    }

    [Theory]
    [InlineData("""{"inputResponses":null}""")]
    [InlineData("""{"inputResponses":{"who":7}}""")]
    [InlineData("""{"inputResponses":[]}""")]
    public async Task Answers_ThatAreNone_AreInvalidAndSentNowhere(string members)
    {
        var call = Call;
        foreach (var (name, value) in StrictJson.Parse(members).Members) call = call.With(name, value);
        Assert.Equal(-32602, (await Ana(Form).ErrorAsync("tools/call", call))["code"]!.AsNumber());
        Assert.Empty(Everything.Upstream.Calls);
    }

    [Fact]
    public async Task Cancelled_ByTheClientThatWaits_StopsItsCallAndNobodyElsesDoes()
    {
        var (arrived, stopped) = (new TaskCompletionSource(), new TaskCompletionSource());
        Everything.Upstream.Then(async (_, ct) =>
        {
            arrived.SetResult();
            await using var _1 = ct.Register(stopped.SetResult);
            await stopped.Task;
            return StubUpstream.Lost();
        });
        var call = Older(Everything.Ana).SendAsync("tools/call", Call);
        await arrived.Task;
        await CancelAsync(Everything.Sam, 7);
        await CancelAsync(Everything.Ana, 8);
        Assert.False(stopped.Task.IsCompleted);
        await CancelAsync(Everything.Ana, 7);
        await stopped.Task.WaitAsync(TimeSpan.FromSeconds(20), World.Token);
        Assert.True((await call).Answer["result"]!["isError"]!.AsBoolean());
    }

    [Fact]
    public async Task Question_ForAnOlderClient_IsSaidInWords()
    {
        Asks(null);
        var result = await Older(Everything.Ana).ResultAsync("tools/call", Call);
        Assert.Equal((true, "input-required"), (result["isError"]!.AsBoolean(), result["structuredContent"]!["rule"]!.AsString()));
        Assert.Null(Assert.Single(Everything.Upstream.Calls).Link!.Capabilities);
    }

    [Fact]
    public async Task Link_CarriesTheRequestsTokenAndNothingOfItIsRecorded()
    {
        Everything.Upstream.Then(StubUpstream.Done());
        var token = One.Token(Everything.Ana);
        await new McpProbe(One.Http, One.Address, token).ResultAsync("tools/call", Call);
        Assert.Equal(token, Assert.Single(Everything.Upstream.Calls).Link!.Token);
        Assert.DoesNotContain(await Everything.RecordsAsync(), record => record.ToString().Contains(token, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Capability_ThatTheUpstreamMisses_IsTheErrorOfTheNewestRevision()
    {
        Everything.Upstream.Then(new UpstreamResult.Rejected(new Problem(ProblemTypes.Communication, 502, "No", "-32021: Sampling.") { Rule = "missing-capability", Needs = StrictJson.Parse("""{"sampling":{}}""") }));
        var (status, answer, _) = await Ana().SendAsync("tools/call", Call);
        Assert.Equal((400, -32021), (status, answer["error"]!["code"]!.AsNumber()));
        Assert.Equal("""{"requiredCapabilities":{"sampling":{}}}""", answer["error"]!["data"]!.ToString());
    }

    private void Asks(string? state) => Everything.Upstream.Then(new UpstreamResult.InputRequired(Asked, state));

    private static JsonValue Answer(string state) => Call.With("requestState", state).With("inputResponses", StrictJson.Parse("""{"who":{"action":"accept","content":{}}}"""));

    private McpProbe Ana(JsonValue? capabilities = null) => Probe(Everything.Ana, capabilities ?? JsonValue.EmptyObject);

    private McpProbe Probe(Principal person, JsonValue capabilities) => new(One.Http, One.Address, One.Token(person)) { Capabilities = capabilities };

    private McpProbe Older(Principal person) => new(One.Http, One.Address, One.Token(person)) { Revision = "2025-11-25" };

    private async Task CancelAsync(Principal person, double id)
    {
        using var request = EndpointFixture.Post(One.Address, JsonValue.Object(("jsonrpc", "2.0"), ("method", "notifications/cancelled"), ("params", JsonValue.Object(("requestId", id)))).ToString());
        request.Headers.Authorization = new("Bearer", One.Token(person));
        request.Headers.Add("MCP-Protocol-Version", "2025-11-25");
        Assert.Equal(System.Net.HttpStatusCode.Accepted, (await One.Http.SendAsync(request, World.Token)).StatusCode);
    }
}
