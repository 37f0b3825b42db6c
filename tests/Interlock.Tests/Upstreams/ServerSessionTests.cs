using System.Diagnostics;
using Interlock.Core.Gateway;
using Interlock.Tests.Gateway;

namespace Interlock.Tests.Upstreams;

public sealed class ServerSessionTests
{
    private const string Done = """{"content":[{"type":"text","text":"done"}]}""";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("404", 2)]
    [InlineData("404 error", 2)]
    [InlineData("400 session", 2)]
    [InlineData("400", 1)]
    [InlineData("500", 1)]
    public async Task Invoke_ServerForgotTheSession_IsConnectedAnewOnceAndOnlyThen(string how, int calls)
    {
        await using var server = await McpStub.SessionsAsync((context, request) =>
        {
            if (request.Headers["Mcp-Session-Id"] != "s1") return McpStub.ResultAsync(context, request, Done);
            context.Response.StatusCode = int.Parse(how[..3], System.Globalization.CultureInfo.InvariantCulture);
            return how switch
            {
                "404 error" => McpStub.ErrorAsync(context, request, -32001, "Session not found", 404),
                "400 session" => McpStub.ErrorAsync(context, request, -32000, "Bad Request: No valid session ID provided", 400),
                "400" => McpStub.ErrorAsync(context, request, -32000, "Bad Request: no", 400),
                _ => Task.CompletedTask,
            };
        });
        await using var upstream = new UpstreamFixture();
        var watch = Stopwatch.StartNew();

        var result = await upstream.CallAsync(server.Address);

        Assert.Equal(calls == 2, result is UpstreamResult.Completed);
        Assert.Equal(calls, server.Requests.Count(request => request.Method == "tools/call"));
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(5), $"{watch.Elapsed}"); // a second, on a machine that does nothing else
    }

    [Fact]
    public async Task Invoke_ServerNeverKnowsASession_IsTriedTwiceAndNoMore()
    {
        await using var server = await McpStub.SessionsAsync((context, request) => McpStub.ErrorAsync(context, request, -32001, "Session not found", 404));
        await using var upstream = new UpstreamFixture();

        Assert.IsType<UpstreamResult.Rejected>(await upstream.CallAsync(server.Address));
        Assert.Equal(2, server.Requests.Count(request => request.Method == "tools/call"));
    }

    [Fact]
    public async Task Invoke_ConnectionUnusedForLong_IsClosedAndMadeAnew()
    {
        var clock = new ManualClock(DateTimeOffset.UtcNow);
        var closed = new TaskCompletionSource<string>();
        await using var server = await McpStub.SessionsAsync((context, request) => McpStub.ResultAsync(context, request, Done), deleted: request => closed.TrySetResult(request.Headers["Mcp-Session-Id"]));
        await using var upstream = new UpstreamFixture(time: clock);
        var call = UpstreamFixture.Call(server.Address, time: TimeSpan.FromDays(1));
        Assert.IsType<UpstreamResult.Completed>(await upstream.Mcp.InvokeAsync(call, Token));
        clock.Advance(TimeSpan.FromMinutes(9));
        Assert.IsType<UpstreamResult.Completed>(await upstream.Mcp.InvokeAsync(call, Token));
        Assert.False(closed.Task.IsCompleted);
        clock.Advance(TimeSpan.FromMinutes(12));
        Assert.Equal("s1", await closed.Task.WaitAsync(TimeSpan.FromSeconds(30), Token));

        Assert.IsType<UpstreamResult.Completed>(await upstream.Mcp.InvokeAsync(call, Token));
        Assert.Equal(["s1", "s1", "s2"], server.Requests.Where(request => request.Method == "tools/call").Select(request => request.Headers["Mcp-Session-Id"]));
    }

    [Fact]
    public async Task Invoke_SixtyServersAtOnceAndSomeHang_TheOthersDoNotWait()
    {
        var hang = new CancellationTokenSource();
        await using var server = await StubServer.StartAsync((context, request) => request.Path == "/hang"
            ? Task.Delay(Timeout.Infinite, hang.Token).ContinueWith(_ => { }, TaskScheduler.Default)
            : request.Method switch
            {
                "initialize" => McpStub.ResultAsync(context, request, """{"protocolVersion":"2025-06-18","capabilities":{"tools":{}},"serverInfo":{"name":"stub","version":"1"}}"""),
                "tools/call" => McpStub.ResultAsync(context, request, Done),
                "server/discover" => McpStub.ErrorAsync(context, request, -32601, "no such method"),
                _ => Task.CompletedTask,
            });
        await using var upstream = new UpstreamFixture();
        var watch = Stopwatch.StartNew();
        var calls = Enumerable.Range(0, 60).Select(i =>
        {
            var call = UpstreamFixture.Call(i % 12 == 0 ? new Uri(server.Address, "/hang") : server.Address, time: TimeSpan.FromMinutes(5));
            return (Hangs: i % 12 == 0, Result: upstream.Mcp.InvokeAsync(call with { Endpoint = call.Endpoint with { RegistrationId = $"r{i}" } }, Token));
        }).ToList();

        var done = await Task.WhenAll(calls.Where(call => !call.Hangs).Select(call => call.Result));

        Assert.Equal(55, done.Count(result => result is UpstreamResult.Completed));
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(20), $"{watch.Elapsed}"); // far below what one that hangs takes
        TestContext.Current.TestOutputHelper?.WriteLine($"55 of 60 connected and called in {watch.Elapsed.TotalMilliseconds:F0} ms");
        Assert.DoesNotContain(calls, call => call.Hangs && call.Result.IsCompleted);
        await hang.CancelAsync();
        await Task.WhenAll(calls.Select(call => call.Result));
    }
}
