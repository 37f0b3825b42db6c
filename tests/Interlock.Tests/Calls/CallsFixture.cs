using System.Collections.Concurrent;
using Interlock.Core;
using Interlock.Core.Audit;
using Interlock.Core.Identity;
using Interlock.Core.Registry;
using Interlock.Core.Runs;
using Interlock.Core.Workflows;
using Interlock.Http.Upstreams;
using Interlock.Json;
using Interlock.Local.Hosting;
using Interlock.Tests.Upstreams;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging.Abstractions;

namespace Interlock.Tests.Calls;

/// <summary>An embedded host over a data directory of its own, with an HTTP endpoint on loopback that is registered below <c>/v2</c> as <c>pets</c>.</summary>
public sealed class CallsFixture : IAsyncLifetime
{
    public const string Policy = """
        version: 1
        rules:
          - { id: all, tools: ['*/*'], agents: ['*'], effect: allow }
          - { id: careful, tools: ['pets/DELETE'], effect: requireApproval, approval: { approvers: [ { group: leads } ], quorum: 1 } }
        """;

    private readonly string _data = Directory.CreateTempSubdirectory("interlock-calls-").FullName;
    private StubServer? _stub;
    private StubServer? _other;
    private LocalServices? _services;

    internal static CancellationToken Token => TestContext.Current.CancellationToken;

    internal static TenantId Tenant { get; } = new(LocalOptions.Tenant);

    /// <summary>What reached the endpoint: method and target as on the wire.</summary>
    internal ConcurrentQueue<string> Lines { get; } = new();

    internal ConcurrentQueue<StubRequest> Requests { get; } = new();

    /// <summary>What reached a server that nobody registered.</summary>
    internal ConcurrentQueue<StubRequest> Strays => _other!.Requests; // set before any test, as the others

    internal Func<HttpContext, StubRequest, Task> Answer { get; set; } = (_, _) => Task.CompletedTask;

    internal LocalServices Services => _services!;

    internal string Origin => _stub!.Address.GetLeftPart(UriPartial.Authority);

    internal string StrayOrigin => _other!.Address.GetLeftPart(UriPartial.Authority);

    internal string Data => _data;

    public async ValueTask InitializeAsync()
    {
        _stub = await StubServer.StartAsync(async (context, request) =>
        {
            Lines.Enqueue($"{request.HttpMethod} {context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget}");
            Requests.Enqueue(request);
            await Answer(context, request);
        });
        _other = await StubServer.StartAsync((context, _) => context.Response.WriteAsync("stray"));
        JsonValue User(string[] groups, string[] roles) => JsonValue.Object(
            ("name", "x"), ("groups", JsonValue.Array(groups.Select(JsonValue.From))), ("roles", JsonValue.Array(roles.Select(JsonValue.From))));
        await File.WriteAllBytesAsync(Path.Combine(_data, "users.json"), CanonicalJson.Serialize(JsonValue.Object(("tenants", JsonValue.Object(
            (LocalOptions.Tenant, JsonValue.Object(("users", JsonValue.Object(("dana", User([], ["admin"])), ("ana", User(["leads"], [])))))))))), TestContext.Current.CancellationToken);
        new LocalSecrets(_data).Set("pets-key", "s3cr3t");
        _services = await LocalServices.OpenAsync(new LocalOptions(_data) { Egress = new EgressOptions { AllowLoopback = true } }, NullLoggerFactory.Instance, TimeProvider.System);
        await RegisterAsync("pets", $"{Origin}/v2", auth: new UpstreamAuth.ApiKey("pets-key"));
        Assert.IsType<RegistryResult.Changed>(await Services.Registry.PublishPolicyAsync(Dana, Policy));
    }

    internal Principal Dana => Services.User("dana")!; // written above

    internal async Task RegisterAsync(string name, string address, UpstreamAuth? auth = null) => Assert.IsType<RegistryResult.Changed>(
        await Services.Registry.RegisterServerAsync(Dana, name, new Uri(address), new ServerSettings { Protocol = ServerProtocol.Http, Auth = auth }));

    /// <summary>Runs tasks to their end. <c>ORIGIN</c> in them is the endpoint's, <c>STRAY</c> the other server's.</summary>
    internal async Task<RunState> RunAsync(string tasks, string input = "null", string use = "")
    {
        var state = await StartAsync(tasks, input, use);
        await foreach (var next in Services.Engine.WatchAsync(Tenant, state.Id, Token)) state = next;
        return state;
    }

    internal async Task<RunState> StartAsync(string tasks, string input = "null", string use = "")
    {
        var read = WorkflowReader.Read(Document(tasks, use), "doc.yaml");
        Assert.Equal([], read.Findings.Where(finding => finding.Severity == Severity.Error).Select(finding => finding.ToString()));
        var definition = read.Definition!; // there are no errors
        var digest = await Services.Catalog.StoreAsync(Tenant, definition.Document, Token);
        return (await Services.Engine.StartAsync(new StartRun(Tenant, new WorkflowRef("test/doc", "1.0.0", digest), new RunOrigin(Dana, null, "test"), StrictJson.Parse(input)), Token)).State;
    }

    internal string Document(string tasks, string use = "") => Workflows.Documents.Head.Replace("do:\n", use + "do:\n", StringComparison.Ordinal) + tasks.Replace("ORIGIN", Origin, StringComparison.Ordinal).Replace("STRAY", StrayOrigin, StringComparison.Ordinal);

    /// <summary>The records of one type in a run.</summary>
    internal async Task<List<AuditRecord>> RecordsAsync(RunId run, string type)
    {
        var records = new List<AuditRecord>();
        await foreach (var entry in Services.Audit.ReadAsync(Tenant, AuditChain.ForRun(Tenant, run).Id, Token))
            if (entry.Record.Type == type) records.Add(entry.Record);
        return records;
    }

    /// <summary>Nothing was sent anywhere, and exactly one record says which rule refused it.</summary>
    internal async Task AssertRefusedAsync(RunState state, string rule, string stage = "resolve")
    {
        Assert.Equal(RunStatus.Faulted, state.Status);
        Assert.Equal(rule, state.Error?.Rule);
        Assert.Empty(Requests);
        Assert.Empty(Strays);
        var refused = Assert.Single(await RecordsAsync(state.Id, AuditTypes.CallRefused));
        Assert.Equal((stage, rule), (refused.Stage, refused.Rule));
        Assert.Empty(await RecordsAsync(state.Id, AuditTypes.CallIntent));
    }

    public async ValueTask DisposeAsync()
    {
        await Services.DisposeAsync();
        await _stub!.DisposeAsync();
        await _other!.DisposeAsync();
        Directory.Delete(_data, recursive: true);
    }
}
