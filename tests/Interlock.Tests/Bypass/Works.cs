using Interlock.Core;
using Interlock.Core.Approvals;
using Interlock.Core.Audit;
using Interlock.Core.Execution;
using Interlock.Core.Gateway;
using Interlock.Core.Identity;
using Interlock.Core.Registry;
using Interlock.Core.Runs;
using Interlock.Core.Storage;
using Interlock.Core.Workflows;
using Interlock.Json;
using Interlock.Tests.Execution;
using Interlock.Tests.Gateway;

namespace Interlock.Tests.Bypass;

/// <summary>
/// A world's workflows, run by the real driver, gateway and approval desk over its store: nothing is scripted but the upstream. What the guarded tool
/// <c>crm/apply</c> got is looked at afterwards.
/// </summary>
internal sealed class Works : IAsyncDisposable
{
    public const string Guarded = "apply";

    private const int MostSteps = 200;

    private Works(World world, ITableStore store)
    {
        World = world;
        Runs = new RunStore(store, world.Blobs);
        Catalog = new WorkflowCatalog(world.Blobs);
        Node = new Node(world, store, fence: new StoredFence(Runs), edits: new RunEdits(async (tenant, run, cancellation) => (await Runs.FindAsync(tenant, run, cancellation))?.State, Catalog));
        Driver = new RunDriver(Runs, Catalog, new CommandRunner(Node.Gateway, Node.Desk, world.Time), Node.Audit, world.Time);
        Host = new StoredRunHost(Runs, Driver, Catalog, Node.Audit, new NotingScheduler(), world.Time);
    }

    public World World { get; }
    public Node Node { get; }
    public RunStore Runs { get; }
    public WorkflowCatalog Catalog { get; }
    public RunDriver Driver { get; }
    public StoredRunHost Host { get; }

    public ApprovalDesk Desk => Node.Desk;

    private static CancellationToken Token => World.Token;

    /// <summary>Over the world's registry and policy; the upstream answers whatever it is asked.</summary>
    public static async Task<Works> CreateAsync(string policy = World.Policy)
    {
        var world = await World.CreateAsync(policy);
        var works = new Works(world, world.Memory);
        works.World.Upstream.Always(_ => StubUpstream.Done());
        return works;
    }

    /// <summary>Another process over the same world, that reads and writes through this store.</summary>
    public Works Beside(ITableStore store) => new(World, store);

    /// <summary>Starts a document with these tasks and moves it on as far as it goes by itself.</summary>
    public Task<RunId> StartAsync(string tasks, JsonValue? input = null, Principal? starter = null, string name = "test/doc")
    {
        var read = WorkflowReader.Read(Workflows.Documents.Head.Replace("after: PT1H", "after: P2D", StringComparison.Ordinal) + tasks, "doc.yaml");
        return StartAsync(read.Definition ?? throw new InvalidOperationException(string.Join("\n", read.Findings)), input, starter, name);
    }

    public async Task<RunId> StartAsync(WorkflowDefinition definition, JsonValue? input = null, Principal? starter = null, string name = "test/doc")
    {
        var digest = await Catalog.StoreAsync(World.Tenant, definition.Document, Token);
        var origin = new RunOrigin(starter ?? World.Ana, "user:owner", "api");
        var run = (await Host.StartAsync(new StartRun(World.Tenant, new WorkflowRef(name, "1.0.0", digest), origin, input ?? JsonValue.EmptyObject), Token)).State.Id;
        await GoOnAsync(run);
        return run;
    }

    /// <summary>Does what the run has outstanding until it waits for people or for time.</summary>
    public async Task GoOnAsync(RunId run)
    {
        for (var i = 0; i < MostSteps; i++)
        {
            var plan = await Driver.AdvanceAsync(World.Tenant, run, default, Token);
            if (plan is not { Calls.Count: > 0 }) return;
            foreach (var call in plan.Calls) await Driver.CallAsync(World.Tenant, run, new EffectId(call), Token);
        }
        throw new InvalidOperationException($"The run does not come to rest: {RunJson.ToValue(await StateAsync(run))}");
    }

    /// <summary>Lets time pass, and the run with it.</summary>
    public Task PassAsync(RunId run, TimeSpan time)
    {
        World.Time.Now += time;
        return GoOnAsync(run);
    }

    public async Task<RunState> StateAsync(RunId run) => (await Host.GetAsync(World.Tenant, run, Token))!; // the caller started it

    /// <summary>The run's open gates, oldest first.</summary>
    public async Task<IReadOnlyList<Gate>> GatesAsync(RunId run) => [.. (await Desk.OpenGatesAsync(World.Tenant, Token)).Where(gate => gate.Run == run)];

    public async Task<Gate> GateAsync(RunId run) => Assert.Single(await GatesAsync(run));

    public Task<GateResult> DecideAsync(Gate gate, Principal person, Func<string, Decision>? decision = null) =>
        Desk.DecideAsync(new InteractiveSession(person, World.Time.Now), gate.Id, (decision ?? Approve)(gate.ShownDigest), Token);

    /// <summary>Sam approves, and the run hears of it.</summary>
    public async Task ApproveAsync(Gate gate, Principal? person = null)
    {
        Assert.IsType<GateResult.Accepted>(await DecideAsync(gate, person ?? World.Sam));
        await GoOnAsync(gate.Run!.Value); // gates of runs only
    }

    /// <summary>The calls that reached the guarded tool.</summary>
    public IReadOnlyList<UpstreamCall> Reached => [.. World.Upstream.Calls.Where(call => call.Tool == Guarded)];

    /// <summary>What was refused in this run, in order.</summary>
    public async Task<List<AuditRecord>> RefusalsAsync(RunId run) =>
        [.. (await World.RecordsAsync(AuditTypes.CallRefused)).Where(record => record.Run == run)];

    /// <summary>Nothing but so many calls reached the tool, and this run has exactly one refusal, under this rule, with who asked for what.</summary>
    public async Task<AuditRecord> AssertRefusedAsync(RunId run, string stage, string rule, int reached = 0)
    {
        Assert.Equal(reached, Reached.Count);
        var refusal = Assert.Single(await RefusalsAsync(run));
        Assert.Equal((stage, rule), (refusal.Stage, refusal.Rule));
        Assert.NotEmpty(refusal.Actors);
        return refusal;
    }

    public static Decision Approve(string shown) => new Decision.Approve(null, shown);

    public static Decision Reject(string shown) => new Decision.Reject("no", shown);

    public ValueTask DisposeAsync() => World.DisposeAsync();
}
