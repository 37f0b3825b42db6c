using System.Threading.Channels;
using Interlock.Core.Audit;
using Interlock.Core.Gateway;
using Interlock.Core.Registry;
using Interlock.Tests.Gateway;

namespace Interlock.Tests.Registry;

public sealed class ContractWatchTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Run_ServerAnnouncesManyChanges_IsRefreshedSoonAndOnceAMinute()
    {
        await using var world = await World.CreateAsync();
        await world.WriteAsync(World.Entry(RegistryKind.Server, "erp", "1.0.0", new ServerBody(new Uri("https://erp.contoso.com/mcp"), "reg-erp")));
        var clock = new ManualClock(World.Start);
        var (stub, discovery, passes) = (new StubWatch(), new StubDiscovery(), Channel.CreateUnbounded<RefreshPass>());
        discovery.Show(("pay", "Pays."));
        using var watch = new ContractWatch(new ContractRefresh(new RegistryStore(world.Memory), new AuditLog(world.Memory, world.Time), discovery, clock), stub, (pass, error) => passes.Writer.TryWrite(pass ?? throw error!), clock); // one of the two is given

        await watch.RunAsync(World.Tenant, Token);
        Assert.Equal(["reg-1", "reg-erp"], stub.Watched.Select(endpoint => endpoint.RegistrationId).Order());
        for (var i = 0; i < 1000; i++) stub.Announce("reg-erp");
        clock.Advance(ContractWatch.Patience - TimeSpan.FromMilliseconds(1));
        Assert.Empty(discovery.Asked);
        clock.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(1, (await passes.Reader.ReadAsync(Token)).Asked);
        Assert.Equal("reg-erp", Assert.Single(discovery.Asked).RegistrationId);

        for (var i = 0; i < 1000; i++) stub.Announce("reg-erp");
        stub.Announce("reg-1");
        clock.Advance(TimeSpan.FromSeconds(59));
        await passes.Reader.ReadAsync(Token);
        Assert.Equal(["reg-erp", "reg-1"], discovery.Asked.Select(endpoint => endpoint.RegistrationId));
        clock.Advance(TimeSpan.FromSeconds(1));
        await passes.Reader.ReadAsync(Token);
        Assert.Equal(["reg-erp", "reg-1", "reg-erp"], discovery.Asked.Select(endpoint => endpoint.RegistrationId));
        clock.Advance(TimeSpan.FromMinutes(10));
        Assert.False(passes.Reader.TryRead(out _));
    }

    [Fact]
    public async Task Run_ServerNoLongerActive_IsNotListenedTo()
    {
        await using var world = await World.CreateAsync();
        var stub = new StubWatch();
        using var watch = new ContractWatch(new ContractRefresh(new RegistryStore(world.Memory), new AuditLog(world.Memory, world.Time), new StubDiscovery(), world.Time), stub, (_, _) => { }, world.Time);
        await watch.RunAsync(World.Tenant, Token);
        Assert.Single(stub.Watched);
        await world.MoveAsync(RegistryKind.Server, "crm", "1.0.0", Lifecycle.Disabled);
        await watch.RunAsync(World.Tenant, Token);
        Assert.Empty(stub.Watched);
    }

    private sealed class StubWatch : IUpstreamWatch
    {
        private Action<string> _changed = _ => { };

        public IReadOnlyCollection<UpstreamEndpoint> Watched { get; private set; } = [];

        public void Announce(string registration) => _changed(registration);

        public void Watch(IReadOnlyCollection<UpstreamEndpoint> endpoints, Action<string> changed) => (Watched, _changed) = (endpoints, changed);
    }
}
