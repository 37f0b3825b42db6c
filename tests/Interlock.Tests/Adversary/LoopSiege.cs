using System.Collections.Concurrent;
using Interlock.Core;
using Interlock.Core.Agents;
using Interlock.Core.Approvals;
using Interlock.Core.Audit;
using Interlock.Core.Identity;
using Interlock.Core.Registry;
using Interlock.Core.Runs;
using Interlock.Core.Workflows;
using Interlock.Http.Upstreams;
using Interlock.Json;
using Interlock.Local.Hosting;
using Interlock.Tests.Agents;
using Interlock.Tests.Upstreams;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;

namespace Interlock.Tests.Adversary;

/// <summary>
/// An embedded host with a planner and a helper whose models are hostile scripts on loopback, and a shop whose tools are what they are after. <c>shop/GET</c> is free, <c>shop/DELETE</c> needs
/// people, <c>shop/POST</c> is not the planner's, <c>shop/PUT</c> is nobody's after the shop was read.
/// </summary>
public sealed class LoopSiege : IAsyncLifetime
{
    public const string Policy =
        """
        version: 1
        rules:
          - { id: all, tools: ['*/*'], agents: ['*'], effect: allow }
          - { id: people, tools: ['shop/DELETE'], effect: requireApproval, approval: { approvers: [ { group: leads } ], quorum: 1 } }
          - { id: not-planners, principals: [ { agent: planner } ], tools: ['shop/POST'], effect: deny }
          - { id: tainted, tools: ['shop/PUT'], afterReading: ['shop/GET', 'agent:helper'], effect: deny }
        """;

    internal const string Reason = "\"interlock_reason\": \"It must be\"";

    public static readonly TenantId Tenant = new(LocalOptions.Tenant);

    private readonly string _data = Directory.CreateTempSubdirectory("interlock-siege-").FullName;
    private readonly ConcurrentDictionary<string, ConcurrentQueue<string>> _scripts = new();
    private readonly ConcurrentQueue<(string Model, JsonValue Body)> _prompts = new();
    private StubServer? _shop;
    private StubServer? _model;
    private LocalServices? _services;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    internal LocalServices Services => _services!; // opened before any test

    /// <summary>What the shop says to whatever it is asked.</summary>
    internal string ShopSays { get; set; } = "a dog";

    /// <summary>What reached the shop.</summary>
    internal IReadOnlyList<string> Reached => [.. _shop!.Requests.Select(request => request.HttpMethod)]; // started before any test

    /// <summary>What each turn showed the models, in order.</summary>
    internal IReadOnlyList<(string Model, JsonValue Body)> Prompts => [.. _prompts];

    internal Principal Person(string id) => Services.User(id)!; // written below

    public async ValueTask InitializeAsync()
    {
        _shop = await StubServer.StartAsync((context, _) => context.Response.WriteAsync(ShopSays));
        _model = await StubServer.StartAsync(AnswerAsync);
        await File.WriteAllTextAsync(Path.Combine(_data, "users.json"), $$"""
            { "tenants": { "{{LocalOptions.Tenant}}": { "users": {
              "dana": { "name": "Dana", "groups": [], "roles": ["admin"] }, "mo": { "name": "Mo", "groups": [], "roles": [] }, "ana": { "name": "Ana", "groups": ["leads"], "roles": [] } } } } }
            """, Token);
        _services = await LocalServices.OpenAsync(new LocalOptions(_data) { Egress = new EgressOptions { AllowLoopback = true } }, NullLoggerFactory.Instance, TimeProvider.System);
        Assert.IsType<RegistryResult.Changed>(await Services.Registry.PublishPolicyAsync(Person("dana"), Policy));
        Assert.IsType<RegistryResult.Changed>(await Services.Registry.RegisterServerAsync(Person("dana"), "shop", new Uri(_shop.Address, "/v2"), new ServerSettings { Protocol = ServerProtocol.Http }));
        foreach (var (name, pool) in new[] { ("planner", "shop/GET"), ("helper", "shop/POST") })
            Assert.IsType<RegistryResult.Changed>(await Services.Registry.RegisterAgentAsync(
                Person("dana"), name, "1.0.0", new Uri(_model.Address, "/v1"), new AgentSettings { Protocol = AgentProtocol.Chat, Model = name, Pool = new PoolRequest { Tools = [pool] } }));
    }

    public async ValueTask DisposeAsync()
    {
        await Services.DisposeAsync();
        await _shop!.DisposeAsync(); // started, as the other
        await _model!.DisposeAsync();
        Directory.Delete(_data, recursive: true);
    }

    /// <summary>What the model answers next, turn by turn; after that it says that it is done.</summary>
    internal void Script(string model, params string[] answers)
    {
        foreach (var answer in answers) _scripts.GetOrAdd(model, _ => new()).Enqueue(answer);
    }

    internal static string Wants(string name, string arguments = "{ \"path\": \"/v2/x\", " + Reason + " }") => ChatScript.Wants(("call_1", name, arguments));

    internal async Task<RunId> StartAsync(string pool = "{ tools: [shop/GET] }", string limits = "{ steps: 10, calls: 10 }")
    {
        var text = Workflows.Documents.Head.Replace("mode: supervised", "mode: autonomous", StringComparison.Ordinal)
            + $"  - plan: {{ call: autonomous, with: {{ goal: 'Find the pet.', planner: planner, pool: {pool}, limits: {limits} }} }}\n";
        var read = WorkflowReader.Read(text, "doc.yaml");
        Assert.Equal([], read.Findings.Where(finding => finding.Severity == Severity.Error).Select(finding => finding.ToString()));
        var digest = await Services.Catalog.StoreAsync(Tenant, read.Definition!.Document, Token); // there are no errors
        var origin = new RunOrigin(Person("mo"), "user:dana", "test");
        return (await Services.Engine.StartAsync(new StartRun(Tenant, new WorkflowRef("test/doc", "1.0.0", digest), origin, JsonValue.EmptyObject), Token)).State.Id;
    }

    internal async Task<RunState> EndedAsync(RunId run)
    {
        RunState? state = null;
        await foreach (var next in Services.Engine.WatchAsync(Tenant, run, Token)) state = next;
        return state!; // it is watched from where it stands
    }

    internal async Task<RunState> RunAsync(string pool = "{ tools: [shop/GET] }", string limits = "{ steps: 10, calls: 10 }") => await EndedAsync(await StartAsync(pool, limits));

    /// <summary>The run's one open gate, once it is there.</summary>
    internal async Task<Gate> GateAsync(RunId run)
    {
        for (var until = DateTime.UtcNow.AddSeconds(15); DateTime.UtcNow < until; await Task.Delay(20, Token))
            if ((await Services.Approvals.OpenGatesAsync(Tenant, Token)).FirstOrDefault(gate => gate.Run == run) is { } gate) return gate;
        throw new InvalidOperationException($"No gate opened: {string.Join('\n', (await RecordsAsync(run)).Select(record => record.ToJson().ToString()))}");
    }

    internal async Task<GateResult> DecideAsync(Gate gate, Func<string, Decision> decision, string by = "ana")
    {
        var result = await Services.Approvals.DecideAsync(new InteractiveSession(Person(by), TimeProvider.System.GetUtcNow()), gate.Id, decision(gate.ShownDigest), Token);
        await Services.Engine.GateChangedAsync(Tenant, gate.Run!.Value, gate.Id, Token); // a run's
        return result;
    }

    internal async Task<List<AuditRecord>> RecordsAsync(RunId? run = null)
    {
        var records = new List<AuditRecord>();
        await foreach (var chain in Services.Audit.ListChainsAsync(Tenant, Token))
        {
            if (run is { } one ? chain != AuditChain.ForRun(Tenant, one).Id : !chain.StartsWith("run:", StringComparison.Ordinal)) continue;
            await foreach (var entry in Services.Audit.ReadAsync(Tenant, chain, Token)) records.Add(entry.Record);
        }
        return records;
    }

    /// <summary>The one refusal among all runs' records, with which nothing but these requests came to the shop; and the audit holds.</summary>
    internal async Task<AuditRecord> AssertHeldAsync(string stage, string rule, params string[] reached)
    {
        var refused = (await RecordsAsync()).Where(record => record.Decision == "refused").ToList();
        Assert.True(refused.Count == 1, string.Join('\n', refused.Select(record => record.ToJson().ToString())));
        Assert.Equal((stage, rule), (refused[0].Stage, refused[0].Rule));
        Assert.Equal(reached, Reached);
        await AssertIntactAsync();
        return refused[0];
    }

    internal async Task AssertIntactAsync()
    {
        var verification = await AuditVerifier.VerifyStoreAsync(Services.Tables, Tenant, cancellationToken: Token);
        Assert.True(verification.IsIntact, string.Join('\n', verification.Findings));
    }

    private Task AnswerAsync(HttpContext context, StubRequest request)
    {
        var body = request.Json!; // every turn has one
        var model = body["model"]!.AsString();
        _prompts.Enqueue((model, body));
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(_scripts.TryGetValue(model, out var script) && script.TryDequeue(out var next) ? next : ChatScript.Says("done"));
    }
}
