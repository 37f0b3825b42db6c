using System.Text;
using Azure.Core;
using Azure.Identity;
using Interlock.Core;
using Interlock.Core.Approvals;
using Interlock.Core.Audit;
using Interlock.Core.Execution;
using Interlock.Core.Gateway;
using Interlock.Core.Gateway.Callbacks;
using Interlock.Core.Gateway.Fences;
using Interlock.Core.Gateway.Limits;
using Interlock.Core.Gateway.Resilience;
using Interlock.Core.Identity;
using Interlock.Core.Intake;
using Interlock.Core.Intake.Schedules;
using Interlock.Core.Notices;
using Interlock.Core.Registry;
using Interlock.Core.Registry.Changes;
using Interlock.Core.Registry.Pools;
using Interlock.Core.Upkeep;
using Interlock.Functions.Edge;
using Interlock.Functions.Identity;
using Interlock.Functions.Runs;
using Interlock.Functions.Storage;
using Interlock.Functions.Upkeep;
using Interlock.Http.Hosting;
using Interlock.Http.Notices;
using Interlock.Http.Upstreams;
using Interlock.Http.Upstreams.Credentials;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;

namespace Interlock.Functions.Hosting;

/// <summary>Everything one worker of the app consists of, made of the settings at its start; a setting that is missing or wrong keeps it from starting.</summary>
internal sealed partial class AppServices : IAsyncDisposable
{
    /// <summary>Below the minute after which most MCP clients give up, far below the front end's 230 s.</summary>
    private static readonly TimeSpan AnswerWithin = TimeSpan.FromSeconds(50);

    /// <summary>Below <c>functionTimeout</c> of host.json: past that the host ends the whole worker, and every call under way there is in doubt.</summary>
    internal static readonly TimeSpan LongestCall = TimeSpan.FromHours(1);

    private static readonly TimeSpan CallDeadline = TimeSpan.FromMinutes(30);
    private static readonly TimeSpan ClockDifference = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LeaseTime = TimeSpan.FromSeconds(60);

    private readonly HttpMessageHandler _egress;
    private readonly HttpMessageHandler _vaultEgress;
    private readonly KeyVaultSecrets? _vault;
    private readonly KeyVaultSigner? _signer;
    private readonly AppIdentity _identity;
    private readonly McpUpstream _mcp;
    private readonly A2aUpstream _a2a;
    private readonly NoticeSender _sender;

    /// <param name="configuration">The settings, of <see cref="SettingNames"/>.</param>
    /// <param name="platform">Where the process runs.</param>
    /// <param name="loggers">Where it logs.</param>
    /// <param name="time">The clock.</param>
    /// <param name="stopping">Cancelled when the worker begins to stop.</param>
    /// <param name="storage">Where it keeps things, in the place of what the settings name.</param>
    /// <exception cref="SettingsException">What is wrong with the settings, and what to do.</exception>
    public AppServices(
        IConfiguration configuration, PlatformEnvironment platform, ILoggerFactory loggers, TimeProvider time, CancellationToken stopping, AppStorage? storage = null)
    {
        var logger = loggers.CreateLogger<AppServices>();
        var settings = new SettingReader(configuration);
        var credential = new Lazy<TokenCredential>(() => Credential(settings));
        var isDevelopment = settings.Text(SettingNames.DevelopmentFolder) is not null;
        var allowLoopback = isDevelopment && !platform.IsAzure;
        _egress = EgressHandler.Create(new EgressOptions { AllowLoopback = allowLoopback, AllowedHosts = List(settings, SettingNames.EgressHosts) });
        _identity = IdentitySetup.Create(configuration, platform, _egress, () => credential.Value, time, loggers);
        Storage = storage ?? AppStorage.Create(settings, _identity.IsDevelopment, () => credential.Value);
        var channels = Channels(settings, allowLoopback);
        var origin = Origin(settings, isRequired: !_identity.IsDevelopment || !channels.IsEmpty);
        var vault = Vault(settings);
        var checkpointKey = CheckpointKey(settings);
        var fourEyes = settings.Text(SettingNames.FourEyes) is null ? !_identity.IsDevelopment : settings.Flag(SettingNames.FourEyes);
        var caps = Caps(settings);
        settings.ThrowIfAny();

        ISecretSource? secrets = settings.Text(SettingNames.DevelopmentFolder) is { } folder ? new LocalSecrets(folder) : null;
        _vaultEgress = EgressHandler.Create(new EgressOptions { AllowedHosts = [.. new[] { vault, checkpointKey }.OfType<Uri>().Select(one => one.Host)] }); // they may be on the app's own network, and nothing else is by that
        if (vault is not null) secrets = _vault = new KeyVaultSecrets(_vaultEgress, vault, _identity.Tenant, credential.Value);
        if (checkpointKey is not null) _signer = new KeyVaultSigner(_vaultEgress, checkpointKey, credential.Value);
        ManagedTokens? managed = _identity.IsDevelopment ? null : new UpstreamIdentities(() => credential.Value).TokenAsync;
        var credentials = new UpstreamCredentials(secrets, _egress, time, managed);
        _mcp = new McpUpstream(_egress, loggers, time, credentials);
        _a2a = new A2aUpstream(_egress, time, credentials);
        var upstreams = new UpstreamRouter(_mcp, _a2a, new HttpUpstream(_egress, credentials, time), new ChatUpstream(_egress, credentials, time));
        var audit = new AuditLog(Storage.AuditTables, time);
        var registries = new RegistryStore(Storage.Tables);
        var policies = new PolicyCache();
        var catalog = new WorkflowCatalog(Storage.Blobs);
        var gates = new GateStore(Storage.Tables, _identity.Mac, _identity.Incarnation);
        var lease = new EffectLease(Guid.NewGuid().ToString("N"), LeaseTime);
        var fences = new FenceTracker(Storage.Tables, registries, time, lease);
        var runs = new RunStore(Storage.Tables, Storage.Blobs);
        var gateway = new ToolGateway(new GatewayParts(
            Storage.Tables, Storage.AuditTables, Storage.Blobs, registries, policies, gates, audit, _identity.Directory, new StoredFence(runs), upstreams, fences, time)
        {
            RunLog = runs,
            Lease = lease,
            Tokens = new RunTokens(_identity.RunIssuer, _identity.Mac, policies, _identity.Directory, () => origin, time),
            Limits = new GatewayLimits(),
            Mac = _identity.Mac,
        });
        var circuits = loggers.CreateLogger<UpstreamRoutes>();
        gateway.Routes.Moved = change => CircuitLog.Write(circuits, change);
        var approvalParts = new ApprovalParts(Storage.Tables, _identity.Mac, registries, policies, gates, audit, _identity.Directory, time)
        {
            RunLog = runs,
            Edits = new RunEdits(async (tenant, run, cancellation) => (await runs.FindAsync(tenant, run, cancellation))?.State, catalog),
            Notices = new NoticeOutbox(Storage.Tables, channels, time),
            Caps = caps,
        };
        var approvals = new ApprovalDesk(approvalParts);
        AdHoc = new AdHocDesk(approvalParts, approvals, new Ledger(Storage.Tables, Storage.Blobs));
        _sender = new NoticeSender(_egress, _identity.Mac, _identity.Directory, origin, time);
        Notices = new NoticeDelivery(Storage.Tables, gates, audit, channels, _sender, time);
        Tenant = new ServedTenant(_identity.Tenant);
        Scheduler = new DurableScheduler(loggers.CreateLogger<DurableScheduler>());
        var publisher = EventGridPublisher.Of(settings, () => credential.Value, loggers);
        // Runs that start runs go in a circle: what they have to do with each other is put together below, before any of them moves.
        var agents = new AgentDesk(gateway, registries, policies, new PoolReader(catalog), _identity.Directory, time);
        var commands = new CommandRunner(gateway, approvals, time, LongestCall, () => Relations!, agents);
        Driver = new RunDriver(runs, catalog, commands, audit, time, publisher)
        {
            OnBug = (run, e) => Log.NotFolded(logger, e, run),
            OnHeldUp = (run, command, e) => Log.HeldUp(logger, e, command.GetType().Name, command.Id, run),
        };
        Health = new HealthChecks(registries, upstreams, gateway.Routes, time, Random.Shared.NextDouble);
        Refresh = new ContractRefresh(registries, audit, upstreams, time);
        var refreshes = loggers.CreateLogger<ContractRefresh>();
        Watch = new ContractWatch(Refresh, _mcp, (pass, error) => RefreshLog.Write(refreshes, pass, error), time);
        Archive = new AuditArchive(Storage.AuditTables, Storage.Tables, Storage.Exports, async (tenant, run, cancellation) => await runs.FindAsync(tenant, run, cancellation) is { IsOver: true }, time, _signer);
        var host = new StoredRunHost(runs, Driver, catalog, audit, Scheduler, time, publisher);
        Intake = new RunIntake(registries, catalog, host, Storage.Tables, audit, time, publisher, ClockDifference) { Caps = caps, Directory = _identity.Directory };
        Schedules = new ScheduleKeeper(registries, catalog, Intake, host, _identity.Directory, Storage.Tables, audit, time);
        Relations = new RunRelations(Intake, host, Storage.Tables, audit, time);
        Reconciler = new RunReconciler(runs, Driver, Scheduler, time, Relations.Children);
        EventSource = EventSource.Of(settings, _identity.Tenant);
        var registry = new RegistryDesk(registries, catalog, audit, upstreams, _identity.Directory, fences, time);
        var glass = new BreakGlassDesk(new BreakGlassStore(Storage.Tables, _identity.Mac, _identity.Incarnation), audit, time);
        var changes = fourEyes ? new ChangeDesk(registry, new ProposalStore(Storage.Tables, _identity.Mac, _identity.Incarnation), audit, _identity.Directory, time) { Glass = glass } : null;
        Housekeeping = new Housekeeping(changes, gateway.Usage, Storage.Tables, async (tenant, run, stop) => await runs.FindAsync(tenant, run, stop) is not { IsOver: false }, time) { Locks = Relations.Locks };
        Web = new InterlockWeb
        {
            Gateway = gateway,
            Approvals = approvals,
            AdHoc = AdHoc,
            Registry = registry,
            Changes = changes,
            Workflows = catalog,
            Policies = policies,
            Intake = Intake,
            Runs = host,
            Audit = audit,
            Store = Storage.Tables,
            AgentNotices = new AgentNotices(commands, host, _identity.Mac),
            McpTokens = _identity.McpTokens,
            ApiTokens = _identity.ApiTokens,
            SignIn = _identity.SignIn,
            Directory = _identity.Directory,
            Mac = _identity.Mac,
            Incarnation = _identity.Incarnation,
            Options = new WebOptions
            {
                PublicOrigin = origin,
                // In Azure the front end knows the app's names; on a developer's machine a name could be rebound to it.
                AllowedHosts = _identity.IsDevelopment ? WebOptions.LoopbackHosts : [],
                DefaultTenant = _identity.Tenant.Value,
                AuthorizationServers = _identity.AuthorizationServers,
                AnswerWithin = AnswerWithin,
                CallDeadline = CallDeadline,
            },
            Time = time,
            Loggers = loggers,
            Stopping = stopping,
        };
    }

    public AppStorage Storage { get; }
    public ServedTenant Tenant { get; }
    public DurableScheduler Scheduler { get; }
    public RunDriver Driver { get; }
    public RunReconciler Reconciler { get; }
    public AdHocDesk AdHoc { get; }
    public AuditArchive Archive { get; }
    public ContractRefresh Refresh { get; }
    public ContractWatch Watch { get; }
    public HealthChecks Health { get; }
    public NoticeDelivery Notices { get; }
    public RunIntake Intake { get; }
    public ScheduleKeeper Schedules { get; }
    public RunRelations Relations { get; }
    public EventSource EventSource { get; }
    public Housekeeping Housekeeping { get; }
    public InterlockWeb Web { get; }

    public async ValueTask DisposeAsync()
    {
        Watch.Dispose();
        await _mcp.DisposeAsync();
        _a2a.Dispose();
        _vault?.Dispose();
        _signer?.Dispose();
        _vaultEgress.Dispose();
        _sender.Dispose();
        _identity.Dispose();
        _egress.Dispose();
    }

    private static ManagedIdentityCredential Credential(SettingReader settings)
    {
        if (settings.Text(SettingNames.ClientId) is not { } clientId)
        {
            settings.Problem(SettingNames.ClientId, "is missing: set it to the client id of the app's user-assigned identity.");
            settings.ThrowIfAny();
            throw new InvalidOperationException("A missing client id was let pass.");
        }
        return new ManagedIdentityCredential(ManagedIdentityId.FromUserAssignedClientId(clientId));
    }

    private static Uri? Origin(SettingReader settings, bool isRequired)
    {
        if (settings.Text(SettingNames.PublicOrigin) is not { } text)
        {
            if (isRequired) settings.Problem(SettingNames.PublicOrigin, "is missing: set it to the address that people and clients use, https://host.");
            return null;
        }
        if (Uri.TryCreate(text, UriKind.Absolute, out var origin) && origin.PathAndQuery == "/" && (origin.Scheme == "https" || origin is { Scheme: "http", IsLoopback: true })) return origin;
        settings.Problem(SettingNames.PublicOrigin, "is no https://host: set it to the address that people and clients use, without a path.");
        return null;
    }

    private static Uri? Vault(SettingReader settings)
    {
        if (settings.Text(SettingNames.UpstreamVault) is not { } text) return null;
        if (Uri.TryCreate(text, UriKind.Absolute, out var vault) && vault is { PathAndQuery: "/", Scheme: "https" }) return vault;
        settings.Problem(SettingNames.UpstreamVault, "is no https://NAME.vault.azure.net/: set it to the vault's address.");
        return null;
    }

    private static Uri? CheckpointKey(SettingReader settings)
    {
        if (settings.Text(SettingNames.CheckpointKey) is not { } text) return null;
        if (Uri.TryCreate(text, UriKind.Absolute, out var key) && key is { Scheme: "https", Query: "", Segments: ["/", "keys/", _] }) return key;
        settings.Problem(SettingNames.CheckpointKey, "is no https://NAME.vault.azure.net/keys/KEY: set it to the key's address, without a version.");
        return null;
    }

    private static NoticeChannels Channels(SettingReader settings, bool allowLoopback)
    {
        if (settings.Text(SettingNames.NoticeChannels) is not { } text || settings.IsUnresolved(SettingNames.NoticeChannels, text)) return NoticeChannels.None;
        try
        {
            return NoticeChannels.Parse(Encoding.UTF8.GetBytes(text), allowLoopback);
        }
        catch (FormatException e)
        {
            settings.Problem(SettingNames.NoticeChannels, $"is not what docs/notifications.md says: {e.Message}");
            return NoticeChannels.None;
        }
    }

    private static PrincipalCaps Caps(SettingReader settings)
    {
        if (settings.Text(SettingNames.PrincipalCaps) is not { } text) return new PrincipalCaps();
        if (PrincipalCaps.Parse(text) is { } caps) return caps;
        settings.Problem(SettingNames.PrincipalCaps, "states no caps: set it to numbers such as runs=200,gates=200,frames=50000, or remove it.");
        return new PrincipalCaps();
    }

    private static string[] List(SettingReader settings, string name) =>
        settings.Text(name)?.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) ?? [];

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Critical, "An event of run {Run} could not be folded; the run is cancelled")]
        public static partial void NotFolded(ILogger logger, Exception e, RunId run);

        [LoggerMessage(LogLevel.Error, "{Command} {Effect} of run {Run} could not be done; it is asked for again")]
        public static partial void HeldUp(ILogger logger, Exception e, string command, EffectId effect, RunId run);
    }
}
