using Interlock.Core.Gateway;
using Interlock.Json;

namespace Interlock.Tests.Upstreams;

public sealed class McpTaskTests
{
    private const string Done = """{"content":[{"type":"text","text":"done"}],"_meta":{"io.modelcontextprotocol/related-task":{"taskId":"t1"}}}""";
    private const string Question = """{"taskId":"t1","status":"input_required","inputRequests":{"q":{"method":"elicitation/create","params":{"message":"m","requestedSchema":{"type":"object"}}}}}""";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Invoke_ResultIsATask_IsHandedWhateverItsState()
    {
        await using var server = await McpStub.NewestAsync((context, request) => McpStub.ResultAsync(context, request, """{"resultType":"task","taskId":"t1","status":"working","pollIntervalMs":2500}"""));
        await using var upstream = new UpstreamFixture();

        Assert.Equal(new UpstreamResult.Handed("t1", TimeSpan.FromSeconds(2.5)), await upstream.CallAsync(server.Address));
    }

    [Theory]
    [InlineData("""{"resultType":"task"}""")]
    [InlineData("""{"resultType":"task","taskId":7}""")]
    [InlineData("""{"resultType":"task","taskId":""}""")]
    public async Task Invoke_TaskWithoutAnId_IsUnknown(string result)
    {
        await using var server = await McpStub.NewestAsync((context, request) => McpStub.ResultAsync(context, request, result));
        await using var upstream = new UpstreamFixture();

        Assert.IsType<UpstreamResult.Unknown>(await upstream.CallAsync(server.Address));
    }

    [Theory]
    [InlineData("""{"taskId":"t1","status":"working","pollIntervalMs":100}""", typeof(UpstreamResult.Handed), "tasks/get")]
    [InlineData($$"""{"taskId":"t1","status":"completed","result":{{Done}}}""", typeof(UpstreamResult.Completed), "tasks/get")]
    [InlineData("""{"taskId":"t1","status":"failed","error":{"code":-32603,"message":"boom"}}""", typeof(UpstreamResult.Completed), "tasks/get")]
    [InlineData("""{"taskId":"t1","status":"cancelled"}""", typeof(UpstreamResult.Completed), "tasks/get")]
    [InlineData(Question, typeof(UpstreamResult.InputRequired), "tasks/get")]
    [InlineData("""{"taskId":"t1","status":"input_required"}""", typeof(UpstreamResult.Rejected), "tasks/get tasks/cancel")]
    [InlineData("""{"taskId":"t1","status":"dreaming"}""", typeof(UpstreamResult.Unknown), "tasks/get")]
    public async Task Invoke_ATask_IsAskedAfterOnceAndNeverCalled(string state, Type expected, string sent)
    {
        await using var server = await TasksAsync(state);
        await using var upstream = new UpstreamFixture();

        Assert.IsType(expected, await upstream.Mcp.InvokeAsync(UpstreamFixture.Call(server.Address) with { Task = "t1", Link = new CallerLink { Capabilities = StrictJson.Parse("""{"elicitation":{}}""") } }, Token));

        Assert.Equal(sent, Sent(server));
        Assert.All(server.Requests.Where(request => request.Method!.StartsWith("tasks/", StringComparison.Ordinal)), request => Assert.Equal("t1", request.Json!["params"]!["taskId"]!.AsString()));
    }

    [Theory]
    [InlineData("""{"taskId":"t1","status":"working"}""", typeof(UpstreamResult.Handed), "tasks/get tasks/cancel")]
    [InlineData($$"""{"taskId":"t1","status":"completed","result":{{Done}}}""", typeof(UpstreamResult.Completed), "tasks/get")]
    public async Task Invoke_TaskToBeStopped_IsCancelledUnlessItEnded(string state, Type expected, string sent)
    {
        await using var server = await TasksAsync(state);
        await using var upstream = new UpstreamFixture();

        Assert.IsType(expected, await upstream.Mcp.InvokeAsync(UpstreamFixture.Call(server.Address) with { Task = "t1", Stop = true }, Token));
        Assert.Equal(sent, Sent(server));
    }

    [Fact]
    public async Task Invoke_AnswersToATask_AreHandedToItFirst()
    {
        await using var server = await TasksAsync("""{"taskId":"t1","status":"working"}""");
        await using var upstream = new UpstreamFixture();
        var link = new CallerLink { Capabilities = StrictJson.Parse("""{"elicitation":{}}"""), Answers = new InputAnswers(StrictJson.Parse("""{"q":{"action":"decline"}}"""), null) };

        Assert.IsType<UpstreamResult.Handed>(await upstream.Mcp.InvokeAsync(UpstreamFixture.Call(server.Address) with { Task = "t1", Link = link }, Token));

        Assert.Equal("tasks/update tasks/get", Sent(server));
        Assert.Equal("""{"q":{"action":"decline"}}""", server.Requests.Single(request => request.Method == "tasks/update").Json!["params"]!["inputResponses"]!.ToString());
    }

    [Fact]
    public async Task Invoke_ToolOf2025ThatIsCalledAsATaskOnly_IsCalledSo()
    {
        await using var server = await McpStub.SessionsAsync((context, request) => request.Method switch
        {
            "tools/call" when request.Json!["params"]!["task"] is null => McpStub.ErrorAsync(context, request, -32601, "requires task augmentation"),
            "tools/call" => McpStub.ResultAsync(context, request, """{"task":{"taskId":"t1","status":"working","ttl":60000,"pollInterval":50}}"""),
            "tasks/get" => McpStub.ResultAsync(context, request, """{"taskId":"t1","status":"completed"}"""),
            _ => McpStub.ResultAsync(context, request, Done),
        }, revision: "2025-11-25");
        await using var upstream = new UpstreamFixture();

        Assert.Equal(new UpstreamResult.Handed("t1", TimeSpan.FromMilliseconds(50)), await upstream.Mcp.InvokeAsync(UpstreamFixture.Call(server.Address) with { AsTask = true }, Token));
        var done = Assert.IsType<UpstreamResult.Completed>(await upstream.Mcp.InvokeAsync(UpstreamFixture.Call(server.Address) with { Task = "t1" }, Token));

        Assert.Equal(("\"done\"", """{"content":[{"type":"text","text":"done"}]}"""), (done.Output.ToString(), done.Result?.ToString()));
        Assert.Equal(["tools/call", "tasks/get", "tasks/result"], server.Requests.Select(request => request.Method).Where(method => method!.StartsWith('t')));
    }

    [Fact]
    public async Task Invoke_ThatFailed_IsNotCalledAgainAsATask()
    {
        await using var server = await McpStub.SessionsAsync((context, request) => request.Method == "tools/list"
            ? McpStub.ResultAsync(context, request, """{"tools":[{"name":"t","inputSchema":{"type":"object"},"execution":{"taskSupport":"required"}}]}""")
            : McpStub.ResultAsync(context, request, """{"content":[{"type":"text","text":"half of it was done"}],"isError":true}"""), revision: "2025-11-25");
        await using var upstream = new UpstreamFixture();

        Assert.True(Assert.IsType<UpstreamResult.Completed>(await upstream.CallAsync(server.Address)).IsError);
        Assert.Single(server.Requests, request => request.Method == "tools/call");
    }

    [Fact]
    public async Task Invoke_UnknownToolOf2025_IsRejectedAndNotCalledAgain()
    {
        await using var server = await McpStub.SessionsAsync((context, request) => request.Method == "tools/list"
            ? McpStub.ResultAsync(context, request, """{"tools":[{"name":"t","inputSchema":{"type":"object"}}]}""")
            : McpStub.ErrorAsync(context, request, -32601, "no"));
        await using var upstream = new UpstreamFixture();

        Assert.IsType<UpstreamResult.Rejected>(await upstream.CallAsync(server.Address));
        Assert.Single(server.Requests, request => request.Method == "tools/call");
    }

    private static Task<StubServer> TasksAsync(string state) => McpStub.NewestAsync((context, request) => McpStub.ResultAsync(context, request, request.Method == "tasks/get" ? state : """{"resultType":"complete"}"""));

    private static string Sent(StubServer server) => string.Join(' ', server.Requests.Select(request => request.Method).Where(method => method is not ("server/discover" or null)));
}
