using System.Net;
using Interlock.Core;
using Interlock.Core.Identity;
using Interlock.Core.Registry;
using Interlock.Json;
using Interlock.Tests.Gateway;
using Interlock.Tests.Web;

namespace Interlock.Tests.Mcp;

/// <summary>Streams on which clients hear that the registry changed.</summary>
public sealed class ListenTests : IAsyncLifetime
{
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);

    private readonly LocalIssuer _issuer = LocalIssuer.Create("test", TimeProvider.System);
    private readonly List<IDisposable> _open = [];
    private World? _world;
    private McpInstance? _one;

    private World Everything => _world!; // set before any test, as the other is

    private McpInstance One => _one!;

    public async ValueTask InitializeAsync()
    {
        _world = await World.CreateAsync();
        _world.Time.Now = DateTimeOffset.UtcNow; // tokens are of today
        _one = await McpInstance.StartAsync(_world, _issuer, null);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var open in _open) open.Dispose();
        await One.DisposeAsync();
        await Everything.DisposeAsync();
        _issuer.Dispose();
    }

    [Fact]
    public async Task Listen_AChange_IsToldOfWhatWasAskedForAndNothingElse()
    {
        var lines = await ListenAsync(Everything.Ana, """{"toolsListChanged":true,"resourcesListChanged":true}""");
        var acknowledged = await NextAsync(lines);
        Assert.Equal("notifications/subscriptions/acknowledged", acknowledged["method"]!.AsString());
        Assert.Equal("""{"toolsListChanged":true,"resourcesListChanged":true}""", acknowledged["params"]!["notifications"]!.ToString());
        await ChangeAsync();
        var told = new[] { await NextAsync(lines), await NextAsync(lines) };
        Assert.Equal(["notifications/tools/list_changed", "notifications/resources/list_changed"], told.Select(message => message["method"]!.AsString()));
        Assert.All(told, message => Assert.Equal(7, message["params"]!["_meta"]!["io.modelcontextprotocol/subscriptionId"]!.AsNumber()));
    }

    [Fact]
    public async Task Listen_AnotherTenantsChange_IsNotTold()
    {
        var rival = Everything.Directory.Add(new TenantId("rival"), "eve");
        var (ours, theirs) = (await ListenAsync(Everything.Ana, """{"toolsListChanged":true}"""), await ListenAsync(rival, """{"toolsListChanged":true}"""));
        await NextAsync(ours);
        await NextAsync(theirs);
        await ChangeAsync(2);
        await NextAsync(ours);
        Assert.Null((await new RegistryStore(Everything.Memory).WriteAsync(rival.Tenant, [World.Tool("crm/read")], World.Token)).Conflict);
        await TickAsync(2);
        Assert.Equal("notifications/tools/list_changed", (await NextAsync(theirs))["method"]!.AsString()); // its first: of its own change
    }

    [Fact]
    public async Task Listen_OneTooMany_IsRefusedUntilOneLeaves()
    {
        var streams = new List<StreamReader>();
        for (var i = 0; i < 8; i++) streams.Add(await ListenAsync(Everything.Ana, "{}"));
        foreach (var stream in streams) await NextAsync(stream);
        using var request = Probe(Everything.Ana).Request("subscriptions/listen", StrictJson.Parse("""{"notifications":{}}"""));
        using var refused = await One.Http.SendAsync(request, World.Token);
        Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
        Assert.Contains("too-many-listeners", await refused.Content.ReadAsStringAsync(World.Token), StringComparison.Ordinal);
        await NextAsync(await ListenAsync(Everything.Sam, "{}")); // another's are counted apart
    }

    [Fact]
    public async Task Listen_WithoutSayingForWhat_IsInvalid() =>
        Assert.Equal(-32602, (await Probe(Everything.Ana).ErrorAsync("subscriptions/listen"))["code"]!.AsNumber());

    private async Task ChangeAsync(int tenants = 1)
    {
        await Everything.WriteAsync(World.Tool("crm/new"));
        await TickAsync(tenants);
    }

    /// <summary>Lets the registry of so many tenants be looked at.</summary>
    private async Task TickAsync(int tenants)
    {
        await One.Clock.TimerAsync(Look, tenants);
        One.Clock.Advance(Look);
    }

    private McpProbe Probe(Principal person) => new(One.Http, One.Address, One.Token(person));

    private async Task<StreamReader> ListenAsync(Principal person, string kinds)
    {
        var request = Probe(person).Request("subscriptions/listen", JsonValue.Object(("notifications", StrictJson.Parse(kinds))));
        var response = await One.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, World.Token);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var reader = new StreamReader(await response.Content.ReadAsStreamAsync(World.Token));
        _open.AddRange(reader, response, request);
        return reader;
    }

    private static async Task<JsonValue> NextAsync(StreamReader stream)
    {
        while (await stream.ReadLineAsync(World.Token).AsTask().WaitAsync(TimeSpan.FromSeconds(20), World.Token) is { } line)
            if (line.StartsWith("data:", StringComparison.Ordinal)) return StrictJson.Parse(line[5..]);
        throw new InvalidOperationException("The stream ended.");
    }
}
