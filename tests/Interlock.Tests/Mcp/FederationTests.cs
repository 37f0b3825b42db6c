using System.Net;
using System.Text;
using Interlock.Core;
using Interlock.Core.Audit;
using Interlock.Core.Gateway;
using Interlock.Core.Identity;
using Interlock.Core.Registry;
using Interlock.Json;
using Interlock.Tests.Gateway;
using Interlock.Tests.Web;

namespace Interlock.Tests.Mcp;

/// <summary>Resources, prompts and completions of two servers, at <c>/mcp</c> and at each server's own address.</summary>
public sealed class FederationTests : IAsyncLifetime
{
    private const string Policy = """
        version: 1
        rules:
          - { id: all, principals: [ { any: true } ], tools: ['crm/*', 'kb/*'], effect: allow }
          - { id: closed, principals: [ { any: true } ], tools: ['kb/prompts:get'], effect: deny }
        """;

    private const string Prompts = """
        { "name": "prompts:get", "prompts": [ { "name": "greet", "description": "Greets.", "arguments": [ { "name": "who", "required": true } ] } ] }
        """;

    private readonly LocalIssuer _issuer = LocalIssuer.Create("test", TimeProvider.System);
    private readonly Dictionary<string, JsonValue> _answers = new(StringComparer.Ordinal);
    private World? _world;
    private McpInstance? _one;

    private World Everything => _world!; // set before any test, as the other is

    private McpInstance One => _one!;

    public async ValueTask InitializeAsync()
    {
        _world = await World.CreateAsync(Policy);
        _world.Time.Now = DateTimeOffset.UtcNow; // tokens are of today
        await _world.WriteAsync(World.Entry(RegistryKind.Server, "kb", "1.0.0", new ServerBody(new Uri("https://kb.contoso.com/mcp"), "reg-kb")), World.Tool("kb/search"));
        foreach (var server in (string[])["crm", "kb"])
        {
            foreach (var operation in (string[])[UpstreamOperations.ListResources, UpstreamOperations.ListTemplates, UpstreamOperations.ReadResource, UpstreamOperations.Complete])
                await _world.WriteAsync(Operation(server, operation, JsonValue.Object(("name", operation))));
            await _world.WriteAsync(Operation(server, UpstreamOperations.GetPrompt, StrictJson.Parse(Prompts)));
        }
        _world.Upstream.Always(call => _answers.TryGetValue($"{call.Endpoint.RegistrationId} {call.Tool}", out var answer)
            ? MethodResult.Completed(answer, isError: false)
            : new UpstreamResult.NotSent(new Problem(ProblemTypes.Communication, 502, "The upstream could not be reached or broke off", "Connection refused.")));
        _one = await McpInstance.StartAsync(_world, _issuer, null);
    }

    public async ValueTask DisposeAsync()
    {
        await One.DisposeAsync();
        await Everything.DisposeAsync();
        _issuer.Dispose();
    }

    [Fact]
    public async Task Resources_OneServerFails_TheOthersAreWholeAndItIsNamed()
    {
        Lists("reg-1", "crm://a", "crm://b");
        var result = await Ana().ResultAsync("resources/list");
        Assert.Equal(["crm://a", "crm://b"], result["resources"]!.Items.Select(item => item["uri"]!.AsString()));
        Assert.All(result["resources"]!.Items, item => Assert.Equal("crm", item["_meta"]!["interlock/server"]!.AsString()));
        var missing = Assert.Single(result["_meta"]!["interlock/unavailable"]!.Items);
        Assert.Equal("kb", missing["server"]!.AsString());
        Assert.Contains("Connection refused", missing["reason"]!.AsString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Resources_OneServerSaysNothing_AreAnsweredWithinTwoSeconds_AndItIsNamedAndAskedAgain()
    {
        Lists("reg-1", "crm://a");
        var silent = new TaskCompletionSource<UpstreamResult>();
        Hang("reg-kb", silent.Task);
        var listing = Ana().ResultAsync("resources/list");
        await One.Clock.TimerAsync(TimeSpan.FromSeconds(2), 1);
        Assert.False(listing.IsCompleted);
        One.Clock.Advance(TimeSpan.FromSeconds(2));
        var result = await listing;
        Assert.Equal(["crm://a"], result["resources"]!.Items.Select(item => item["uri"]!.AsString()));
        Assert.Equal(("kb", "The server did not answer in time. It was asked 2 seconds ago."), Named(result));
        silent.SetResult(StubUpstream.Lost());
        Lists("reg-kb", "kb://a");
        Assert.Equal(["crm://a", "kb://a"], (await Ana().ResultAsync("resources/list"))["resources"]!.Items.Select(item => item["uri"]!.AsString())); // that it was silent is not remembered
    }

    [Fact]
    public async Task Resources_ServerThatListedThemFails_AreShownAsTheyWereLast()
    {
        Lists("reg-1", "crm://a");
        Lists("reg-kb", "kb://a");
        await Ana().ResultAsync("resources/list");
        One.Clock.Advance(TimeSpan.FromMinutes(1));
        _answers.Remove($"reg-kb {UpstreamOperations.ListResources}");
        var result = await Ana().ResultAsync("resources/list");
        Assert.Equal(["crm://a", "kb://a"], result["resources"]!.Items.Select(item => item["uri"]!.AsString()));
        var (server, reason) = Named(result);
        Assert.Equal("kb", server);
        Assert.EndsWith("What it listed last is shown.", reason, StringComparison.Ordinal);
    }

    private static (string Server, string Reason) Named(JsonValue result) =>
        Assert.Single(result["_meta"]!["interlock/unavailable"]!.Items) is var missing ? (missing["server"]!.AsString(), missing["reason"]!.AsString()) : default;

    /// <summary>The next thing asked of that server is answered then.</summary>
    private void Hang(string registration, Task<UpstreamResult> until)
    {
        for (var i = 0; i < 2; i++)
            Everything.Upstream.Then((call, _) => call.Endpoint.RegistrationId == registration ? until : Task.FromResult<UpstreamResult>(MethodResult.Completed(_answers[$"{call.Endpoint.RegistrationId} {call.Tool}"], isError: false)));
    }

    [Fact]
    public async Task Subscriptions_OfSingleResources_AreNotAnnounced()
    {
        var resources = (await Ana().ResultAsync("server/discover"))["capabilities"]!["resources"];
        Assert.NotNull(resources);
        Assert.Null(resources["subscribe"]);
    }

    [Fact]
    public async Task Resources_AreRememberedForTheirCallerAlone()
    {
        Lists("reg-1", "crm://a");
        Lists("reg-kb");
        for (var i = 0; i < 3; i++) await Ana().ResultAsync("resources/list");
        Assert.Equal(2, Everything.Upstream.Calls.Count);
        await Probe(Everything.Sam).ResultAsync("resources/list");
        Assert.Equal(4, Everything.Upstream.Calls.Count);
        One.Clock.Advance(TimeSpan.FromMinutes(1));
        await Ana().ResultAsync("resources/list");
        Assert.Equal(6, Everything.Upstream.Calls.Count);
    }

    [Fact]
    public async Task Read_OfTheOneServerThatListsIt_AsksNoOther()
    {
        Lists("reg-1", "crm://a");
        Lists("reg-kb", "kb://a");
        _answers[$"reg-kb {UpstreamOperations.ReadResource}"] = Contents("kb://a", "from kb");
        var result = await Ana().ResultAsync("resources/read", JsonValue.Object(("uri", "kb://a")));
        Assert.Equal("from kb", result["contents"]![0]!["text"]!.AsString());
        Assert.Equal("reg-kb", Assert.Single(Reads()).Endpoint.RegistrationId);
    }

    [Fact]
    public async Task Read_OfWhatTwoServersList_IsRefusedUnlessOneIsNamed()
    {
        Lists("reg-1", "shared://a");
        Lists("reg-kb", "shared://a");
        _answers[$"reg-kb {UpstreamOperations.ReadResource}"] = Contents("shared://a", "from kb");
        var error = await Ana().ErrorAsync("resources/read", JsonValue.Object(("uri", "shared://a")));
        Assert.Equal("resource-ambiguous", error["data"]!["rule"]!.AsString());
        Assert.Equal(["crm", "kb"], error["data"]!["servers"]!.Items.Select(server => server.AsString()));
        Assert.Empty(Reads());
        var result = await Ana().ResultAsync("resources/read", JsonValue.Object(("uri", "shared://a"), ("_meta", JsonValue.Object(("interlock/server", "kb")))));
        Assert.Equal("from kb", result["contents"]![0]!["text"]!.AsString());
        Assert.Equal("reg-kb", Assert.Single(Reads()).Endpoint.RegistrationId);
    }

    [Fact]
    public async Task Read_OfATemplatesResource_FindsTheServerOfTheTemplate()
    {
        Lists("reg-1");
        Lists("reg-kb");
        _answers[$"reg-kb {UpstreamOperations.ListTemplates}"] = StrictJson.Parse("""{"resourceTemplates":[{"uriTemplate":"kb://pages/{id}/text","name":"page"}]}""");
        _answers[$"reg-kb {UpstreamOperations.ReadResource}"] = Contents("kb://pages/7/text", "seven");
        Assert.Equal("seven", (await Ana().ResultAsync("resources/read", JsonValue.Object(("uri", "kb://pages/7/text"))))["contents"]![0]!["text"]!.AsString());
        var error = await Ana().ErrorAsync("resources/read", JsonValue.Object(("uri", "kb://pages/7/8/text")));
        Assert.Equal((-32602, "kb://pages/7/8/text"), (error["code"]!.AsNumber(), error["data"]!["uri"]!.AsString()));
        Assert.Single(Reads());
    }

    [Fact]
    public async Task Prompts_AreNamedByTheirServerAndGotByTheirOwnName()
    {
        _answers[$"reg-1 {UpstreamOperations.GetPrompt}"] = StrictJson.Parse("""{"messages":[{"role":"user","content":{"type":"text","text":"Hello, Bo!"}}]}""");
        var listed = Assert.Single((await Ana().ResultAsync("prompts/list"))["prompts"]!.Items);
        Assert.Equal(("crm__greet", "Greets."), (listed["name"]!.AsString(), listed["description"]!.AsString()));
        var result = await Ana().ResultAsync("prompts/get", StrictJson.Parse("""{"name":"crm__greet","arguments":{"who":"Bo"}}"""));
        Assert.Equal("Hello, Bo!", result["messages"]![0]!["content"]!["text"]!.AsString());
        Assert.Equal("""{"arguments":{"who":"Bo"},"name":"greet"}""", Encoding.UTF8.GetString(Assert.Single(Everything.Upstream.Calls).Arguments.Span));
    }

    [Fact]
    public async Task Prompt_ThatPolicyDenies_IsNotListedAndNotGot()
    {
        var error = await Ana().ErrorAsync("prompts/get", StrictJson.Parse("""{"name":"kb__greet"}"""));
        Assert.Equal("policy-denied", error["data"]!["rule"]!.AsString());
        Assert.Empty(Everything.Upstream.Calls);
        Assert.Equal("kb/prompts:get", Assert.Single(await Everything.RecordsAsync(AuditTypes.CallRefused)).Target);
    }

    [Fact]
    public async Task Completion_OfAPrompt_GoesToItsServerUnderItsOwnName()
    {
        _answers[$"reg-1 {UpstreamOperations.Complete}"] = StrictJson.Parse("""{"completion":{"values":["Bo"]}}""");
        var result = await Ana().ResultAsync("completion/complete", StrictJson.Parse("""{"ref":{"type":"ref/prompt","name":"crm__greet"},"argument":{"name":"who","value":"B"}}"""));
        Assert.Equal("Bo", result["completion"]!["values"]![0]!.AsString());
        Assert.Contains("\"name\":\"greet\"", Encoding.UTF8.GetString(Assert.Single(Everything.Upstream.Calls).Arguments.Span), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tools_NeverNameOperations()
    {
        var names = (await Ana().ResultAsync("tools/list"))["tools"]!.Items.Select(tool => tool["name"]!.AsString()).ToList();
        Assert.Contains("kb__search", names);
        Assert.DoesNotContain(names, name => name.Contains(':', StringComparison.Ordinal) || name.Contains("resources", StringComparison.Ordinal));
        foreach (var name in (string[])["crm__resources:read", "crm/resources:read", "crm__resources_read"])
            Assert.Equal(-32602, (await Ana().ErrorAsync("tools/call", JsonValue.Object(("name", name), ("arguments", JsonValue.EmptyObject))))["code"]!.AsNumber());
        Assert.Empty(Everything.Upstream.Calls);
    }

    [Fact]
    public async Task OneServersAddress_ShowsItsOwnNamesAndNothingElse()
    {
        Lists("reg-1", "crm://a");
        _answers["reg-1 read"] = StrictJson.Parse("""{"content":[{"type":"text","text":"done"}]}""");
        var crm = Probe(Everything.Ana, "/mcp/crm");
        Assert.Contains("read", (await crm.ResultAsync("tools/list"))["tools"]!.Items.Select(tool => tool["name"]!.AsString()));
        Assert.Equal("greet", Assert.Single((await crm.ResultAsync("prompts/list"))["prompts"]!.Items)["name"]!.AsString());
        Assert.Single((await crm.ResultAsync("resources/list"))["resources"]!.Items);
        Assert.Equal("done", (await crm.ResultAsync("tools/call", StrictJson.Parse("""{"name":"read","arguments":{}}""")))["content"]![0]!["text"]!.AsString());
        Assert.Equal(-32602, (await crm.ErrorAsync("tools/call", StrictJson.Parse("""{"name":"search","arguments":{}}""")))["code"]!.AsNumber());
        Assert.Equal(-32602, (await crm.ErrorAsync("tools/call", StrictJson.Parse("""{"name":"kb__search","arguments":{}}""")))["code"]!.AsNumber());
        Assert.All(Everything.Upstream.Calls, call => Assert.Equal("reg-1", call.Endpoint.RegistrationId));
        Assert.Contains(await Everything.RecordsAsync(AuditTypes.CallIntent), record => record.Target == "crm/read");
    }

    [Fact]
    public async Task OneServersAddress_OfAnUnknownOne_Is404AndItsMetadataNamesIt()
    {
        using var unknown = Probe(Everything.Ana, "/mcp/nope").Request("tools/list", JsonValue.EmptyObject);
        Assert.Equal(HttpStatusCode.NotFound, (await One.Http.SendAsync(unknown, World.Token)).StatusCode);
        using var rival = Probe(Everything.Directory.Add(new TenantId("rival"), "eve"), "/mcp/crm").Request("tools/list", JsonValue.EmptyObject);
        Assert.Equal(HttpStatusCode.NotFound, (await One.Http.SendAsync(rival, World.Token)).StatusCode);
        using var bare = EndpointFixture.Post(new Uri(One.Address, "/mcp/crm"), "{}");
        var challenge = (await One.Http.SendAsync(bare, World.Token)).Headers.WwwAuthenticate.ToString();
        var document = new Uri(One.Address, "/.well-known/oauth-protected-resource/mcp/crm");
        Assert.Contains(document.AbsoluteUri, challenge, StringComparison.Ordinal);
        var metadata = StrictJson.Parse(await One.Http.GetStringAsync(document, World.Token));
        Assert.Equal(new Uri(One.Address, "/mcp/crm").AbsoluteUri, metadata["resource"]!.AsString());
    }

    private McpProbe Ana() => Probe(Everything.Ana);

    private McpProbe Probe(Principal person, string path = "/mcp") => new(One.Http, One.Address, One.Token(person)) { Path = path };

    private List<UpstreamCall> Reads() => [.. Everything.Upstream.Calls.Where(call => call.Tool == UpstreamOperations.ReadResource)];

    private void Lists(string registration, params string[] uris)
    {
        _answers[$"{registration} {UpstreamOperations.ListResources}"] = JsonValue.Object(("resources", JsonValue.Array(uris.Select(uri => JsonValue.Object(("uri", uri), ("name", uri))))));
        _answers.TryAdd($"{registration} {UpstreamOperations.ListTemplates}", StrictJson.Parse("""{"resourceTemplates":[]}"""));
    }

    private static JsonValue Contents(string uri, string text) => JsonValue.Object(("contents", JsonValue.Array(JsonValue.Object(("uri", uri), ("text", text)))));

    private static RegistryEntry Operation(string server, string operation, JsonValue contract) =>
        World.Entry(RegistryKind.Tool, $"{server}/{operation}", "1.0.0", new ToolBody(contract, "sha256:operation", StrictJson.Parse("""{"type":"object"}""")));
}
