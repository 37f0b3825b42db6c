using System.Collections.Concurrent;
using Interlock.Core.Storage;
using Interlock.Functions.Edge;
using Interlock.Functions.Hosting;
using Interlock.Functions.Runs;
using Interlock.Functions.Storage;
using Interlock.Functions.Upkeep;
using Interlock.Samples.DemoServers;
using Interlock.Tests.Azure.Durable;
using Interlock.Tests.Azure.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Interlock.Tests.Azure.Parity;

/// <summary>
/// The Functions app as its program puts it together, in development mode over the place's folder: table and blob store over the services' doubles,
/// the app's own functions on simulated Durable Functions, and a front that calls its HTTP functions as host and worker do.
/// </summary>
internal sealed class FunctionsHost : ParityHost
{
    private readonly WebApplication _app;
    private readonly DurablePump _pump;

    private FunctionsHost(ParityPlace place, DemoServers servers, WebApplication app, DurableSimulator simulator) : base(place, servers)
    {
        (_app, Simulator) = (app, simulator);
        _pump = new DurablePump(simulator, place.Time);
        Address = new Uri(app.Urls.First());
    }

    public override Uri Address { get; }

    public override ITableStore AuditTables => Services.Storage.AuditTables;

    public DurableSimulator Simulator { get; }

    /// <summary>The HTTP functions that were invoked.</summary>
    public required ConcurrentDictionary<string, bool> Invoked { get; init; }

    public AppServices Services => _app.Services.GetRequiredService<AppServices>();

    public static async Task<FunctionsHost> StartAsync(ParityPlace place, DemoServersOptions options, MemoryTableService? tables = null, params (string Name, string? Value)[] settings)
    {
        var servers = await place.BeginAsync(options);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            [SettingNames.DevelopmentFolder.Replace("__", ":", StringComparison.Ordinal)] = place.Folder,
            [SettingNames.EventPublisher.Replace("__", ":", StringComparison.Ordinal)] = Publisher,
        });
        builder.Configuration.AddInMemoryCollection(settings.ToDictionary(setting => setting.Name.Replace("__", ":", StringComparison.Ordinal), setting => setting.Value));
        builder.Services.AddInterlock();
        var store = new TableStore(tables ?? new MemoryTableService());
        builder.Services.AddSingleton<TimeProvider>(place.Time);
        builder.Services.AddSingleton(provider => new AppServices(
            provider.GetRequiredService<IConfiguration>(), new PlatformEnvironment(false, false), provider.GetRequiredService<ILoggerFactory>(), place.Time,
            provider.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping, new AppStorage(store, store, new BlobStore(new MemoryBlobContainer()), new BlobArchive(new MemoryBlobContainer()))));
        var app = builder.Build();
        var simulator = Simulate(app.Services);
        var invoked = new ConcurrentDictionary<string, bool>(StringComparer.Ordinal);
        FunctionsFront.Map(app, typeof(HttpFunctions), simulator.Client, name => invoked[name] = true);
        await app.StartAsync(TestContext.Current.CancellationToken);
        return new FunctionsHost(place, servers, app, simulator) { Invoked = invoked };
    }

    public override bool TakesFromEventGrid => true;

    public override Task DeliverAsync(string cloudEvent) => Function<EventFunctions>().ReceiveAsync(cloudEvent, Simulator.Client, TestContext.Current.CancellationToken);

    public override async Task LoseScheduleAsync()
    {
        await foreach (var instance in Simulator.Client.GetAllInstancesAsync()) await Simulator.Client.PurgeInstanceAsync(instance.InstanceId);
    }

    /// <summary>What the timer does each minute.</summary>
    public override async Task UpkeepAsync()
    {
        await Function<UpkeepFunctions>().ReconcileAsync(new TimerInfo(), Simulator.Client, TestContext.Current.CancellationToken);
        await Function<EventUpkeepFunctions>().DeliverAsync(new TimerInfo(), Simulator.Client, TestContext.Current.CancellationToken);
        await Function<ScheduleFunctions>().StartAsync(new TimerInfo(), Simulator.Client, TestContext.Current.CancellationToken);
    }

    public override async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _pump.DisposeAsync();
        await _app.DisposeAsync();
        await base.DisposeAsync();
    }

    private T Function<T>() => ActivatorUtilities.CreateInstance<T>(_app.Services);

    private static DurableSimulator Simulate(IServiceProvider services)
    {
        var simulator = new DurableSimulator(services.GetRequiredService<ILoggerFactory>());
        RunFunctions Functions() => ActivatorUtilities.CreateInstance<RunFunctions>(services);
        simulator.AddOrchestrator(RunOrchestration.Name, RunFunctions.OrchestrateAsync);
        simulator.AddActivity(RunOrchestration.AdvanceActivity, (AdvanceInput input) => Functions().AdvanceAsync(input, CancellationToken.None));
        simulator.AddActivity(RunOrchestration.CallActivity, (CallInput input) => Functions().CallAsync(input, CancellationToken.None));
        return simulator;
    }
}
