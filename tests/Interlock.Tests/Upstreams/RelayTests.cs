using System.Collections.Concurrent;
using Interlock.Core.Gateway;
using Interlock.Json;
using Microsoft.AspNetCore.Http;

namespace Interlock.Tests.Upstreams;

public sealed class RelayTests
{
    private const string Done = """{"resultType":"complete","content":[{"type":"text","text":"done"}]}""";
    private const string Form = """{"method":"elicitation/create","params":{"mode":"form","message":"Sure?","requestedSchema":{"type":"object","properties":{}}}}""";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Invoke_Progress_ArrivesInOrderToTheLastAndWithoutToken()
    {
        await using var server = await McpStub.NewestAsync(async (context, request) =>
        {
            context.Response.ContentType = "text/event-stream";
            var token = request.Json!["params"]!["_meta"]!["progressToken"]!;
            for (var i = 1; i <= 50; i++) await SayAsync(context, $$$"""{"progressToken":{{{token}}},"progress":{{{i}}},"total":50,"message":"m","_meta":{"io.modelcontextprotocol/x":1,"y":2}}""");
            await SayAsync(context, """{"progressToken":"another","progress":99}""");
            await SayAsync(context, $$"""{"progressToken":{{token}},"progress":"no number"}""");
            await context.Response.WriteAsync($$"""data: {"jsonrpc":"2.0","id":{{request.Json!["id"]}},"result":{{Done}}}""" + "\n\n");
        });
        await using var upstream = new UpstreamFixture();
        var heard = new ConcurrentQueue<JsonValue>();

        Assert.IsType<UpstreamResult.Completed>(await upstream.Mcp.InvokeAsync(UpstreamFixture.Call(server.Address) with { Link = new CallerLink { Progress = heard.Enqueue } }, Token));

        Assert.Equal(Enumerable.Range(1, 50).Select(i => $$$"""{"progress":{{{i}}},"total":50,"message":"m","_meta":{"y":2}}"""), heard.Select(said => said.ToString()));
    }

    [Fact]
    public async Task Invoke_NobodyAskedForProgress_NoTokenIsSent()
    {
        await using var server = await McpStub.NewestAsync((context, request) => McpStub.ResultAsync(context, request, Done));
        await using var upstream = new UpstreamFixture();

        await upstream.Mcp.InvokeAsync(UpstreamFixture.Call(server.Address) with { Link = new CallerLink() }, Token);

        Assert.Null(server.Requests.Single(request => request.Method == "tools/call").Json!["params"]!["_meta"]!["progressToken"]);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Invoke_CallerCancels_TheServerIsTold(bool session)
    {
        using var caller = new CancellationTokenSource();
        Task HangAsync(HttpContext context, StubRequest request)
        {
            caller.Cancel();
            return Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
        }
        await using var server = session ? await McpStub.SessionsAsync(HangAsync) : await McpStub.NewestAsync(HangAsync);
        await using var upstream = new UpstreamFixture();

        var unknown = Assert.IsType<UpstreamResult.Unknown>(await upstream.Mcp.InvokeAsync(UpstreamFixture.Call(server.Address), caller.Token));

        Assert.Equal(499, unknown.Problem.Status);
        var told = Assert.Single(server.Requests, request => request.Method == "notifications/cancelled");
        Assert.Equal(server.Requests.Single(request => request.Method == "tools/call").Json!["id"], told.Json!["params"]!["requestId"]);
    }

    [Theory]
    [InlineData(null, "{}")]
    [InlineData("""{"sampling":{},"roots":{"listChanged":true},"extensions":{"x":{}}}""", """{"sampling":{},"roots":{"listChanged":true}}""")]
    [InlineData("""{"experimental":{},"elicitation":{"form":{},"url":{}}}""", """{"elicitation":{"form":{},"url":{}}}""")]
    [InlineData("""{"elicitation":{}}""", """{"elicitation":{}}""")]
    [InlineData("""{"elicitation":true}""", "{}")]
    public async Task Invoke_CallersCapabilities_OnlyWhatItCanBeAskedForIsDeclared(string? capabilities, string declared)
    {
        await using var server = await McpStub.NewestAsync((context, request) => McpStub.ResultAsync(context, request, Done));
        await using var upstream = new UpstreamFixture();

        await upstream.Mcp.InvokeAsync(Asking(server, capabilities), Token);

        var sent = server.Requests.Single(request => request.Method == "tools/call").Json!["params"]!["_meta"]!["io.modelcontextprotocol/clientCapabilities"]!;
        Assert.Equal("""{"io.modelcontextprotocol/tasks":{}}""", sent["extensions"]!.ToString()); // ours to await
        Assert.Equal(declared, sent.Without("extensions").ToString());
    }

    [Fact]
    public async Task Invoke_InputRequired_IsHandedOnAndItsAnswersGoBack()
    {
        const string questions = "{\"q\":" + Form + "}";
        await using var server = await McpStub.NewestAsync((context, request) => McpStub.ResultAsync(context, request, request.Json!["params"]!["requestState"] is null ? $$"""{"resultType":"input_required","inputRequests":{{questions}},"requestState":"s-1"}""" : Done));
        await using var upstream = new UpstreamFixture();

        var asked = Assert.IsType<UpstreamResult.InputRequired>(await upstream.Mcp.InvokeAsync(Asking(server, """{"elicitation":{}}"""), Token));
        Assert.Equal((questions, "s-1"), (asked.Requests?.ToString(), asked.State));
        var again = Asking(server, """{"elicitation":{}}""");
        again = again with { Link = again.Link! with { Answers = new InputAnswers(StrictJson.Parse("""{"q":{"action":"accept","content":{}}}"""), asked.State) } };
        Assert.IsType<UpstreamResult.Completed>(await upstream.Mcp.InvokeAsync(again, Token));

        var retried = server.Requests.Last(request => request.Method == "tools/call").Json!["params"]!;
        Assert.Equal(("""{"q":{"action":"accept","content":{}}}""", "s-1", "t"), (retried["inputResponses"]!.ToString(), retried["requestState"]!.AsString(), retried["name"]!.AsString()));
    }

    [Theory]
    [InlineData(null, Form, "input-required")]
    [InlineData("""{"sampling":{}}""", Form, "input-required")]
    [InlineData("""{"elicitation":{"url":{}}}""", Form, "input-required")]
    [InlineData("""{"elicitation":{},"roots":{}}""", """{"method":"sampling/createMessage","params":{"messages":[]}}""", "input-required")]
    [InlineData("""{"elicitation":{},"roots":true}""", """{"method":"roots/list"}""", "input-required")]
    [InlineData("""{"elicitation":{},"roots":{}}""", """{"method":"roots/list"}""", null)]
    [InlineData("""{"elicitation":{},"roots":{}}""", """{"method":"tools/call","params":{"name":"x"}}""", "input-required")]
    [InlineData("""{"elicitation":{}}""", """{"method":"elicitation/create","params":{"mode":"url","url":"https://login.example/x","message":"m"}}""", "input-required")]
    [InlineData("""{"elicitation":{"form":{},"url":{}}}""", """{"method":"elicitation/create","params":{"mode":"url","url":"https://evil.example/x","message":"m"}}""", "elicitation-origin")]
    [InlineData("""{"elicitation":{"form":{},"url":{}}}""", """{"method":"elicitation/create","params":{"mode":"form","url":"https://evil.example/x","message":"m"}}""", "elicitation-origin")]
    [InlineData("""{"elicitation":{"form":{},"url":{}}}""", """{"method":"elicitation/create","params":{"mode":"url","url":"http://login.example/x","message":"m"}}""", "elicitation-origin")]
    [InlineData("""{"elicitation":{"form":{},"url":{}}}""", """{"method":"elicitation/create","params":{"mode":"url","url":"https://login.example:444/x","message":"m"}}""", "elicitation-origin")]
    [InlineData("""{"elicitation":{"form":{},"url":{}}}""", """{"method":"elicitation/create","params":{"mode":"url","url":"https://login.example@evil.example/x","message":"m"}}""", "elicitation-origin")]
    [InlineData("""{"elicitation":{"form":{},"url":{}}}""", """{"method":"elicitation/create","params":{"mode":"url","url":"https://a@login.example/x","message":"m"}}""", "elicitation-origin")]
    [InlineData("""{"elicitation":{"form":{},"url":{}}}""", """{"method":"elicitation/create","params":{"mode":"url","url":"javascript:alert(1)","message":"m"}}""", "elicitation-origin")]
    [InlineData("""{"elicitation":{"form":{},"url":{}}}""", """{"method":"elicitation/create","params":{"mode":"url","message":"m"}}""", "elicitation-origin")]
    [InlineData("""{"elicitation":{"form":{},"url":{}}}""", """{"method":"elicitation/create","params":{"mode":"url","url":"https://login.example/x","message":"m"}}""", null)]
    public async Task Invoke_InputThatMayNotBeAsked_IsRejected(string? capabilities, string request, string? rule)
    {
        await using var server = await McpStub.NewestAsync((context, call) => McpStub.ResultAsync(context, call, StrictJson.Parse("""{"resultType":"input_required"}""").With("inputRequests", JsonValue.Object(("q", StrictJson.Parse(request)))).ToString()));
        await using var upstream = new UpstreamFixture();

        var result = await upstream.Mcp.InvokeAsync(Asking(server, capabilities), Token);

        if (rule is null) Assert.IsType<UpstreamResult.InputRequired>(result);
        else Assert.Equal(rule, Assert.IsType<UpstreamResult.Rejected>(result).Problem.Rule);
    }

    [Theory]
    [InlineData("""{"resultType":"input_required"}""")]
    [InlineData("""{"resultType":"input_required","inputRequests":[]}""")]
    [InlineData("""{"resultType":"input_required","requestState":7}""")]
    [InlineData("""{"resultType":"tomorrow"}""")]
    public async Task Invoke_UnreadableQuestion_IsUnknown(string result)
    {
        await using var server = await McpStub.NewestAsync((context, call) => McpStub.ResultAsync(context, call, result));
        await using var upstream = new UpstreamFixture();

        Assert.IsType<UpstreamResult.Unknown>(await upstream.Mcp.InvokeAsync(Asking(server, """{"elicitation":{}}"""), Token));
    }

    [Theory]
    [InlineData("ping", "result")]
    [InlineData("elicitation/create", "error")]
    [InlineData("sampling/createMessage", "error")]
    [InlineData("roots/list", "error")]
    public async Task Invoke_ServersOwnRequest_IsAnsweredByUsAndNobodyElse(string method, string answer)
    {
        var answered = new TaskCompletionSource<StubRequest>();
        await using var server = await McpStub.SessionsAsync(async (context, request) =>
        {
            context.Response.ContentType = "text/event-stream";
            await context.Response.WriteAsync("data: {\"jsonrpc\":\"2.0\",\"id\":\"theirs-1\",\"method\":\"" + method + "\"}\n\n");
            await context.Response.Body.FlushAsync();
            await answered.Task;
            await context.Response.WriteAsync($$"""data: {"jsonrpc":"2.0","id":{{request.Json!["id"]}},"result":{{Done}}}""" + "\n\n");
        }, request => answered.TrySetResult(request));
        await using var upstream = new UpstreamFixture();

        Assert.IsType<UpstreamResult.Completed>(await upstream.Mcp.InvokeAsync(Asking(server, """{"elicitation":{},"sampling":{},"roots":{}}"""), Token));

        var said = (await answered.Task).Json!;
        Assert.Equal("theirs-1", said["id"]!.AsString());
        Assert.NotNull(said[answer]);
    }

    private static UpstreamCall Asking(StubServer server, string? capabilities)
    {
        var call = UpstreamFixture.Call(server.Address);
        return call with { Endpoint = call.Endpoint with { ElicitationOrigins = ["https://login.example"] }, Link = new CallerLink { Capabilities = capabilities is null ? null : StrictJson.Parse(capabilities) } };
    }

    private static Task SayAsync(HttpContext context, string parameters) =>
        context.Response.WriteAsync($$"""data: {"jsonrpc":"2.0","method":"notifications/progress","params":{{parameters}}}""" + "\n\n");
}
