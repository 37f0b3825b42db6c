using System.Collections.Immutable;
using Interlock.Core;
using Interlock.Core.Approvals;
using Interlock.Core.Audit;
using Interlock.Core.Gateway;
using Interlock.Core.Identity;
using Interlock.Core.Policy;
using Interlock.Core.Registry;
using Interlock.Core.Runs;
using Interlock.Core.Storage;
using Interlock.Json;
using Interlock.Tests.Identity;

namespace Interlock.Tests.Gateway;

/// <summary>
/// A tenant with a server, tools, a policy and people, over one memory store. Ending it checks what must hold after every test: no call
/// that nobody scripted, an intent before each call, every audit chain intact.
/// </summary>
internal sealed class World : IAsyncDisposable
{
    public const string Policy =
        """
        version: 1
        rules:
          - { id: reads, tools: ['crm/read', 'crm/lookup', 'crm/revert', 'crm/safe'], agents: ['*'], effect: allow }
          - { id: guarded, tools: ['crm/apply'], effect: requireApproval, approval: { approvers: [ { group: sre } ], quorum: 1 } }
          - { id: never, tools: ['crm/drop'], effect: deny }
          - { id: broken, tools: ['crm/broken'], when: 'error("x")', effect: allow }
          - { id: hours, tools: ['crm/hours'], when: '.now < "2026-03-03T09:00:00Z"', effect: allow }
        """;

    public static readonly TenantId Tenant = new("contoso");
    public static readonly RunId Run = new("0123456789abcdef0123456789abcdef");
    public static readonly WorkflowRef Workflow = new("support/fix", "1.0.0", "sha256:workflow");
    public static readonly FrameId Frame = new("/do/1/apply");
    public static readonly DateTimeOffset Start = new(2026, 3, 3, 8, 30, 0, TimeSpan.Zero);
    public static readonly Uri Address = new("https://crm.contoso.com/mcp");

    private readonly List<string> _early = [];

    public World()
    {
        Ana = Directory.Add(Tenant, "ana");
        Sam = Directory.Add(Tenant, "sam", "sre");
        Zoe = Directory.Add(Tenant, "zoe", "sre");
        Upstream.OnArrival = CheckIntentAsync;
        Node = new Node(this, Memory);
    }

    public static CancellationToken Token => TestContext.Current.CancellationToken;

    public MemoryTableStore Memory { get; } = new();
    public MemoryBlobStore Blobs { get; } = new();
    public ManualTime Time { get; } = new(Start);
    public Mac Mac { get; } = new(new byte[32]);
    public StubUpstream Upstream { get; } = new();
    public StubFence Fence { get; } = new();
    public StubRunLog Log { get; } = new();

    /// <summary>Of nodes made from then on.</summary>
    public Incarnation Incarnation { get; set; } = Incarnation.First;

    public StubDirectory Directory { get; } = new();
    public Node Node { get; }

    /// <summary>Starts the run.</summary>
    public Principal Ana { get; }

    /// <summary>Decides on it.</summary>
    public Principal Sam { get; }

    public Principal Zoe { get; }

    public RunOrigin Origin => new(Ana, "user:owner", "api");

    public static async Task<World> CreateAsync(string policy = Policy)
    {
        var world = new World();
        await world.WriteAsync(
            Server(),
            Tool("crm/read"), Tool("crm/lookup"), Tool("crm/apply"), Tool("crm/revert"), Tool("crm/drop"), Tool("crm/broken"), Tool("crm/hours"), Tool("crm/other"),
            Tool("crm/safe", idempotent: true),
            Entry(RegistryKind.Policy, PolicyCache.EntryName, "1.0.0", new PolicyBody(policy)));
        return world;
    }

    public static RegistryEntry Entry<T>(RegistryKind kind, string name, string version, T body, Lifecycle lifecycle = Lifecycle.Active) =>
        RegistryEntry.Create(kind, name, version, lifecycle, body, "user:admin", Start);

    public static RegistryEntry Server(string version = "1.0.0", string registration = "reg-1", Uri? address = null) =>
        Entry(RegistryKind.Server, "crm", version, new ServerBody(address ?? Address, registration));

    public static RegistryEntry Tool(string name, string version = "1.0.0", string? schema = null, string contract = "sha256:contract-1", bool idempotent = false)
    {
        var input = StrictJson.Parse(schema ?? """{"type":"object","properties":{"service":{"type":"string"},"level":{"type":"number","default":3}}}""");
        return Entry(RegistryKind.Tool, name, version, new ToolBody(JsonValue.Object(("name", name)), contract, input) { Settings = new ToolSettings { Idempotent = idempotent } });
    }

    public static JsonValue Arguments(string json = """{"service":"mail"}""") => StrictJson.ParseLenient(json);

    public async Task WriteAsync(params RegistryEntry[] entries)
    {
        var change = await new RegistryStore(Memory).WriteAsync(Tenant, entries, Token);
        Assert.Null(change.Conflict);
    }

    public async Task MoveAsync(RegistryKind kind, string name, string version, Lifecycle lifecycle, string? successor = null)
    {
        var registry = await new RegistryStore(Memory).ReadAsync(Tenant, Token);
        await WriteAsync(registry.Find(kind, name, version)! with { Lifecycle = lifecycle, Successor = successor }); // registered by the test
    }

    public static CallSite Site(FrameId? frame = null) => new(Run, Workflow, new TaskPath((frame ?? Frame).Value), frame ?? Frame);

    public GatewayCall Call(string target = "crm/read", JsonValue? arguments = null, FrameId? frame = null, string purpose = "call", string? version = null) =>
        new(EffectIds.Of(Run, frame ?? Frame, purpose), Origin.Chain(), TargetKind.Tool, target, version, arguments ?? Arguments(), Time.Now.AddMinutes(5)) { Site = Site(frame) };

    public GateRequest Request(string gate = "gate-1", params CoveredCall[] covers) => new(
        new GateId(gate), new TaskPath("/do/0/approve"), "Apply it?", null, [new Approver(ApproverKind.Group, "sre")], 1, true, true, Time.Now.AddHours(4),
        covers.Length == 0 ? [Cover()] : [.. covers]);

    public static CoveredCall Cover(
        string target = "crm/apply", JsonValue? arguments = null, FrameId? frame = null, ImmutableArray<string>? computed = null, string? compensation = null) =>
        new(frame ?? Frame, new TaskPath((frame ?? Frame).Value), "tool", target, null, arguments ?? Arguments(), computed ?? [])
        {
            Compensation = compensation is null ? null : new CoveredCompensation(compensation, "sha256:undo"),
        };

    /// <summary>Opens a gate and lets Sam approve it.</summary>
    public async Task<Gate> ApprovedAsync(GateRequest? request = null)
    {
        var opened = await Node.Desk.OpenAsync(Tenant, Site(), Origin, request ?? Request(), Token);
        Assert.Null(opened.Refusal);
        var gate = opened.Value!; // not refused
        return Assert.IsType<GateResult.Accepted>(await Node.Desk.DecideAsync(new InteractiveSession(Sam, Time.Now), gate.Id, new Decision.Approve("fine", gate.ShownDigest), Token)).Gate;
    }

    /// <summary>All of a tenant's records, chain by chain.</summary>
    public async Task<List<AuditRecord>> RecordsAsync(TenantId? tenant = null)
    {
        var records = new List<AuditRecord>();
        var log = new AuditLog(Memory);
        await foreach (var chain in log.ListChainsAsync(tenant ?? Tenant, Token))
            await foreach (var entry in log.ReadAsync(tenant ?? Tenant, chain, Token))
                records.Add(entry.Record);
        return records;
    }

    public async Task<List<AuditRecord>> RecordsAsync(string type) => [.. (await RecordsAsync()).Where(record => record.Type == type)];

    public async Task AssertIntactAsync()
    {
        var verification = await AuditVerifier.VerifyStoreAsync(Memory, Tenant, cancellationToken: Token);
        Assert.True(verification.IsIntact, string.Join('\n', verification.Findings));
    }

    public async ValueTask DisposeAsync()
    {
        Assert.Equal(0, Upstream.Unscripted);
        Assert.Empty(_early);
        await AssertIntactAsync();
    }

    private async Task CheckIntentAsync(UpstreamCall call)
    {
        var calls = Upstream.Calls.Count(sent => sent.Task is null || sent.Link?.Answers is not null) - Upstream.Untaken; // before reading: others may arrive meanwhile; what asks after a call is none
        var intents = (await RecordsAsync()).Count(record => record.Type == AuditTypes.CallIntent);
        if (intents < calls) lock (_early) _early.Add($"Call {calls} to {call.Tool} left with {intents} intent records.");
    }
}
