using System.Collections.Immutable;
using Interlock.Core.Gateway;
using Interlock.Core.Registry;

namespace Interlock.Tests.Gateway.Resilience;

/// <summary>The world with a server of several addresses: each answers what a test says, by its host's first letter.</summary>
internal static class RoutesWorld
{
    public static readonly Uri A = new("https://a.contoso.com/mcp");
    public static readonly Uri B = new("https://b.contoso.com/mcp");
    public static readonly Uri C = new("https://c.contoso.com/mcp");

    public static async Task<World> CreateAsync(ResilienceSettings? resilience = null, ToolSettings? read = null, params ImmutableArray<Uri> addresses)
    {
        var world = await World.CreateAsync();
        if (addresses.IsEmpty) addresses = [A, B];
        var settings = new ServerSettings { Replicas = addresses.RemoveAt(0), Resilience = resilience ?? ResilienceSettings.Default };
        await world.WriteAsync(World.Entry(RegistryKind.Server, "crm", "2.0.0", new ServerBody(addresses[0], "reg-2") { Settings = settings }));
        if (read is not null)
        {
            var body = World.Tool("crm/read").As<ToolBody>();
            await world.WriteAsync(World.Entry(RegistryKind.Tool, "crm/read", "2.0.0", body with { Settings = read }));
        }
        return world;
    }

    public static ServerBody Server(this World world, RegistrySnapshot registry) => registry.Newest(RegistryKind.Server, "crm")!.As<ServerBody>(); // registered by the test

    public static UpstreamResult.NotSent NotSent => new(new Core.Problem(Core.ProblemTypes.Communication, 502, "The upstream could not be reached", "refused"));

    /// <summary>No time, and no word on whether it began.</summary>
    public static UpstreamResult.Unknown Overloaded(int seconds) => new(new Core.Problem(Core.ProblemTypes.Communication, 502, "The upstream is busy", "503")) { RetryAfter = TimeSpan.FromSeconds(seconds) };

    public static UpstreamResult.Rejected Busy(int seconds) => new(new Core.Problem(Core.ProblemTypes.Communication, 502, "The upstream is busy", "503")) { RetryAfter = TimeSpan.FromSeconds(seconds) };

    /// <summary>The addresses that were called, in order, by their first letter.</summary>
    public static string Called(this World world) => string.Concat(world.Upstream.Calls.Select(call => call.Endpoint.Address.Host[0]));
}
