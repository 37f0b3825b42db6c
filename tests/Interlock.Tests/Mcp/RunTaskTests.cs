using Interlock.Core;
using Interlock.Core.Identity;
using Interlock.Json;
using Interlock.Tests.Web;

namespace Interlock.Tests.Mcp;

/// <summary>Workflow runs as tasks, for clients that know the extension.</summary>
public sealed class RunTaskTests(WebFixture web) : IClassFixture<WebFixture>, IDisposable
{
    private static readonly JsonValue Knows = StrictJson.Parse("""{"extensions":{"io.modelcontextprotocol/tasks":{}}}""");
    private static readonly JsonValue Start = StrictJson.Parse("""{"name":"workflow__test__guarded","arguments":{"text":"as a task"}}""");

    private readonly HttpClient _http = new();

    public void Dispose() => _http.Dispose();

    [Fact]
    public async Task Start_OfAClientThatKnowsTasks_IsATaskWhoseIdIsTheRuns()
    {
        var nora = Probe("nora");
        var task = await nora.ResultAsync("tools/call", Start);
        Assert.Equal(("task", "working"), (task["resultType"]!.AsString(), task["status"]!.AsString()));
        var (run, id) = (new RunId(task["taskId"]!.AsString()), JsonValue.Object(("taskId", task["taskId"]!)));
        Assert.NotNull(await web.Services.Engine.GetAsync(WebFixture.Tenant, run, TestContext.Current.CancellationToken));
        var gate = await web.GateAsync(run);
        var standing = await nora.ResultAsync("tasks/get", id);
        Assert.Equal("working", standing["status"]!.AsString());
        Assert.Contains($"/approvals/{gate}", standing["statusMessage"]!.AsString(), StringComparison.Ordinal);

        var update = await nora.ErrorAsync("tasks/update", id.With("inputResponses", StrictJson.Parse("""{"approve":{"action":"accept"}}""")));
        Assert.Equal("interactive-session-required", update["data"]!["rule"]!.AsString());
        Assert.Contains(gate.Value, update["data"]!["reviewPages"]![0]!.AsString(), StringComparison.Ordinal);

        foreach (var other in (McpProbe[])[Probe("kim"), Probe("rita", tenant: WebFixture.Rival)])
            foreach (var method in (string[])["tasks/get", "tasks/cancel", "tasks/update"])
                Assert.Equal("There is no such task.", (await other.ErrorAsync(method, id))["message"]!.AsString());

        Assert.Equal("complete", (await nora.ResultAsync("tasks/cancel", id))["resultType"]!.AsString());
        await web.EndAsync(run);
        Assert.Equal("cancelled", (await nora.ResultAsync("tasks/get", id))["status"]!.AsString());
        Assert.Equal("complete", (await nora.ResultAsync("tasks/cancel", id))["resultType"]!.AsString());
    }

    [Fact]
    public async Task Start_OfAClientThatDoesNot_IsAStateTransition()
    {
        var plain = Probe("nora", capabilities: JsonValue.EmptyObject);
        var result = await plain.ResultAsync("tools/call", Start);
        Assert.Equal("none", result["structuredContent"]!["previousState"]!.AsString());
        var (status, answer, _) = await plain.SendAsync("tasks/get", JsonValue.Object(("taskId", result["structuredContent"]!["runId"]!)));
        Assert.Equal((400, -32021), (status, answer["error"]!["code"]!.AsNumber()));
        Assert.NotNull(answer["error"]!["data"]!["requiredCapabilities"]!["extensions"]!["io.modelcontextprotocol/tasks"]);
    }

    private McpProbe Probe(string user, JsonValue? capabilities = null, TenantId? tenant = null) =>
        new(_http, web.Address, web.Token(user, TokenClass.Mcp, tenant)) { Capabilities = capabilities ?? Knows };
}
