using System.Net;
using Interlock.Core.Runs;
using Interlock.Json;

namespace Interlock.Tests.Web;

public sealed class RoutesApiTests(WebFixture web) : IClassFixture<WebFixture>
{
    private const string Echo = "version: 1\ntargets: [ { tool: stub/echo } ]\n";

    [Fact]
    public async Task Route_PublishedByAnAdministrator_IsListedAndExplained()
    {
        Assert.Equal((HttpStatusCode.Forbidden, "role-required"), await PutAsync("listed", Echo, "olga"));
        Assert.Equal((HttpStatusCode.OK, null), await PutAsync("listed", Echo, "dana"));
        Assert.Equal((HttpStatusCode.BadRequest, "registry-refused"), await PutAsync("listed", Echo.Replace("echo", "nothing", StringComparison.Ordinal), "dana"));
        var (_, list, _) = await web.ApiAsync("GET", "/api/routes", web.Token("olga"));
        var route = list["routes"]!.Items.Single(item => item["name"]!.AsString() == "listed"); // published above
        Assert.Equal(("route", "active", "stub/echo"), (route["kind"]!.AsString(), route["lifecycle"]!.AsString(), route["body"]!["targets"]![0]!["tool"]!.AsString()));

        var (_, body, _) = await web.ApiAsync("GET", "/api/routes/explain?target=route:listed", web.Token("olga"));
        Assert.Equal(("1.0.0", "stub/echo", true, JsonValue.Null), (body["taken"]!.AsString(), body["leads"]![0]!["tool"]!.AsString(), body["leads"]![0]!["taken"]!.AsBoolean(), body["leads"]![0]!["leftOut"]));
        Assert.Equal("closed", body["addresses"]![0]!["circuit"]!.AsString());
        (_, body, _) = await web.ApiAsync("GET", "/api/routes/explain?target=capability:none", web.Token("olga"));
        Assert.Equal("unknown-capability", body["refusal"]!["rule"]!.AsString());
    }

    [Fact]
    public async Task Run_CallsThroughARoute_EndsWithItsToolsAnswer()
    {
        Assert.Equal((HttpStatusCode.OK, null), await PutAsync("posting", Echo, "dana"));
        const string Posting = """
            document: { dsl: 1.0.3, namespace: test, name: posting, version: 1.0.0, metadata: { interlock: { mode: supervised, onError: fail, onTimeout: fail } } }
            timeout: { after: { hours: 1 } }
            do:
              - post:
                  call: tool
                  with: { route: posting, arguments: { text: hello } }
                  timeout: { after: { minutes: 1 } }
            """;
        Assert.Equal(HttpStatusCode.Created, (await web.ApiAsync("POST", "/api/workflows", web.Token("dana"), Posting, "text/yaml")).Status);
        var (_, started, _) = await web.ApiAsync("POST", "/api/runs", web.Token("nora"), """{"workflow":"test/posting"}""");
        var run = await web.EndAsync(new(started["id"]!.AsString()));
        Assert.True(run.Status == RunStatus.Completed, run.Error?.ToJson().ToString());
        var records = (await web.AuditAsync(started["auditRef"]!.AsString())).Where(record => record.Effect is not null).ToList();
        Assert.Equal(2, records.Count);
        Assert.All(records, record => Assert.Equal(("stub/echo", "route:posting"), (record.Target, record.Via)));
    }

    [Fact]
    public async Task Client_CallsByARoutesName_ReachesNothing()
    {
        Assert.Equal((HttpStatusCode.OK, null), await PutAsync("hidden", Echo, "dana"));
        await using var client = await web.ConnectAsync(web.Token("nora", Core.Identity.TokenClass.Mcp));
        foreach (var name in (string[])["route:hidden", "capability:hidden", "route__hidden"])
            await Assert.ThrowsAsync<ModelContextProtocol.McpProtocolException>(async () => await client.CallToolAsync(name, cancellationToken: TestContext.Current.CancellationToken));
    }

    private async Task<(HttpStatusCode Status, string? Rule)> PutAsync(string name, string text, string user)
    {
        var (status, body, _) = await web.ApiAsync("PUT", "/api/routes/" + name, web.Token(user), text, "text/yaml");
        return (status, body["rule"]?.AsString());
    }
}
