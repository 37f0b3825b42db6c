using System.Net;
using Interlock.Core.Identity;
using Interlock.Core.Runs;
using Interlock.Http.Api;
using Interlock.Json;

namespace Interlock.Tests.Web;

/// <summary>An administrator of one tenant holds another's ids, names and keys, and learns from no answer that they are anybody's.</summary>
public sealed class TenantWallTests(WebFixture web) : IClassFixture<WebFixture>
{
    [Fact]
    public async Task Api_IdsOfAnotherTenant_AnswerAsIdsOfNobody()
    {
        var (run, gate) = await web.WaitingAsync("behind the wall");
        var rita = web.Token("rita", tenant: WebFixture.Rival);
        var seen = 0;
        foreach (var route in ApiRoutes.All.Where(route => route.Path.Contains('{') && route.Method != "PUT")) // which makes what it names, in the caller's own tenant
        {
            var id = route.Path.StartsWith("/api/approvals", StringComparison.Ordinal) ? gate.Value : run.Value;
            var theirs = await AskAsync(route, rita, id, "test", "guarded", "stub", "echo");
            var nobodys = await AskAsync(route, rita, new string('7', 32), "none", "nothing", "none", "nothing");
            Assert.Equal((route.Path, nobodys.Status, nobodys.Body.Replace(new string('7', 32), id, StringComparison.Ordinal)), (route.Path, theirs.Status, theirs.Body));
            Assert.True(theirs.Status is HttpStatusCode.NotFound or HttpStatusCode.Forbidden, route.Path);
            seen++;
        }
        Assert.InRange(seen, 10, 100);
        Assert.Equal(RunStatus.Running, (await web.Services.Engine.GetAsync(WebFixture.Tenant, run, TestContext.Current.CancellationToken))!.Status); // it is theirs
    }

    [Fact]
    public async Task Lists_OfAnotherTenant_HoldNothingOfThisOne()
    {
        var (run, gate) = await web.WaitingAsync("listed");
        var rita = web.Token("rita", tenant: WebFixture.Rival);
        foreach (var route in ApiRoutes.All.Where(route => route is { Method: "GET", IsPublic: false } && !route.Path.Contains('{')))
        {
            var (_, body, _) = await web.ApiAsync("GET", route.Path, rita);
            foreach (var theirs in (string[])[run.Value, gate.Value, "stub", "guarded", "listed"]) Assert.DoesNotContain(theirs, body.ToString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Keys_OfAnotherTenant_AreFree()
    {
        static string Body(int n) => JsonValue.Object(("workflow", "test/guarded"), ("input", JsonValue.Object(("text", $"n{n}"))), ("idempotencyKey", "shared-key")).ToString();
        Assert.Equal(HttpStatusCode.Created, (await web.ApiAsync("POST", "/api/runs", web.Token("nora"), Body(1))).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await web.ApiAsync("POST", "/api/runs", web.Token("rita", tenant: WebFixture.Rival), Body(2))).Status); // no such workflow there, and no word of the key
    }

    [Fact]
    public async Task Mcp_ToolsAndRunsOfAnotherTenant_AreNotThere()
    {
        var (run, _) = await web.WaitingAsync("mcp wall");
        var calls = web.Stub.Source.Calls.Count;
        var rita = web.Token("rita", TokenClass.Mcp, WebFixture.Rival);
        await using var client = await web.ConnectAsync(rita);
        Assert.DoesNotContain(await client.ListToolsAsync(cancellationToken: TestContext.Current.CancellationToken), tool => tool.Name.StartsWith("stub__", StringComparison.Ordinal) || tool.Name.StartsWith("workflow__", StringComparison.Ordinal));
        var theirs = await CallAsync(rita, "interlock__run_status", JsonValue.Object(("runId", run.Value)));
        var nobodys = await CallAsync(rita, "interlock__run_status", JsonValue.Object(("runId", new string('7', 32))));
        Assert.Equal(nobodys, theirs);
        var tool = await CallAsync(rita, "stub__echo", JsonValue.EmptyObject);
        Assert.Equal((await CallAsync(rita, "none__echo", JsonValue.EmptyObject)).Replace("none__", "stub__", StringComparison.Ordinal), tool);
        Assert.Equal(calls, web.Stub.Source.Calls.Count);
    }

    [Fact]
    public async Task Pages_OfAnotherTenant_AreAsThoseOfNobody()
    {
        var (run, gate) = await web.WaitingAsync("page wall");
        using var rita = await Browser.SignedInAsync(web, "rita", "rival");
        foreach (var (theirs, nobodys) in ((string, string)[])[($"/runs/{run}", $"/runs/{new string('7', 32)}"), ($"/approvals/{gate}", $"/approvals/{new string('7', 32)}")])
        {
            var (status, body, _) = await rita.GetAsync(theirs);
            Assert.Equal(HttpStatusCode.NotFound, status);
            Assert.Equal((await rita.GetAsync(nobodys)).Body, body);
        }
        foreach (var page in (string[])["/", "/runs", "/approvals", "/approvals/rates", "/approvals/delegations"])
            Assert.DoesNotContain("page wall", (await rita.GetAsync(page)).Body, StringComparison.Ordinal);
    }

    private async Task<(HttpStatusCode Status, string Body)> AskAsync(ApiRoute route, string token, string id, params string[] names)
    {
        var path = route.Path.Replace("{id}", id, StringComparison.Ordinal).Replace("{effect}", id, StringComparison.Ordinal)
            .Replace("{ns}", names[0], StringComparison.Ordinal).Replace("{name}", names[1], StringComparison.Ordinal).Replace("{server}", names[2], StringComparison.Ordinal).Replace("{tool}", names[3], StringComparison.Ordinal);
        var body = route.Path.EndsWith("{effect}", StringComparison.Ordinal) ? """{"happened":false,"reason":"x"}""" : route.Body is null ? null : "{}";
        var (status, answer, _) = await web.ApiAsync(route.Method, path, token, body, route.Body?.MediaTypes[0] ?? "application/json");
        return (status, answer.ToString());
    }

    private async Task<string> CallAsync(string token, string tool, JsonValue arguments) => (await web.ApiAsync(
        "POST", "/mcp", token,
        JsonValue.Object(("jsonrpc", "2.0"), ("id", 1), ("method", "tools/call"), ("params", JsonValue.Object(("name", tool), ("arguments", arguments)))).ToString(),
        "application/json", ("Accept", "application/json, text/event-stream"), ("MCP-Protocol-Version", "2025-11-25"))).Body.ToString();
}
