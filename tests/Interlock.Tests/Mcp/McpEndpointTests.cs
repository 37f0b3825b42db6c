using System.Net;
using System.Text;
using Interlock.Http.Mcp;
using Interlock.Json;
using ModelContextProtocol;

namespace Interlock.Tests.Mcp;

public sealed class McpEndpointTests
{
    private const string List = """{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{}}""";

    public static TheoryData<string?> Revisions => [(string?)null, "2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"];

    [Theory]
    [MemberData(nameof(Revisions))]
    public async Task Handle_OfficialClient_ListsAndCalls(string? revision)
    {
        await using var server = await EndpointFixture.StartAsync();
        await using var client = await server.ConnectAsync(revision);

        var tools = await client.ListToolsAsync(cancellationToken: TestContext.Current.CancellationToken);
        var result = await client.CallToolAsync("echo", new Dictionary<string, object?> { ["x"] = 1.5 }, cancellationToken: TestContext.Current.CancellationToken);

        Assert.Equal(revision ?? "2026-07-28", client.NegotiatedProtocolVersion);
        Assert.Equal(["echo", "slow", "remove"], tools.Select(tool => tool.Name));
        Assert.Equal("""{"x":1.5}""", result.StructuredContent?.GetRawText());
        Assert.Equal(("echo", StrictJson.Parse("""{"x":1.5}""")), Assert.Single(server.Source.Calls));
    }

    [Fact]
    public async Task Handle_SourceRefuses_IsAnErrorResultWithItsMessage()
    {
        await using var server = await EndpointFixture.StartAsync();
        await using var client = await server.ConnectAsync();

        var result = await client.CallToolAsync("refused", cancellationToken: TestContext.Current.CancellationToken);

        Assert.True(result.IsError);
        Assert.Contains("Not now.", Assert.IsType<ModelContextProtocol.Protocol.TextContentBlock>(result.Content[0]).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Handle_UnknownTool_IsAJsonRpcError()
    {
        await using var server = await EndpointFixture.StartAsync();
        await using var client = await server.ConnectAsync();

        var e = await Assert.ThrowsAsync<McpProtocolException>(async () => await client.CallToolAsync("absent", cancellationToken: TestContext.Current.CancellationToken));

        Assert.Equal(McpErrorCode.InvalidParams, e.ErrorCode);
    }

    [Theory]
    [InlineData("GET")]
    [InlineData("DELETE")]
    [InlineData("PUT")]
    public async Task Handle_OtherMethod_Is405(string method)
    {
        await using var server = await EndpointFixture.StartAsync();
        using var request = EndpointFixture.Post(server.Address, List);
        request.Method = new HttpMethod(method);

        Assert.Equal(405, (await server.SendAsync(request)).Status);
    }

    [Theory]
    [InlineData("application/json", 406)]
    [InlineData("text/event-stream", 406)]
    [InlineData("application/json, text/event-stream;q=0", 406)]
    [InlineData("text/html", 406)]
    [InlineData("", 406)]
    [InlineData("*/*", 200)]
    [InlineData("application/*, text/*;q=0.5", 200)]
    [InlineData("application/json;q=0.9, text/event-stream;q=0.1", 200)]
    public async Task Handle_Accept_MatchesWithWildcards(string accept, int status)
    {
        await using var server = await EndpointFixture.StartAsync();
        using var request = EndpointFixture.Post(server.Address, List);
        request.Headers.Accept.Clear();
        if (accept.Length > 0) request.Headers.TryAddWithoutValidation("Accept", accept);

        Assert.Equal(status, (await server.SendAsync(request)).Status);
    }

    [Theory]
    [InlineData("text/plain", 415)]
    [InlineData("application/json-seq", 415)]
    [InlineData("application/x-www-form-urlencoded", 415)]
    [InlineData("application/json; charset=utf-8", 200)]
    [InlineData("APPLICATION/JSON", 200)]
    public async Task Handle_ContentType_IsJson(string type, int status)
    {
        await using var server = await EndpointFixture.StartAsync();
        using var request = EndpointFixture.Post(server.Address, List);
        request.Content!.Headers.Remove("Content-Type");
        request.Content.Headers.TryAddWithoutValidation("Content-Type", type);

        Assert.Equal(status, (await server.SendAsync(request)).Status);
    }

    [Theory]
    [InlineData(false, 0, 200)]
    [InlineData(true, 0, 200)]
    [InlineData(false, 1, 413)]
    [InlineData(true, 1, 413)]
    public async Task Handle_BodyAtTheLimit_IsReadAndOneByteMoreIs413(bool chunked, int more, int status)
    {
        await using var server = await EndpointFixture.StartAsync(new McpEndpointOptions { MaxBodyBytes = List.Length });
        using var request = EndpointFixture.Post(server.Address, List + new string(' ', more));
        request.Headers.TransferEncodingChunked = chunked;

        Assert.Equal(status, (await server.SendAsync(request)).Status);
    }

    [Theory]
    [InlineData("https://evil.example", 403)]
    [InlineData("null", 403)]
    [InlineData("https://ok.example.evil.example", 403)]
    [InlineData("https://ok.example", 200)]
    [InlineData(null, 200)]
    public async Task Handle_Origin_IsCheckedBeforeTheBody(string? origin, int status)
    {
        await using var server = await EndpointFixture.StartAsync(new McpEndpointOptions { AllowedOrigins = ["https://ok.example"] });
        using var request = EndpointFixture.Post(server.Address, status == 403 ? "not json" : List);
        if (origin is not null) request.Headers.TryAddWithoutValidation("Origin", origin);

        Assert.Equal(status, (await server.SendAsync(request)).Status);
    }

    [Theory]
    [InlineData("localhost", 200)]
    [InlineData("evil.example", 403)]
    public async Task Handle_OriginOfItsOwnHost_IsServedWhereHostsAreKnown(string known, int status)
    {
        await using var server = await EndpointFixture.StartAsync(new McpEndpointOptions { AllowedHosts = known == "localhost" ? [known] : [] });
        using var request = EndpointFixture.Post(server.Address, List);
        request.Headers.Host = known;
        request.Headers.TryAddWithoutValidation("Origin", "http://" + known);

        Assert.Equal(status, (await server.SendAsync(request)).Status);
    }

    [Theory]
    [InlineData("evil.example", 403)]
    [InlineData("localhost.evil.example", 403)]
    [InlineData("localhost:99", 200)]
    [InlineData("api.example:99", 403)]
    [InlineData("api.example:88", 200)]
    public async Task Handle_Host_IsCheckedBeforeTheBody(string host, int status)
    {
        await using var server = await EndpointFixture.StartAsync(new McpEndpointOptions { AllowedHosts = ["localhost", "api.example:88"] });
        using var request = EndpointFixture.Post(server.Address, status == 403 ? "not json" : List);
        request.Headers.Host = host;

        Assert.Equal(status, (await server.SendAsync(request)).Status);
    }

    [Theory]
    [InlineData("not json", -32700)]
    [InlineData("", -32700)]
    [InlineData("[]", -32600)]
    [InlineData("[" + List + "]", -32600)]
    [InlineData("""{"jsonrpc":"2.0","id":null,"method":"tools/list"}""", -32600)]
    [InlineData("""{"jsonrpc":"2.0","id":{},"method":"tools/list"}""", -32600)]
    [InlineData("""{"id":1,"method":"tools/list"}""", -32600)]
    [InlineData("""{"jsonrpc":"2.0","id":1}""", -32600)]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":7}""", -32600)]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tools/list","params":[]}""", -32600)]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":[]}}""", -32602)]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{}}""", -32602)]
    public async Task Handle_NotOneMessage_Is400(string body, int code)
    {
        await using var server = await EndpointFixture.StartAsync();

        var (status, answer) = await server.PostAsync(body);

        Assert.Equal(400, status);
        Assert.Equal(code, StrictJson.Parse(answer)["error"]!["code"]!.AsNumber());
    }

    [Theory]
    [InlineData("""{"a":1,"a":2}""", "/params/arguments")]
    [InlineData("""{"a":{"b":1,"\u0062":2}}""", "/params/arguments/a")]
    [InlineData("""{"n":9007199254740993}""", "/params/arguments/n")]
    [InlineData("""{"n":1e400}""", "/params/arguments/n")]
    [InlineData("""{"s":"\ud800"}""", "/params/arguments/s")]
    public async Task Handle_NotIJson_IsRefusedWithRuleAndPlace(string arguments, string pointer)
    {
        await using var server = await EndpointFixture.StartAsync();

        var (status, answer) = await server.PostAsync($$$"""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{{{arguments}}}}}""");

        Assert.Equal(400, status);
        Assert.Equal("not-i-json", StrictJson.Parse(answer)["error"]!["data"]!["rule"]!.AsString());
        Assert.Equal(pointer, StrictJson.Parse(answer)["error"]!["data"]!["pointer"]!.AsString());
        Assert.Empty(server.Source.Calls);
    }

    [Theory]
    [InlineData("""{"name":"echo","NAME":"other","arguments":{}}""")]
    [InlineData("""{"NAME":"other","name":"echo","arguments":{}}""")]
    [InlineData("""{"name":"echo","arguments":{},"ARGUMENTS":{"x":1}}""")]
    [InlineData("""{"name":"echo","Arguments":{"x":1}}""")]
    [InlineData("""{"Name":"echo"}""")]
    public async Task Handle_NamesInOtherCase_AreRefused(string parameters)
    {
        await using var server = await EndpointFixture.StartAsync();

        var (status, answer) = await server.PostAsync($$"""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{parameters}}}""");

        Assert.Equal(400, status);
        Assert.Equal(-32600, StrictJson.Parse(answer)["error"]!["code"]!.AsNumber());
        Assert.Empty(server.Source.Calls);
    }

    [Theory]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tools/list","METHOD":"tools/call","params":{"name":"echo"}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"METHOD":"tools/call","method":"tools/list","params":{"name":"echo"}}""")]
    public async Task Handle_MethodInOtherCase_CallsNothing(string body)
    {
        await using var server = await EndpointFixture.StartAsync();

        Assert.Equal(400, (await server.PostAsync(body)).Status);
        Assert.Empty(server.Source.Calls);
    }

    [Fact]
    public async Task Handle_Arguments_KeepTheirValues()
    {
        await using var server = await EndpointFixture.StartAsync();

        await server.PostAsync("""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"b":1e21,"a":"é","Z":0.10}}}""");

        Assert.Equal("""{"Z":0.1,"a":"é","b":1e+21}""", Encoding.UTF8.GetString(CanonicalJson.Serialize(Assert.Single(server.Source.Calls).Arguments)));
    }

    [Fact]
    public async Task Handle_Notification_Is202()
    {
        await using var server = await EndpointFixture.StartAsync();

        Assert.Equal((202, ""), await server.PostAsync("""{"jsonrpc":"2.0","method":"notifications/initialized"}"""));
    }

    [Theory]
    [InlineData("1999-01-01", "tools/list", null, -32022, 400)]
    [InlineData("2026-07-28", "tools/call", "echo", -32020, 400)] // Mcp-Method names another method
    [InlineData("2026-07-28", "tools/list", null, -32602, 400)] // no version in _meta
    public async Task Handle_RevisionRulesBroken_AreRefused(string version, string methodHeader, string? name, int code, int status)
    {
        await using var server = await EndpointFixture.StartAsync();
        using var request = EndpointFixture.Post(server.Address, List.Replace("{}", methodHeader == "tools/call" ? Meta() : "{}", StringComparison.Ordinal));
        request.Headers.Add("MCP-Protocol-Version", version);
        request.Headers.Add("Mcp-Method", methodHeader);
        if (name is not null) request.Headers.Add("Mcp-Name", name);

        var (actual, answer) = await server.SendAsync(request);

        Assert.Equal(status, actual);
        Assert.Equal(code, StrictJson.Parse(answer)["error"]!["code"]!.AsNumber());
        Assert.Equal(1, StrictJson.Parse(answer)["id"]!.AsNumber());
    }

    [Theory]
    [InlineData(null, -32020)]
    [InlineData("slow", -32020)]
    [InlineData("=?base64?!?=", -32020)]
    [InlineData("echo", 0)]
    [InlineData("=?base64?ZWNobw==?=", 0)]
    public async Task Handle_NameHeader_RepeatsTheTool(string? header, int code)
    {
        await using var server = await EndpointFixture.StartAsync();
        using var request = EndpointFixture.Post(server.Address, $$"""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{Meta("\"name\":\"echo\",")}}}""");
        request.Headers.Add("MCP-Protocol-Version", "2026-07-28");
        request.Headers.Add("Mcp-Method", "tools/call");
        if (header is not null) request.Headers.TryAddWithoutValidation("Mcp-Name", header);

        var (status, answer) = await server.SendAsync(request);

        Assert.Equal(code == 0 ? 200 : 400, status);
        if (code != 0) Assert.Equal(code, StrictJson.Parse(answer)["error"]!["code"]!.AsNumber());
        Assert.Equal(code == 0 ? 1 : 0, server.Source.Calls.Count);
    }

    [Theory]
    [InlineData("initialize")]
    [InlineData("ping")]
    [InlineData("no/such")]
    public async Task Handle_MethodUnknownToTheNewestRevision_Is404(string method)
    {
        await using var server = await EndpointFixture.StartAsync();
        using var request = EndpointFixture.Post(server.Address, $$"""{"jsonrpc":"2.0","id":1,"method":"{{method}}","params":{{Meta()}}}""");
        request.Headers.Add("MCP-Protocol-Version", "2026-07-28");
        request.Headers.Add("Mcp-Method", method);

        Assert.Equal(404, (await server.SendAsync(request)).Status);
    }

    [Fact]
    public async Task Handle_SlowCall_SendsHeadersAndCommentsThenTheAnswer()
    {
        var options = new McpEndpointOptions { FlushHeadersAfter = TimeSpan.FromMilliseconds(20), KeepAliveEvery = TimeSpan.FromMilliseconds(20) };
        await using var server = await EndpointFixture.StartAsync(options);
        using var request = EndpointFixture.Post(server.Address, """{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"slow","arguments":{"x":1}}}""");

        using var response = await server.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken));
        Assert.Equal(": keep-alive", await reader.ReadLineAsync(TestContext.Current.CancellationToken));
        server.Source.Gate.SetResult();
        var rest = await reader.ReadToEndAsync(TestContext.Current.CancellationToken);

        var data = Assert.Single(rest.Split('\n'), line => line.StartsWith("data:", StringComparison.Ordinal));
        Assert.Equal(1, StrictJson.Parse(data["data:".Length..])["result"]!["structuredContent"]!["x"]!.AsNumber());
    }

    [Fact]
    public async Task Handle_ClientLeaves_StopsTheCall()
    {
        await using var server = await EndpointFixture.StartAsync();
        using var leave = new CancellationTokenSource();
        using var request = EndpointFixture.Post(server.Address, """{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"slow"}}""");
        using var response = await server.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, leave.Token);

        response.Dispose();

        await server.Source.Stopped.Task.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
    }

    private static string Meta(string members = "") => $$"""
        { {{members}}"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{} } }
        """;
}
