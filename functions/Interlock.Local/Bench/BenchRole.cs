using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Interlock.Local.Bench;

/// <summary>
/// One server of the benchmark in this process. Once it listens it prints a line <c>ready URL …</c>; it ends when its standard input does, so that none outlives the
/// benchmark. What a line of its input asks for it answers by a line.
/// </summary>
internal static class BenchRole
{
    public const string Echo = "echo";
    public const string Forward = "forward";
    public const string Gateway = "gateway";

    /// <summary>Asks a gateway for the bytes of its managed heap that are in use.</summary>
    public const string HeapQuestion = "heap";

    /// <summary>The echo server, on so many ports.</summary>
    public static async Task EchoAsync(int ports, CancellationToken cancellationToken)
    {
        await using var app = Web(ports);
        EchoServer.Map(app);
        await ServeAsync(app, cancellationToken);
    }

    public static async Task ForwardAsync(Uri upstream, CancellationToken cancellationToken)
    {
        await using var app = Web(1);
        Forwarder.Map(app, upstream);
        await ServeAsync(app, cancellationToken);
    }

    /// <summary>Interlock. With no upstreams it is opened over what is registered. A line <c>tokens N</c> gives the tokens of clients 0 to N-1, <c>heap</c> the bytes in use.</summary>
    public static async Task GatewayAsync(string data, bool inMemory, IReadOnlyList<Uri> upstreams, CancellationToken cancellationToken)
    {
        await using var gateway = await BenchGateway.StartAsync(data, inMemory, cancellationToken);
        if (upstreams.Count > 0) await gateway.RegisterAsync(upstreams, cancellationToken);
        await Console.Out.WriteLineAsync($"ready {gateway.Address}");
        while (await Console.In.ReadLineAsync(cancellationToken) is { } line)
        {
            await Console.Out.WriteLineAsync(line == HeapQuestion
                ? GC.GetTotalMemory(forceFullCollection: true).ToString(CultureInfo.InvariantCulture)
                : string.Join(' ', Enumerable.Range(0, int.Parse(line.AsSpan("tokens ".Length), CultureInfo.InvariantCulture)).Select(gateway.Token)));
        }
    }

    private static WebApplication Web(int ports)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(1));
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            for (var i = 0; i < ports; i++) kestrel.Listen(System.Net.IPAddress.Loopback, 0);
        });
        return builder.Build();
    }

    private static async Task ServeAsync(WebApplication app, CancellationToken cancellationToken)
    {
        await app.StartAsync(cancellationToken);
        var addresses = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()?.Addresses ?? [];
        await Console.Out.WriteLineAsync("ready " + string.Join(' ', addresses));
        while (await Console.In.ReadLineAsync(cancellationToken) is not null)
        {
            // Nothing is asked of it: it waits for the end.
        }
    }
}
