using Interlock.Core;
using Interlock.Core.Approvals;
using Interlock.Core.Audit;
using Interlock.Core.Audit.Checkpoints;
using Interlock.Core.Execution;
using Interlock.Core.Gateway;
using Interlock.Core.Gateway.Callbacks;
using Interlock.Core.Gateway.Fences;
using Interlock.Core.Gateway.Resilience;
using Interlock.Core.Identity;
using Interlock.Core.Intake;
using Interlock.Core.Intake.Events;
using Interlock.Core.Intake.Schedules;
using Interlock.Core.Notices;
using Interlock.Core.Registry;
using Interlock.Core.Registry.Changes;
using Interlock.Core.Registry.Pools;
using Interlock.Core.Runs;
using Interlock.Core.Storage;
using Interlock.Core.Upkeep;
using Interlock.Http.Events;
using Interlock.Http.Notices;
using Interlock.Http.Upstreams;
using Interlock.Http.Upstreams.Credentials;
using Interlock.Local.Engine;
using Interlock.Local.Storage;
using Microsoft.Extensions.Logging;

namespace Interlock.Local.Hosting;

/// <summary>Everything one embedded host consists of, over one data directory. Opened, used by the web and the commands, disposed.</summary>
internal sealed class LocalServices : IAsyncDisposable
{
    private readonly SqliteDatabase _database;
    private readonly HttpMessageHandler _egress;
    private readonly McpUpstream _mcp;
    private readonly A2aUpstream _a2a;
    private readonly GateStore _gates;

    private LocalServices(LocalOptions options, ILoggerFactory loggers, TimeProvider time)
    {
        _database = SqliteDatabase.Open(options.DataDirectory);
        var blobs = new FileBlobStore(options.DataDirectory);
        blobs.RemoveUnfinished();
        Keys = LocalKeys.Open(options.DataDirectory, time);
        Users = LocalUsers.Load(options.DataDirectory);
        Channels = LocalChannels.Load(options.DataDirectory, options.Egress.AllowLoopback);
        (PublicOrigin, Origin) = (options.PublicOrigin, options.PublicOrigin ?? options.Listens);
        Time = time;
        Tables = options.Tables ?? new SqliteTableStore(_database);
        Audit = new AuditLog(Tables, time);
        Registries = new RegistryStore(Tables);
        Policies = new PolicyCache();
        Catalog = new WorkflowCatalog(blobs);
        _egress = EgressHandler.Create(options.Egress);
        var credentials = new UpstreamCredentials(new LocalSecrets(options.DataDirectory), _egress, time);
        _mcp = new McpUpstream(_egress, loggers, time, credentials);
        _a2a = new A2aUpstream(_egress, time, credentials);
        var upstreams = new UpstreamRouter(_mcp, _a2a, new HttpUpstream(_egress, credentials, time), new ChatUpstream(_egress, credentials, time));
        _gates = new GateStore(Tables, Keys.Mac, Keys.Incarnation);
        var fences = new FenceTracker(Tables, Registries, time);
        Engine = new RunEngine(new RunLog(_database), Catalog, Audit, time, loggers.CreateLogger<RunEngine>());
        Gateway = new ToolGateway(new GatewayParts(Tables, Tables, blobs, Registries, Policies, _gates, Audit, Users, Engine, upstreams, fences, time)
        {
            RunLog = Engine,
            Mac = Keys.Mac,
            Limits = options.Limits,
            Tokens = new RunTokens(Keys.Issuer, Keys.Mac, Policies, Users, () => Origin, time),
        });
        var circuits = loggers.CreateLogger<UpstreamRoutes>();
        Gateway.Routes.Moved = change => CircuitLog.Write(circuits, change);
        var approvals = new ApprovalParts(Tables, Keys.Mac, Registries, Policies, _gates, Audit, Users, time)
        {
            RunLog = Engine,
            Edits = new RunEdits(Engine.GetAsync, Catalog),
            Notices = new NoticeOutbox(Tables, Channels, time),
            Caps = options.Caps,
        };
        Approvals = new ApprovalDesk(approvals);
        AdHoc = new AdHocDesk(approvals, Approvals, new Ledger(Tables, blobs));
        Registry = new RegistryDesk(Registries, Catalog, Audit, upstreams, Users, fences, time);
        Health = new HealthChecks(Registries, upstreams, Gateway.Routes, time, Random.Shared.NextDouble);
        Changes = options.FourEyes ? new ChangeDesk(Registry, new ProposalStore(Tables, Keys.Mac, Keys.Incarnation), Audit, Users, time) { Glass = new BreakGlassDesk(new BreakGlassStore(Tables, Keys.Mac, Keys.Incarnation), Audit, time) } : null;
        Refresh = new ContractRefresh(Registries, Audit, upstreams, time);
        Intake = new RunIntake(Registries, Catalog, Engine, Tables, Audit, time) { Caps = options.Caps, Directory = Users };
        Schedules = new ScheduleKeeper(Registries, Catalog, Intake, Engine, Users, Tables, Audit, time);
        Relations = new RunRelations(Intake, Engine, Tables, Audit, time);
        var agents = new AgentDesk(Gateway, Registries, Policies, new PoolReader(Catalog), Users, time);
        var commands = new CommandRunner(Gateway, Approvals, time, relations: () => Relations, agents: agents);
        AgentNotices = new AgentNotices(commands, Engine, Keys.Mac);
        Commands = new SteadyRunner(commands, time, loggers.CreateLogger<SteadyRunner>());
        Housekeeping = new Housekeeping(Changes, Gateway.Usage, Tables, async (tenant, run, stop) => await Engine.GetAsync(tenant, run, stop) is not { } state || state.Status.IsClosed(), time) { Locks = Relations.Locks };
    }

    /// <summary>Copies the audit to a folder, with checkpoints signed by the key given.</summary>
    public AuditArchive ArchiveIn(string folder, CheckpointKey key) => new(Tables, Tables, new FileArchive(folder), async (tenant, run, stop) => await Engine.GetAsync(tenant, run, stop) is not { } state || state.Status.IsClosed(), Time, key);

    public TimeProvider Time { get; }
    public LocalKeys Keys { get; }
    public LocalUserDirectory Users { get; }
    public NoticeChannels Channels { get; }
    public Uri? PublicOrigin { get; }

    /// <summary>Where agents elsewhere reach it: <see cref="PublicOrigin"/>, or where it listens once that is known; null where it does not.</summary>
    public Uri? Origin { get; private set; }

    public AgentNotices AgentNotices { get; }
    public ITableStore Tables { get; }
    public AuditLog Audit { get; }
    public RegistryStore Registries { get; }
    public PolicyCache Policies { get; }
    public WorkflowCatalog Catalog { get; }
    public RunEngine Engine { get; }
    public ToolGateway Gateway { get; }
    public ApprovalDesk Approvals { get; }
    public AdHocDesk AdHoc { get; }
    public RegistryDesk Registry { get; }
    public ChangeDesk? Changes { get; }
    public ContractRefresh Refresh { get; }
    public IUpstreamWatch Watch => _mcp;
    public HealthChecks Health { get; }
    public RunIntake Intake { get; }
    public ScheduleKeeper Schedules { get; }
    public RunRelations Relations { get; }
    public Housekeeping Housekeeping { get; }
    private SteadyRunner Commands { get; }

    /// <summary>Opens the data directory and takes up every open run, and what events and children a process that died left behind.</summary>
    /// <exception cref="DataDirectoryInUseException">Another process has it.</exception>
    public static async Task<LocalServices> OpenAsync(LocalOptions options, ILoggerFactory loggers, TimeProvider time, CancellationToken cancellationToken = default)
    {
        var services = new LocalServices(options, loggers, time);
        await services.Engine.ResumeAllAsync(services.Commands, cancellationToken);
        await services.GoOnAsync(loggers.CreateLogger<EventDelivery>(), all: true, cancellationToken);
        return services;
    }

    /// <summary>Delivers events that are due (at the start all: nobody else is at work here), and cancels children that nobody waits for.</summary>
    public async Task GoOnAsync(ILogger logger, bool all, CancellationToken cancellationToken)
    {
        var tenant = new TenantId(LocalOptions.Tenant);
        EventLog.Write(logger, await Intake.Delivery.RunAsync(tenant, all, cancellationToken));
        foreach (var run in Engine.OpenRuns) await Relations.Children.ReconcileAsync(run, cancellationToken);
    }

    /// <summary>Says where it listens, unless another address is said to lead here.</summary>
    public void Listens(Uri address) => Origin = PublicOrigin ?? address;

    public Principal? User(string id) => Users.Find(new TenantId(LocalOptions.Tenant), id)?.ToPrincipal(new TenantId(LocalOptions.Tenant));

    /// <summary>Sends messages whose links lead to this address.</summary>
    public NoticeSender SenderFor(Uri origin) => new(_egress, Keys.Mac, Users, origin, Time);

    public NoticeDelivery DeliveryBy(INoticeSender sender) => new(Tables, _gates, Audit, Channels, sender, Time);

    public async ValueTask DisposeAsync()
    {
        await Engine.DisposeAsync();
        await _mcp.DisposeAsync();
        _a2a.Dispose();
        _egress.Dispose();
        await _database.DisposeAsync();
        Keys.Dispose();
    }
}
