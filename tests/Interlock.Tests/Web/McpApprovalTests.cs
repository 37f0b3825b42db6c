using Interlock.Core;
using Interlock.Core.Approvals;
using Interlock.Core.Audit;
using Interlock.Core.Gateway;
using Interlock.Core.Identity;
using Interlock.Json;
using Interlock.Tests.Gateway;
using ModelContextProtocol;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;

namespace Interlock.Tests.Web;

/// <summary>What clients of <c>/mcp</c> see of a guarded tool: the official client, and requests written by hand.</summary>
public sealed class McpApprovalTests : IAsyncLifetime
{
    private const string Tool = "crm__apply";

    private static readonly JsonValue Mail = World.Arguments();

    private readonly LocalIssuer _issuer = LocalIssuer.Create("test", TimeProvider.System);
    private World? _world;
    private McpInstance? _one;

    private World Everything => _world!; // set before any test, as the other is

    private McpInstance One => _one!;

    private static CancellationToken Token => World.Token;

    public async ValueTask InitializeAsync()
    {
        _world = await World.CreateAsync();
        _world.Time.Now = DateTimeOffset.UtcNow; // tokens are of today
        _one = await McpInstance.StartAsync(_world, _issuer, null);
    }

    public async ValueTask DisposeAsync()
    {
        await One.DisposeAsync();
        await Everything.DisposeAsync();
        _issuer.Dispose();
    }

    [Fact]
    public async Task Client_OfTheNewestRevision_IsAskedOnceAndResolvesItByItself()
    {
        Everything.Upstream.Then(StubUpstream.Done(JsonValue.Object(("applied", true))));
        var asked = new List<ElicitRequestParams>();
        await using var client = await ConnectAsync(async asking =>
        {
            asked.Add(asking);
            await DecideAsync(new GateId(asking.Url![^32..]));
            return new ElicitResult { Action = "accept" };
        });
        var result = await CallAsync(client);
        Assert.NotEqual(true, result.IsError);
        Assert.True(result.StructuredContent!.Value.GetProperty("applied").GetBoolean());
        var once = Assert.Single(asked);
        var gate = Assert.Single(await Everything.RecordsAsync(AuditTypes.GateOpened)).Gate;
        Assert.Equal(("url", new Uri(One.Address, $"/approvals/{gate}").AbsoluteUri, null), (once.Mode, once.Url, once.ElicitationId));
        Assert.Contains("group:sre", once.Message, StringComparison.Ordinal);
        Assert.Single(Everything.Upstream.Calls);
        Assert.Equal("grant-required", Assert.Single(await Everything.RecordsAsync(AuditTypes.CallRefused)).Rule);
    }

    [Fact]
    public async Task Client_WhosePersonOpensThePage_IsKeptWaitingAndNotAskedAgain()
    {
        Everything.Upstream.Then(StubUpstream.Done());
        var asked = new TaskCompletionSource<GateId>();
        await using var client = await ConnectAsync(asking =>
        {
            asked.SetResult(new GateId(asking.Url![^32..])); // throws when it is asked twice
            return Task.FromResult(new ElicitResult { Action = "accept" });
        });
        var call = CallAsync(client);
        var gate = await asked.Task;
        for (var i = 0; i < 25; i++) await StepAsync();
        Assert.False(call.IsCompleted);
        await DecideAsync(gate);
        await StepAsync();
        Assert.NotEqual(true, (await call).IsError);
        Assert.Single(Everything.Upstream.Calls);
        Assert.Single(await Everything.RecordsAsync(AuditTypes.GateOpened));
    }

    [Fact]
    public async Task Client_NobodyDecides_IsToldInTheEndAndNothingHappens()
    {
        await using var client = await ConnectAsync(_ => Task.FromResult(new ElicitResult { Action = "accept" }));
        var call = CallAsync(client);
        for (var i = 0; i < 80; i++) await StepAsync();
        var result = await call;
        Assert.True(result.IsError);
        Assert.Equal("grant-required", result.StructuredContent!.Value.GetProperty("rule").GetString());
        Assert.Contains("exactly the same call again", ((TextContentBlock)result.Content[0]).Text, StringComparison.Ordinal);
        Assert.Empty(Everything.Upstream.Calls);
        Assert.Single(await Everything.RecordsAsync(AuditTypes.GateOpened));
        Assert.Single(await Everything.RecordsAsync(AuditTypes.CallRefused));
    }

    [Theory]
    [InlineData("decline")]
    [InlineData("cancel")]
    public async Task Client_WhosePersonDoesNotOpenThePage_IsToldAtOnceAndTheGateStays(string action)
    {
        await using var client = await ConnectAsync(_ => Task.FromResult(new ElicitResult { Action = action }));
        var result = await CallAsync(client);
        Assert.Equal("open", result.StructuredContent!.Value.GetProperty("approval").GetProperty("state").GetString());
        Assert.Single(await Everything.Node.Desk.InboxAsync(Everything.Sam, Token));
    }

    [Fact]
    public async Task Client_Rejected_IsToldByWhomAndWhy()
    {
        await using var client = await ConnectAsync(async asking =>
        {
            await DecideAsync(new GateId(asking.Url![^32..]), approves: false);
            return new ElicitResult { Action = "accept" };
        });
        var result = await CallAsync(client);
        var problem = result.StructuredContent!.Value;
        Assert.Equal(("gate-rejected", "rejected"), (problem.GetProperty("rule").GetString(), problem.GetProperty("approval").GetProperty("state").GetString()));
        Assert.Contains("sam rejected it and said: \"too risky\"", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Empty(Everything.Upstream.Calls);
    }

    [Fact]
    public async Task Client_Of2025November_GetsTheErrorWithThePage()
    {
        Everything.Upstream.Then(StubUpstream.Done());
        await using var client = await ConnectAsync(_ => throw new InvalidOperationException("A stateless server asks nothing."), "2025-11-25");
        var error = await Assert.ThrowsAsync<UrlElicitationRequiredException>(() => CallAsync(client));
        var asked = Assert.Single(error.Elicitations);
        Assert.Equal((McpErrorCode.UrlElicitationRequired, "url", asked.Url![^32..]), (error.ErrorCode, asked.Mode, asked.ElicitationId));
        Assert.Equal(asked.Url, Assert.Single((await Assert.ThrowsAsync<UrlElicitationRequiredException>(() => CallAsync(client))).Elicitations).Url);
        await DecideAsync(new GateId(asked.ElicitationId!));
        Assert.NotEqual(true, (await CallAsync(client)).IsError);
        Assert.Single(await Everything.RecordsAsync(AuditTypes.GateOpened));
    }

    [Theory]
    [InlineData("2025-11-25")]
    [InlineData("2025-06-18")]
    [InlineData("2026-07-28")]
    public async Task Client_ThatCannotOpenPages_GetsTheLinkAsText(string version)
    {
        Everything.Upstream.Then(StubUpstream.Done());
        await using var client = await ConnectAsync(null, version);
        for (var i = 0; i < 3; i++) Assert.True((await CallAsync(client)).IsError);
        var result = await CallAsync(client);
        var approval = result.StructuredContent!.Value.GetProperty("approval");
        var (id, url) = (approval.GetProperty("id").GetString()!, approval.GetProperty("url").GetString()!);
        Assert.Equal(new Uri(One.Address, $"/approvals/{id}").AbsoluteUri, url);
        Assert.Contains(url, ((TextContentBlock)result.Content[0]).Text, StringComparison.Ordinal);
        Assert.Single(await Everything.RecordsAsync(AuditTypes.CallRefused));
        await DecideAsync(new GateId(id));
        Assert.NotEqual(true, (await CallAsync(client)).IsError);
        Assert.Single(Everything.Upstream.Calls);
    }

    [Fact]
    public async Task State_BroughtBackAfterTheCall_GivesTheRecordedResult()
    {
        Everything.Upstream.Then(StubUpstream.Done(JsonValue.Object(("applied", 1))));
        var state = await StateAsync();
        await DecideAsync(Assert.Single(await Everything.Node.Desk.OpenGatesAsync(World.Tenant, Token)).Id);
        for (var i = 0; i < 3; i++) Assert.Equal(JsonValue.Object(("applied", 1)), (await SendAsync(Everything.Ana, Mail, state))["structuredContent"]);
        Assert.Equal("input_required", (await SendAsync(Everything.Ana, Mail))["resultType"]!.AsString());
        Assert.Single(Everything.Upstream.Calls);
    }

    [Fact]
    public async Task State_ForgedOrOfAnotherCall_IsRefusedAndRecorded()
    {
        var state = await StateAsync();
        var keyed = (await SendAsync(Everything.Ana, Mail, key: "k"))["requestState"]!.AsString();
        await DecideAsync((await Everything.Node.Desk.OpenGatesAsync(World.Tenant, Token))[0].Id);
        var dot = state.IndexOf('.', StringComparison.Ordinal);
        var other = World.Arguments("""{"service":"web"}""");
        List<Func<Task<JsonValue>>> attacks =
        [
            () => SendAsync(Everything.Zoe, Mail, state),
            () => SendAsync(Everything.Ana with { Kind = PrincipalKind.Application }, Mail, state),
            () => SendAsync(Everything.Ana, other, state),
            () => SendAsync(Everything.Ana, Mail, state, tool: "crm__revert"),
            () => SendAsync(Everything.Ana, Mail, state, key: "k"),
            () => SendAsync(Everything.Ana, Mail, keyed),
            () => SendAsync(Everything.Ana, Mail, ""),
            () => SendAsync(Everything.Ana, Mail, state[..^1]),
            () => SendAsync(Everything.Ana, Mail, state[(dot + 1)..]),
            () => SendAsync(Everything.Ana, Mail, state[..dot] + "." + Everything.Mac.Sign("interlock/session/v1", StrictJson.Parse(Convert.FromBase64String(Padded(state[..dot]))))),
        ];
        for (var i = 0; i < state.Length; i += 7)
        {
            var flipped = state.ToCharArray();
            flipped[i] = flipped[i] == 'A' ? 'B' : 'A';
            attacks.Add(() => SendAsync(Everything.Ana, Mail, new string(flipped)));
        }
        foreach (var attack in attacks)
        {
            Assert.Equal("request-state-invalid", (await attack())["rule"]!.AsString());
            One.Clock.Advance(TimeSpan.FromTicks(1));
        }
        var records = (await Everything.RecordsAsync(AuditTypes.CallRefused)).Where(record => record.Rule == "request-state-invalid").ToList();
        Assert.Equal(attacks.Count, records.Count);
        Assert.All(records, record => Assert.Equal("authenticate", record.Stage));
        Assert.Equal(2, (await Everything.RecordsAsync(AuditTypes.GateOpened)).Count);
        Assert.Empty(Everything.Upstream.Calls);
    }

    [Fact]
    public async Task State_TooOld_IsRefused()
    {
        var state = await StateAsync();
        One.Clock.Advance(AdHocDesk.ExpiresAfter + GrantCheck.Validity + TimeSpan.FromSeconds(1));
        Assert.Equal("request-state-invalid", (await SendAsync(Everything.Ana, Mail, state))["rule"]!.AsString());
    }

    [Fact]
    public async Task State_AfterAKey_StandsForTheKeysCall()
    {
        Everything.Upstream.Then(StubUpstream.Done());
        var state = (await SendAsync(Everything.Ana, Mail, key: "k"))["requestState"]!.AsString();
        await DecideAsync(Assert.Single(await Everything.Node.Desk.OpenGatesAsync(World.Tenant, Token)).Id);
        for (var i = 0; i < 2; i++)
        {
            Assert.Null((await SendAsync(Everything.Ana, Mail, state, key: "k"))["isError"]);
            Assert.Null((await SendAsync(Everything.Ana, Mail, key: "k"))["isError"]);
        }
        Assert.Single(Everything.Upstream.Calls);
    }

    [Fact]
    public async Task List_ShowsGuardedTools()
    {
        await using var client = await ConnectAsync(null);
        Assert.Contains(Tool, (await client.ListToolsAsync(cancellationToken: Token)).Select(tool => tool.Name));
    }

    [Theory]
    [InlineData("2025-11-25", """{"elicitation":{"url":{}}}""", true)]
    [InlineData("2025-11-25", """{"elicitation":{}}""", false)]
    [InlineData("2025-11-25", """{}""", false)]
    [InlineData("2025-06-18", """{"elicitation":{"url":{}}}""", false)]
    public async Task Initialize_GivesASessionIdOnlyToRememberThatPagesCanBeOpened(string version, string capabilities, bool given)
    {
        var body = JsonValue.Object(("jsonrpc", "2.0"), ("id", 1), ("method", "initialize"), ("params", JsonValue.Object(
            ("protocolVersion", version), ("capabilities", StrictJson.Parse(capabilities)), ("clientInfo", JsonValue.Object(("name", "test"), ("version", "1"))))));
        using var request = Mcp.EndpointFixture.Post(One.Address, body.ToString());
        request.Headers.Authorization = new("Bearer", One.Token(Everything.Ana));
        using var response = await One.Http.SendAsync(request, Token);
        Assert.True(response.IsSuccessStatusCode);
        Assert.Equal(given, response.Headers.Contains("Mcp-Session-Id"));
    }

    private async Task<string> StateAsync()
    {
        var asked = await SendAsync(Everything.Ana, Mail);
        Assert.Equal("input_required", asked["resultType"]!.AsString());
        Assert.Equal("elicitation/create", asked["inputRequests"]!["approval"]!["method"]!.AsString());
        return asked["requestState"]!.AsString();
    }

    /// <summary>A call of the newest revision, of a client that can open pages.</summary>
    private async Task<JsonValue> SendAsync(Principal caller, JsonValue arguments, string? state = null, string? key = null, string tool = Tool)
    {
        var meta = JsonValue.Object(
            ("io.modelcontextprotocol/protocolVersion", "2026-07-28"),
            ("io.modelcontextprotocol/clientCapabilities", StrictJson.Parse("""{"elicitation":{"url":{}}}""")),
            ("io.modelcontextprotocol/clientInfo", JsonValue.Object(("name", "test"), ("version", "1"))));
        if (key is not null) meta = meta.With("interlock/idempotencyKey", key);
        var parameters = JsonValue.Object(("name", tool), ("arguments", arguments), ("_meta", meta));
        if (state is not null) parameters = parameters.With("requestState", state).With("inputResponses", StrictJson.Parse("""{"approval":{"action":"cancel"}}"""));
        return await One.SendAsync(One.Token(caller), "tools/call", parameters, ("MCP-Protocol-Version", "2026-07-28"), ("Mcp-Method", "tools/call"), ("Mcp-Name", tool));
    }

    /// <summary>Lets the waiting request look at the gate once more, or come back.</summary>
    private async Task StepAsync()
    {
        await One.Clock.TimerAsync(TimeSpan.FromSeconds(2));
        One.Clock.Advance(TimeSpan.FromSeconds(2));
    }

    private async Task DecideAsync(GateId id, bool approves = true)
    {
        var gate = (await Everything.Node.Desk.FindAsync(World.Tenant, id, Token))!; // it was opened
        Decision decision = approves ? new Decision.Approve("fine", gate.ShownDigest) : new Decision.Reject("too risky", gate.ShownDigest);
        Assert.IsType<GateResult.Accepted>(await Everything.Node.Desk.DecideAsync(new InteractiveSession(Everything.Sam, Everything.Time.Now), id, decision, Token));
    }

    private static Task<CallToolResult> CallAsync(McpClient client) =>
        client.CallToolAsync(Tool, new Dictionary<string, object?> { ["service"] = "mail" }, cancellationToken: Token).AsTask();

    private Task<McpClient> ConnectAsync(Func<ElicitRequestParams, Task<ElicitResult>>? open, string version = "2026-07-28") => McpClient.CreateAsync(
        new HttpClientTransport(new HttpClientTransportOptions
        {
            Endpoint = One.Address,
            TransportMode = HttpTransportMode.StreamableHttp,
            AdditionalHeaders = new Dictionary<string, string> { ["Authorization"] = "Bearer " + One.Token(Everything.Ana) },
        }),
        new McpClientOptions
        {
            ProtocolVersion = version,
            Capabilities = new ClientCapabilities { Elicitation = open is null ? null : new ElicitationCapability { Url = new UrlElicitationCapability() } },
            Handlers = new McpClientHandlers { ElicitationHandler = open is null ? null : async (asking, _) => await open(asking!) }, // a request has parameters
        },
        cancellationToken: Token);

    private static string Padded(string base64Url) => base64Url.Replace('-', '+').Replace('_', '/').PadRight((base64Url.Length + 3) / 4 * 4, '=');
}
