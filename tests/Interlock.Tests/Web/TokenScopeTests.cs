using System.Net;
using Interlock.Core;
using Interlock.Core.Audit;
using Interlock.Core.Identity;
using Interlock.Json;

namespace Interlock.Tests.Web;

public sealed class TokenScopeTests(WebFixture web) : IClassFixture<WebFixture>
{
    private const string Grant = "urn:ietf:params:oauth:grant-type:token-exchange";
    private const string AccessToken = "urn:ietf:params:oauth:token-type:access_token";

    [Theory]
    [InlineData("crm/*", "crm/read", true)]
    [InlineData("crm/*", "crm/read_*", true)]
    [InlineData("crm/*", "crm/*", true)]
    [InlineData("*/*", "crm/*", true)]
    [InlineData("crm/re*", "crm/read", true)]
    [InlineData("crm/re*", "crm/*", false)]
    [InlineData("crm/*", "crm2/read", false)]
    [InlineData("crm/*", "*/read", false)]
    [InlineData("crm/read", "crm/read*", false)]
    [InlineData("crm/*d", "crm/*", false)]
    public void Holds_Patterns_NeverMoreThanTheWiderOne(string wider, string narrower, bool holds) =>
        Assert.Equal(holds, TokenScope.Of([wider])!.Holds(TokenScope.Of([narrower])!)); // both are patterns

    [Fact]
    public async Task Exchange_ForSomeTools_SeesAndCallsThoseOnly()
    {
        var (status, body) = await ExchangeAsync(web.Token("nora", TokenClass.Mcp), ("scope", "tool:stub/ec*"), ("expires_in", "60"));
        Assert.Equal((HttpStatusCode.OK, "tool:stub/ec*", 60, "Bearer"), (status, body["scope"]?.AsString(), (int)body["expires_in"]!.AsNumber(), body["token_type"]?.AsString()));
        await using var client = await web.ConnectAsync(body["access_token"]!.AsString());
        var names = (await client.ListToolsAsync(cancellationToken: TestContext.Current.CancellationToken)).Select(tool => tool.Name).ToList();
        Assert.Equal(["stub__echo"], names);
        Assert.NotEqual(true, (await client.CallToolAsync("stub__echo", new Dictionary<string, object?> { ["text"] = "narrow" }, cancellationToken: TestContext.Current.CancellationToken)).IsError);
    }

    [Fact]
    public async Task Call_OutsideTheScope_Is403WithWhatIsNeededAndReachesNobody()
    {
        var token = (await ExchangeAsync(web.Token("nora", TokenClass.Mcp), ("scope", "tool:stub/echo"))).Body["access_token"]!.AsString();
        var calls = web.Stub.Source.Calls.Count;
        var before = (await RecordsAsync("nora")).Count(record => record.Rule == "token-scope");
        var (status, body, response) = await CallAsync(token, "stub__remove");
        Assert.Equal((HttpStatusCode.Forbidden, "token-scope"), (status, body["error"]?["data"]?["rule"]?.AsString()));
        Assert.Equal("Bearer error=\"insufficient_scope\", scope=\"tool:stub/remove\"", response.Headers.WwwAuthenticate.ToString());
        Assert.Equal((calls, before + 1), (web.Stub.Source.Calls.Count, (await RecordsAsync("nora")).Count(record => record.Rule == "token-scope")));
        Assert.Equal("There is no tool 'workflow__test__guarded'; tools/list names those there are.", (await CallAsync(token, "workflow__test__guarded")).Body["error"]?["message"]?.AsString());
    }

    [Theory]
    [InlineData("tool:stub/*", null, "widening")]
    [InlineData("tool:*/echo", null, "widening")]
    [InlineData("server:other", null, "widening")]
    [InlineData(null, "100000", "widening")]
    [InlineData("tool:stub/echo", "0", "widening")]
    [InlineData("everything", null, "token-claims")]
    [InlineData("tool:stub", null, "token-claims")]
    public async Task Exchange_ForMore_IsRefusedAndRecordedOnce(string? scope, string? seconds, string rule)
    {
        var narrow = (await ExchangeAsync(web.Token("kim", TokenClass.Mcp), ("scope", "tool:stub/echo"), ("expires_in", "600"))).Body["access_token"]!.AsString();
        var before = (await RecordsAsync("kim")).Count;
        var (status, body) = await ExchangeAsync(narrow, [.. scope is null ? [] : new[] { ("scope", scope) }, .. seconds is null ? [] : new[] { ("expires_in", seconds) }]);
        Assert.Equal((HttpStatusCode.BadRequest, rule), (status, body["rule"]?.AsString()));
        Assert.Null(body["access_token"]);
        var records = (await RecordsAsync("kim")).Skip(before).ToList();
        if (scope is not ("everything" or "tool:stub")) Assert.Equal((AuditTypes.CallRefused, rule), Assert.Single(records) is var record ? (record.Type, record.Rule) : default);
    }

    [Fact]
    public async Task Exchange_AgainAndAgain_EndsAtTheLimit()
    {
        var token = web.Token("leo", TokenClass.Mcp);
        for (var i = 0; i < TokenScope.MaxDepth; i++) token = (await ExchangeAsync(token, ("scope", "tool:stub/echo"))).Body["access_token"]!.AsString();
        Assert.Equal("hop-limit", (await ExchangeAsync(token, ("scope", "tool:stub/echo"))).Body["rule"]?.AsString());
    }

    [Fact]
    public async Task Exchange_RunToken_StaysInItsRunPoolAndFrame()
    {
        var run = new RunTokenClaims(WebFixture.Tenant, new(new string('a', 32)), new("/do/0/x"), [new("stub/echo"), new("stub/remove")]);
        var wide = web.Services.Keys.Issuer.Issue(new LocalTokenRequest(web.Principal("nora"), TokenClass.Run, TimeSpan.FromMinutes(5), run));
        var (_, body) = await ExchangeAsync(wide, ("scope", "server:stub"), ("frame", "/do/0/x/do/1/y"));
        var narrow = Assert.IsType<TokenResult.Valid>(await web.Services.Keys.Issuer.Verifier(TokenClass.Mcp, Incarnation.First).VerifyAsync(body["access_token"]!.AsString(), TestContext.Current.CancellationToken)).Token;
        Assert.Equal((TokenClass.Run, run.Run, "/do/0/x/do/1/y", 2), (narrow.Class, narrow.Run!.Run, narrow.Run.Frame.Value, narrow.Run.Pool.Length)); // of class run
        Assert.Equal("widening", (await ExchangeAsync(wide, ("frame", "/do/0"))).Body["rule"]?.AsString());
        Assert.Equal("widening", (await ExchangeAsync(web.Token("nora", TokenClass.Mcp), ("frame", "/do/0"))).Body["rule"]?.AsString());
    }

    [Fact]
    public async Task Exchange_OfOtherTokens_GivesNothing()
    {
        using var other = LocalIssuer.Create("elsewhere", TimeProvider.System);
        foreach (var token in (string[])[web.Token("dana"), "x.y.z", other.Issue(new LocalTokenRequest(web.Principal("dana"), TokenClass.Mcp, TimeSpan.FromMinutes(1)))])
            Assert.Equal("invalid_grant", (await ExchangeAsync(token, ("scope", "tool:stub/echo"))).Body["error"]?.AsString());
        Assert.Equal("invalid_request", (await ExchangeAsync(web.Token("nora", TokenClass.Mcp), ("actor_token", web.Token("dana", TokenClass.Mcp)))).Body["error"]?.AsString());
    }

    private Task<(HttpStatusCode Status, JsonValue Body, HttpResponseMessage Response)> CallAsync(string token, string tool) => web.ApiAsync(
        "POST", "/mcp", token,
        JsonValue.Object(("jsonrpc", "2.0"), ("id", 1), ("method", "tools/call"), ("params", JsonValue.Object(("name", tool), ("arguments", JsonValue.EmptyObject)))).ToString(),
        "application/json", ("Accept", "application/json, text/event-stream"), ("MCP-Protocol-Version", "2025-11-25"));

    private async Task<(HttpStatusCode Status, JsonValue Body)> ExchangeAsync(string token, params (string Name, string Value)[] fields)
    {
        using var http = new HttpClient { BaseAddress = web.Address };
        using var form = new FormUrlEncodedContent([new("grant_type", Grant), new("subject_token", token), new("subject_token_type", AccessToken), .. fields.Select(field => KeyValuePair.Create(field.Name, field.Value))]);
        using var response = await http.PostAsync("/token", form, TestContext.Current.CancellationToken);
        return (response.StatusCode, StrictJson.Parse(await response.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken)));
    }

    private Task<List<AuditRecord>> RecordsAsync(string user) => web.AuditAsync(AuditChain.ForPrincipal(WebFixture.Tenant, "user:" + user, web.Time.GetUtcNow()).Id);
}
