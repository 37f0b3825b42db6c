using Interlock.Core.Storage;
using Interlock.Http.Upstreams;
using Interlock.Local.Hosting;
using Interlock.Samples.DemoServers;
using Microsoft.Extensions.Logging.Abstractions;

namespace Interlock.Tests.Azure.Parity;

/// <summary>The embedded host as <c>interlock serve</c> puts it together, over the place's folder.</summary>
internal sealed class EmbeddedHost : ParityHost
{
    private readonly LocalServices _services;
    private readonly LocalWeb _web;

    private EmbeddedHost(ParityPlace place, DemoServers servers, LocalServices services, LocalWeb web) : base(place, servers) => (_services, _web) = (services, web);

    public override Uri Address => _web.Address;

    public override ITableStore AuditTables => _services.Tables;

    public static async Task<ParityHost> StartAsync(ParityPlace place, DemoServersOptions options)
    {
        var servers = await place.BeginAsync(options);
        var services = await LocalServices.OpenAsync(
            new LocalOptions(place.Folder) { Egress = new EgressOptions { AllowLoopback = true } }, NullLoggerFactory.Instance, place.Time, TestContext.Current.CancellationToken);
        var web = await LocalWeb.StartAsync(services, "http://127.0.0.1:0", [], NullLoggerFactory.Instance, TestContext.Current.CancellationToken);
        return new EmbeddedHost(place, servers, services, web);
    }

    public override async Task UpkeepAsync()
    {
        await _services.GoOnAsync(NullLogger.Instance, all: false, TestContext.Current.CancellationToken);
        await _services.Schedules.RunAsync(ParityPlace.Tenant, TestContext.Current.CancellationToken);
    }

    public override async ValueTask DisposeAsync()
    {
        await _web.DisposeAsync();
        await _services.DisposeAsync();
        await base.DisposeAsync();
    }
}
