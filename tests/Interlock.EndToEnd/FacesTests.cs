using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Interlock.Core.Identity;
using Interlock.Json;
using ModelContextProtocol;
using ModelContextProtocol.Client;

namespace Interlock.EndToEnd;

public sealed class FacesTests : IClassFixture<FacesTests.Served>
{
    private readonly Installation _installation;

    public FacesTests(Served served) => _installation = served.Installation;

    [Fact]
    public async Task Mcp_OfficialClient_ListsAndCallsTools()
    {
        await using var client = await ConnectAsync(_installation.Token(TokenClass.Mcp));
        var tools = await client.ListToolsAsync(cancellationToken: TestContext.Current.CancellationToken);

        // What policy denies this caller is not listed; the guarded tool is, and calling it without a gate's grant is refused.
        var apply = Assert.Single(tools, tool => tool.Name == "remediation__apply");
        Assert.Contains(tools, tool => tool.Name == "remediation__verify");
        Assert.DoesNotContain(tools, tool => tool.Name == "ticketing__get_ticket");
        var arguments = new Dictionary<string, object?> { ["service"] = "checkout", ["action"] = "restart", ["ticketId"] = "1" };
        var before = _installation.CallsTo("apply");
        var result = await client.CallToolAsync(apply.Name, arguments, cancellationToken: TestContext.Current.CancellationToken);
        Assert.True(result.IsError);
        Assert.Contains("grant-required", result.Meta?["interlock/problem"]?.ToJsonString() ?? "", StringComparison.Ordinal);
        Assert.Equal(before, _installation.CallsTo("apply"));
    }

    [Theory]
    [InlineData("ticket-classifier")]
    [InlineData("agents__ticket-classifier")]
    [InlineData("ticket-classifier__classify")]
    public async Task Mcp_AnAgentByAnyName_IsNoToolAndIsNotReached(string name)
    {
        await using var client = await ConnectAsync(_installation.Token(TokenClass.Mcp));
        var before = _installation.CallsTo("ticket-classifier");
        await Assert.ThrowsAsync<McpProtocolException>(async () =>
            await client.CallToolAsync(name, new Dictionary<string, object?> { ["input"] = "x" }, cancellationToken: TestContext.Current.CancellationToken));
        Assert.Equal(before, _installation.CallsTo("ticket-classifier"));
    }

    [Fact]
    public async Task Mcp_UnknownToolOrArgumentsAgainstTheContract_AreClearErrorsAndReachNoServer()
    {
        await using var client = await ConnectAsync(_installation.Token(TokenClass.Mcp));
        var before = _installation.CallsTo("verify");

        var unknown = await Assert.ThrowsAsync<McpProtocolException>(async () =>
            await client.CallToolAsync("remediation__format_disk", new Dictionary<string, object?>(), cancellationToken: TestContext.Current.CancellationToken));
        var wrong = await client.CallToolAsync(
            "remediation__verify", new Dictionary<string, object?> { ["changeId"] = 1, ["force"] = true }, cancellationToken: TestContext.Current.CancellationToken);

        Assert.Contains("remediation__format_disk", unknown.Message, StringComparison.Ordinal);
        Assert.True(wrong.IsError);
        Assert.Contains("\"rule\":\"arguments\"", wrong.Meta?["interlock/problem"]?.ToJsonString() ?? "", StringComparison.Ordinal);
        Assert.Equal(before, _installation.CallsTo("verify"));
    }

    [Fact]
    public async Task Mcp_WithoutOrWithAnExpiredToken_Is401WithTheMetadata()
    {
        using var http = new HttpClient { BaseAddress = _installation.Address };
        using var body = new StringContent("{}", Encoding.UTF8, "application/json");
        using var bare = await http.PostAsync(new Uri("/mcp", UriKind.Relative), body, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.Unauthorized, bare.StatusCode);
        Assert.Contains("resource_metadata=", bare.Headers.WwwAuthenticate.ToString(), StringComparison.Ordinal);

        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", _installation.Token(TokenClass.Mcp, new Yesterday()));
        using var expired = await http.PostAsync(new Uri("/mcp", UriKind.Relative), body, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.Unauthorized, expired.StatusCode);

        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", _installation.Token(TokenClass.Api));
        using var otherClass = await http.PostAsync(new Uri("/mcp", UriKind.Relative), body, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.Unauthorized, otherClass.StatusCode);
    }

    [Fact]
    public async Task Events_Twice_StartOneRun()
    {
        var id = Guid.NewGuid().ToString();
        var (_, first) = await _installation.AlertAsync(id);
        var (status, second) = await _installation.AlertAsync(id);
        var (conflict, problem) = await _installation.AlertAsync(id, ticket: "another");

        Assert.Equal(HttpStatusCode.Accepted, status);
        Assert.Equal(first["runs"]![0]!["runId"], Assert.Single(second["runs"]!.Items)["runId"]);
        Assert.Equal(HttpStatusCode.Conflict, conflict);
        Assert.Equal("event-conflict", problem["rule"]?.AsString());
    }

    [Fact]
    public async Task Api_BadInput_IsAProblemEachTime()
    {
        var malformed = await RawAsync("/api/runs", "{\"workflow\":");
        Assert.Equal(HttpStatusCode.BadRequest, malformed);
        Assert.Equal(HttpStatusCode.BadRequest, await RawAsync("/api/runs", "{\"workflow\":\"a\",\"workflow\":\"b\"}"));
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, await RawAsync("/api/runs", "\"" + new string('x', 2 * 1024 * 1024) + "\""));
        var (unknown, _) = await _installation.SendAsync(HttpMethod.Post, "/api/runs", JsonValue.Object(("workflow", "no/such"), ("input", JsonValue.Null)));
        Assert.Equal(HttpStatusCode.NotFound, unknown);
        var (bad, problem) = await _installation.SendAsync(HttpMethod.Post, "/api/workflows", "do: [", "application/yaml");
        Assert.Equal(HttpStatusCode.BadRequest, bad);
        Assert.Equal(400, problem["status"]?.AsNumber());
    }

    [Fact]
    public async Task Api_ExpiredOrForgedToken_Is401()
    {
        foreach (var token in (string[])[_installation.Token(TokenClass.Api, new Yesterday()), _installation.Token(TokenClass.Api)[..^6] + "AAAAAA"])
        {
            using var http = new HttpClient { BaseAddress = _installation.Address };
            http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
            using var response = await http.GetAsync(new Uri("/api/runs", UriKind.Relative), TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
            Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        }
    }

    private async Task<HttpStatusCode> RawAsync(string path, string body)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var response = await _installation.Api.PostAsync(new Uri(path, UriKind.Relative), content, TestContext.Current.CancellationToken);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        return response.StatusCode;
    }

    private async Task<McpClient> ConnectAsync(string token)
    {
        var transport = new HttpClientTransport(new HttpClientTransportOptions
        {
            Endpoint = new Uri(_installation.Address, "/mcp"),
            TransportMode = HttpTransportMode.StreamableHttp,
            AdditionalHeaders = new Dictionary<string, string> { ["Authorization"] = "Bearer " + token },
        });
        return await McpClient.CreateAsync(transport, cancellationToken: TestContext.Current.CancellationToken);
    }

    private sealed class Yesterday : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => System.GetUtcNow().AddDays(-1);
    }

    public sealed class Served : IAsyncLifetime
    {
        private Installation? _installation;

        internal Installation Installation => _installation ?? throw new InvalidOperationException("Not started.");

        public async ValueTask InitializeAsync() => _installation = await Installation.StartAsync();

        public ValueTask DisposeAsync() => Installation.DisposeAsync();
    }
}
