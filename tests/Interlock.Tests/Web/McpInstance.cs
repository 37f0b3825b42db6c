using System.Net.Http.Headers;
using System.Text;
using Interlock.Core;
using Interlock.Core.Gateway;
using Interlock.Core.Identity;
using Interlock.Core.Intake;
using Interlock.Core.Registry;
using Interlock.Core.Storage;
using Interlock.Http.Hosting;
using Interlock.Json;
using Interlock.Tests.Gateway;
using Interlock.Tests.Intake;
using Interlock.Tests.Registry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Interlock.Tests.Web;

/// <summary>One of several instances that serve <c>/mcp</c> over one store: a process of its own, with a clock moved by hand.</summary>
internal sealed class McpInstance : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly LocalIssuer _issuer;
    private readonly CancellationTokenSource _stopping;
    private int _running;

    private McpInstance(World world, LocalIssuer issuer, ITableStore? store, EffectLease? lease, WebOptions options)
    {
        (_issuer, _stopping) = (issuer, new CancellationTokenSource());
        Clock = new ManualClock(world.Time.Now);
        var node = new Node(world, store ?? world.Memory, lease);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddRouting();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _app = builder.Build();
        _app.Use(async (_, next) =>
        {
            Interlocked.Increment(ref _running);
            try
            {
                await next();
            }
            finally
            {
                Interlocked.Decrement(ref _running);
            }
        });
        InterlockPipeline.Map(_app, Web(world, node, options));
    }

    /// <summary>The web's clock; the gateway's is the world's.</summary>
    public ManualClock Clock { get; }

    /// <summary>Requests whose handlers have not returned.</summary>
    public int Running => Volatile.Read(ref _running);

    public HttpClient Http { get; } = new();

    public Uri Address => new(new Uri(_app.Urls.First()), "/mcp");

    public static async Task<McpInstance> StartAsync(World world, LocalIssuer issuer, TimeSpan? answerWithin, ITableStore? store = null, EffectLease? lease = null)
    {
        var instance = new McpInstance(world, issuer, store, lease, new WebOptions { AnswerWithin = answerWithin, CallDeadline = TimeSpan.FromMinutes(20) });
        await instance._app.StartAsync(World.Token);
        return instance;
    }

    public string Token(Principal principal, RunTokenClaims? run = null) =>
        _issuer.Issue(new LocalTokenRequest(principal, run is null ? TokenClass.Mcp : TokenClass.Run, TimeSpan.FromHours(8), run));

    public Task<JsonValue> CallAsync(Principal caller, string tool, JsonValue? arguments = null, string? key = null)
    {
        var parameters = JsonValue.Object(("name", tool), ("arguments", arguments ?? JsonValue.EmptyObject));
        if (key is not null) parameters = parameters.With("_meta", JsonValue.Object(("interlock/idempotencyKey", key)));
        return SendAsync(Token(caller), "tools/call", parameters);
    }

    /// <summary>A call whose client leaves when it is told to.</summary>
    public Task<JsonValue> CallUntilAsync(Principal caller, string tool, CancellationToken leaving) =>
        SendUntilAsync(Token(caller), "tools/call", JsonValue.Object(("name", tool), ("arguments", JsonValue.EmptyObject)), leaving);

    public Task<JsonValue> StatusAsync(Principal caller, string handle) => CallAsync(caller, "interlock__call_status", JsonValue.Object(("handle", handle)));

    /// <summary>The result of a request, or what is said beside its error.</summary>
    public Task<JsonValue> SendAsync(string token, string method, JsonValue parameters, params (string Name, string Value)[] headers) => SendUntilAsync(token, method, parameters, World.Token, headers);

    /// <summary>What a host does when it begins to stop.</summary>
    public Task StopAsync() => _stopping.CancelAsync();

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _stopping.CancelAsync();
        await _app.DisposeAsync();
        _stopping.Dispose();
    }

    private async Task<JsonValue> SendUntilAsync(string token, string method, JsonValue parameters, CancellationToken leaving, params (string Name, string Value)[] headers)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(leaving, World.Token);
        either.CancelAfter(TimeSpan.FromSeconds(60));
        var body = JsonValue.Object(("jsonrpc", "2.0"), ("id", 1), ("method", method), ("params", parameters));
        using var request = Mcp.EndpointFixture.Post(Address, body.ToString());
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        foreach (var (name, value) in headers) request.Headers.TryAddWithoutValidation(name, value);
        using var response = await Http.SendAsync(request, either.Token);
        var text = await response.Content.ReadAsStringAsync(either.Token);
        var data = text.StartsWith('{') ? text : text.Split('\n').Last(line => line.StartsWith("data:", StringComparison.Ordinal))[5..];
        var answer = StrictJson.ParseLenient(Encoding.UTF8.GetBytes(data));
        return answer["result"] ?? answer["error"]?["data"] ?? throw new InvalidOperationException(text);
    }

    private InterlockWeb Web(World world, Node node, WebOptions options)
    {
        JwtVerifier Verifier(string audience, TokenClass face, bool run) =>
            new(new JwtVerifierOptions { Issuers = [_issuer.Trust], Audience = audience, Class = face, AcceptRunTokens = run }, _issuer, world.Time);
        var (catalog, runs) = (new WorkflowCatalog(world.Blobs), new StubRunHost());
        return new InterlockWeb
        {
            Gateway = node.Gateway,
            Approvals = node.Desk,
            AdHoc = node.AdHoc,
            Registry = new RegistryDesk(node.Registries, catalog, node.Audit, new StubDiscovery(), world.Directory, node.Fences, world.Time),
            Workflows = catalog,
            Policies = new PolicyCache(),
            Intake = new RunIntake(node.Registries, catalog, runs, world.Memory, node.Audit, world.Time),
            Runs = runs,
            Audit = node.Audit,
            Store = world.Memory,
            McpTokens = Verifier(LocalIssuer.McpAudience, TokenClass.Mcp, true),
            ApiTokens = Verifier(LocalIssuer.ApiAudience, TokenClass.Api, false),
            SignIn = new SignInMethod.Closed("Nobody signs in here."),
            Directory = world.Directory,
            Mac = world.Mac,
            Incarnation = Incarnation.First,
            Options = options,
            Time = Clock,
            Loggers = NullLoggerFactory.Instance,
            Stopping = _stopping.Token,
        };
    }
}
