using System.Net;
using System.Text.RegularExpressions;
using Interlock.Core;
using Interlock.Core.Agents;
using Interlock.Core.Audit;
using Interlock.Core.Identity;
using Interlock.Core.Runs;
using Interlock.Json;
using Interlock.Tests.Web;

namespace Interlock.Tests.Agents;

/// <summary>A compromised agent with a run token of its own: what it tries beyond that is refused, recorded once, and reaches nobody.</summary>
public sealed partial class CallbackAttackTests(AgentWeb site) : IClassFixture<AgentWeb>
{
    /// <summary>The agent is under way with its token; the body is run, then it answers.</summary>
    private async Task<(RunId Run, RunState End)> UnderWayAsync(Func<RunId, Given, Task> body, AgentLimits? limits = null, string answer = "{\"ok\":true}")
    {
        var sent = new TaskCompletionSource<Given>(TaskCreationOptions.RunContinuationsAsynchronously);
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var agent = await new ScriptedAgent
        {
            Answers = async (_, given) =>
            {
                sent.TrySetResult(given);
                await done.Task;
                return ScriptedAgent.Message(answer);
            },
        }.StartAsync();
        await site.RegisterAsync(agent.Address, agent.Card, limits);
        var run = await site.StartAsync("{}");
        try
        {
            await body(run, await sent.Task.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken));
        }
        finally
        {
            done.TrySetResult();
        }
        return (run, await site.Web.EndAsync(run));
    }

    private Task<(HttpStatusCode Status, JsonValue Body, HttpResponseMessage Response)> CallAsync(string token, string tool, string text, string? key = null)
    {
        var parameters = JsonValue.Object(("name", tool), ("arguments", JsonValue.Object(("text", text))));
        if (key is not null) parameters = parameters.With("_meta", JsonValue.Object(("interlock/idempotencyKey", key)));
        return site.Web.ApiAsync("POST", "/mcp", token, JsonValue.Object(("jsonrpc", "2.0"), ("id", 1), ("method", "tools/call"), ("params", parameters)).ToString(), "application/json", ("Accept", "application/json, text/event-stream"));
    }

    private async Task<AuditRecord> RefusedOnceAsync(RunId run, string rule) => Assert.Single((await site.RecordsAsync(run)), record => record.Type == AuditTypes.CallRefused && record.Rule == rule);

    [Fact]
    public async Task Call_BeyondThePool_IsRefusedOnceRecordedAndReachesNobody()
    {
        var (run, _) = await UnderWayAsync(async (_, given) =>
        {
            for (var i = 0; i < 3; i++) Assert.Contains("widening", (await CallAsync(given.Token, "stub__remove", "beyond")).Body.ToString(), StringComparison.Ordinal);
        });
        Assert.Equal(0, site.Reached("beyond"));
        var refused = await RefusedOnceAsync(run, "widening");
        Assert.Equal(("authenticate", "stub/remove"), (refused.Stage, refused.Target));
        Assert.Equal(["user:nora", "user:dana", "agent:helper"], refused.Actors);
    }

    [Fact]
    public async Task Token_ExchangedForMore_IsRefused()
    {
        await UnderWayAsync(async (_, given) =>
        {
            var form = $"grant_type=urn:ietf:params:oauth:grant-type:token-exchange&subject_token_type=urn:ietf:params:oauth:token-type:access_token&subject_token={given.Token}&scope=tool:stub/remove";
            var (status, body, _) = await site.Web.ApiAsync("POST", "/token", null, form, "application/x-www-form-urlencoded");
            Assert.Equal(HttpStatusCode.OK, status); // what it is good for is in both: nothing
            Assert.Contains("widening", (await CallAsync(body["access_token"]!.AsString(), "stub__remove", "exchanged")).Body.ToString(), StringComparison.Ordinal);
            Assert.Contains("widening", (await CallAsync(body["access_token"]!.AsString(), "stub__echo", "exchanged")).Body.ToString(), StringComparison.Ordinal);
        });
        Assert.Equal(0, site.Reached("exchanged"));
    }

    [Fact]
    public async Task Token_AtApi_IsRefusedForItsClass() => await UnderWayAsync(async (run, given) =>
    {
        var (status, body, _) = await site.Web.ApiAsync("GET", $"/api/runs/{run}", given.Token);
        Assert.True(status is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden);
        Assert.Equal("token-class", body["rule"]?.AsString());
    });

    /// <summary>Tokens that say another run, frame, call or tenant than one that waits for this agent.</summary>
    [Theory]
    [InlineData("run")]
    [InlineData("frame")]
    [InlineData("call")]
    [InlineData("tenant")]
    public async Task Token_OfSomethingElse_IsTurnedAway(string what)
    {
        await UnderWayAsync(async (run, given) =>
        {
            var state = (await site.Web.Services.Engine.GetAsync(WebFixture.Tenant, run, TestContext.Current.CancellationToken))!; // it was started
            var call = state.Pending.Values.OfType<Command.CallAgent>().Single();
            var tenant = what == "tenant" ? WebFixture.Rival : WebFixture.Tenant;
            var claims = new RunTokenClaims(tenant, what == "run" ? new RunId(new string('a', 32)) : run, what == "frame" ? new FrameId("/do/0/other") : call.Frame, [new ToolName("stub/echo")])
            {
                Call = what == "call" ? new EffectId(new string('b', 32)) : call.Id,
            };
            var token = site.Web.Services.Keys.Issuer.Issue(new LocalTokenRequest(new Principal(tenant, "helper", PrincipalKind.Agent, "helper", [], []), TokenClass.Run, TimeSpan.FromMinutes(5), claims));
            var (status, body, _) = await CallAsync(token, "stub__echo", $"other {what}");
            Assert.Equal((HttpStatusCode.Forbidden, "frame-not-pending"), (status, body["rule"]?.StringOrNull()));
        });
        Assert.Equal(0, site.Reached($"other {what}"));
    }

    [Fact]
    public async Task Token_AfterItsCallEnded_IsTurnedAway()
    {
        var token = "";
        await UnderWayAsync((_, given) =>
        {
            token = given.Token;
            return Task.CompletedTask;
        });
        var (status, body, _) = await CallAsync(token, "stub__echo", "late");
        Assert.Equal((HttpStatusCode.Forbidden, "frame-not-pending"), (status, body["rule"]?.StringOrNull()));
        Assert.Equal(0, site.Reached("late"));
    }

    [Fact]
    public async Task Token_WhileTheRunIsSuspended_ReachesNobody()
    {
        var (run, _) = await UnderWayAsync(async (run, given) =>
        {
            var nora = site.Web.Principal("nora");
            Assert.True(await site.Web.Services.Engine.SuspendAsync(WebFixture.Tenant, run, nora, null, TestContext.Current.CancellationToken));
            Assert.Contains("frame-not-pending", (await CallAsync(given.Token, "stub__echo", "suspended")).Body.ToString(), StringComparison.Ordinal);
            Assert.True(await site.Web.Services.Engine.ResumeAsync(WebFixture.Tenant, run, nora, TestContext.Current.CancellationToken));
        });
        Assert.Equal(0, site.Reached("suspended"));
        await RefusedOnceAsync(run, "frame-not-pending");
    }

    [Fact]
    public async Task Call_Repeated_HasTheRecordedResultUnlessItSaysThatItIsAnother()
    {
        await UnderWayAsync(async (_, given) =>
        {
            var first = (await CallAsync(given.Token, "stub__echo", "again")).Body["result"];
            Assert.Equal(first, (await CallAsync(given.Token, "stub__echo", "again")).Body["result"]);
            Assert.Equal(1, site.Reached("again"));
            await CallAsync(given.Token, "stub__echo", "again", key: "second");
            await CallAsync(given.Token, "stub__echo", "again", key: "second");
        });
        Assert.Equal(2, site.Reached("again"));
    }

    [Theory]
    [InlineData(2, 10, "one", "two", "three")]
    [InlineData(10, 2, "same", "same", "same")]
    public async Task Call_BeyondTheAgentsLimits_IsRefused(int calls, int repeats, params string[] texts)
    {
        var (run, _) = await UnderWayAsync(
            async (_, given) =>
            {
                for (var i = 0; i < texts.Length; i++)
                    Assert.Equal(i == 2, (await CallAsync(given.Token, "stub__echo", $"{texts[i]} of {calls}", key: $"k{i}")).Body.ToString().Contains("used up", StringComparison.Ordinal));
            },
            new AgentLimits { Calls = calls, Repeats = repeats });
        Assert.Equal(2, texts.Distinct().Sum(text => site.Reached($"{text} of {calls}")));
        Assert.Equal("admit", (await RefusedOnceAsync(run, "limit")).Stage);
    }

    [Fact]
    public async Task Call_OfAGuardedTool_IsRefusedWithAHandleAndReachesNobody()
    {
        var (run, _) = await UnderWayAsync(async (_, given) =>
        {
            var first = (await CallAsync(given.Token, "stub__slow", "guarded")).Body["result"]!;
            Assert.Matches(Handle(), first["_meta"]!["interlock/resume"]!.AsString());
            Assert.Equal(first, (await CallAsync(given.Token, "stub__slow", "guarded")).Body["result"]); // asked again, the same handle
        });
        Assert.Equal(0, site.Reached("guarded"));
        await RefusedOnceAsync(run, "grant-required");
    }

    /// <summary>Handles that nobody gave: of its own invention, and one that another run's agent was told.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Pause_WithAHandleThatWasNotGiven_OpensNoGate(bool ofAnotherRun)
    {
        var handle = new string('c', 32);
        if (ofAnotherRun)
        {
            await UnderWayAsync(async (_, given) => handle = (await CallAsync(given.Token, "stub__slow", "theirs")).Body["result"]!["_meta"]!["interlock/resume"]!.AsString());
        }
        await using var agent = await new ScriptedAgent { Answers = (_, _) => Task.FromResult(ScriptedAgent.Task("INPUT_REQUIRED", $$"""{"interlock/resume":"{{handle}}"}""")) }.StartAsync();
        await site.RegisterAsync(agent.Address, agent.Card);
        var open = (await site.Web.Services.Approvals.OpenGatesAsync(WebFixture.Tenant, TestContext.Current.CancellationToken)).Count;

        var (_, end) = await site.RunAsync("{}");

        Assert.Equal(RunStatus.Faulted, end.Status);
        Assert.Equal(open, (await site.Web.Services.Approvals.OpenGatesAsync(WebFixture.Tenant, TestContext.Current.CancellationToken)).Count);
        Assert.Equal(0, site.Reached("theirs"));
    }

    [Fact]
    public async Task Notification_HasTheAgentAskedAtOnceAndSaysNothingItself()
    {
        var isDone = false;
        var push = new TaskCompletionSource<JsonValue>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var agent = await new ScriptedAgent
        {
            Notifies = true,
            Answers = (_, given) =>
            {
                if (given.Push is not null) push.TrySetResult(given.Push);
                return Task.FromResult(Volatile.Read(ref isDone) ? ScriptedAgent.Task("COMPLETED", artifacts: """[{"artifactId":"a","parts":[{"data":{"n":7}}]}]""") : ScriptedAgent.Task("WORKING"));
            },
        }.StartAsync();
        await site.RegisterAsync(agent.Address, agent.Card);
        var run = await site.StartAsync("{}");
        var config = await push.Task.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        var (path, secret) = (new Uri(config["url"]!.AsString()).AbsolutePath, config["token"]!.AsString());
        var handed = await HandedAsync(run);

        Task<(HttpStatusCode Status, JsonValue, HttpResponseMessage)> NotifyAsync(string at, string with) =>
            site.Web.ApiAsync("POST", at, null, """{"task":{"id":"t1","status":{"state":"TASK_STATE_COMPLETED"},"artifacts":[{"parts":[{"data":{"forged":true}}]}]}}""", "application/json", ("X-A2A-Notification-Token", with));

        Assert.Equal(HttpStatusCode.NotFound, (await NotifyAsync(path, secret[..^2] + "AA")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await NotifyAsync(path[..^32] + new string('d', 32), secret)).Status);
        Assert.Single(agent.Requests); // it was asked nothing
        Assert.Equal(HttpStatusCode.NoContent, (await NotifyAsync(path, secret)).Status);
        Assert.Equal(2, agent.Requests.Count);
        Assert.Equal(RunStatus.Running, (await site.Web.Services.Engine.GetAsync(WebFixture.Tenant, run, TestContext.Current.CancellationToken))!.Status); // facts are read: it works still
        Volatile.Write(ref isDone, true);
        Assert.Equal(HttpStatusCode.NoContent, (await NotifyAsync(path, secret)).Status);

        var end = await site.Web.EndAsync(run);
        Assert.Equal((RunStatus.Completed, """{"n":7}"""), (end.Status, end.Output!.ToString()));
        Assert.True(handed > DateTimeOffset.UtcNow, "It would have been asked by now without being told.");
        Assert.Equal(HttpStatusCode.NoContent, (await NotifyAsync(path, secret)).Status); // too late, and harmless
    }

    /// <summary>At once, or when the agent is asked later.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Answer_WithTheToken_IsRecordedWithoutIt(bool later)
    {
        var token = "";
        await using var agent = await new ScriptedAgent
        {
            Answers = (request, given) =>
            {
                if (given.Token.Length > 0) token = given.Token;
                return Task.FromResult(later && request.Method == "SendMessage"
                    ? ScriptedAgent.Task("WORKING")
                    : ScriptedAgent.Task("COMPLETED", artifacts: $$$"""[{"artifactId":"a","parts":[{"data":{"stolen":"x {{{token}}} y"}}]}]"""));
            },
        }.StartAsync();
        await site.RegisterAsync(agent.Address, agent.Card);

        var (_, end) = await site.RunAsync("{}");

        Assert.Equal("""{"stolen":"x [token] y"}""", end.Output!.ToString());
        Assert.NotEqual("", token);
    }

    [Fact]
    public async Task Call_OfAnAgentInTheClear_IsRefusedBeforeAnythingIsSent()
    {
        await site.RegisterAsync(new Uri("http://agents.example.com/a2a"), card: null);

        var (run, end) = await site.RunAsync("{}");

        Assert.Equal((RunStatus.Faulted, "run-token"), (end.Status, end.Error?.Rule));
        await RefusedOnceAsync(run, "run-token");
        Assert.DoesNotContain(await site.RecordsAsync(run), record => record.Type == AuditTypes.CallIntent);
    }

    /// <summary>When the call is asked after next, once it goes on at the agent.</summary>
    private async Task<DateTimeOffset> HandedAsync(RunId run)
    {
        while (true)
        {
            await foreach (var row in site.Web.Services.Tables.QueryAsync("ledger", Core.Storage.Keys.Join(WebFixture.Tenant.Value, $"run:{run}"), cancellationToken: TestContext.Current.CancellationToken))
                if (row.Body["handle"]?["pollAt"]?.StringOrNull() is { } at) return DateTimeOffset.Parse(at, System.Globalization.CultureInfo.InvariantCulture);
            await Task.Yield();
        }
    }

    [GeneratedRegex("^[0-9a-f]{32}$")]
    private static partial Regex Handle();
}
