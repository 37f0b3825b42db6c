using System.Collections.Concurrent;
using Interlock.Core;
using Interlock.Core.Audit;
using Interlock.Core.Execution;
using Interlock.Core.Intake;
using Interlock.Core.Registry;
using Interlock.Core.Runs;
using Interlock.Core.Storage;
using Interlock.Tests.Gateway;
using Interlock.Tests.Identity;
using Interlock.Tests.Runs;

namespace Interlock.Tests.Execution;

/// <summary>Stored runs of one tenant over a memory store, with scripted commands and a scheduler that only takes notes.</summary>
internal sealed class StoredRig
{
    public StoredRig(ITableStore? store = null, ManualTime? time = null, IRunScheduler? scheduler = null, IEventPublisher? publisher = null)
    {
        Store = store ?? Memory;
        Time = time ?? new ManualTime(RunHarness.Noon);
        var taking = scheduler ?? Scheduler;
        Catalog = new WorkflowCatalog(Blobs);
        Audit = new AuditLog(Store, Time);
        Runs = new RunStore(Store, Blobs);
        Driver = new RunDriver(Runs, Catalog, Commands, Audit, Time, publisher) { OnHeldUp = (_, command, e) => HeldUp.Enqueue((command, e)) };
        Host = new StoredRunHost(Runs, Driver, Catalog, Audit, taking, Time, publisher);
        Reconciler = new RunReconciler(Runs, Driver, taking, Time);
    }

    public static CancellationToken Token => TestContext.Current.CancellationToken;

    public MemoryTableStore Memory { get; } = new();
    public MemoryBlobStore Blobs { get; } = new();
    public ITableStore Store { get; }
    public ManualTime Time { get; }
    public ScriptedRunner Commands { get; } = new();
    /// <summary>Used unless another one was given.</summary>
    public NotingScheduler Scheduler { get; } = new();
    public WorkflowCatalog Catalog { get; }

    /// <summary>What the host's log would hold of gates that could not be looked at.</summary>
    public ConcurrentQueue<(Command Command, Exception Error)> HeldUp { get; } = new();

    public AuditLog Audit { get; }
    public RunStore Runs { get; }
    public RunDriver Driver { get; }
    public StoredRunHost Host { get; }
    public RunReconciler Reconciler { get; }

    public async Task<RunState> StartAsync(Core.Workflows.WorkflowDefinition definition, RunEvent.RunStarted started)
    {
        await Catalog.StoreAsync(started.Tenant, definition.Document, Token);
        Time.Now = started.At;
        return (await Host.StartAsync(new StartRun(started.Tenant, started.Workflow, started.Origin, started.Input) { Id = started.Run }, Token)).State;
    }

    public async Task<RunState> StateAsync(RunEvent.RunStarted started) =>
        (await Runs.FindAsync(started.Tenant, started.Run, Token) ?? throw new InvalidOperationException("The run is not stored.")).State;

    public async Task<List<RunEvent>> EventsAsync(RunEvent.RunStarted started) => await Runs.EventsAsync(started.Tenant, started.Run, Token).ToListAsync(Token);
}

/// <summary>Knows what it was asked for.</summary>
internal sealed class NotingScheduler : IRunScheduler
{
    public ConcurrentQueue<RunId> Scheduled { get; } = new();
    public ConcurrentQueue<RunId> Woken { get; } = new();
    public ScheduledRun Status { get; set; } = new(ScheduleStatus.Active, long.MaxValue);

    public Task ScheduleAsync(TenantId tenant, RunId run, CancellationToken cancellationToken = default)
    {
        Scheduled.Enqueue(run);
        return Task.CompletedTask;
    }

    public Task WakeAsync(TenantId tenant, RunId run, CancellationToken cancellationToken = default)
    {
        Woken.Enqueue(run);
        return Task.CompletedTask;
    }

    public Task<ScheduledRun> FindAsync(TenantId tenant, RunId run, CancellationToken cancellationToken = default) => Task.FromResult(Status);
}
