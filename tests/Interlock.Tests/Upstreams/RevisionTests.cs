using Interlock.Core.Gateway;
using Microsoft.AspNetCore.Http;

namespace Interlock.Tests.Upstreams;

public sealed class RevisionTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static MatrixTheoryData<string, bool, bool> Servers => new(["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28"], [true, false], [true, false]);

    [Theory]
    [MemberData(nameof(Servers))]
    public async Task Server_OfAnyRevision_IsDiscoveredAndCalledAlike(string revision, bool sessions, bool events)
    {
        var isNewest = revision == "2026-07-28";
        await using var server = await StubServer.StartAsync(async (context, request) =>
        {
            var capabilities = """{"tools":{},"prompts":{},"resources":{}}""";
            var result = request.Method switch
            {
                "server/discover" when isNewest => """{"resultType":"complete","supportedVersions":["2026-07-28"],"ttlMs":0,"cacheScope":"private","capabilities":""" + capabilities + "}",
                "initialize" when !isNewest => $$"""{"protocolVersion":"{{revision}}","serverInfo":{"name":"stub","version":"1"},"capabilities":""" + capabilities + "}",
                "tools/list" => """{"tools":[{"name":"t","inputSchema":{"type":"object"}}]}""",
                "prompts/list" => """{"prompts":[{"name":"greet"}]}""",
                "tools/call" => """{"content":[{"type":"text","text":"done"},{"type":"image","data":"AA==","mimeType":"image/png"}]}""",
                "resources/read" => """{"contents":[{"uri":"x:1","text":"t"}]}""",
                _ => null,
            };
            if (request.Method == "initialize" && sessions && !isNewest) context.Response.Headers["Mcp-Session-Id"] = "s1";
            if (result is null && request.Json?["id"] is null) context.Response.StatusCode = 202;
            else if (result is null) await McpStub.ErrorAsync(context, request, -32601, "no such method", isNewest ? 404 : 200);
            else if (!events) await McpStub.ResultAsync(context, request, result);
            else
            {
                context.Response.ContentType = "text/event-stream";
                await context.Response.WriteAsync("id: 1\nevent: message\ndata: {\"jsonrpc\":\"2.0\",\"id\":" + request.Json!["id"] + ",\"result\":" + result + "}\n\n");
            }
        });
        await using var upstream = new UpstreamFixture();

        var found = await upstream.Mcp.DiscoverAsync(UpstreamFixture.Call(server.Address).Endpoint, Token);
        var called = Assert.IsType<UpstreamResult.Completed>(await upstream.CallAsync(server.Address, """{"a":1}"""));
        var read = Assert.IsType<UpstreamResult.Completed>(await upstream.Mcp.InvokeAsync(UpstreamFixture.Call(server.Address, """{"uri":"x:1"}""", UpstreamOperations.ReadResource), Token));

        Assert.Equal("t", Assert.Single(found.Tools).Name);
        Assert.Equal(["resources:list", "resources:templates", "resources:read", "prompts:get"], found.Operations.Select(operation => operation.Name));
        Assert.Equal(2, called.Result?["content"]?.Count);
        Assert.Equal("""{"contents":[{"uri":"x:1","text":"t"}]}""", read.Result?.ToString());
        foreach (var request in server.Requests.Where(request => request.Method is "tools/call" or "resources/read" or "tools/list"))
        {
            Assert.Equal(sessions && !isNewest ? "s1" : null, request.Headers.GetValueOrDefault("Mcp-Session-Id"));
            Assert.Equal(isNewest, request.Json!["params"]!["_meta"]!["io.modelcontextprotocol/protocolVersion"] is not null);
            Assert.Equal(revision, request.Headers["MCP-Protocol-Version"]);
        }
        Assert.Equal("""{"a":1}""", server.Requests.Single(request => request.Method == "tools/call").Json!["params"]!["arguments"]!.ToString());
    }

    [Fact]
    public async Task Server_ReplacedByAnOlderOne_IsNegotiatedAnew()
    {
        var isNewest = true;
        await using var server = await StubServer.StartAsync((context, request) => request.Method switch
        {
            "server/discover" when isNewest => McpStub.ResultAsync(context, request, """{"resultType":"complete","supportedVersions":["2026-07-28"],"capabilities":{"tools":{}},"ttlMs":0,"cacheScope":"private"}"""),
            "tools/call" when request.Headers["MCP-Protocol-Version"] == (isNewest ? "2026-07-28" : "2025-06-18") => McpStub.ResultAsync(context, request, """{"content":[]}"""),
            "tools/call" => McpStub.ErrorAsync(context, request, -32022, "unsupported", 400),
            "initialize" when !isNewest => McpStub.ResultAsync(context, request, """{"protocolVersion":"2025-06-18","serverInfo":{"name":"stub","version":"1"},"capabilities":{}}"""),
            "notifications/initialized" => Task.CompletedTask,
            _ => McpStub.ErrorAsync(context, request, -32601, "no such method", 404),
        });
        await using var upstream = new UpstreamFixture();
        Assert.IsType<UpstreamResult.Completed>(await upstream.CallAsync(server.Address));
        isNewest = false;
        Assert.IsType<UpstreamResult.Completed>(await upstream.CallAsync(server.Address));
        Assert.Equal(3, server.Requests.Count(request => request.Method == "tools/call"));
    }
}
