using Interlock.Core;
using Interlock.Core.Agents;
using Interlock.Core.Audit;
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
}
