using Interlock.Core;
using Interlock.Core.Registry;
using Interlock.Core.Storage;
using Interlock.Local.Hosting;
using Interlock.Tests.Gateway;
using Interlock.Tests.Registry;
using Microsoft.Extensions.Logging.Abstractions;

namespace Interlock.Tests.Engine;

public sealed class UpkeepLoopTests
{
    private readonly ManualClock _clock = new(World.Start);
    private readonly StubDiscovery _discovery = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Loop_EachInterval_AsksAgainEvenAfterAStoreFault()
    {
        await using var world = new World();
        var memory = new MemoryTableStore();
        var server = World.Entry(RegistryKind.Server, "erp", "1.0.0", new ServerBody(new Uri("https://erp.contoso.com/mcp"), "reg-1"));
        await new RegistryStore(memory).WriteAsync(new TenantId(LocalOptions.Tenant), [server], Token);
        var store = new FaultyTableStore(memory);
        await using var loop = Loop(new ContractRefresh(new RegistryStore(store), world.Node.Audit, _discovery, _clock));
        await PassAsync();
        Assert.Single(_discovery.Asked);
        store.Arm(1, Fault.ThrowBefore);
        await PassAsync();
        Assert.Single(_discovery.Asked);
        await PassAsync();
        Assert.Equal(2, _discovery.Asked.Count);
    }

    [Fact]
    public async Task Dispose_Waiting_Ends()
    {
        await using var world = new World();
        var loop = Loop(new ContractRefresh(world.Node.Registries, world.Node.Audit, _discovery, _clock));
        await loop.DisposeAsync();
        Assert.Empty(_discovery.Asked);
    }

    private UpkeepLoop Loop(ContractRefresh refresh) =>
        new("The refresh", ContractRefresh.Interval, stop => refresh.RunAsync(new TenantId(LocalOptions.Tenant), stop), _clock, NullLogger<UpkeepLoop>.Instance);

    /// <summary>A pass, to its end: the loop waits again.</summary>
    private async Task PassAsync()
    {
        await _clock.TimerAsync(ContractRefresh.Interval);
        _clock.Advance(ContractRefresh.Interval);
        await _clock.TimerAsync(ContractRefresh.Interval);
    }
}
