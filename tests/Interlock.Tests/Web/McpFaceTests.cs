using System.Net;
using Interlock.Core;
using Interlock.Core.Audit;
using Interlock.Core.Identity;
using Interlock.Json;
using ModelContextProtocol;

namespace Interlock.Tests.Web;

public sealed class McpFaceTests(WebFixture web) : IClassFixture<WebFixture>
{
    [Fact]
    public async Task Post_WithoutOrWithAWrongToken_Is401WithTheMetadata()
    {
        foreach (var token in (string?[])[null, "x.y.z", web.Token("dana", TokenClass.Api)])
        {
            var (status, body, response) = await web.ApiAsync("POST", "/mcp", token, "{}");
            Assert.Equal(HttpStatusCode.Unauthorized, status);
            Assert.NotNull(body["rule"]);
            Assert.Contains($"resource_metadata=\"{web.Origin}/.well-known/oauth-protected-resource/mcp\"", response.Headers.WwwAuthenticate.ToString(), StringComparison.Ordinal);
        }
        var (_, metadata, _) = await web.ApiAsync("GET", "/.well-known/oauth-protected-resource/mcp", null);
        Assert.Equal(web.Origin + "/mcp", metadata["resource"]!.AsString());
    }

    [Fact]
    public async Task List_ShowsWhatPolicyDoesNotDeny()
    {
        await using var client = await web.ConnectAsync(web.Token("nora", TokenClass.Mcp));
        var names = (await client.ListToolsAsync(cancellationToken: TestContext.Current.CancellationToken)).Select(tool => tool.Name).ToList();
        Assert.Equal(["interlock__run_status", "stub__echo", "stub__remove", "workflow__test__guarded", "workflow__test__listening", "workflow__test__removing"], names); // no rule allows stub/slow
    }

    [Fact]
    public async Task List_AnotherTenant_SeesNothingOfThis()
    {
        await using var client = await web.ConnectAsync(web.Token("rita", TokenClass.Mcp, WebFixture.Rival));
        var names = (await client.ListToolsAsync(cancellationToken: TestContext.Current.CancellationToken)).Select(tool => tool.Name);
        Assert.Equal(["interlock__run_status"], names);
    }

    [Fact]
    public async Task Call_Allowed_ReachesTheToolAndTheAudit()
    {
        await using var client = await web.ConnectAsync(web.Token("nora", TokenClass.Mcp));
        var result = await client.CallToolAsync("stub__echo", new Dictionary<string, object?> { ["text"] = "from a client" }, cancellationToken: TestContext.Current.CancellationToken);
        Assert.NotEqual(true, result.IsError);
        Assert.Equal("from a client", result.StructuredContent!.Value.GetProperty("text").GetString());
        Assert.Single(web.Stub.Source.Calls, call => call.Arguments["text"]?.AsString() == "from a client");
        var records = await web.AuditAsync(AuditChain.ForPrincipal(WebFixture.Tenant, "user:nora", DateTimeOffset.UtcNow).Id);
        Assert.Contains(records, record => record is { Type: AuditTypes.CallIntent, Target: "stub/echo" });
    }

    [Fact]
    public async Task Call_Denied_IsAnErrorResultThatNamesTheRule()
    {
        await using var client = await web.ConnectAsync(web.Token("leo", TokenClass.Mcp));
        var result = await client.CallToolAsync("stub__slow", new Dictionary<string, object?>(), cancellationToken: TestContext.Current.CancellationToken);
        Assert.True(result.IsError);
        var problem = result.StructuredContent!.Value;
        Assert.Equal(("authorize", "policy-default-deny"), (problem.GetProperty("stage").GetString(), problem.GetProperty("rule").GetString()));
        Assert.DoesNotContain(web.Stub.Source.Calls, call => call.Name == "slow");
        var records = await web.AuditAsync(AuditChain.ForPrincipal(WebFixture.Tenant, "user:leo", DateTimeOffset.UtcNow).Id);
        Assert.Single(records, record => record is { Type: AuditTypes.CallRefused, Target: "stub/slow", Rule: "policy-default-deny" });
    }

    [Fact]
    public async Task Call_UnknownTool_IsInvalidParams()
    {
        await using var client = await web.ConnectAsync(web.Token("nora", TokenClass.Mcp));
        var error = await Assert.ThrowsAsync<McpProtocolException>(async () => await client.CallToolAsync("stub__nothing", cancellationToken: TestContext.Current.CancellationToken));
        Assert.Equal(McpErrorCode.InvalidParams, error.ErrorCode);
    }

    [Fact]
    public async Task Call_SameKey_HappensOnceAndStandsForItsArguments()
    {
        var token = web.Token("nora", TokenClass.Mcp);
        var first = await RawCallAsync(token, "stub__echo", """{"text":"keyed"}""", "key-1");
        var second = await RawCallAsync(token, "stub__echo", """{"text":"keyed"}""", "key-1");
        var third = await RawCallAsync(token, "stub__echo", """{"text":"keyed differently"}""", "key-1");
        Assert.Contains("keyed", first, StringComparison.Ordinal);
        Assert.Contains("keyed", second, StringComparison.Ordinal);
        Assert.Contains("key-reuse", third, StringComparison.Ordinal);
        Assert.Single(web.Stub.Source.Calls, call => call.Arguments["text"]?.AsString() is "keyed" or "keyed differently");
    }

    [Fact]
    public async Task Workflow_StartsAndTellsItsState()
    {
        await using var client = await web.ConnectAsync(web.Token("nora", TokenClass.Mcp));
        var started = (await client.CallToolAsync("workflow__test__guarded", new Dictionary<string, object?> { ["text"] = "by a model" }, cancellationToken: TestContext.Current.CancellationToken)).StructuredContent!.Value;
        Assert.Equal(("none", "running"), (started.GetProperty("previousState").GetString(), started.GetProperty("currentState").GetString()));
        var run = started.GetProperty("runId").GetString()!;
        Assert.Equal("mcp", (await web.Services.Engine.GetAsync(WebFixture.Tenant, new RunId(run), TestContext.Current.CancellationToken))!.Origin.Trigger);
        var arguments = new Dictionary<string, object?> { ["runId"] = run };
        var status = (await client.CallToolAsync("interlock__run_status", arguments, cancellationToken: TestContext.Current.CancellationToken)).StructuredContent!.Value;
        Assert.Equal(run, status.GetProperty("runId").GetString());
        await using var rival = await web.ConnectAsync(web.Token("rita", TokenClass.Mcp, WebFixture.Rival));
        Assert.True((await rival.CallToolAsync("interlock__run_status", arguments, cancellationToken: TestContext.Current.CancellationToken)).IsError);
    }

    [Fact]
    public async Task RunToken_ReachesItsPoolWhileItsFrameIsPending()
    {
        var (run, gate) = await web.WaitingAsync("run token");
        var frame = (await web.Services.Approvals.FindAsync(WebFixture.Tenant, gate, TestContext.Current.CancellationToken))!.Request.Task;
        await using (var client = await web.ConnectAsync(RunToken(run, new FrameId(frame.Value), "stub/echo")))
        {
            var names = (await client.ListToolsAsync(cancellationToken: TestContext.Current.CancellationToken)).Select(tool => tool.Name);
            Assert.Equal(["stub__echo"], names); // no workflows, no status
            var inside = await client.CallToolAsync("stub__echo", new Dictionary<string, object?> { ["text"] = "inside" }, cancellationToken: TestContext.Current.CancellationToken);
            Assert.NotEqual(true, inside.IsError);
            var records = await web.AuditAsync(AuditChain.ForRun(WebFixture.Tenant, run).Id);
            Assert.Contains(records, record => record is { Type: AuditTypes.CallIntent, Target: "stub/echo" } && record.Actors.Contains("agent:helper") && record.Actors.Contains("user:dana"));
        }
        await using (var narrow = await web.ConnectAsync(RunToken(run, new FrameId(frame.Value), "stub/slow")))
        {
            var outside = await narrow.CallToolAsync("stub__echo", new Dictionary<string, object?> { ["text"] = "outside" }, cancellationToken: TestContext.Current.CancellationToken);
            Assert.Equal("widening", outside.StructuredContent!.Value.GetProperty("rule").GetString());
            await Assert.ThrowsAsync<McpProtocolException>(async () => await narrow.CallToolAsync("workflow__test__guarded", cancellationToken: TestContext.Current.CancellationToken));
        }
        var (status, body, _) = await web.ApiAsync("POST", "/mcp", RunToken(run, new FrameId("/do/9/gone"), "stub/echo"), "{}");
        Assert.Equal((HttpStatusCode.Forbidden, "frame-not-pending"), (status, body["rule"]!.AsString()));
        Assert.DoesNotContain(web.Stub.Source.Calls, call => call.Arguments["text"]?.AsString() == "outside");
    }

    private string RunToken(RunId run, FrameId frame, string tool)
    {
        var agent = new Principal(WebFixture.Tenant, "helper", PrincipalKind.Agent, "Helper", [], []);
        return web.Services.Keys.Issuer.Issue(new LocalTokenRequest(agent, TokenClass.Run, TimeSpan.FromMinutes(5), new RunTokenClaims(WebFixture.Tenant, run, frame, [new ToolName(tool)])));
    }

    private async Task<string> RawCallAsync(string token, string tool, string arguments, string key)
    {
        var body = JsonValue.Object(("jsonrpc", "2.0"), ("id", 1), ("method", "tools/call"), ("params", JsonValue.Object(
            ("name", tool), ("arguments", StrictJson.Parse(arguments)), ("_meta", JsonValue.Object(("interlock/idempotencyKey", key))))));
        var (status, answer, _) = await web.ApiAsync("POST", "/mcp", token, body.ToString(), "application/json", ("Accept", "application/json, text/event-stream"));
        Assert.Equal(HttpStatusCode.OK, status);
        return answer.ToString();
    }
}
