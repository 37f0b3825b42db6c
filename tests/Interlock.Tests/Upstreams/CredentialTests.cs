using System.Collections.Concurrent;
using System.Text;
using Interlock.Core;
using Interlock.Core.Gateway;
using Interlock.Core.Identity;
using Interlock.Core.Registry;
using Interlock.Tests.Gateway;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;

namespace Interlock.Tests.Upstreams;

public sealed class CredentialTests
{
    private const string Done = """{"resultType":"complete","content":[{"type":"text","text":"done"}]}""";
    private const string Secret = "s3cret&=value";
    private const string Caller = "caller-token-of-ana";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("Authorization", "Bearer ", "Bearer s3cret&=value")]
    [InlineData("X-Api-Key", "", "s3cret&=value")]
    public async Task Invoke_ApiKey_IsOnEveryRequestAndNowhereElse(string header, string prefix, string value)
    {
        await using var server = await McpStub.SessionsAsync((context, request) => McpStub.ResultAsync(context, request, Done));
        await using var upstream = new UpstreamFixture(secrets: new Secrets());

        Assert.IsType<UpstreamResult.Completed>(await upstream.Mcp.InvokeAsync(Call(server, new UpstreamAuth.ApiKey("key", header, prefix)), Token));

        Assert.All(server.Requests, request => Assert.Equal(value, request.Headers[header]));
        Assert.Contains(server.Requests, request => request.Method == "initialize");
        Assert.All(server.Requests, request => Assert.DoesNotContain(Secret, Encoding.UTF8.GetString(request.Body), StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("no-such", "credential-missing")]
    [InlineData("broken", "credential-failed")]
    [InlineData("lines", "credential-missing")]
    public async Task Invoke_SecretCannotBeHad_IsNotSent(string secret, string rule)
    {
        await using var server = await McpStub.NewestAsync((context, request) => McpStub.ResultAsync(context, request, Done));
        await using var upstream = new UpstreamFixture(secrets: new Secrets());

        var notSent = Assert.IsType<UpstreamResult.NotSent>(await upstream.Mcp.InvokeAsync(Call(server, new UpstreamAuth.ApiKey(secret)), Token));

        Assert.Equal((rule, rule == "credential-missing"), (notSent.Problem.Rule, notSent.IsFinal));
        Assert.DoesNotContain("injected", notSent.Problem.ToString(), StringComparison.Ordinal);
        Assert.Empty(server.Requests);
        Assert.Equal(rule, (await upstream.Mcp.DiscoverAsync(Call(server, new UpstreamAuth.ApiKey(secret)).Endpoint, Token)).Failure?.Rule);
    }

    [Fact]
    public async Task Invoke_SecretOfAnotherTenant_IsMissing()
    {
        await using var server = await McpStub.NewestAsync((context, request) => McpStub.ResultAsync(context, request, Done));
        await using var upstream = new UpstreamFixture(secrets: new Secrets());
        var call = Call(server, new UpstreamAuth.ApiKey("key"));

        foreach (var tenant in (TenantId?[])[new("other"), null])
            Assert.Equal("credential-missing", Assert.IsType<UpstreamResult.NotSent>(await upstream.Mcp.InvokeAsync(call with { Endpoint = call.Endpoint with { Tenant = tenant } }, Token)).Problem.Rule);
        Assert.Empty(server.Requests);
    }

    [Fact]
    public async Task Invoke_ManyAtOnce_AskForOneTokenWithTheRegisteredScope()
    {
        await using var issuer = await Issuer.StartAsync();
        await using var server = await issuer.ServerAsync();
        await using var upstream = new UpstreamFixture(secrets: new Secrets());
        var call = Call(server, new UpstreamAuth.ClientCredentials(issuer.Address, "interlock:a", "key", "read write", "https://tools.example/mcp"));

        var results = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => upstream.Mcp.InvokeAsync(call, Token)));

        Assert.All(results, result => Assert.IsType<UpstreamResult.Completed>(result));
        var asked = Assert.Single(issuer.Asked);
        Assert.Equal(("client_credentials", "read write", "https://tools.example/mcp"), (asked["grant_type"], asked["scope"], asked["resource"]));
        Assert.Equal("Basic " + Convert.ToBase64String(Encoding.ASCII.GetBytes("interlock%3Aa:s3cret%26%3Dvalue")), asked["(authorization)"]);
        Assert.DoesNotContain("client_secret", asked.Keys);
    }

    [Fact]
    public async Task Invoke_TokenEndsSoon_IsRenewedBefore()
    {
        var time = new ManualClock(DateTimeOffset.UtcNow);
        await using var issuer = await Issuer.StartAsync();
        await using var server = await issuer.ServerAsync();
        await using var upstream = new UpstreamFixture(secrets: new Secrets(), time: time);
        var call = Call(server, new UpstreamAuth.ClientCredentials(issuer.Address, "c", "key")) with { Deadline = time.GetUtcNow().AddDays(1) };

        foreach (var (seconds, asked) in ((int, int)[])[(0, 1), (3500, 1), (45, 2), (10, 2)])
        {
            time.Advance(TimeSpan.FromSeconds(seconds));
            Assert.IsType<UpstreamResult.Completed>(await upstream.Mcp.InvokeAsync(call, Token));
            Assert.Equal(asked, issuer.Asked.Count);
        }
    }

    [Fact]
    public async Task Invoke_TokenRefused_IsAskedForOnceMoreAndTheCallSentAgain()
    {
        await using var issuer = await Issuer.StartAsync();
        await using var server = await issuer.ServerAsync();
        await using var upstream = new UpstreamFixture(secrets: new Secrets());
        var call = Call(server, new UpstreamAuth.ClientCredentials(issuer.Address, "c", "key"));
        Assert.IsType<UpstreamResult.Completed>(await upstream.Mcp.InvokeAsync(call, Token));
        issuer.Revoke();

        Assert.IsType<UpstreamResult.Completed>(await upstream.Mcp.InvokeAsync(call, Token));
        Assert.Equal(2, issuer.Asked.Count);
        issuer.RefuseAll();
        var rejected = Assert.IsType<UpstreamResult.Rejected>(await upstream.Mcp.InvokeAsync(call, Token));
        Assert.Contains("401", rejected.Problem.Detail, StringComparison.Ordinal);
        Assert.Equal((3, 1 + 2 + 2), (issuer.Asked.Count, server.Requests.Count(request => request.Method == "tools/call")));
        Assert.Equal(0, issuer.Hostile);
    }

    [Theory]
    [InlineData("""{"access_token":"x","token_type":"mac"}""", 200)]
    [InlineData("""{"access_token":"x","token_type":"N_A"}""", 200)]
    [InlineData("""{"access_token":"x\ny","token_type":"Bearer"}""", 200)]
    [InlineData("""{"access_token":7,"token_type":"Bearer"}""", 200)]
    [InlineData("<html>", 200)]
    [InlineData("""{"error":"invalid_client","error_description":"s3cret&=value caller-token-of-ana"}""", 401)]
    [InlineData("""{"error":"s3cret&=value"}""", 400)]
    [InlineData("", 302)]
    [InlineData("", 307)]
    public async Task Invoke_TokenEndpointGivesNone_NamesTheStepAndNoSecret(string answer, int status)
    {
        await using var issuer = await Issuer.StartAsync((answer, status));
        await using var server = await issuer.ServerAsync();
        await using var upstream = new UpstreamFixture(secrets: new Secrets());
        foreach (var auth in (UpstreamAuth[])[new UpstreamAuth.ClientCredentials(issuer.Address, "c", "key"), new UpstreamAuth.OnBehalfOf(issuer.Address, "c", "key", ExchangeKind.Entra)])
        {
            var notSent = Assert.IsType<UpstreamResult.NotSent>(await upstream.Mcp.InvokeAsync(Call(server, auth, Caller, registration: auth.GetType().Name), Token));
            Assert.Equal(("credential-failed", false), (notSent.Problem.Rule, notSent.IsFinal));
            Assert.StartsWith($"The token endpoint {issuer.Address.Authority} ", notSent.Problem.Detail, StringComparison.Ordinal);
            Assert.DoesNotContain(Secret, notSent.Problem.ToString(), StringComparison.Ordinal);
            Assert.DoesNotContain(Caller, notSent.Problem.ToString(), StringComparison.Ordinal);
        }
        Assert.Empty(server.Requests);
        Assert.Equal(0, issuer.Hostile);
    }

    [Theory]
    [InlineData("http://login.example/token", "credential-failed")]
    [InlineData("https://169.254.169.254/token", "egress-denied")]
    [InlineData("http://[::ffff:127.0.0.1]:1/token", "credential-failed")]
    public async Task Invoke_TokenEndpointThatMayNotBeAsked_IsNotAsked(string endpoint, string rule)
    {
        await using var server = await McpStub.NewestAsync((context, request) => McpStub.ResultAsync(context, request, Done));
        await using var upstream = new UpstreamFixture(secrets: new Secrets());

        Assert.Equal(rule, Assert.IsType<UpstreamResult.NotSent>(await upstream.Mcp.InvokeAsync(Call(server, new UpstreamAuth.ClientCredentials(new Uri(endpoint), "c", "key")), Token)).Problem.Rule);
        Assert.Empty(server.Requests);
    }

    [Theory]
    [InlineData(ExchangeKind.TokenExchange)]
    [InlineData(ExchangeKind.Entra)]
    public async Task Invoke_OnBehalfOf_ExchangesEachCallersTokenAndSharesNothing(ExchangeKind exchange)
    {
        await using var issuer = await Issuer.StartAsync();
        await using var server = await issuer.ServerAsync(sessions: true);
        await using var upstream = new UpstreamFixture(secrets: new Secrets());
        var auth = new UpstreamAuth.OnBehalfOf(issuer.Address, "c", "key", exchange, "api://x/.default");

        foreach (var (token, subject) in ((string, string)[])[(Caller, "user:ana"), (Caller, "user:ana"), ("token-of-ben", "user:ben"), ("newer-token-of-ana", "user:ana"), (Caller, "user:ben")])
            Assert.IsType<UpstreamResult.Completed>(await upstream.Mcp.InvokeAsync(Call(server, auth, token, subject), Token));

        Assert.Equal([Caller, "token-of-ben", "newer-token-of-ana", Caller], issuer.Asked.Select(asked => asked[exchange == ExchangeKind.Entra ? "assertion" : "subject_token"]));
        Assert.All(issuer.Asked, asked => Assert.Equal(exchange == ExchangeKind.Entra ? ("on_behalf_of", Secret) : (null, null), (asked.GetValueOrDefault("requested_token_use"), asked.GetValueOrDefault("client_secret"))));
        var calls = server.Requests.Where(request => request.Method == "tools/call").ToList();
        Assert.Equal(["token-1", "token-1", "token-2", "token-3", "token-4"], calls.Select(request => request.Headers["Authorization"]["Bearer ".Length..]));
        Assert.Equal(["s1", "s1", "s2", "s1", "s2"], calls.Select(request => request.Headers["Mcp-Session-Id"])); // a session is a subject's
        Assert.All(server.Requests, AssertNoCaller);
    }

    [Fact]
    public async Task Invoke_OnBehalfOfNobody_IsRefusedAndNothingIsAsked()
    {
        await using var issuer = await Issuer.StartAsync();
        await using var server = await issuer.ServerAsync();
        await using var upstream = new UpstreamFixture(secrets: new Secrets());
        var auth = new UpstreamAuth.OnBehalfOf(issuer.Address, "c", "key", ExchangeKind.TokenExchange);

        var notSent = Assert.IsType<UpstreamResult.NotSent>(await upstream.Mcp.InvokeAsync(Call(server, auth, null, "user:ana"), Token));

        Assert.Equal(("caller-token-required", true), (notSent.Problem.Rule, notSent.IsFinal));
        Assert.Empty(server.Requests);
        Assert.Empty(issuer.Asked);
        Assert.Null((await upstream.Mcp.DiscoverAsync(Call(server, auth).Endpoint, Token)).Failure); // under the client's own name
        Assert.Equal("client_credentials", Assert.Single(issuer.Asked)["grant_type"]);
        Assert.Equal("caller-token-required", Assert.IsType<UpstreamResult.NotSent>(await upstream.Mcp.InvokeAsync(Call(server, auth, null, "user:ana"), Token)).Problem.Rule); // and no call goes under it
    }

    [Fact]
    public async Task Invoke_HostileServer_GetsNothingOfTheCallersToken()
    {
        await using var server = await McpStub.SessionsAsync((context, _) =>
        {
            context.Response.StatusCode = 401;
            context.Response.Headers.WWWAuthenticate = """Bearer resource_metadata="http://169.254.169.254/x", authorization_uri="http://evil.example/token", scope="all" """;
            return Task.CompletedTask;
        });
        await using var upstream = new UpstreamFixture(secrets: new Secrets());
        foreach (var auth in (UpstreamAuth?[])[null, new UpstreamAuth.ApiKey("key")])
            Assert.IsType<UpstreamResult.Rejected>(await upstream.Mcp.InvokeAsync(Call(server, auth, Caller, registration: auth is null ? "none" : "key"), Token));

        Assert.Equal(2, server.Requests.Count(request => request.Method == "tools/call"));
        Assert.All(server.Requests, AssertNoCaller);
        Assert.All(server.Requests, request => Assert.Equal("/mcp", request.Path));
    }

    [Fact]
    public async Task Invoke_ManagedIdentityOutsideAzure_IsRefused()
    {
        await using var server = await McpStub.NewestAsync((context, request) => McpStub.ResultAsync(context, request, Done));
        await using var upstream = new UpstreamFixture(secrets: new Secrets());

        var notSent = Assert.IsType<UpstreamResult.NotSent>(await upstream.Mcp.InvokeAsync(Call(server, new UpstreamAuth.ManagedIdentity("api://x/.default")), Token));

        Assert.Contains("in Azure only", notSent.Problem.Detail, StringComparison.Ordinal);
        Assert.Empty(server.Requests);
    }

    private static void AssertNoCaller(StubRequest request)
    {
        Assert.DoesNotContain(Caller, Encoding.UTF8.GetString(request.Body), StringComparison.Ordinal);
        Assert.DoesNotContain(request.Headers, header => header.Value.Contains(Caller, StringComparison.Ordinal));
    }

    private static UpstreamCall Call(StubServer server, UpstreamAuth? auth, string? caller = null, string subject = "user:ana", string registration = "r1")
    {
        var call = UpstreamFixture.Call(server.Address);
        return call with
        {
            Endpoint = call.Endpoint with { RegistrationId = registration, Tenant = new TenantId("local"), Auth = auth },
            Link = caller is null ? null : new CallerLink { Token = caller },
            Subject = subject,
        };
    }

    private sealed class Secrets : ISecretSource
    {
        public Task<string?> ResolveAsync(TenantId tenant, string name, CancellationToken cancellationToken = default) => (tenant.Value, name) switch
        {
            ("local", "key") => Task.FromResult<string?>(Secret),
            ("local", "lines") => Task.FromResult<string?>("a\r\nX-Other: injected"),
            (_, "broken") => throw new IOException("The vault is away: injected."),
            _ => Task.FromResult<string?>(null),
        };
    }

    /// <summary>A token endpoint that gives token-1, token-2, …, and servers that take the last of them.</summary>
    private sealed class Issuer : IAsyncDisposable
    {
        private StubServer? _server;
        private int _given;
        private int _valid = 1;

        public ConcurrentQueue<Dictionary<string, string>> Asked { get; } = new();

        /// <summary>Requests to where nothing should lead.</summary>
        public int Hostile => _server!.Requests.Count(request => request.Path != "/mcp"); // started

        public Uri Address => _server!.Address; // started

        public static async Task<Issuer> StartAsync((string Body, int Status)? answer = null)
        {
            var issuer = new Issuer();
            issuer._server = await StubServer.StartAsync(async (context, request) =>
            {
                var form = QueryHelpers.ParseQuery(Encoding.UTF8.GetString(request.Body)).ToDictionary(member => member.Key, member => member.Value.ToString(), StringComparer.Ordinal);
                if (request.Headers.TryGetValue("Authorization", out var basic)) form["(authorization)"] = basic;
                issuer.Asked.Enqueue(form);
                context.Response.StatusCode = answer?.Status ?? 200;
                context.Response.Headers.Location = "/elsewhere";
                await McpStub.JsonAsync(context, answer?.Body ?? $$"""{"access_token":"token-{{Interlocked.Increment(ref issuer._given)}}","token_type":"bearer","expires_in":3600}""");
            });
            return issuer;
        }

        public Task<StubServer> ServerAsync(bool sessions = false) => sessions ? McpStub.SessionsAsync(AnswerAsync) : McpStub.NewestAsync(AnswerAsync);

        public void Revoke() => _valid = _given + 1;

        public void RefuseAll() => _valid = int.MaxValue;

        public ValueTask DisposeAsync() => _server?.DisposeAsync() ?? ValueTask.CompletedTask;

        private Task AnswerAsync(HttpContext context, StubRequest request)
        {
            if (request.Headers.GetValueOrDefault("Authorization") is { } header && int.TryParse(header["Bearer token-".Length..], out var number) && number >= _valid) return McpStub.ResultAsync(context, request, Done);
            context.Response.StatusCode = 401;
            context.Response.Headers.WWWAuthenticate = $"Bearer resource_metadata=\"{new Uri(Address, "/hostile")}\"";
            return Task.CompletedTask;
        }
    }
}
