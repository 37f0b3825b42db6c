using System.Threading.Channels;
using Interlock.Core.Gateway;
using Microsoft.AspNetCore.Http;

namespace Interlock.Tests.Upstreams;

public sealed class WatchTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true, "tools")]
    [InlineData(true, "prompts")]
    [InlineData(false, "tools")]
    [InlineData(false, "prompts")]
    public async Task Watch_ServerAnnouncesAChange_IsHeardAndTheStreamIsOpenedAnew(bool newest, string list)
    {
        var streams = 0;
        await using var server = await StartAsync(newest, """{"tools":{"listChanged":true},"prompts":{"listChanged":true}}""", async (context, request) =>
        {
            if (newest) Assert.Equal("""{"toolsListChanged":true,"promptsListChanged":true}""", request.Json!["params"]!["notifications"]!.ToString());
            else Assert.Equal("s1", request.Headers["Mcp-Session-Id"]);
            context.Response.ContentType = "text/event-stream";
            await context.Response.WriteAsync($$"""data: {"jsonrpc":"2.0","method":"notifications/{{list}}/list_changed"}""" + "\n\n");
            await context.Response.WriteAsync("""data: {"jsonrpc":"2.0","method":"notifications/message","params":{}}""" + "\n\n");
            if (Interlocked.Increment(ref streams) == 1) return; // it ends
            await context.Response.Body.FlushAsync();
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
        });
        await using var upstream = new UpstreamFixture();
        var heard = Channel.CreateUnbounded<string>();

        upstream.Mcp.Watch([Endpoint(server)], registration => heard.Writer.TryWrite(registration));

        for (var i = 0; i < 2; i++) Assert.Equal("r1", await heard.Reader.ReadAsync(Token).AsTask().WaitAsync(TimeSpan.FromSeconds(30), Token));
        Assert.False(heard.Reader.TryRead(out _));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Watch_ServerAnnouncesNothing_IsNotListenedTo(bool newest)
    {
        var asked = new TaskCompletionSource();
        await using var server = await StartAsync(newest, """{"tools":{}}""", (_, _) =>
        {
            asked.TrySetResult();
            return Task.CompletedTask;
        });
        await using (var upstream = new UpstreamFixture())
        {
            upstream.Mcp.Watch([Endpoint(server)], _ => { });
            while (server.Requests.All(request => request.Method != (newest ? "server/discover" : "notifications/initialized"))) await Task.Yield();
        } // waits for what is listening

        Assert.False(asked.Task.IsCompleted);
    }

    [Fact]
    public async Task Watch_ServerNoLongerWatched_IsLeft()
    {
        var (open, left) = (new TaskCompletionSource(), new TaskCompletionSource());
        await using var server = await StartAsync(true, """{"tools":{"listChanged":true}}""", async (context, _) =>
        {
            context.Response.ContentType = "text/event-stream";
            await context.Response.Body.FlushAsync();
            open.TrySetResult();
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => left.TrySetResult(), TaskScheduler.Default);
        });
        await using var upstream = new UpstreamFixture();
        upstream.Mcp.Watch([Endpoint(server)], _ => { });
        await open.Task.WaitAsync(TimeSpan.FromSeconds(30), Token);

        upstream.Mcp.Watch([], _ => { });

        await left.Task.WaitAsync(TimeSpan.FromSeconds(30), Token);
    }

    private static UpstreamEndpoint Endpoint(StubServer server) => new(UpstreamKind.Mcp, "r1", server.Address);

    private static Task<StubServer> StartAsync(bool newest, string capabilities, Func<HttpContext, StubRequest, Task> stream) => StubServer.StartAsync((context, request) =>
    {
        if (request.HttpMethod == "GET" || request.Method == "subscriptions/listen") return stream(context, request);
        switch (request.Method)
        {
            case "server/discover" when newest:
                return McpStub.ResultAsync(context, request, """{"resultType":"complete","supportedVersions":["2026-07-28"],"ttlMs":0,"cacheScope":"private","capabilities":""" + capabilities + "}");
            case "server/discover":
                return McpStub.ErrorAsync(context, request, -32601, "no such method");
            case "initialize":
                context.Response.Headers["Mcp-Session-Id"] = "s1";
                return McpStub.ResultAsync(context, request, """{"protocolVersion":"2025-11-25","serverInfo":{"name":"stub","version":"1"},"capabilities":""" + capabilities + "}");
            default:
                context.Response.StatusCode = 202;
                return Task.CompletedTask;
        }
    });
}
