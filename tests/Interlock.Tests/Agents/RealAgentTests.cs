using Interlock.Core.Agents;
using Interlock.Core.Audit;
using Interlock.Core.Registry;
using Interlock.Core.Runs;
using Interlock.Json;
using Interlock.Tests.Web;

namespace Interlock.Tests.Agents;

/// <summary>An agent built with the published <c>@a2a-js/sdk</c>, unchanged, called by a workflow through the whole gateway and calling back with the published MCP client.</summary>
public sealed class RealAgentTests(AgentWeb site) : IClassFixture<AgentWeb>
{
    [Theory]
    [InlineData("1.0", "")]
    [InlineData("1.0", "stream")]
    [InlineData("1.0", "push")]
    [InlineData("1.0", "stream push")]
    [InlineData("0.3", "")]
    [InlineData("0.3", "stream")]
    public async Task Workflow_CallsAnAgent_WhichCallsBackUnderItsTask(string version, string mode)
    {
        await using var agent = await AgentProcess.StartAsync(version, mode);
        await site.RegisterAsync(agent);
        var text = $"{version} {mode} {Guid.NewGuid():N}";

        var (run, end) = await site.RunAsync(JsonValue.Object(("tool", "stub__echo"), ("args", JsonValue.Object(("text", text)))).ToString());

        Assert.True(end.Status == RunStatus.Completed, end.Error?.ToJson().ToString());
        Assert.Equal(["stub__echo", "stub__slow"], end.Output!["tools"]!.Items.Select(tool => tool.AsString()).Order()); // nothing beyond its pool, and not what it may not use
        Assert.Equal(1, site.Reached(text));
        var records = await site.RecordsAsync(run);
        var own = Assert.Single(records, record => record is { Type: AuditTypes.CallIntent, Target: "helper" });
        var back = Assert.Single(records, record => record is { Type: AuditTypes.CallIntent, Target: "stub/echo" });
        Assert.Equal(["user:nora", "user:dana", "agent:helper"], back.Actors);
        Assert.Equal((own.Frame, own.Task), (back.Frame, back.Task));
        Assert.Contains(records, record => record is { Type: AuditTypes.CallOutcome, Target: "stub/echo", Outcome: "completed" });
        var access = own.Details!["access"]!;
        Assert.Equal(["stub/echo", "stub/slow"], access["pool"]!.Items.Select(tool => tool.AsString()));
        Assert.Equal(["stub/none", "stub/remove"], access["excluded"]!.Items.Select(member => member["target"]!.AsString()).Order());
        var token = (await agent.SawAsync("message"))["token"]!.AsString();
        Assert.DoesNotContain(records, record => record.ToJson().ToString().Contains(token, StringComparison.Ordinal));
        Assert.DoesNotContain(token, RunJson.Serialize(end).ToString(), StringComparison.Ordinal);
        var (status, body, _) = await site.Web.ApiAsync("POST", "/mcp", token, "{}");
        Assert.Equal("frame-not-pending", body["rule"]?.AsString());
    }

    [Theory]
    [InlineData("1.0", "stream")]
    [InlineData("1.0", "push")]
    [InlineData("0.3", "stream")]
    public async Task Workflow_Cancelled_HasTheAgentCancelItsTask(string version, string mode)
    {
        await using var agent = await AgentProcess.StartAsync(version, mode);
        await site.RegisterAsync(agent);

        var run = await site.StartAsync("""{"wait":true}""");
        await agent.SawAsync("message");
        await site.Web.Services.Engine.CancelAsync(WebFixture.Tenant, run, site.Web.Principal("nora"), null, TestContext.Current.CancellationToken);
        await agent.SawAsync("cancel");

        Assert.Equal(RunStatus.Cancelled, (await site.Web.EndAsync(run)).Status);
    }

    /// <summary>The agent is refused, pauses, people decide, and it goes on where it paused.</summary>
    [Theory]
    [InlineData("1.0", "stream", true)]
    [InlineData("0.3", "", true)]
    [InlineData("1.0", "", false)]
    public async Task Workflow_WhoseAgentWantsAGuardedCall_AsksPeopleAndCallsItAgain(string version, string mode, bool approves)
    {
        await using var agent = await AgentProcess.StartAsync(version, mode);
        await site.RegisterAsync(agent);
        var text = $"guarded {version} {approves}";

        var run = await site.StartAsync(JsonValue.Object(("tool", "stub__slow"), ("args", JsonValue.Object(("text", text)))).ToString());
        var gate = await site.Web.GateAsync(run);
        var asked = (await site.Web.Services.Approvals.FindAsync(WebFixture.Tenant, gate, TestContext.Current.CancellationToken))!; // it was opened
        Assert.Equal(0, site.Reached(text));
        Assert.Equal(("stub/slow", "{\"text\":\"" + text + "\"}"), (Assert.Single(asked.Calls).Target.Name, asked.Calls[0].Arguments.ToString()));
        Assert.Equal("helper", asked.Request.ChosenBy?.Agent);
        await site.DecideAsync(gate, approves);
        var end = await site.Web.EndAsync(run);

        Assert.True(end.Status == RunStatus.Completed, end.Error?.ToJson().ToString());
        Assert.Equal(approves ? 1 : 0, site.Reached(text));
        if (!approves) Assert.Equal("""{"decision":"rejected"}""", end.Output!.ToString());
        var records = await site.RecordsAsync(run);
        Assert.Equal(2, records.Count(record => record is { Type: AuditTypes.CallIntent, Target: "helper" }));
        Assert.Equal(approves ? [gate] : [], records.Where(record => record is { Type: AuditTypes.CallIntent, Target: "stub/slow" }).Select(record => record.Gate!.Value));
        var messages = (await agent.SeenAsync()).Where(seen => seen["event"]!.AsString() == "message").ToList();
        Assert.NotEqual(messages[0]["token"], messages[1]["token"]);
        Assert.NotNull(messages[1]["task"]); // the same task goes on
    }

    /// <summary>An agent of a published package, built with the SDK's 0.3 line: nothing of it is ours.</summary>
    [Fact]
    public async Task Workflow_CallsAPublishedAgentOfTheOlderSdk()
    {
        await using var server = await MockAsync("rules: []");
        await site.RegisterAsync(new Uri(server.Address, "/a2a/agents/echo-agent"), AgentSettings.None);

        var (run, end) = await site.RunAsync("{}");

        Assert.True(end.Status == RunStatus.Completed, end.Error?.ToJson().ToString());
        Assert.Equal("\"\"", end.Output!.ToString()); // it echoes text, and there was none
        Assert.Null(Assert.Single(await site.RecordsAsync(run), record => record is { Type: AuditTypes.CallIntent, Target: "helper" }).Details);
    }

    /// <summary>A model behind a published OpenAI-compatible server: its loop is ours, so each call that it wants is a governed one.</summary>
    [Fact]
    public async Task Workflow_CallsAChatAgentOfAPublishedServer()
    {
        var text = $"chat {Guid.NewGuid():N}";
        await using var server = await MockAsync($$"""
            rules:
              - path: "/v1/chat/completions"
                match: "@"
                response:
                  status: 200
                  content: |
                    { "id": "c1", "object": "chat.completion", "model": "{{"{{"}}jmes request body.model{{"}}"}}", "usage": { "prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18 },
                      "choices": [{ "index": 0, "finish_reason": "tool_calls", "message": { "role": "assistant", "content": null, "tool_calls": [
                        { "id": "call_1", "type": "function", "function": { "name": "stub__echo", "arguments": "{\"text\":\"{{text}}\",\"interlock_reason\":\"to see\"}" } }] } }] }
              - path: "/v1/chat/completions"
                match: "body.messages[-1].role == 'tool'"
                response:
                  status: 200
                  content: |
                    { "id": "c2", "object": "chat.completion", "model": "{{"{{"}}jmes request body.model{{"}}"}}", "usage": { "prompt_tokens": 21, "completion_tokens": 3, "total_tokens": 24 },
                      "choices": [{ "index": 0, "finish_reason": "stop", "message": { "role": "assistant", "content": "Done." } }] }
            """);
        await site.RegisterAsync(new Uri(server.Address, "/v1"), new AgentSettings { Protocol = AgentProtocol.Chat, Model = "scripted", Pool = new PoolRequest { Tools = ["stub/echo"] } });

        var (run, end) = await site.RunAsync("""{"do":"echo"}""");

        Assert.True(end.Status == RunStatus.Completed, end.Error?.ToJson().ToString());
        Assert.Contains("Done.", end.Output!.ToString(), StringComparison.Ordinal);
        Assert.Equal(1, site.Reached(text));
        var call = Assert.Single(await site.RecordsAsync(run), record => record is { Type: AuditTypes.CallIntent, Target: "stub/echo" });
        Assert.Equal(["user:nora", "user:dana", "agent:helper"], call.Actors);
    }

    private static async Task<AgentProcess> MockAsync(string rules)
    {
        var file = Path.Combine(Directory.CreateTempSubdirectory("interlock-mock-").FullName, "mock.yaml");
        await File.WriteAllTextAsync(file, rules, TestContext.Current.CancellationToken);
        return await AgentProcess.StartAsync(Path.Combine(Tools.Folder("agents"), "node_modules", "@dwmkerr", "mock-llm", "dist", "main.js"), ["--config", file], ("HOST", "127.0.0.1"));
    }
}
