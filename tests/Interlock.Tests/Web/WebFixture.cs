using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Interlock.Core;
using Interlock.Core.Audit;
using Interlock.Core.Identity;
using Interlock.Core.Registry;
using Interlock.Core.Runs;
using Interlock.Core.Storage;
using Interlock.Http.Hosting;
using Interlock.Http.Upstreams;
using Interlock.Json;
using Interlock.Local.Hosting;
using Interlock.Tests.Mcp;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using ModelContextProtocol.Client;

namespace Interlock.Tests.Web;

/// <summary>The whole pipeline on loopback over a data directory of its own: two tenants, one stub server, a guarded workflow and one that listens.</summary>
public class WebFixture : IAsyncLifetime
{
    public const string Password = "correct horse";

    private const string Policy = """
        version: 1
        rules:
          - { id: echo, principals: [ { any: true } ], tools: [stub/echo, stub/remove], effect: allow }
          - { id: loud, tools: [stub/echo], when: '(.arguments.text // "") | startswith("LOUD")', effect: requireApproval, approval: { approvers: [ { group: leads } ], quorum: 1 } }
        """;

    private const string Guarded = """
        document: { dsl: 1.0.3, namespace: test, name: guarded, version: 1.0.0, metadata: { interlock: { mode: supervised, onError: fail, onTimeout: fail } } }
        input: { schema: { document: { type: object, required: [text], properties: { text: { type: string } } } } }
        timeout: { after: { hours: 3 } }
        do:
          - approve:
              call: approval
              with:
                title: '${ "Post " + $workflow.input.text }'
                description: '${ $workflow.input.text }'
                approvers: [ { group: leads } ]
                quorum: 1
                excludeInitiator: true
                covers: [post]
                onReject: fail
                expiresAfter: PT1H
                onTimeout: fail
              timeout: { after: { hours: 2 } }
          - post:
              call: tool
              with: { tool: stub/echo, arguments: { text: '${ $workflow.input.text }', numbers: [1, 2.5] } }
              timeout: { after: { minutes: 1 } }
        """;

    /// <summary>Its calls depend on its input; what fails is asked about.</summary>
    private const string Removing = """
        document: { dsl: 1.0.3, namespace: test, name: removing, version: 1.0.0, metadata: { interlock: { mode: supervised, onError: fail, onTimeout: fail } } }
        input: { schema: { document: { type: object, required: [count], properties: { count: { type: integer } } } } }
        timeout: { after: { hours: 3 } }
        do:
          - approve:
              call: approval
              with:
                title: '${ "Remove \($workflow.input.count)" }'
                approvers: [ { group: leads } ]
                covers: [remove, report]
                onReject: fail
                expiresAfter: PT1H
                onTimeout: fail
              timeout: { after: { hours: 2 } }
          - remove:
              call: tool
              with: { tool: stub/remove, arguments: { count: '${ $workflow.input.count }' } }
              timeout: { after: { minutes: 1 } }
              metadata: { interlock: { onError: escalate, onTimeout: escalate, escalate: { approvers: [ { group: leads } ], expiresAfter: PT1H, onTimeout: fail } } }
          - report:
              call: tool
              with: { tool: stub/echo, arguments: { text: '${ "Removed \($workflow.input.count)" }' } }
              timeout: { after: { minutes: 1 } }
        """;

    private const string Listening = """
        document: { dsl: 1.0.3, namespace: test, name: listening, version: 1.0.0, metadata: { interlock: { mode: supervised, onError: fail, onTimeout: fail } } }
        schedule: { on: { one: { with: { type: test.happened } } } }
        timeout: { after: { minutes: 5 } }
        do:
          - note:
              set: { seen: '${ .[0].id }' }
        """;

    protected virtual bool FourEyes => false;

    internal virtual ITableStore? Tables => null;

    private readonly string _data = Directory.CreateTempSubdirectory("interlock-web-").FullName;
    private EndpointFixture? _stub;
    private LocalServices? _services;
    private WebApplication? _app;

    public static TenantId Tenant { get; } = new("local");

    public static TenantId Rival { get; } = new("rival");

    internal LocalServices Services => _services!; // set before any test

    internal EndpointFixture Stub => _stub!; // as above

    internal MovableTime Time { get; } = new();

    public Uri Address { get; private set; } = new("http://unset");

    public string Origin => Address.GetLeftPart(UriPartial.Authority);

    internal IReadOnlyList<RouteEndpoint> Mapped => [.. ((IEndpointRouteBuilder)_app!).DataSources.SelectMany(source => source.Endpoints).Concat(_app!.Services.GetRequiredService<EndpointDataSource>().Endpoints).OfType<RouteEndpoint>().Distinct()];

    public async ValueTask InitializeAsync()
    {
        _stub = await EndpointFixture.StartAsync();
        WriteUsers();
        _services = await LocalServices.OpenAsync(new LocalOptions(_data) { Egress = new EgressOptions { AllowLoopback = true }, FourEyes = FourEyes, Tables = Tables }, NullLoggerFactory.Instance, TimeProvider.System);
        var dana = Principal("dana");
        Assert.IsType<RegistryResult.Changed>(await _services.Registry.RegisterServerAsync(dana, "stub", _stub.Address));
        Assert.IsType<RegistryResult.Changed>(await _services.Registry.PublishPolicyAsync(dana, Policy));
        foreach (var text in (string[])[Guarded, Removing, Listening])
            Assert.True(await _services.Registry.PublishWorkflowAsync(dana, text, "w.yaml") is RegistryResult.Changed, string.Join("\n", Core.Workflows.WorkflowCheck.Check(text, "w.yaml")));
        await ServeAsync();
    }

    internal Principal Principal(string user, TenantId? tenant = null) => Services.Users.Find(tenant ?? Tenant, user)!.ToPrincipal(tenant ?? Tenant); // written below

    internal string Token(string user, TokenClass face = TokenClass.Api, TenantId? tenant = null) =>
        Services.Keys.Issuer.Issue(new LocalTokenRequest(Principal(user, tenant), face, TimeSpan.FromMinutes(30)));

    /// <summary>The official client, which opens no pages.</summary>
    internal Task<McpClient> ConnectAsync(string token) => McpClient.CreateAsync(
        new HttpClientTransport(new HttpClientTransportOptions
        {
            Endpoint = new Uri(Address, "/mcp"),
            TransportMode = HttpTransportMode.StreamableHttp,
            AdditionalHeaders = new Dictionary<string, string> { ["Authorization"] = "Bearer " + token },
        }),
        cancellationToken: TestContext.Current.CancellationToken);

    internal async Task<(HttpStatusCode Status, JsonValue Body, HttpResponseMessage Response)> ApiAsync(
        string method, string path, string? token, string? body = null, string contentType = "application/json", params (string Name, string Value)[] headers)
    {
        using var http = new HttpClient { BaseAddress = Address };
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        if (token is not null) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        foreach (var (name, value) in headers) request.Headers.TryAddWithoutValidation(name, value);
        if (body is not null) request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body)) { Headers = { ContentType = MediaTypeHeaderValue.Parse(contentType) } };
        var response = await http.SendAsync(request, TestContext.Current.CancellationToken);
        var bytes = await response.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken);
        var isJson = response.Content.Headers.ContentType?.MediaType?.EndsWith("json", StringComparison.Ordinal) == true;
        return (response.StatusCode, isJson ? StrictJson.ParseLenient(bytes) : JsonValue.From(Encoding.UTF8.GetString(bytes)), response);
    }

    /// <summary>A run of the guarded workflow that waits at its gate.</summary>
    internal Task<(RunId Run, GateId Gate)> WaitingAsync(string text) => WaitingAsync("guarded", JsonValue.Object(("text", text)));

    internal async Task<(RunId Run, GateId Gate)> WaitingAsync(string workflow, JsonValue input)
    {
        var (status, body, _) = await ApiAsync("POST", "/api/runs", Token("nora"), JsonValue.Object(("workflow", "test/" + workflow), ("input", input)).ToString());
        Assert.Equal(HttpStatusCode.Created, status);
        var run = new RunId(body["id"]!.AsString());
        return (run, await GateAsync(run));
    }

    /// <summary>The gate at which the run waits, once it is another one than that.</summary>
    internal async Task<GateId> GateAsync(RunId run, GateId? after = null)
    {
        using var patience = Patience();
        await foreach (var state in Services.Engine.WatchAsync(Tenant, run, patience.Token))
        {
            if (state.Error is not null) Assert.Fail(state.Error.ToJson().ToString());
            if (state.Pending.Values.OfType<Command.OpenApproval>().FirstOrDefault(open => open.Gate.Id != after) is not { } open) continue;
            while (await Services.Approvals.FindAsync(Tenant, open.Gate.Id, patience.Token) is null) await Task.Yield();
            return open.Gate.Id;
        }
        throw new InvalidOperationException("The run never waited.");
    }

    internal async Task<RunState> EndAsync(RunId run)
    {
        RunState? last = null;
        using var patience = Patience();
        await foreach (var state in Services.Engine.WatchAsync(Tenant, run, patience.Token)) last = state;
        return last ?? throw new InvalidOperationException("There is no such run.");
    }

    internal async Task<List<AuditRecord>> AuditAsync(string chain)
    {
        var records = new List<AuditRecord>();
        await foreach (var entry in Services.Audit.ReadAsync(Tenant, chain, TestContext.Current.CancellationToken)) records.Add(entry.Record);
        return records;
    }

    public async ValueTask DisposeAsync()
    {
        if (_app is not null) await _app.DisposeAsync();
        if (_services is not null) await _services.DisposeAsync();
        if (_stub is not null) await _stub.DisposeAsync();
        Directory.Delete(_data, recursive: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>What does not come is a failure, not a wait without end.</summary>
    private static CancellationTokenSource Patience()
    {
        var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(TimeSpan.FromSeconds(60));
        return patience;
    }

    private async Task ServeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddRouting();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _app = builder.Build();
        InterlockPipeline.Map(_app, Web());
        await _app.StartAsync();
        Address = new Uri(_app.Urls.First());
        Services.Listens(Address);
    }

    /// <summary>What is served; tests that change a part of it serve theirs beside.</summary>
    internal InterlockWeb Web()
    {
        var services = Services;
        var issuer = services.Keys.Issuer;
        JwtVerifier Verifier(string audience, TokenClass face, bool run) =>
            new(new JwtVerifierOptions { Issuers = [issuer.Trust], Audience = audience, Class = face, AcceptRunTokens = run }, issuer, Time);
        return LocalWeb.Web(services, "http://127.0.0.1:0", [], NullLoggerFactory.Instance) with
        {
            McpTokens = Verifier(LocalIssuer.McpAudience, TokenClass.Mcp, true),
            ApiTokens = Verifier(LocalIssuer.ApiAudience, TokenClass.Api, false),
            Narrowing = new TokenNarrowing(issuer, Time),
            SignIn = new SignInMethod.Password(new LocalSignIn(services.Users)),
            Options = new WebOptions { AllowedHosts = ["127.0.0.1"], MaxApiBytes = 64 * 1024, SignInAttempts = 200 },
            Time = Time,
        };
    }

    private void WriteUsers()
    {
        var hash = PasswordHash.Create(Password, 1000).ToString();
        JsonValue User(string name, string[] groups, string[] roles) => JsonValue.Object(
            ("name", name), ("password", hash), ("groups", JsonValue.Array(groups.Select(JsonValue.From))), ("roles", JsonValue.Array(roles.Select(JsonValue.From))));
        string[] all = ["author", "publisher", "operator", "auditor", "admin"];
        var users = JsonValue.Object(("tenants", JsonValue.Object(
            ("local", JsonValue.Object(("users", JsonValue.Object(
                ("ana", User("Ana", ["leads"], [])), ("dana", User("Dana", [], all)), ("alex", User("Alex", [], ["admin"])), ("olga", User("Olga", [], ["operator"])), ("nora", User("Nora", [], [])), ("leo", User("Leo", ["leads"], [])), ("kim", User("Kim", [], [])))))),
            ("rival", JsonValue.Object(("users", JsonValue.Object(("rita", User("Rita", ["leads"], all)))))))));
        File.WriteAllBytes(Path.Combine(_data, "users.json"), CanonicalJson.Serialize(users));
    }
}

/// <summary>The same where changes of the registry need a second person.</summary>
public sealed class FourEyesFixture : WebFixture
{
    protected override bool FourEyes => true;
}

/// <summary>The system's time, moved by hand.</summary>
internal sealed class MovableTime : TimeProvider
{
    public TimeSpan Ahead { get; set; }

    public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + Ahead;
}
