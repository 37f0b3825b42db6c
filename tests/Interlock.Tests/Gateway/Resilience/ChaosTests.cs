using System.Net;
using System.Net.Sockets;
using System.Text;
using Interlock.Core.Audit;
using Interlock.Core.Gateway;
using Interlock.Core.Gateway.Resilience;
using Interlock.Core.Registry;
using Interlock.Http.Upstreams;
using Interlock.Json;
using Interlock.Tests.Upstreams;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;

namespace Interlock.Tests.Gateway.Resilience;

/// <summary>Real servers on loopback behind the real gateway: one address misbehaves, the other one is well.</summary>
public sealed class ChaosTests : IAsyncDisposable
{
    private const string Policy =
        """
        version: 1
        rules:
          - { id: all, tools: ['crm/*', 'erp/*'], effect: allow }
        """;

    private readonly HttpMessageHandler _egress = EgressHandler.Create(new EgressOptions { AllowLoopback = true });
    private readonly CancellationTokenSource _end = new();
    private readonly List<IAsyncDisposable> _servers = [];
    private TcpListener? _noise;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        _noise?.Dispose();
        foreach (var server in _servers) await server.DisposeAsync();
        _egress.Dispose();
        _end.Dispose();
    }

    /// <summary>Each fault is met the same way: whoever calls something that may be repeated gets the other address's answer, or a clear error at its deadline; the circuit opens; after that nobody meets the fault.</summary>
    [Theory]
    [InlineData("refused", true)]
    [InlineData("tls", true)]
    [InlineData("killed", true)]
    [InlineData("garbage", true)]
    [InlineData("oversize", true)]
    [InlineData("storm", true)]
    [InlineData("busy", true)]
    [InlineData("hanging", false)]
    [InlineData("dripping", false)]
    public async Task Call_OneAddressMisbehaves_TheOtherTakesOver(string fault, bool isNoticed)
    {
        var (sick, seen) = await SickAsync(fault);
        var well = await WellAsync();
        await using var world = await World.CreateAsync(Policy);
        await using var mcp = new McpUpstream(_egress, NullLoggerFactory.Instance, TimeProvider.System);
        var gateway = await GatewayAsync(world, mcp, sick, well);

        var number = 0;
        for (var wave = 0; wave < 5 && (await StatesAsync(world, gateway))[0].Circuit != CircuitPhase.Open; wave++)
            foreach (var result in await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => CallAsync(world, gateway, number++, isNoticed ? 60 : 3))))
            {
                if (result is GatewayResult.Completed done) Assert.Equal("well", done.Output.AsString());
                else if (isNoticed) Assert.Fail($"It ended as {result}.");
                else Assert.Contains("more time", Assert.IsType<GatewayResult.InDoubt>(result).Problem.Detail, StringComparison.Ordinal);
            }
        var state = (await StatesAsync(world, gateway))[0];
        Assert.Equal((CircuitPhase.Open, sick), (state.Circuit, state.Address));
        Assert.NotNull(state.LastFailure);

        var before = seen();
        for (var i = 0; i < 6; i++) Assert.IsType<GatewayResult.Completed>(await CallAsync(world, gateway, number++, 30));
        Assert.Equal(before, seen());
        Assert.Equal(6, (await world.RecordsAsync(AuditTypes.CallOutcome)).Where(record => record.Address == well.AbsoluteUri).TakeLast(6).Count());
        await world.AssertIntactAsync();
    }

    /// <summary>An answer of another shape was given all the same: nothing is called again, and nobody is passed over for it.</summary>
    [Fact]
    public async Task Call_AnswerOfAnotherShape_IsRefusedAndTheAddressStands()
    {
        var server = await McpStub.NewestAsync((context, request) => McpStub.ResultAsync(context, request, """{"resultType":"complete","structuredContent":{"id":7},"content":[]}"""));
        _servers.Add(server);
        await using var world = await World.CreateAsync(Policy);
        await using var mcp = new McpUpstream(_egress, NullLoggerFactory.Instance, TimeProvider.System);
        var gateway = await GatewayAsync(world, mcp, server.Address, well: null);
        var shaped = new ToolBody(JsonValue.Object(("name", "shaped")), "sha256:shaped", JsonValue.EmptyObject)
        {
            OutputSchema = StrictJson.Parse("""{"type":"object","properties":{"id":{"type":"string"}}}"""),
            Settings = new ToolSettings { Idempotent = true },
        };
        await world.WriteAsync(World.Entry(RegistryKind.Tool, "crm/shaped", "1.0.0", shaped));
        for (var i = 0; i < 6; i++)
            Assert.Equal("result-invalid", Assert.IsType<GatewayResult.Failed>(await CallAsync(world, gateway, i, 30, "crm/shaped")).Problem.Rule);
        Assert.Equal((CircuitPhase.Closed, 6), ((await StatesAsync(world, gateway))[0].Circuit, server.Requests.Count(request => request.Method == "tools/call")));
    }

    [Fact]
    public async Task Call_OneServerHangs_OthersAnswerMeanwhile()
    {
        var (sick, seen) = await SickAsync("hanging");
        var well = await WellAsync();
        await using var world = await World.CreateAsync(Policy);
        await using var mcp = new McpUpstream(_egress, NullLoggerFactory.Instance, TimeProvider.System);
        var gateway = await GatewayAsync(world, mcp, sick, well: null, new ResilienceSettings { MaxConcurrent = 2, MaxQueued = 2 });
        await world.WriteAsync(World.Entry(RegistryKind.Server, "erp", "1.0.0", new ServerBody(well, "reg-erp")), World.Tool("erp/list"));
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var hanging = Enumerable.Range(0, 4).Select(i => CallAsync(world, gateway, i, 120, stop: stop.Token)).ToList();
        while (seen() < 2 || (await StatesAsync(world, gateway))[0].Queued < 2) await Task.Delay(5, Token);

        Assert.Equal("queue-full", Assert.IsType<GatewayResult.Refused>(await CallAsync(world, gateway, 4, 120)).Refusal.Rule);
        for (var i = 5; i < 15; i++) Assert.IsType<GatewayResult.Completed>(await CallAsync(world, gateway, i, 30, "erp/list"));
        Assert.All(hanging, call => Assert.False(call.IsCompleted));
        await stop.CancelAsync();
        foreach (var call in hanging)
        {
            try
            {
                Assert.IsType<GatewayResult.InDoubt>(await call);
            }
            catch (OperationCanceledException)
            {
                // It was still waiting for a place.
            }
        }
        Assert.Equal(2, seen());
    }

    [Fact]
    public async Task Health_ServerStopsAndComesBack_IsPassedOverAndTakenAgain()
    {
        var well = await WellAsync();
        var sick = await WellAsync();
        await using var world = await World.CreateAsync(Policy);
        await using var mcp = new McpUpstream(_egress, NullLoggerFactory.Instance, TimeProvider.System);
        var gateway = await GatewayAsync(world, mcp, sick, well);
        var clock = new ManualClock(DateTimeOffset.UtcNow);
        var routes = new UpstreamRoutes(clock);
        var checks = new HealthChecks(new RegistryStore(world.Memory), mcp, routes, clock, static () => 0.5);
        var server = (await new RegistryStore(world.Memory).ReadAsync(World.Tenant, Token)).Newest(RegistryKind.Server, "crm")!.As<ServerBody>(); // just written
        await CheckAsync(3);
        Assert.All(routes.Of(World.Tenant, server), route => Assert.True(route.IsUp));
        await _servers[1].DisposeAsync();
        await CheckAsync(2);
        Assert.True(routes.Of(World.Tenant, server)[0].IsUp);
        await CheckAsync(1);
        Assert.False(routes.Of(World.Tenant, server)[0].IsUp);
        Assert.True(routes.Of(World.Tenant, server)[1].IsUp);
        Assert.NotNull(gateway);

        async Task CheckAsync(int times)
        {
            for (var i = 0; i < times; i++)
            {
                clock.Advance(TimeSpan.FromSeconds(31));
                await checks.RunAsync(World.Tenant, Token);
            }
        }
    }

    private static Task<GatewayResult> CallAsync(World world, ToolGateway gateway, int number, int seconds, string target = "crm/safe", CancellationToken? stop = null) =>
        gateway.CallAsync(world.Call(target, purpose: $"chaos-{number}") with { Deadline = DateTimeOffset.UtcNow.AddSeconds(seconds) }, stop ?? Token).WaitAsync(TimeSpan.FromSeconds(seconds + 20), Token);

    private static async Task<IReadOnlyList<RouteState>> StatesAsync(World world, ToolGateway gateway) =>
        gateway.Routes.Of(World.Tenant, world.Server(await new RegistryStore(world.Memory).ReadAsync(World.Tenant, Token)));

    private static async Task<ToolGateway> GatewayAsync(World world, McpUpstream mcp, Uri sick, Uri? well, ResilienceSettings? resilience = null)
    {
        var settings = new ServerSettings { Replicas = well is null ? [] : [well], Resilience = resilience ?? new ResilienceSettings { BreakOver = 4, BreakSeconds = 600 } };
        await world.WriteAsync(World.Entry(RegistryKind.Server, "crm", "2.0.0", new ServerBody(sick, "reg-2") { Settings = settings }));
        return new ToolGateway(new GatewayParts(
            world.Memory, world.Memory, world.Blobs, new RegistryStore(world.Memory), new PolicyCache(), world.Node.Gates, new AuditLog(world.Memory), world.Directory, world.Fence, mcp, world.Node.Fences, TimeProvider.System));
    }

    private async Task<Uri> WellAsync()
    {
        var server = await McpStub.NewestAsync((context, request) => McpStub.ResultAsync(context, request, """{"resultType":"complete","content":[{"type":"text","text":"well"}]}"""));
        _servers.Add(server);
        return server.Address;
    }

    /// <summary>A server with a fault, and how many calls of tools it saw.</summary>
    private async Task<(Uri Address, Func<int> Seen)> SickAsync(string fault)
    {
        if (fault == "tls") return (Noise(), () => 0);
        var server = await McpStub.NewestAsync((context, request) => MisbehaveAsync(fault, context));
        if (fault == "refused")
        {
            var address = server.Address;
            await server.DisposeAsync();
            return (address, () => 0);
        }
        _servers.Add(server);
        return (server.Address, () => server.Requests.Count(request => request.Method == "tools/call"));
    }

    private async Task MisbehaveAsync(string fault, HttpContext context)
    {
        switch (fault)
        {
            case "killed":
                context.Abort();
                break;
            case "garbage":
                await McpStub.JsonAsync(context, "<html>\0{{{");
                break;
            case "oversize":
                context.Response.ContentType = "application/json";
                await DripAsync(context, new byte[1024 * 1024], TimeSpan.Zero);
                break;
            case "storm":
                context.Response.StatusCode = 503;
                break;
            case "busy":
                context.Response.StatusCode = 503;
                context.Response.Headers.RetryAfter = "0"; // any longer, and it would be spared before its circuit opens
                break;
            case "hanging":
                await Task.Delay(Timeout.Infinite, _end.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                break;
            case "dripping":
                context.Response.ContentType = "application/json";
                await DripAsync(context, " "u8.ToArray(), TimeSpan.FromMilliseconds(50));
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(fault), fault, "Unknown fault.");
        }
    }

    private async Task DripAsync(HttpContext context, byte[] drop, TimeSpan pause)
    {
        try
        {
            while (!_end.IsCancellationRequested && !context.RequestAborted.IsCancellationRequested)
            {
                await context.Response.Body.WriteAsync(drop, context.RequestAborted);
                await Task.Delay(pause, _end.Token);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            // The gateway had enough.
        }
    }

    /// <summary>Something that listens and knows no TLS.</summary>
    private Uri Noise()
    {
        _noise = new TcpListener(IPAddress.Loopback, 0);
        _noise.Start();
        _ = AnswerAsync(_noise);
        return new Uri($"https://127.0.0.1:{((IPEndPoint)_noise.LocalEndpoint).Port}/mcp");

        static async Task AnswerAsync(TcpListener listener)
        {
            try
            {
                while (true)
                {
                    using var client = await listener.AcceptTcpClientAsync();
                    await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes("220 this is no TLS\r\n\r\n"));
                }
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException or IOException)
            {
                // The test is over.
            }
        }
    }
}
