using System.Text;
using Interlock.Core.Gateway;
using Interlock.Http.Mcp;
using Interlock.Http.Upstreams;
using Interlock.Json;

namespace Interlock.Tests.Upstreams;

public sealed class A2aUpstreamTests
{
    [Fact]
    public void Message_UnderLocks_CarriesTheirNumbers()
    {
        var call = UpstreamFixture.Call(new Uri("https://agent"), kind: UpstreamKind.A2a) with { Locks = [new CallLock(new("e"), "deploy:shop", 1_793_000_000_000), new CallLock(new("f"), "cluster", 7)] };
        var sent = StrictJson.Parse(A2aRequests.Send("1", call, stream: false));
        Assert.Equal("""{"deploy:shop":1793000000000,"cluster":7}""", sent["params"]!["message"]!["metadata"]!["interlock/fence"]!.ToString());
    }

    [Fact]
    public async Task Invoke_Arguments_ArriveByteForByteInADataPart()
    {
        const string arguments = """{"a":1e+21,"b":0.1,"c":"é😀<>"}""";
        await using var agent = await AgentAsync("""{"kind":"message","parts":[{"kind":"data","data":{"ok":true}}]}""");
        await using var upstream = new UpstreamFixture();

        var completed = Assert.IsType<UpstreamResult.Completed>(await CallAsync(upstream, agent, arguments));

        Assert.Equal("""{"ok":true}""", completed.Output.ToString());
        var sent = Assert.Single(agent.Requests);
        Assert.Contains($"\"data\":{arguments}}}", Encoding.UTF8.GetString(sent.Body), StringComparison.Ordinal);
        var message = sent.Json!["params"]!["message"]!;
        Assert.Equal("key-1", message["messageId"]!.AsString());
        Assert.Equal(CallDeadlines.Write(UpstreamFixture.Call(agent.Address).Deadline)[..15], message["metadata"]!["interlock/deadline"]!.AsString()[..15]);
    }

    [Theory]
    [InlineData("""{"kind":"message","parts":[{"kind":"text","text":"a"},{"kind":"text","text":"b"}]}""", "\"a\\nb\"", false)]
    [InlineData("""{"kind":"message","parts":[{"kind":"text","text":"a"},{"kind":"data","data":[1]}]}""", "[1]", false)]
    [InlineData("""{"kind":"task","id":"1","status":{"state":"completed"},"artifacts":[{"parts":[{"kind":"text","text":"x"}]},{"parts":[{"kind":"data","data":{"n":1}}]}]}""", """{"n":1}""", false)]
    [InlineData("""{"kind":"task","id":"1","status":{"state":"failed","message":{"parts":[{"kind":"text","text":"why"}]}}}""", "\"why\"", true)]
    [InlineData("""{"kind":"task","id":"1","contextId":"c","status":{"state":"input-required","message":{"parts":[{"kind":"text","text":"which?"}]}}}""", """{"state":"input-required","taskId":"1","contextId":"c","message":"which?"}""", true)]
    public async Task Invoke_Answer_IsItsOutput(string result, string output, bool isError)
    {
        await using var agent = await AgentAsync(result);
        await using var upstream = new UpstreamFixture();

        var completed = Assert.IsType<UpstreamResult.Completed>(await CallAsync(upstream, agent));

        Assert.Equal(output, completed.Output.ToString());
        Assert.Equal(isError, completed.IsError);
    }

    [Theory]
    [InlineData("""{"kind":"task","id":"1","status":{"state":"rejected"}}""", typeof(UpstreamResult.Rejected))]
    [InlineData("""{"kind":"task","id":"1","status":{"state":"unknown"}}""", typeof(UpstreamResult.Unknown))]
    [InlineData("""{"kind":"message"}""", typeof(UpstreamResult.Unknown))]
    [InlineData("""{"kind":"surprise"}""", typeof(UpstreamResult.Unknown))]
    public async Task Invoke_NoAnswer_SaysHowSureWeAre(string result, Type expected)
    {
        await using var agent = await AgentAsync(result);
        await using var upstream = new UpstreamFixture();

        Assert.IsType(expected, await CallAsync(upstream, agent));
    }

    [Theory]
    [InlineData(-32602, typeof(UpstreamResult.Rejected))]
    [InlineData(-32005, typeof(UpstreamResult.Rejected))]
    [InlineData(-32006, typeof(UpstreamResult.Unknown))]
    [InlineData(-32603, typeof(UpstreamResult.Unknown))]
    public async Task Invoke_JsonRpcError_IsRejectedOrUnknownByItsCode(int code, Type expected)
    {
        await using var agent = await StubServer.StartAsync((context, request) => McpStub.ErrorAsync(context, request, code, "no"));
        await using var upstream = new UpstreamFixture();

        Assert.IsType(expected, await CallAsync(upstream, agent));
    }

    [Fact]
    public async Task Invoke_TaskStillWorking_IsHandedAndAskedAfterOnceEach()
    {
        var polls = 0;
        await using var agent = await StubServer.StartAsync((context, request) => McpStub.ResultAsync(context, request, request.Method == "tasks/get" && Interlocked.Increment(ref polls) > 1
            ? """{"kind":"task","id":"t1","status":{"state":"completed"},"artifacts":[{"parts":[{"kind":"data","data":7}]}]}"""
            : """{"kind":"task","id":"t1","status":{"state":"working"}}"""));
        await using var upstream = new UpstreamFixture();

        var handed = Assert.IsType<UpstreamResult.Handed>(await CallAsync(upstream, agent));
        Assert.Equal("t1", handed.Task);
        Assert.IsType<UpstreamResult.Handed>(await FollowAsync(upstream, agent, handed.Task));
        Assert.Equal("7", Assert.IsType<UpstreamResult.Completed>(await FollowAsync(upstream, agent, handed.Task)).Output.ToString());
        Assert.Equal(["message/send", "tasks/get", "tasks/get"], agent.Requests.Select(request => request.Method));
    }

    [Theory]
    [InlineData("working", "tasks/get tasks/cancel", typeof(UpstreamResult.Handed))]
    [InlineData("completed", "tasks/get", typeof(UpstreamResult.Completed))]
    [InlineData("rejected", "tasks/get", typeof(UpstreamResult.Completed))]
    public async Task Invoke_TaskToBeStopped_IsCancelledUnlessItEnded(string state, string sent, Type expected)
    {
        await using var agent = await AgentAsync($$$"""{"kind":"task","id":"t1","status":{"state":"{{{state}}}"}}""");
        await using var upstream = new UpstreamFixture();

        Assert.IsType(expected, await FollowAsync(upstream, agent, "t1", stop: true));
        Assert.Equal(sent, string.Join(' ', agent.Requests.Select(request => request.Method)));
        Assert.All(agent.Requests, request => Assert.Equal("t1", request.Json!["params"]!["id"]!.AsString()));
    }

    [Fact]
    public async Task Invoke_TaskCannotBeReached_IsNotSent()
    {
        var agent = await AgentAsync("{}");
        var address = agent.Address;
        await agent.DisposeAsync();
        await using var upstream = new UpstreamFixture();

        Assert.IsType<UpstreamResult.NotSent>(await upstream.A2a.InvokeAsync(UpstreamFixture.Call(address, kind: UpstreamKind.A2a) with { Task = "t1" }, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Invoke_ConnectionClosedAfterTheRequest_IsUnknown()
    {
        await using var agent = await StubServer.StartAsync((context, _) =>
        {
            context.Abort();
            return Task.CompletedTask;
        });
        await using var upstream = new UpstreamFixture();

        Assert.IsType<UpstreamResult.Unknown>(await CallAsync(upstream, agent));
        Assert.Single(agent.Requests);
    }

    [Fact]
    public async Task Discover_CardOfAnotherAddress_IsAFailure()
    {
        await using var agent = await StubServer.StartAsync((context, _) =>
            McpStub.JsonAsync(context, """{"name":"a","url":"http://evil.example/"}"""));
        await using var upstream = new UpstreamFixture();

        var found = await upstream.A2a.DiscoverAsync(UpstreamFixture.Call(agent.Address, kind: UpstreamKind.A2a).Endpoint, TestContext.Current.CancellationToken);

        Assert.Contains("evil.example", found.Failure?.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Discover_AddressWithAQuery_IsAskedWithItAndKnownWithout()
    {
        StubServer? self = null;
        await using var agent = await StubServer.StartAsync((context, _) => context.Request.Path == "/a2a/.well-known/agent-card.json"
            ? McpStub.JsonAsync(context, $$"""{"name":"a","url":"{{new Uri(self!.Address, "/a2a")}}"}""")
            : Task.CompletedTask);
        self = agent;
        await using var upstream = new UpstreamFixture();

        var found = await upstream.A2a.DiscoverAsync(UpstreamFixture.Call(new Uri(agent.Address, "/a2a?key=k1"), kind: UpstreamKind.A2a).Endpoint, TestContext.Current.CancellationToken);

        Assert.Null(found.Failure);
        Assert.Equal("?key=k1", Assert.Single(agent.Requests).Query);
    }

    private static Task<UpstreamResult> FollowAsync(UpstreamFixture upstream, StubServer agent, string task, bool stop = false) =>
        upstream.A2a.InvokeAsync(UpstreamFixture.Call(agent.Address, tool: A2aUpstream.ToolName, kind: UpstreamKind.A2a) with { Task = task, Stop = stop }, TestContext.Current.CancellationToken);

    private static Task<StubServer> AgentAsync(string result) =>
        StubServer.StartAsync((context, request) => McpStub.ResultAsync(context, request, result));

    private static Task<UpstreamResult> CallAsync(UpstreamFixture upstream, StubServer agent, string arguments = "{}") =>
        upstream.A2a.InvokeAsync(UpstreamFixture.Call(agent.Address, arguments, A2aUpstream.ToolName, UpstreamKind.A2a), TestContext.Current.CancellationToken);
}
