using System.Collections.Concurrent;
using Interlock.Core;
using Interlock.Core.Approvals;
using Interlock.Core.Audit;
using Interlock.Core.Execution;
using Interlock.Core.Gateway;
using Interlock.Core.Gateway.Fences;
using Interlock.Core.Identity;
using Interlock.Core.Registry;
using Interlock.Core.Runs;
using Interlock.Core.Storage;
using Interlock.Core.Workflows;
using Interlock.Json;
using Interlock.Local.Engine;
using Interlock.Local.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace Interlock.Tests.Adversary;

/// <summary>A store in which a test can do something before or after a write.</summary>
internal sealed class HookStore(ITableStore inner) : ITableStore
{
    public Func<string, string, Task>? Before { get; set; }
    public Func<string, string, Task>? After { get; set; }
    public Func<string, Task>? Reading { get; set; }

    public async Task<TableRow?> GetAsync(string table, RowKey key, CancellationToken cancellationToken = default)
    {
        if (Reading is { } reading) await reading(table);
        return await inner.GetAsync(table, key, cancellationToken);
    }

    public Task<WriteResult> InsertAsync(string table, RowKey key, JsonValue body, CancellationToken cancellationToken = default) =>
        Do(table, "insert", () => inner.InsertAsync(table, key, body, cancellationToken));

    public Task<WriteResult> ReplaceAsync(string table, RowKey key, JsonValue body, string etag, CancellationToken cancellationToken = default) =>
        Do(table, "replace", () => inner.ReplaceAsync(table, key, body, etag, cancellationToken));

    public Task<WriteResult> DeleteAsync(string table, RowKey key, string etag, CancellationToken cancellationToken = default) =>
        Do(table, "delete", () => inner.DeleteAsync(table, key, etag, cancellationToken));

    public Task<BatchResult> BatchAsync(string table, string partition, IReadOnlyList<TableWrite> writes, CancellationToken cancellationToken = default) =>
        Do(table, "batch", () => inner.BatchAsync(table, partition, writes, cancellationToken));

    public IAsyncEnumerable<TableRow> QueryAsync(string table, string partition, string? from = null, string? to = null, bool descending = false, CancellationToken cancellationToken = default) =>
        inner.QueryAsync(table, partition, from, to, descending, cancellationToken);

    private async Task<T> Do<T>(string table, string what, Func<Task<T>> write)
    {
        if (Before is { } before) await before(table, what);
        var result = await write();
        if (After is { } after) await after(table, what);
        return result;
    }
}

internal sealed class StubUpstream : IUpstream, IUpstreamDiscovery
{
    public ConcurrentQueue<UpstreamCall> Calls { get; } = new();
    public Func<UpstreamCall, CancellationToken, Task<UpstreamResult>> Answer { get; set; } = (_, _) => Task.FromResult<UpstreamResult>(new UpstreamResult.Completed(JsonValue.EmptyObject, false));
    public List<ToolContract> Tools { get; } = [];

    public Task<UpstreamResult> InvokeAsync(UpstreamCall call, CancellationToken ct)
    {
        Calls.Enqueue(call);
        return Answer(call, ct);
    }

    public Task<DiscoveryResult> DiscoverAsync(UpstreamEndpoint endpoint, CancellationToken ct) => Task.FromResult(new DiscoveryResult([.. Tools], null, null));

    public static ToolContract Tool(string name, string description = "d") =>
        ToolContract.Read(StrictJson.Parse($$"""{ "name": "{{name}}", "description": "{{description}}", "inputSchema": { "type": "object" } }"""), null)!;
}

internal sealed class StubDirectory(params Principal[] people) : IDirectory
{
    public ValueTask<Principal?> FindUserAsync(TenantId tenant, string id, CancellationToken cancellationToken = default) =>
        ValueTask.FromResult(people.FirstOrDefault(person => person.Tenant == tenant && person.Id == id));

    public ValueTask<IReadOnlyList<string>> GroupsOfAsync(TenantId tenant, string id, CancellationToken cancellationToken = default) =>
        ValueTask.FromResult<IReadOnlyList<string>>([.. people.Where(person => person.Tenant == tenant && person.Id == id).SelectMany(person => person.Groups)]);

    public ValueTask<bool> GroupExistsAsync(TenantId tenant, string id, CancellationToken cancellationToken = default) =>
        ValueTask.FromResult(people.Any(person => person.Tenant == tenant && person.Groups.Contains(id)));
}

internal sealed class StubFence : IFrameFence
{
    public ValueTask<bool> IsPendingAsync(TenantId tenant, CallSite site, EffectId effect, CancellationToken cancellationToken = default) => ValueTask.FromResult(true);
}

/// <summary>An embedded host with an upstream of the test's own, over a directory; open it again over the same for a restart.</summary>
internal sealed class Rig : IAsyncDisposable
{
    public static readonly TenantId Tenant = new("local");
    public static readonly Principal Starter = new(Tenant, "mo", PrincipalKind.User, "Mo", [], []);
    public static readonly Principal Approver = new(Tenant, "ana", PrincipalKind.User, "Ana", ["leads"], []);
    public static readonly Principal Admin = new(Tenant, "root", PrincipalKind.User, "Root", [], ["admin"]);

    private readonly SqliteDatabase? _database;

    public Rig(string directory, ITableStore? tables = null, TimeProvider? time = null)
    {
        Time = time ?? TimeProvider.System;
        _database = SqliteDatabase.Open(directory);
        Blobs = new FileBlobStore(directory);
        Tables = new HookStore(tables ?? new SqliteTableStore(_database));
        Log = new RunLog(_database);
        Audit = new AuditLog(Tables, Time);
        Registries = new RegistryStore(Tables);
        Catalog = new WorkflowCatalog(Blobs);
        var gates = new GateStore(Tables, new Mac(new byte[32]));
        Engine = new RunEngine(Log, Catalog, Audit, Time, NullLogger<RunEngine>.Instance);
        Fences = new FenceTracker(Tables, Registries, Time);
        Gateway = new ToolGateway(new GatewayParts(Tables, Tables, Blobs, Registries, new PolicyCache(), gates, Audit, Directory, Engine, Upstream, Fences, Time));
        Desk = new ApprovalDesk(new ApprovalParts(Tables, new Mac(new byte[32]), Registries, new PolicyCache(), gates, Audit, Directory, Time));
        Registry = new RegistryDesk(Registries, Catalog, Audit, Upstream, Directory, Fences, Time);
        Commands = new SteadyRunner(new CommandRunner(Gateway, Desk, Time), Time, NullLogger<SteadyRunner>.Instance);
    }

    public StubDirectory Directory { get; } = new(Starter, Approver, Admin);
    public TimeProvider Time { get; }
    public FileBlobStore Blobs { get; }
    public HookStore Tables { get; }
    public RunLog Log { get; }
    public AuditLog Audit { get; }
    public RegistryStore Registries { get; }
    public WorkflowCatalog Catalog { get; }
    public RunEngine Engine { get; }
    public ToolGateway Gateway { get; }
    public ApprovalDesk Desk { get; }
    public RegistryDesk Registry { get; }
    public SteadyRunner Commands { get; }
    public StubUpstream Upstream { get; } = new();
    public FenceTracker Fences { get; }

    public const string AllowAll = "version: 1\nrules:\n  - id: all\n    principals: [ { any: true } ]\n    tools: ['*/*']\n    effect: allow\n";

    public async Task<Rig> StartAsync(string policy = AllowAll)
    {
        Upstream.Tools.Add(StubUpstream.Tool("t"));
        await Registry.RegisterServerAsync(Admin, "s", new Uri("http://127.0.0.1:1/"));
        await Registry.PublishPolicyAsync(Admin, policy);
        await Engine.ResumeAllAsync(Commands);
        return this;
    }

    public async Task<RunState> RunAsync(string tasks, JsonValue? input = null)
    {
        var read = WorkflowReader.Read(Workflows.Documents.Head + tasks, "doc.yaml");
        Assert.True(read.Definition is not null, string.Join("\n", read.Findings));
        var digest = await Catalog.StoreAsync(Tenant, read.Definition!.Document);
        return (await Engine.StartAsync(new StartRun(Tenant, new WorkflowRef("test/doc", "1.0.0", digest), new RunOrigin(Starter, null, "api"), input ?? JsonValue.EmptyObject))).State;
    }

    public async Task<RunState> UntilAsync(RunId run, Func<RunState, bool> holds, int seconds = 8)
    {
        var until = DateTime.UtcNow.AddSeconds(seconds);
        while (true)
        {
            var state = await Engine.GetAsync(Tenant, run) ?? throw new InvalidOperationException("no run");
            if (holds(state) || DateTime.UtcNow > until) return state;
            await Task.Delay(20);
        }
    }

    public async Task<List<AuditRecord>> RecordsAsync(string chain)
    {
        var records = new List<AuditRecord>();
        await foreach (var entry in Audit.ReadAsync(Tenant, chain)) records.Add(entry.Record);
        return records;
    }

    public async ValueTask DisposeAsync()
    {
        await Engine.DisposeAsync();
        if (_database is not null) await _database.DisposeAsync();
    }
}
