using System.Collections.Concurrent;
using Interlock.Core;
using Interlock.Core.Execution;
using Interlock.Core.Gateway;
using Interlock.Core.Identity;
using Interlock.Core.Intake;
using Interlock.Core.Intake.Schedules;
using Interlock.Core.Registry;
using Interlock.Core.Runs;
using Interlock.Core.Storage;
using Interlock.Json;
using Interlock.Tests.Gateway;
using Interlock.Tests.Registry;

namespace Interlock.Tests.Events;

/// <summary>
/// Runs that have to do with each other: published workflows over a world's store, with the real driver, intake and gateway of one process. Another one over the same
/// world is a restart, or a second process beside it. Nothing moves unless it is settled.
/// </summary>
internal sealed class Society
{
    private const int MostSteps = 2000;

    public Society(World world, ITableStore? store = null, TimeSpan clocks = default, EffectLease? lease = null)
    {
        World = world;
        var tables = store ?? world.Memory;
        Runs = new RunStore(tables, world.Blobs);
        Catalog = new WorkflowCatalog(world.Blobs);
        Node = new Node(world, tables, lease, fence: new StoredFence(Runs));
        Driver = new RunDriver(Runs, Catalog, new CommandRunner(Node.Gateway, Node.Desk, world.Time, relations: () => Relations!), Node.Audit, world.Time) // put together below
        {
            OnHeldUp = (_, command, e) => HeldUp.Enqueue((command, e)),
        };
        Host = new StoredRunHost(Runs, Driver, Catalog, Node.Audit, Queue, world.Time);
        Intake = new RunIntake(Node.Registries, Catalog, Host, tables, Node.Audit, world.Time, Outside, clocks) { Directory = world.Directory };
        Schedules = new ScheduleKeeper(Node.Registries, Catalog, Intake, Host, world.Directory, tables, Node.Audit, world.Time);
        Relations = new RunRelations(Intake, Host, tables, Node.Audit, world.Time);
        Reconciler = new RunReconciler(Runs, Driver, Queue, world.Time, Relations.Children);
    }

    public static CancellationToken Token => World.Token;

    public World World { get; }
    public Node Node { get; }
    public RunStore Runs { get; }
    public WorkflowCatalog Catalog { get; }
    public RunDriver Driver { get; }
    public StoredRunHost Host { get; }
    public RunIntake Intake { get; }
    public ScheduleKeeper Schedules { get; }
    public RunRelations Relations { get; }
    public RunReconciler Reconciler { get; }
    public QueueScheduler Queue { get; } = new();
    public NotingPublisher Outside { get; } = new();
    public ConcurrentQueue<(Command Command, Exception Error)> HeldUp { get; } = new();

    public async Task PublishAsync(string name, string tasks, string? schedule = null, Principal? by = null, string version = "1.0.0", string more = "", string mode = "supervised")
    {
        var text =
            $$"""
            document: { dsl: 1.0.3, namespace: test, name: {{name}}, version: {{version}}, metadata: { interlock: { mode: {{mode}}, onError: fail, onTimeout: fail{{more}} } } }
            {{(schedule is null ? "" : $"schedule: {schedule}")}}
            timeout: { after: { days: 30 } }
            do:
            {{tasks}}
            """;
        var desk = new RegistryDesk(Node.Registries, Catalog, Node.Audit, new StubDiscovery(), World.Directory, Node.Fences, World.Time);
        var published = await desk.PublishWorkflowAsync(by ?? World.Sam, text, name + ".yaml", Token);
        Assert.True(published is RegistryResult.Changed, $"{(published as RegistryResult.Refused)?.Problem} {string.Join("\n", (published as RegistryResult.Refused)?.Findings ?? [])}");
    }

    public async Task<RunId> StartAsync(string name, JsonValue? input = null, Principal? by = null, string? key = null)
    {
        var result = await Intake.StartAsync(by ?? World.Ana, "test/" + name, null, input ?? JsonValue.EmptyObject, "api", key, Token);
        return Assert.Single(Assert.IsType<IntakeResult.Started>(result).Runs).State.Id;
    }

    public Task<IntakeResult> ReceiveAsync(string type, string id = "1", JsonValue? data = null, Principal? by = null, string? subject = null)
    {
        var json = JsonValue.Object(("specversion", "1.0"), ("id", id), ("source", "https://s"), ("type", type), ("data", data ?? JsonValue.EmptyObject));
        return Intake.ReceiveAsync(by ?? World.Ana, CloudEvent.Read(subject is null ? json : json.With("subject", subject)).Event!, Token); // well-formed
    }

    /// <summary>Moves every run that was scheduled or woken as far as it goes.</summary>
    public async Task SettleAsync()
    {
        for (var i = 0; Queue.TryTake(out var run); i++)
        {
            if (i == MostSteps) throw new InvalidOperationException("The runs do not come to rest.");
            if (await Driver.AdvanceAsync(World.Tenant, run, default, Token) is not { IsOver: false } plan) continue;
            foreach (var call in plan.Calls) await Driver.CallAsync(World.Tenant, run, new EffectId(call), Token);
        }
    }

    /// <summary>What a process that takes over does: everything that is open is looked at, and every event that is not delivered is.</summary>
    public async Task TakeOverAsync()
    {
        await SettleAsync();
        await Intake.Delivery.RunAsync(World.Tenant, all: true, Token);
        await Relations.Locks.SweepAsync(World.Tenant, Token);
        await Reconciler.RunAsync(World.Tenant, Token);
        await SettleAsync();
        await Reconciler.RunAsync(World.Tenant, Token);
        await SettleAsync();
    }

    public async Task<RunState> StateAsync(RunId run) => (await Host.GetAsync(World.Tenant, run, Token))!; // the test started it

    public async Task<List<RunState>> RunsOfAsync(string name)
    {
        var found = new List<RunState>();
        await foreach (var run in Runs.ListAsync(World.Tenant, Token))
            if (await Host.GetAsync(World.Tenant, run, Token) is { } state && state.Workflow.Name == "test/" + name && found.All(known => known.Id != run)) found.Add(state);
        return found;
    }

    public async Task<int> RowsAsync(string table, string partition) => await World.Memory.QueryAsync(table, partition, cancellationToken: Token).CountAsync(Token);
}

/// <summary>Remembers which runs are to be looked at.</summary>
internal sealed class QueueScheduler : IRunScheduler
{
    private readonly ConcurrentQueue<RunId> _queue = new();

    public bool TryTake(out RunId run) => _queue.TryDequeue(out run);

    public Task ScheduleAsync(TenantId tenant, RunId run, CancellationToken cancellationToken = default) => WakeAsync(tenant, run, cancellationToken);

    public Task WakeAsync(TenantId tenant, RunId run, CancellationToken cancellationToken = default)
    {
        _queue.Enqueue(run);
        return Task.CompletedTask;
    }

    public Task<ScheduledRun> FindAsync(TenantId tenant, RunId run, CancellationToken cancellationToken = default) => Task.FromResult(new ScheduledRun(ScheduleStatus.Absent));
}

/// <summary>Knows what was published, and takes nothing while it is away.</summary>
internal sealed class NotingPublisher : IEventPublisher
{
    public ConcurrentQueue<CloudEvent> Published { get; } = new();

    public bool IsAway { get; set; }

    public Task<bool> PublishAsync(CloudEvent happened, CancellationToken cancellationToken = default)
    {
        if (!IsAway) Published.Enqueue(happened);
        return Task.FromResult(!IsAway);
    }
}
