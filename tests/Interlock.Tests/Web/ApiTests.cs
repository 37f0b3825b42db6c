using System.Net;
using System.Text;
using Interlock.Core.Identity;
using Interlock.Core.Runs;
using Interlock.Json;
using Microsoft.AspNetCore.Routing;

namespace Interlock.Tests.Web;

public sealed class ApiTests(WebFixture web) : IClassFixture<WebFixture>
{
    [Fact]
    public async Task EveryRoute_WithoutToken_Is401()
    {
        var (_, document, _) = await web.ApiAsync("GET", "/api/openapi.json", null);
        var seen = 0;
        foreach (var (path, operations) in document["paths"]!.Members)
            foreach (var (method, operation) in operations.Members.Where(operation => operation.Value["security"] is null))
            {
                var (status, body, _) = await web.ApiAsync(method.ToUpperInvariant(), Concrete(path), null, method == "get" ? null : "{}");
                Assert.Equal((HttpStatusCode.Unauthorized, "token-missing", path), (status, body["rule"]?.StringOrNull(), path));
                seen++;
            }
        Assert.True(seen > 20);
    }

    [Fact]
    public async Task Tokens_OfOtherClasses_Are403()
    {
        var run = new LocalTokenRequest(web.Principal("dana"), TokenClass.Run, TimeSpan.FromMinutes(5), new RunTokenClaims(WebFixture.Tenant, new(new string('a', 32)), new("/do/0/x"), [new("stub/echo")]));
        foreach (var token in (string[])[web.Token("dana", TokenClass.Mcp), web.Services.Keys.Issuer.Issue(run)])
        {
            var (status, body, _) = await web.ApiAsync("GET", "/api/runs", token);
            Assert.Equal((HttpStatusCode.Forbidden, "token-class"), (status, body["rule"]!.AsString()));
        }
    }

    [Fact]
    public async Task Token_ExpiredOrForged_Is401()
    {
        var token = web.Services.Keys.Issuer.Issue(new LocalTokenRequest(web.Principal("dana"), TokenClass.Api, TimeSpan.FromSeconds(1)));
        Assert.Equal(HttpStatusCode.OK, (await web.ApiAsync("GET", "/api/runs", token)).Status);
        web.Time.Ahead = TimeSpan.FromMinutes(5);
        try
        {
            var (status, body, _) = await web.ApiAsync("GET", "/api/runs", token);
            Assert.Equal((HttpStatusCode.Unauthorized, "token-time"), (status, body["rule"]!.AsString()));
        }
        finally
        {
            web.Time.Ahead = TimeSpan.Zero;
        }
        using var other = LocalIssuer.Create("elsewhere", TimeProvider.System);
        Assert.Equal(HttpStatusCode.Unauthorized, (await web.ApiAsync("GET", "/api/runs", other.Issue(new LocalTokenRequest(web.Principal("dana"), TokenClass.Api, TimeSpan.FromMinutes(1))))).Status);
    }

    [Fact]
    public async Task Cookies_CountForNothing()
    {
        using var dana = await Browser.SignedInAsync(web, "dana");
        Assert.Equal(HttpStatusCode.Unauthorized, (await dana.GetAsync("/api/runs")).Status);
    }

    [Theory]
    [InlineData("POST", "/api/workflows", "application/yaml")]
    [InlineData("PUT", "/api/policy", "application/yaml")]
    [InlineData("POST", "/api/registry/servers", "application/json")]
    [InlineData("POST", "/api/registry/agents", "application/json")]
    [InlineData("POST", "/api/registry/lifecycle", "application/json")]
    [InlineData("GET", "/api/audit/export", null)]
    [InlineData("POST", "/api/runs/00000000000000000000000000000000/cancel", "application/json")]
    [InlineData("POST", "/api/events", "application/json")]
    public async Task Route_WithoutItsRole_Is403(string method, string path, string? type)
    {
        var (status, body, _) = await web.ApiAsync(method, path, web.Token("nora"), type is null ? null : "{}", type ?? "application/json");
        Assert.Equal((HttpStatusCode.Forbidden, "role-required"), (status, body["rule"]!.AsString()));
    }

    [Fact]
    public async Task Lifecycle_OfPolicy_IsNotAnOperators()
    {
        const string body = """{"kind":"policy","name":"policy","version":"1.0.0","lifecycle":"disabled"}""";
        Assert.Equal(HttpStatusCode.Forbidden, (await web.ApiAsync("POST", "/api/registry/lifecycle", web.Token("olga"), body)).Status);
    }

    [Fact]
    public async Task Things_OfAnotherTenant_Are404()
    {
        var (run, gate) = await web.WaitingAsync("other tenant");
        var rita = web.Token("rita", tenant: WebFixture.Rival);
        foreach (var path in (string[])[$"/api/runs/{run}", $"/api/runs/{run}/events", $"/api/approvals/{gate}", $"/api/audit/runs/{run}", "/api/workflows/test/guarded"])
        {
            Assert.Equal(HttpStatusCode.OK, (await web.ApiAsync("GET", path, web.Token("dana"))).Status);
            Assert.Equal(HttpStatusCode.NotFound, (await web.ApiAsync("GET", path, rita)).Status);
        }
        Assert.Equal(HttpStatusCode.NotFound, (await web.ApiAsync("POST", $"/api/runs/{run}/cancel", rita, "{}")).Status);
        Assert.Empty((await web.ApiAsync("GET", "/api/runs", rita)).Body["runs"]!.Items);
        Assert.Empty((await web.ApiAsync("GET", "/api/approvals", rita)).Body["approvals"]!.Items);
        Assert.DoesNotContain(run.Value, (await web.ApiAsync("GET", "/api/audit/export", rita)).Body.AsString(), StringComparison.Ordinal);
        Assert.Equal(RunStatus.Running, (await web.Services.Engine.GetAsync(WebFixture.Tenant, run, TestContext.Current.CancellationToken))!.Status);
    }

    [Fact]
    public async Task Runs_WithoutARole_AreOnesOwn()
    {
        var (run, _) = await web.WaitingAsync("mine");
        Assert.Contains((await web.ApiAsync("GET", "/api/runs", web.Token("nora"))).Body["runs"]!.Items, item => item["id"]!.AsString() == run.Value);
        Assert.Empty((await web.ApiAsync("GET", "/api/runs", web.Token("leo"))).Body["runs"]!.Items);
        Assert.Equal(HttpStatusCode.NotFound, (await web.ApiAsync("GET", $"/api/runs/{run}", web.Token("leo"))).Status);
    }

    [Theory]
    [InlineData("", "not-i-json")]
    [InlineData("{\"workflow\":", "not-i-json")]
    [InlineData("{\"workflow\":\"test/guarded\",\"workflow\":\"test/other\"}", "not-i-json")]
    [InlineData("{\"workflow\":\"test/guarded\",\"input\":{\"a\":1,\"a\":2}}", "not-i-json")]
    [InlineData("{\"workflow\":\"test/guarded\",\"input\":9007199254740993}", "not-i-json")]
    [InlineData("{\"workflow\":\"test/guarded\",\"as\":\"dana\"}", "invalid-body")]
    [InlineData("{\"Workflow\":\"test/guarded\"}", "invalid-body")]
    [InlineData("[]", "invalid-body")]
    public async Task Body_NotAsItMustBe_Is400(string json, string rule)
    {
        var (status, body, response) = await web.ApiAsync("POST", "/api/runs", web.Token("nora"), json);
        Assert.Equal((HttpStatusCode.BadRequest, rule), (status, body["rule"]!.AsString()));
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType!.MediaType);
    }

    [Fact]
    public async Task Body_TooLargeWhateverItsFraming_Is413()
    {
        var large = JsonValue.Object(("workflow", "test/guarded"), ("input", new string('x', 70_000))).ToString();
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, (await web.ApiAsync("POST", "/api/runs", web.Token("nora"), large)).Status);
        using var http = new HttpClient { BaseAddress = web.Address };
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/runs") { Content = new ByteArrayContent(Encoding.UTF8.GetBytes(large)) { Headers = { ContentType = new("application/json") } } };
        request.Headers.TransferEncodingChunked = true;
        request.Headers.Authorization = new("Bearer", web.Token("nora"));
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, (await http.SendAsync(request, TestContext.Current.CancellationToken)).StatusCode);
    }

    [Theory]
    [InlineData("text/plain")]
    [InlineData("application/x-www-form-urlencoded")]
    [InlineData("application/json; charset=utf-16")]
    public async Task Body_OfAnotherType_Is415(string type) =>
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, (await web.ApiAsync("POST", "/api/runs", web.Token("nora"), "{}", type)).Status);

    [Fact]
    public async Task Host_OrOrigin_NotServed_Is403()
    {
        Assert.Equal("host-not-allowed", (await web.ApiAsync("GET", "/api/runs", web.Token("dana"), null, "application/json", ("Host", "evil.example"))).Body["rule"]!.AsString());
        Assert.Equal("origin-not-allowed", (await web.ApiAsync("GET", "/api/runs", web.Token("dana"), null, "application/json", ("Origin", "http://evil.example"))).Body["rule"]!.AsString());
    }

    [Fact]
    public async Task UnknownPathAndMethod_AreProblems()
    {
        var (missing, body, _) = await web.ApiAsync("GET", "/api/nothing", web.Token("dana"));
        Assert.Equal((HttpStatusCode.NotFound, "unknown-path"), (missing, body["rule"]!.AsString()));
        Assert.Equal(HttpStatusCode.MethodNotAllowed, (await web.ApiAsync("DELETE", "/api/runs", web.Token("dana"))).Status);
    }

    [Fact]
    public async Task OpenApi_DescribesExactlyTheRoutesMapped()
    {
        var (_, document, _) = await web.ApiAsync("GET", "/api/openapi.json", null);
        var described = document["paths"]!.Members.SelectMany(path => path.Value.Members.Select(operation => $"{operation.Key.ToUpperInvariant()} {path.Key}")).Order(StringComparer.Ordinal);
        var mapped = web.Mapped
            .Where(route => route.RoutePattern.RawText is { } path && (path.StartsWith("/api", StringComparison.Ordinal) || path is "/healthz" or "/schemas/workflow.json"))
            .SelectMany(route => route.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods.Select(method => $"{method} {route.RoutePattern.RawText}")).Distinct().Order(StringComparer.Ordinal).ToList();
        Assert.NotEmpty(mapped);
        Assert.Equal(mapped, described);
        foreach (var reference in References(document)) Assert.NotNull(document["components"]!["schemas"]![reference["#/components/schemas/".Length..]]);
    }

    [Fact]
    public async Task Events_Twice_StartOnce()
    {
        var happened = Event(Guid.NewGuid().ToString());
        var (first, one, _) = await PublishAsync(happened);
        var (second, two, _) = await PublishAsync(happened);
        Assert.Equal((HttpStatusCode.Accepted, HttpStatusCode.Accepted), (first, second));
        var started = Assert.Single(one["runs"]!.Items);
        Assert.Equal(one["runs"], two["runs"]);
        Assert.Equal((0, 1), (one["duplicates"]!.AsNumber(), two["duplicates"]!.AsNumber()));
        Assert.Equal(RunStatus.Completed, (await web.EndAsync(new(started["runId"]!.AsString()))).Status);
    }

    [Fact]
    public async Task Events_SameIdOtherContent_Is409()
    {
        var happened = Event(Guid.NewGuid().ToString());
        await PublishAsync(happened);
        var (status, body, _) = await PublishAsync(happened.With("data", 2));
        Assert.Equal((HttpStatusCode.Conflict, "event-conflict"), (status, body["rule"]!.AsString()));
    }

    [Fact]
    public async Task Events_BatchWithABadOne_StartsNothing()
    {
        var batch = JsonValue.Array(Event(Guid.NewGuid().ToString()), Event("x").Without("type"));
        var before = (await web.ApiAsync("GET", "/api/runs", web.Token("dana"))).Body["runs"]!.Count;
        Assert.Equal(HttpStatusCode.BadRequest, (await PublishAsync(batch, "application/cloudevents-batch+json")).Status);
        Assert.Equal(before, (await web.ApiAsync("GET", "/api/runs", web.Token("dana"))).Body["runs"]!.Count);
    }

    [Fact]
    public async Task Events_Handshakes_AreAnswered()
    {
        var (status, _, response) = await web.ApiAsync("OPTIONS", "/api/events", null, null, "application/json", ("WebHook-Request-Origin", "eventgrid.azure.net"));
        Assert.Equal((HttpStatusCode.OK, "eventgrid.azure.net"), (status, Assert.Single(response.Headers.GetValues("WebHook-Allowed-Origin"))));
        var validation = """[{"id":"1","eventType":"Microsoft.EventGrid.SubscriptionValidationEvent","data":{"validationCode":"abc"}}]""";
        Assert.Equal("abc", (await web.ApiAsync("POST", "/api/events", web.Token("dana"), validation)).Body["validationResponse"]!.AsString());
    }

    [Fact]
    public async Task Runs_IdempotencyKey_StartsOnceAndIsBoundToItsInput()
    {
        static string Body(string text) => JsonValue.Object(("workflow", "test/guarded"), ("input", JsonValue.Object(("text", text))), ("idempotencyKey", "k-1")).ToString();
        var (first, one, _) = await web.ApiAsync("POST", "/api/runs", web.Token("nora"), Body("key"));
        var (second, two, _) = await web.ApiAsync("POST", "/api/runs", web.Token("nora"), Body("key"));
        var (third, three, _) = await web.ApiAsync("POST", "/api/runs", web.Token("nora"), Body("other"));
        Assert.Equal((HttpStatusCode.Created, HttpStatusCode.OK, HttpStatusCode.Conflict), (first, second, third));
        Assert.Equal(one["id"], two["id"]);
        Assert.Equal("key-reuse", three["rule"]!.AsString());
    }

    [Fact]
    public async Task Runs_Control_ChangesState()
    {
        var (run, _) = await web.WaitingAsync("control");
        foreach (var what in (string[])["suspend", "resume", "cancel"])
            Assert.Equal(HttpStatusCode.Accepted, (await web.ApiAsync("POST", $"/api/runs/{run}/{what}", web.Token("olga"), """{"reason":"test"}""")).Status);
        Assert.Equal(RunStatus.Cancelled, (await web.EndAsync(run)).Status);
        Assert.Equal(HttpStatusCode.Conflict, (await web.ApiAsync("POST", $"/api/runs/{run}/cancel", web.Token("olga"), "{}")).Status);
    }

    [Fact]
    public async Task Publish_ABadDocument_NamesItsFindings()
    {
        var (status, body, _) = await web.ApiAsync("POST", "/api/workflows", web.Token("dana"), "document: { dsl: 1.0.3 }\ndo: []\n", "application/yaml");
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.NotEmpty(body["findings"]!.Items);
    }

    private Task<(HttpStatusCode Status, JsonValue Body, HttpResponseMessage Response)> PublishAsync(JsonValue body, string type = "application/cloudevents+json") =>
        web.ApiAsync("POST", "/api/events", web.Token("dana"), body.ToString(), type);

    private static JsonValue Event(string id) =>
        JsonValue.Object(("specversion", "1.0"), ("id", id), ("source", "/test"), ("type", "test.happened"), ("data", 1));

    private static string Concrete(string path) => path.Replace("{id}", new string('0', 32), StringComparison.Ordinal).Replace("{ns}", "a", StringComparison.Ordinal).Replace("{name}", "b", StringComparison.Ordinal);

    private static IEnumerable<string> References(JsonValue value)
    {
        if (value["$ref"]?.StringOrNull() is { } reference) yield return reference;
        var parts = value.IsObject ? value.Members.Select(member => member.Value) : value.IsArray ? value.Items : (IEnumerable<JsonValue>)[];
        foreach (var inner in parts.SelectMany(References)) yield return inner;
    }
}
