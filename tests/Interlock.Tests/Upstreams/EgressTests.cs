using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Interlock.Core.Gateway;
using Interlock.Http.Upstreams;
using Microsoft.AspNetCore.Http;

namespace Interlock.Tests.Upstreams;

public sealed class EgressTests
{
    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("127.9.9.9")]
    [InlineData("::1")]
    [InlineData("::ffff:127.0.0.1")]
    [InlineData("::ffff:10.0.0.1")]
    [InlineData("::127.0.0.1")]
    [InlineData("64:ff9b::a9fe:a9fe")]
    [InlineData("2002:7f00:1::")]
    [InlineData("0.0.0.0")]
    [InlineData("::")]
    [InlineData("10.1.2.3")]
    [InlineData("172.31.255.255")]
    [InlineData("192.168.0.1")]
    [InlineData("100.64.0.1")]
    [InlineData("169.254.169.254")]
    [InlineData("168.63.129.16")]
    [InlineData("224.0.0.1")]
    [InlineData("255.255.255.255")]
    [InlineData("fe80::1")]
    [InlineData("fd00::1")]
    [InlineData("ff02::1")]
    public void Allows_NotPublic_IsDenied(string address) =>
        Assert.False(EgressRules.Allows(new EgressOptions(), "host", IPAddress.Parse(address)));

    [Theory]
    [InlineData("8.8.8.8")]
    [InlineData("172.32.0.1")]
    [InlineData("168.63.129.17")]
    [InlineData("2600:1900::1")]
    [InlineData("::ffff:8.8.8.8")]
    public void Allows_Public_IsAllowed(string address) =>
        Assert.True(EgressRules.Allows(new EgressOptions(), "host", IPAddress.Parse(address)));

    [Fact]
    public void Allows_AllowedHost_IsAllowedPrivateButNeverPlatformOrLoopback()
    {
        var options = new EgressOptions { AllowedHosts = ["tools.corp"] };

        Assert.True(EgressRules.Allows(options, "TOOLS.corp", IPAddress.Parse("10.0.0.5")));
        Assert.False(EgressRules.Allows(options, "other.corp", IPAddress.Parse("10.0.0.5")));
        Assert.False(EgressRules.Allows(options, "tools.corp", IPAddress.Parse("169.254.169.254")));
        Assert.False(EgressRules.Allows(options, "tools.corp", IPAddress.Parse("168.63.129.16")));
        Assert.False(EgressRules.Allows(options, "tools.corp", IPAddress.Loopback));
    }

    [Fact]
    public void Allows_AllowedNetwork_IsAllowedInEveryDisguise()
    {
        var options = new EgressOptions { AllowedNetworks = [IPNetwork.Parse("10.1.0.0/16")] };

        Assert.True(EgressRules.Allows(options, "host", IPAddress.Parse("::ffff:10.1.2.3")));
        Assert.False(EgressRules.Allows(options, "host", IPAddress.Parse("10.2.0.1")));
    }

    [Theory]
    [InlineData("http://169.254.169.254/mcp", true)]
    [InlineData("http://168.63.129.16/mcp", true)]
    [InlineData("http://127.0.0.1:{port}/mcp", false)]
    [InlineData("http://[::ffff:127.0.0.1]:{port}/mcp", false)]
    [InlineData("http://localhost:{port}/mcp", false)]
    [InlineData("http://2130706433:{port}/mcp", false)]
    [InlineData("http://127.1:{port}/mcp", false)]
    public async Task Invoke_DeniedAddress_IsNotSentAndTheServerSeesNothing(string address, bool allowLoopback)
    {
        await using var server = await McpStub.NewestAsync((context, request) => McpStub.ResultAsync(context, request, """{"content":[]}"""));
        await using var upstream = new UpstreamFixture(new EgressOptions { AllowLoopback = allowLoopback });
        var uri = new Uri(address.Replace("{port}", $"{server.Address.Port}", StringComparison.Ordinal));

        var notSent = Assert.IsType<UpstreamResult.NotSent>(await upstream.CallAsync(uri));

        Assert.Equal("egress-denied", notSent.Problem.Rule);
        Assert.Empty(server.Requests);
    }

    [Fact]
    public async Task Requests_OfDiscoveryAndCalls_SayHowLongTheyAre()
    {
        await using var server = await McpStub.SessionsAsync((context, request) => McpStub.ResultAsync(context, request, request.Method == "tools/list" ? """{"tools":[]}""" : """{"content":[]}"""));
        await using var upstream = new UpstreamFixture();
        Assert.Null((await upstream.Mcp.DiscoverAsync(UpstreamFixture.Call(server.Address).Endpoint, TestContext.Current.CancellationToken)).Failure);
        Assert.IsType<UpstreamResult.Completed>(await upstream.CallAsync(server.Address));
        Assert.Contains(server.Requests, request => request.Method == "initialize");
        Assert.DoesNotContain(server.Requests, request => request.Body.Length > 0 && !request.Headers.ContainsKey("Content-Length"));
    }

    [Fact]
    public async Task Discover_DeniedAddress_IsAFailureOfThatRule()
    {
        await using var upstream = new UpstreamFixture(new EgressOptions());
        var endpoint = UpstreamFixture.Call(new Uri("http://127.0.0.1:1/mcp")).Endpoint;

        Assert.Equal("egress-denied", (await upstream.Mcp.DiscoverAsync(endpoint, TestContext.Current.CancellationToken)).Failure?.Rule);
        Assert.Equal("egress-denied", (await upstream.A2a.DiscoverAsync(endpoint, TestContext.Current.CancellationToken)).Failure?.Rule);
    }

    [Theory]
    [InlineData("slow headers")]
    [InlineData("slow body")]
    [InlineData("endless events")]
    public async Task Invoke_AnswerThatNeverComesToAnEnd_EndsAtTheDeadline(string how)
    {
        await using var server = await McpStub.NewestAsync(async (context, request) =>
        {
            if (how == "endless events") context.Response.ContentType = "text/event-stream";
            if (how != "slow headers") await context.Response.Body.FlushAsync();
            while (!context.RequestAborted.IsCancellationRequested)
            {
                if (how == "slow body") await context.Response.WriteAsync(" ");
                if (how == "endless events") await context.Response.WriteAsync(": still there\n\n");
                await Task.Delay(20, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
            }
        });
        await using var upstream = new UpstreamFixture();
        var watch = Stopwatch.StartNew();

        Assert.Equal(408, Assert.IsType<UpstreamResult.Unknown>(await upstream.CallAsync(server.Address, time: TimeSpan.FromSeconds(1))).Problem.Status);
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(10), $"{watch.Elapsed}");
    }

    [Fact]
    public async Task Invoke_EventsWithoutEnd_EndAtTheSizeLimit()
    {
        await using var server = await McpStub.NewestAsync(async (context, _) =>
        {
            context.Response.ContentType = "text/event-stream";
            var line = ": " + new string('x', 60_000) + "\n\n";
            while (!context.RequestAborted.IsCancellationRequested) await context.Response.WriteAsync(line, context.RequestAborted);
        });
        await using var upstream = new UpstreamFixture();

        Assert.Equal("response-limit", Assert.IsType<UpstreamResult.Unknown>(await upstream.CallAsync(server.Address)).Problem.Rule);
    }

    [Fact]
    public async Task Send_HeadersWithoutEnd_EndAtTheirLimit()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var over = new CancellationTokenSource();
        var serving = Task.Run(async () =>
        {
            using var client = await listener.AcceptTcpClientAsync(over.Token);
            await using var stream = client.GetStream();
            await stream.WriteAsync("HTTP/1.1 200 OK\r\n"u8.ToArray(), over.Token);
            for (var line = Encoding.ASCII.GetBytes("X-A: " + new string('a', 1000) + "\r\n"); !over.IsCancellationRequested;) await stream.WriteAsync(line, over.Token);
        }, TestContext.Current.CancellationToken);
        using var http = new HttpClient(EgressHandler.Create(new EgressOptions { AllowLoopback = true }));

        await Assert.ThrowsAnyAsync<HttpRequestException>(() => http.GetAsync($"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}/", TestContext.Current.CancellationToken));

        await over.CancelAsync();
        await serving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
    }

    [Theory]
    [InlineData("169.254.169.254", "8.8.8.8")]
    [InlineData("::ffff:169.254.169.254", "::ffff:8.8.8.8")]
    [InlineData("10.0.0.1", "2600:1900::1")]
    [InlineData("168.63.129.16", "1.1.1.1")]
    [InlineData("::ffff:168.63.129.16", "1.1.1.1")]
    public void Allowed_MixedAnswerOfDns_KeepsThePublicAddressesOnly(string denied, string allowed) =>
        Assert.Equal([IPAddress.Parse(allowed)], EgressRules.Allowed(new EgressOptions(), "host", [IPAddress.Parse(denied), IPAddress.Parse(allowed), IPAddress.Parse(denied)]));

    [Theory]
    [InlineData(UpstreamKind.Mcp)]
    [InlineData(UpstreamKind.A2a)]
    public async Task Invoke_SchemeOtherThanHttp_IsDenied(UpstreamKind kind)
    {
        await using var upstream = new UpstreamFixture();
        var call = UpstreamFixture.Call(new Uri("ftp://127.0.0.1/mcp"), kind: kind);

        var result = await new UpstreamRouter(upstream.Mcp, upstream.A2a, upstream.Http, upstream.Chat).InvokeAsync(call, TestContext.Current.CancellationToken);

        Assert.IsType<UpstreamResult.NotSent>(result);
    }

    [Theory]
    [InlineData(301)]
    [InlineData(302)]
    [InlineData(307)]
    [InlineData(308)]
    public async Task Send_Redirect_IsNotFollowed(int status)
    {
        await using var server = await StubServer.StartAsync((context, _) =>
        {
            context.Response.StatusCode = status;
            context.Response.Headers.Location = "/elsewhere";
            return Task.CompletedTask;
        });
        using var http = new HttpClient(EgressHandler.Create(new EgressOptions { AllowLoopback = true }));

        using var response = await http.GetAsync(server.Address, TestContext.Current.CancellationToken);

        Assert.Equal(status, (int)response.StatusCode);
        Assert.Single(server.Requests);
    }

    [Theory]
    [InlineData(1000, false)]
    [InlineData(1001, true)]
    public async Task Send_ResponseAtTheLimit_IsReadAndOneByteMoreIsNot(int length, bool refused)
    {
        await using var server = await StubServer.StartAsync(async (context, request) =>
        {
            if (request.Path == "/mcp") context.Response.ContentLength = length;
            await context.Response.Body.WriteAsync(new byte[length]);
        });
        using var http = new HttpClient(EgressHandler.Create(new EgressOptions { AllowLoopback = true, MaxResponseBytes = 1000 }));

        foreach (var address in new[] { server.Address, new Uri(server.Address, "/chunked") })
        {
            var read = http.GetByteArrayAsync(address, TestContext.Current.CancellationToken);
            if (!refused) Assert.Equal(length, (await read).Length);
            else Assert.Equal("response-limit", UpstreamFailures.ProblemOf(await Assert.ThrowsAnyAsync<Exception>(() => read)).Rule);
        }
    }
}
