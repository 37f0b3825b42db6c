using Interlock.Core.Gateway;
using Interlock.Http.Upstreams;
using Interlock.Samples.DemoServers;
using Interlock.Tests.Upstreams;
using ModelContextProtocol.Client;

namespace Interlock.Tests.Mcp;

public sealed class DemoServersTests
{
    private const string Apply = """{"action":"rollback_release","service":"checkout","ticketId":"T-1001"}""";

    [Fact]
    public async Task Servers_OfficialClient_SeesFullContractsAndCalls()
    {
        await using var servers = await DemoServers.StartAsync(new(), TestContext.Current.CancellationToken);

        foreach (var (address, names) in new[]
        {
            (servers.Ticketing, "get_ticket"),
            (servers.Remediation, "apply,verify,log,revert"),
            (servers.Chat, "post_message"),
        })
        {
            await using var client = await McpClient.CreateAsync(new HttpClientTransport(new HttpClientTransportOptions { Endpoint = address }), cancellationToken: TestContext.Current.CancellationToken);
            var tools = await client.ListToolsAsync(cancellationToken: TestContext.Current.CancellationToken);
            Assert.Equal(names, string.Join(',', tools.Select(tool => tool.Name)));
            Assert.All(tools, tool =>
            {
                Assert.False(tool.ProtocolTool.InputSchema.GetProperty("additionalProperties").GetBoolean());
                Assert.False(tool.ProtocolTool.OutputSchema!.Value.GetProperty("additionalProperties").GetBoolean());
                Assert.NotNull(tool.ProtocolTool.Annotations);
                Assert.NotNull(tool.Title);
            });
            if (address != servers.Ticketing) continue;
            var ticket = await client.CallToolAsync("get_ticket", new Dictionary<string, object?> { ["ticketId"] = "T-1001" }, cancellationToken: TestContext.Current.CancellationToken);
            Assert.Equal("urgent", ticket.StructuredContent?.GetProperty("priority").GetString());
        }
    }

    [Theory]
    [InlineData(false, 1)]
    [InlineData(true, 2)]
    public async Task Apply_SameKeyTwice_IsAppliedOnceUnlessKeysAreIgnored(bool ignore, int changes)
    {
        await using var servers = await DemoServers.StartAsync(new() { IgnoreIdempotency = ignore }, TestContext.Current.CancellationToken);
        await using var upstream = new UpstreamFixture();

        var first = await CallAsync(upstream, servers.Remediation, "apply", Apply, "k1");
        var second = await CallAsync(upstream, servers.Remediation, "apply", Apply, "k1");

        Assert.Equal("release 411, 3 instances", first.Output["current"]!.AsString());
        Assert.Equal(!ignore, first.Output == second.Output);
        Assert.Equal(changes, servers.State.Changes.Count);
        Assert.Equal(["k1", "k1"], servers.State.Calls.Select(call => call.IdempotencyKey));
        Assert.Equal([false, !ignore], servers.State.Calls.Select(call => call.Repeated));
    }

    [Fact]
    public async Task Apply_OtherKey_IsAppliedAgain()
    {
        await using var servers = await DemoServers.StartAsync(new(), TestContext.Current.CancellationToken);
        await using var upstream = new UpstreamFixture();

        await CallAsync(upstream, servers.Remediation, "apply", Apply, "k1");
        await CallAsync(upstream, servers.Remediation, "apply", Apply, "k2");

        Assert.Equal(2, servers.State.Changes.Count);
    }

    [Fact]
    public async Task Apply_CallerGivesUpMeanwhile_IsAppliedAndARepeatFindsIt()
    {
        await using var servers = await DemoServers.StartAsync(new() { ApplyDelay = TimeSpan.FromSeconds(2) }, TestContext.Current.CancellationToken);
        await using var upstream = new UpstreamFixture();
        var call = Call(servers.Remediation, "apply", Apply, "k1");

        var result = await upstream.Mcp.InvokeAsync(call with { Deadline = DateTimeOffset.UtcNow.AddSeconds(1) }, TestContext.Current.CancellationToken);
        Assert.IsType<UpstreamResult.Unknown>(result);
        var repeat = await CallAsync(upstream, servers.Remediation, "apply", Apply, "k1");

        Assert.Equal(Assert.Single(servers.State.Changes).Id, repeat.Output["changeId"]!.AsString());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Remediation_WholeStory_LeavesItsTraces(bool failVerify)
    {
        await using var servers = await DemoServers.StartAsync(new() { FailVerify = failVerify }, TestContext.Current.CancellationToken);
        await using var upstream = new UpstreamFixture();

        var change = (await CallAsync(upstream, servers.Remediation, "apply", Apply, "1")).Output["changeId"]!.AsString();
        var verified = await CallAsync(upstream, servers.Remediation, "verify", $$"""{"changeId":"{{change}}"}""", "2");
        await CallAsync(upstream, servers.Remediation, "log", $$"""{"changeId":"{{change}}","summary":"s"}""", "3");
        await CallAsync(upstream, servers.Chat, "post_message", """{"channel":"#incidents","text":"done"}""", "4");
        await CallAsync(upstream, servers.Remediation, "revert", $$"""{"changeId":"{{change}}"}""", "5");

        Assert.Equal(failVerify, verified.IsError);
        if (!failVerify) Assert.True(verified.Output["healthy"]!.AsBoolean());
        Assert.Equal("release 412, 3 instances", servers.State.Service("checkout"));
        Assert.True(Assert.Single(servers.State.Changes).Reverted);
        Assert.Single(servers.State.LogEntries);
        Assert.Single(servers.State.Messages);
        Assert.Equal(["apply", "verify", "log", "post_message", "revert"], servers.State.Calls.Select(call => call.Tool));
    }

    [Theory]
    [InlineData("""{"service":"checkout","action":"restart"}""")]
    [InlineData("""{"service":"checkout","action":"explode","ticketId":"T-1"}""")]
    [InlineData("""{"service":1,"action":"restart","ticketId":"T-1"}""")]
    [InlineData("""{"service":"checkout","action":"restart","ticketId":"T-1","force":true}""")]
    public async Task Apply_ArgumentsOutsideTheSchema_AreRejected(string arguments)
    {
        await using var servers = await DemoServers.StartAsync(new(), TestContext.Current.CancellationToken);
        await using var upstream = new UpstreamFixture();

        Assert.IsType<UpstreamResult.Rejected>(await upstream.Mcp.InvokeAsync(Call(servers.Remediation, "apply", arguments, "k"), TestContext.Current.CancellationToken));
        Assert.Empty(servers.State.Changes);
    }

    [Theory]
    [InlineData("T-1001", "checkout", "critical", "rollback_release")]
    [InlineData("T-1002", "search", "high", "scale_out")]
    [InlineData("T-1003", "payments", "high", "restart")]
    [InlineData("T-1004", "unknown", "low", "none")]
    public async Task Classifier_Ticket_GetsTheSameClassEveryTime(string id, string service, string severity, string recommendation)
    {
        await using var servers = await DemoServers.StartAsync(new(), TestContext.Current.CancellationToken);
        await using var upstream = new UpstreamFixture();
        var ticket = (await CallAsync(upstream, servers.Ticketing, "get_ticket", $$"""{"ticketId":"{{id}}"}""", "k")).Output;
        var call = Call(servers.Classifier, A2aUpstream.ToolName, ticket.ToString(), "k");

        var result = await upstream.A2a.InvokeAsync(call, TestContext.Current.CancellationToken);

        var output = Assert.IsType<UpstreamResult.Completed>(result).Output;
        Assert.Equal((service, severity, recommendation), (output["service"]!.AsString(), output["severity"]!.AsString(), output["recommendation"]!.AsString()));
        Assert.True(output["confidence"]!.IsNumber && output["reason"]!.IsString);
    }

    [Fact]
    public async Task Discover_ThroughTheRouter_FindsToolsAndAgent()
    {
        await using var servers = await DemoServers.StartAsync(new(), TestContext.Current.CancellationToken);
        await using var upstream = new UpstreamFixture();
        var router = new UpstreamRouter(upstream.Mcp, upstream.A2a, upstream.Http, upstream.Chat);

        var tools = await router.DiscoverAsync(new(UpstreamKind.Mcp, "r", servers.Remediation), TestContext.Current.CancellationToken);
        var agent = await router.DiscoverAsync(new(UpstreamKind.A2a, "c", servers.Classifier), TestContext.Current.CancellationToken);

        Assert.Equal(["apply", "verify", "log", "revert"], tools.Tools.Select(tool => tool.Name));
        Assert.Null(agent.Failure);
        Assert.Equal("ticket-classifier", Assert.Single(agent.Tools).Title);
    }

    private static UpstreamCall Call(Uri address, string tool, string arguments, string key) =>
        UpstreamFixture.Call(address, arguments, tool, tool == A2aUpstream.ToolName ? UpstreamKind.A2a : UpstreamKind.Mcp, key: key);

    private static async Task<UpstreamResult.Completed> CallAsync(UpstreamFixture upstream, Uri address, string tool, string arguments, string key) =>
        Assert.IsType<UpstreamResult.Completed>(await upstream.Mcp.InvokeAsync(Call(address, tool, arguments, key), TestContext.Current.CancellationToken));
}
