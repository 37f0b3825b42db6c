using System.Net;
using System.Net.Sockets;
using System.Text;
using Interlock.Core.Gateway;
using Interlock.Json;
using Microsoft.AspNetCore.Http;

namespace Interlock.Tests.Upstreams;

public sealed class McpUpstreamTests
{
    private const string Done = """{"resultType":"complete","content":[{"type":"text","text":"done"}]}""";

    [Theory]
    [InlineData("""{"a":1e+21,"b":0.1,"c":"é€😀\u0001<>&'+","d":[-1.5e-9,100000000000000000000],"e":{"z":null,"ä":true}}""")]
    [InlineData("{}")]
    public async Task Invoke_Arguments_ArriveByteForByte(string arguments)
    {
        await using var server = await McpStub.NewestAsync((context, request) => McpStub.ResultAsync(context, request, Done));
        await using var upstream = new UpstreamFixture();

        Assert.IsType<UpstreamResult.Completed>(await upstream.CallAsync(server.Address, arguments));

        var call = server.Requests.Single(request => request.Method == "tools/call");
        Assert.Contains($"\"arguments\":{arguments},", Encoding.UTF8.GetString(call.Body), StringComparison.Ordinal);
        Assert.Equal("key-1", call.Json!["params"]!["_meta"]!["interlock/idempotencyKey"]!.AsString());
        Assert.Matches("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{12}Z$", call.Json!["params"]!["_meta"]!["interlock/deadline"]!.AsString());
        Assert.StartsWith("00-0af7651916cd", call.Json!["params"]!["_meta"]!["traceparent"]!.AsString(), StringComparison.Ordinal);
        Assert.Equal("2026-07-28", call.Headers["MCP-Protocol-Version"]);
        Assert.Equal("t", call.Headers["Mcp-Name"]);
    }

    [Theory]
    [InlineData("""{"structuredContent":{"n":1},"content":[{"type":"text","text":"x"}]}""", """{"n":1}""", false)]
    [InlineData("""{"content":[{"type":"text","text":"{\"n\":1}"}]}""", "\"{\\\"n\\\":1}\"", false)]
    [InlineData("""{"content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}""", """[{"type":"text","text":"a"},{"type":"text","text":"b"}]""", false)]
    [InlineData("""{"content":[],"isError":false}""", "[]", false)]
    [InlineData("""{"content":[{"type":"text","text":"no"}],"isError":true}""", "\"no\"", true)]
    public async Task Invoke_Result_IsItsOutput(string result, string output, bool isError)
    {
        await using var server = await McpStub.NewestAsync((context, request) => McpStub.ResultAsync(context, request, result));
        await using var upstream = new UpstreamFixture();

        var completed = Assert.IsType<UpstreamResult.Completed>(await upstream.CallAsync(server.Address));

        Assert.Equal(output, completed.Output.ToString());
        Assert.Equal(isError, completed.IsError);
    }

    [Theory]
    [InlineData("""{"content":[{"type":"text","text":"a","annotations":{"audience":["user"]}},{"type":"image","data":"AA==","mimeType":"image/png"},{"type":"audio","data":"AA==","mimeType":"audio/wav"},{"type":"resource_link","uri":"x:1","name":"n"},{"type":"resource","resource":{"uri":"x:1","text":"t"}},{"type":"of tomorrow"}],"structuredContent":{"n":1},"_meta":{"a":1}}""")]
    [InlineData("""{"content":[],"isError":true}""")]
    public async Task Invoke_Result_IsRelayedWhole(string result)
    {
        var hop = StrictJson.Parse(result).With("resultType", "complete");
        hop = hop.With("_meta", (hop["_meta"] ?? JsonValue.EmptyObject).With("io.modelcontextprotocol/serverInfo", "secret").With("io.modelcontextprotocol/related-task", JsonValue.EmptyObject));
        await using var server = await McpStub.NewestAsync((context, request) => McpStub.ResultAsync(context, request, hop.ToString()));
        await using var upstream = new UpstreamFixture();

        var completed = Assert.IsType<UpstreamResult.Completed>(await upstream.CallAsync(server.Address));

        Assert.Equal(result, completed.Result?.ToString());
    }

    [Theory]
    [InlineData("""{"content":{"type":"text","text":"a"}}""")]
    [InlineData("""{"content":"a"}""")]
    [InlineData("""{"content":[{"text":"a"}]}""")]
    [InlineData("""{"content":["a"]}""")]
    [InlineData("""{"content":[{"type":"text"}]}""")]
    [InlineData("""{"content":[{"type":"image","data":7,"mimeType":"x/y"}]}""")]
    [InlineData("""{"content":[{"type":"resource","resource":{"uri":"x:1"}}]}""")]
    [InlineData("""{"content":[{"type":"resource"}]}""")]
    [InlineData("""{"content":[],"isError":"no"}""")]
    [InlineData("""{"structuredContent":{"n":1},"content":7}""")]
    [InlineData("[]")]
    [InlineData("7")]
    public async Task Invoke_ResultThatNoClientCouldRead_IsUnknown(string result)
    {
        await using var server = await McpStub.NewestAsync((context, request) => McpStub.ResultAsync(context, request, result));
        await using var upstream = new UpstreamFixture();

        Assert.Equal("The upstream's answer makes no sense", Assert.IsType<UpstreamResult.Unknown>(await upstream.CallAsync(server.Address)).Problem.Title);
    }

    [Fact]
    public async Task Invoke_AnswerOnAnEventStreamAfterOtherMessages_IsFound()
    {
        await using var server = await McpStub.NewestAsync(async (context, request) =>
        {
            context.Response.ContentType = "text/event-stream";
            await context.Response.WriteAsync("id: 1\ndata:\n\n: comment\n\n");
            await context.Response.WriteAsync("""data: {"jsonrpc":"2.0","method":"notifications/progress","params":{"progress":1}}""" + "\n\n");
            await context.Response.WriteAsync("""data: {"jsonrpc":"2.0","id":"other","result":{"content":[]}}""" + "\n\n");
            await context.Response.WriteAsync($$"""data: {"jsonrpc":"2.0","id":{{request.Json!["id"]}},"result":{{Done}}}""" + "\n\n");
        });
        await using var upstream = new UpstreamFixture();

        Assert.Equal("done", Assert.IsType<UpstreamResult.Completed>(await upstream.CallAsync(server.Address)).Output.AsString());
    }

    [Fact]
    public async Task Invoke_ConnectionRefused_IsNotSent()
    {
        using var taken = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        taken.Bind(new IPEndPoint(IPAddress.Loopback, 0)); // bound, not listening: refused, and nobody else gets the port
        await using var upstream = new UpstreamFixture();

        Assert.IsType<UpstreamResult.NotSent>(await upstream.CallAsync(new Uri($"http://127.0.0.1:{((IPEndPoint)taken.LocalEndPoint!).Port}/mcp")));
    }

    [Fact]
    public async Task Invoke_ServerStopsBetweenCalls_SecondIsNotSent()
    {
        var server = await McpStub.NewestAsync((context, request) => McpStub.ResultAsync(context, request, Done));
        await using var upstream = new UpstreamFixture();
        var address = server.Address;
        Assert.IsType<UpstreamResult.Completed>(await upstream.CallAsync(address));
        await server.DisposeAsync();

        Assert.IsType<UpstreamResult.NotSent>(await upstream.CallAsync(address));
    }

    [Fact]
    public async Task Invoke_NameDoesNotResolve_IsNotSent()
    {
        await using var upstream = new UpstreamFixture();

        Assert.IsType<UpstreamResult.NotSent>(await upstream.CallAsync(new Uri("http://nowhere.invalid/mcp")));
    }

    [Fact]
    public async Task Invoke_TlsFails_IsNotSent()
    {
        await using var server = await McpStub.NewestAsync((context, request) => McpStub.ResultAsync(context, request, Done));
        await using var upstream = new UpstreamFixture();

        Assert.IsType<UpstreamResult.NotSent>(await upstream.CallAsync(new Uri(server.Address.AbsoluteUri.Replace("http:", "https:", StringComparison.Ordinal))));
        Assert.Empty(server.Requests);
    }

    [Fact]
    public async Task Invoke_HandshakeAnswersGarbage_IsNotSent()
    {
        await using var server = await StubServer.StartAsync((context, _) => McpStub.JsonAsync(context, "<html>"));
        await using var upstream = new UpstreamFixture();

        Assert.IsType<UpstreamResult.NotSent>(await upstream.CallAsync(server.Address));
        Assert.DoesNotContain(server.Requests, request => request.Method == "tools/call");
    }

    public static TheoryData<string> Doubtful => ["close", "half", "garbage", "duplicates", "other id", "empty", "500", "503 json", "503 later", "408", "409", "internal error", "server error", "303", "no content", "stream ends", "too large"];

    [Theory]
    [MemberData(nameof(Doubtful))]
    public async Task Invoke_AnswerLeavesItOpen_IsUnknownAndSentOnce(string how)
    {
        await using var server = await McpStub.NewestAsync((context, request) => DoubtAsync(how, context, request));
        await using var upstream = new UpstreamFixture();

        Assert.IsType<UpstreamResult.Unknown>(await upstream.CallAsync(server.Address));
        Assert.Single(server.Requests, request => request.Method == "tools/call");
    }

    public static TheoryData<string> Refusals => ["invalid params", "method not found", "400", "401", "403", "404", "429", "400 with a server error", "307", "308", "input_required"];

    [Theory]
    [MemberData(nameof(Refusals))]
    public async Task Invoke_ServerSaysItDidNot_IsRejectedAndSentOnce(string how)
    {
        await using var server = await McpStub.NewestAsync((context, request) => RefuseAsync(how, context, request));
        await using var upstream = new UpstreamFixture();

        Assert.IsType<UpstreamResult.Rejected>(await upstream.CallAsync(server.Address));
        Assert.Single(server.Requests, request => request.Method == "tools/call");
        Assert.DoesNotContain(server.Requests, request => request.Path == "/elsewhere");
    }

    [Fact]
    public async Task Invoke_DeadlinePasses_IsUnknownAndTheServerIsTold()
    {
        var told = new TaskCompletionSource<string?>();
        await using var server = await StubServer.StartAsync(async (context, request) =>
        {
            switch (request.Method)
            {
                case "initialize":
                    context.Response.Headers["Mcp-Session-Id"] = "s1";
                    await McpStub.ResultAsync(context, request, """{"protocolVersion":"2025-06-18","capabilities":{},"serverInfo":{"name":"stub","version":"1"}}""");
                    break;
                case "tools/call":
                    await told.Task.WaitAsync(context.RequestAborted); // never answers before it is told
                    break;
                case "notifications/cancelled":
                    told.TrySetResult(request.Json!["params"]!["requestId"]!.StringOrNull());
                    context.Response.StatusCode = 202;
                    break;
                case "server/discover":
                    await McpStub.ErrorAsync(context, request, -32601, "no such method");
                    break;
                default:
                    context.Response.StatusCode = 202;
                    break;
            }
        });
        await using var upstream = new UpstreamFixture();

        var unknown = Assert.IsType<UpstreamResult.Unknown>(await upstream.CallAsync(server.Address, time: TimeSpan.FromSeconds(1)));

        Assert.Equal(408, unknown.Problem.Status);
        Assert.Equal(server.Requests.Single(request => request.Method == "tools/call").Json!["id"]!.AsString(), await told.Task.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Invoke_DeadlineAlreadyPast_IsNotSent()
    {
        await using var server = await McpStub.NewestAsync((context, request) => McpStub.ResultAsync(context, request, Done));
        await using var upstream = new UpstreamFixture();

        Assert.IsType<UpstreamResult.NotSent>(await upstream.CallAsync(server.Address, time: TimeSpan.FromSeconds(-1)));
        Assert.Empty(server.Requests);
    }

    [Fact]
    public async Task Invoke_CallerCancels_IsUnknownCancelled()
    {
        using var cancel = new CancellationTokenSource();
        await using var server = await McpStub.NewestAsync(async (context, _) =>
        {
            await cancel.CancelAsync();
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        });
        await using var upstream = new UpstreamFixture();

        var result = await upstream.Mcp.InvokeAsync(UpstreamFixture.Call(server.Address), cancel.Token);

        Assert.Equal(Interlock.Core.ProblemTypes.Cancelled, Assert.IsType<UpstreamResult.Unknown>(result).Problem.Type);
    }

    [Fact]
    public async Task Invoke_SessionLost_ReconnectsAndCallsOnce()
    {
        var done = 0;
        await using var server = await McpStub.SessionsAsync((context, request) =>
        {
            if (request.Headers["Mcp-Session-Id"] == "s1" && Volatile.Read(ref done) > 0)
            {
                context.Response.StatusCode = 404;
                return Task.CompletedTask;
            }
            Interlocked.Increment(ref done);
            return McpStub.ResultAsync(context, request, """{"content":[{"type":"text","text":"done"}]}""");
        });
        await using var upstream = new UpstreamFixture();

        Assert.IsType<UpstreamResult.Completed>(await upstream.CallAsync(server.Address));
        Assert.IsType<UpstreamResult.Completed>(await upstream.CallAsync(server.Address));

        Assert.Equal(2, done);
        Assert.Equal(["s1", "s1", "s2"], server.Requests.Where(r => r.Method == "tools/call").Select(r => r.Headers["Mcp-Session-Id"]));
        Assert.All(server.Requests.Where(r => r.Method == "tools/call"), r => Assert.Equal("2025-06-18", r.Headers["MCP-Protocol-Version"]));
    }

    [Fact]
    public async Task Invoke_SessionLostForEver_IsRejectedAfterOneRetry()
    {
        await using var server = await McpStub.SessionsAsync((context, _) =>
        {
            context.Response.StatusCode = 404;
            return Task.CompletedTask;
        });
        await using var upstream = new UpstreamFixture();

        Assert.IsType<UpstreamResult.Rejected>(await upstream.CallAsync(server.Address));
        Assert.Equal(2, server.Requests.Count(request => request.Method == "tools/call"));
    }

    [Fact]
    public async Task Invoke_TwoRegistrationsOfOneAddress_ShareNoSession()
    {
        await using var server = await McpStub.SessionsAsync((context, request) => McpStub.ResultAsync(context, request, """{"content":[]}"""));
        await using var upstream = new UpstreamFixture();
        var call = UpstreamFixture.Call(server.Address);
        var other = call with { Endpoint = call.Endpoint with { RegistrationId = "other/server/1" } };

        foreach (var one in new[] { call, other, call })
            Assert.IsType<UpstreamResult.Completed>(await upstream.Mcp.InvokeAsync(one, TestContext.Current.CancellationToken));

        Assert.Equal(["s1", "s2", "s1"], server.Requests.Where(r => r.Method == "tools/call").Select(r => r.Headers["Mcp-Session-Id"]));
    }

    [Fact]
    public async Task Invoke_ToolWantsParameterHeaders_ListsAndSendsThem()
    {
        const string tools = """[{"name":"t","inputSchema":{"type":"object","properties":{"region":{"type":"string","x-mcp-header":"Region"},"o":{"type":"object","properties":{"n":{"type":"integer","x-mcp-header":"N"}}}}}}]""";
        await using var server = await McpStub.NewestAsync(
            (context, request) => request.Headers.ContainsKey("Mcp-Param-Region")
                ? McpStub.ResultAsync(context, request, Done)
                : McpStub.ErrorAsync(context, request, -32020, "header missing", 400),
            tools);
        await using var upstream = new UpstreamFixture();

        Assert.IsType<UpstreamResult.Completed>(await upstream.CallAsync(server.Address, """{"o":{"n":42},"region":"wést"}"""));

        var sent = server.Requests.Last(request => request.Method == "tools/call");
        Assert.Equal("42", sent.Headers["Mcp-Param-N"]);
        Assert.Equal("=?base64?" + Convert.ToBase64String(Encoding.UTF8.GetBytes("wést")) + "?=", sent.Headers["Mcp-Param-Region"]);
    }

    [Fact]
    public async Task Discover_Tools_AreContractsWhoseDigestCoversInstructions()
    {
        const string tool = """{"name":"t","title":"T","description":"d","inputSchema":{"type":"object"},"outputSchema":{"type":"object"},"annotations":{"readOnlyHint":true},"_meta":{"x":1}}""";
        await using var server = await McpStub.NewestAsync((context, request) => McpStub.ResultAsync(context, request, Done), $"[{tool}]");
        await using var upstream = new UpstreamFixture();

        var found = await upstream.Mcp.DiscoverAsync(UpstreamFixture.Call(server.Address).Endpoint, TestContext.Current.CancellationToken);

        Assert.Null(found.Failure);
        var contract = Assert.Single(found.Tools);
        Assert.Equal(("t", "T", "d"), (contract.Name, contract.Title, contract.Description));
        Assert.Equal(StrictJson.Parse(tool), contract.Raw);
        Assert.Equal("Be careful.", found.ServerInstructions);
        Assert.Equal(ToolContract.Compute(contract.Raw, "Be careful."), contract.Digest);
        Assert.NotEqual(ToolContract.Compute(contract.Raw, null), contract.Digest);
        Assert.NotEqual(ToolContract.Compute(contract.Raw.With("_meta", JsonValue.EmptyObject), "Be careful."), contract.Digest);
    }

    [Theory]
    [InlineData("""[{"name":"t","inputSchema":{"type":"object"}},{"name":"t","inputSchema":{}}]""")]
    [InlineData("""[{"name":"t","name":"u","inputSchema":{}}]""")]
    [InlineData("""[{"name":"t"}]""")]
    [InlineData("7")]
    public async Task Discover_UnusableList_IsAFailure(string tools)
    {
        await using var server = await McpStub.NewestAsync((context, request) => McpStub.ResultAsync(context, request, Done), tools);
        await using var upstream = new UpstreamFixture();

        var found = await upstream.Mcp.DiscoverAsync(UpstreamFixture.Call(server.Address).Endpoint, TestContext.Current.CancellationToken);

        Assert.NotNull(found.Failure);
        Assert.Empty(found.Tools);
    }

    private static async Task DoubtAsync(string how, HttpContext context, StubRequest request)
    {
        switch (how)
        {
            case "close":
                context.Abort();
                break;
            case "half":
                context.Response.ContentLength = 1000;
                context.Response.ContentType = "application/json";
                await context.Response.WriteAsync("{\"jsonrpc\":");
                await context.Response.Body.FlushAsync();
                context.Abort();
                break;
            case "garbage":
                await McpStub.JsonAsync(context, "<html>no</html>");
                break;
            case "duplicates":
                await McpStub.ResultAsync(context, request, """{"content":[],"isError":true,"isError":false}""");
                break;
            case "other id":
                await McpStub.JsonAsync(context, """{"jsonrpc":"2.0","id":"x","result":{"content":[]}}""");
                break;
            case "500":
                context.Response.StatusCode = 500;
                break;
            case "503 later":
                context.Response.StatusCode = 503;
                context.Response.Headers.RetryAfter = "7";
                break;
            case "503 json":
                await McpStub.ErrorAsync(context, request, -32000, "busy", 503);
                break;
            case "408" or "409":
                context.Response.StatusCode = how == "408" ? 408 : 409;
                break;
            case "internal error":
                await McpStub.ErrorAsync(context, request, -32603, "boom");
                break;
            case "server error":
                await McpStub.ErrorAsync(context, request, -32000, "something");
                break;
            case "303":
                context.Response.StatusCode = 303;
                context.Response.Headers.Location = "/elsewhere";
                break;
            case "no content":
                await McpStub.ResultAsync(context, request, "{}");
                break;
            case "stream ends":
                context.Response.ContentType = "text/event-stream";
                await context.Response.WriteAsync(": nothing\n\n");
                break;
            case "too large":
                await McpStub.ResultAsync(context, request, $$"""{"content":[{"type":"text","text":"{{new string('x', 9 * 1024 * 1024)}}"}]}""");
                break;
            default:
                break; // "empty": 200 without a body
        }
    }

    private static async Task RefuseAsync(string how, HttpContext context, StubRequest request)
    {
        switch (how)
        {
            case "invalid params":
                await McpStub.ErrorAsync(context, request, -32602, "bad");
                break;
            case "method not found":
                await McpStub.ErrorAsync(context, request, -32601, "no", 404);
                break;
            case "input_required":
                await McpStub.ResultAsync(context, request, """{"resultType":"input_required","requestState":"abc"}""");
                break;
            case "400 with a server error":
                await McpStub.ErrorAsync(context, request, -32000, "no", 400);
                break;
            default:
                context.Response.StatusCode = int.Parse(how, System.Globalization.CultureInfo.InvariantCulture);
                context.Response.Headers.Location = "/elsewhere";
                break;
        }
    }
}
