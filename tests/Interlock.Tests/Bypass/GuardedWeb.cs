using System.Net;
using Interlock.Core;
using Interlock.Core.Approvals;
using Interlock.Core.Audit;
using Interlock.Core.Identity;
using Interlock.Core.Registry;
using Interlock.Core.Runs;
using Interlock.Json;
using Interlock.Tests.Web;

namespace Interlock.Tests.Bypass;

/// <summary>The whole pipeline on loopback, with a policy under which one of the stub's tools, <c>stub/slow</c>, asks for an approval whoever calls it.</summary>
public sealed class GuardedWeb : IAsyncLifetime
{
    private const string Policy = """
        version: 1
        rules:
          - { id: echo, principals: [ { any: true } ], tools: [stub/echo], effect: allow }
          - { id: slow, principals: [ { any: true } ], tools: [stub/slow], effect: requireApproval, approval: { approvers: [ { group: leads } ], quorum: 1 } }
        """;

    public WebFixture Web { get; } = new();

    public async ValueTask InitializeAsync()
    {
        await Web.InitializeAsync();
        Assert.IsType<RegistryResult.Changed>(await Web.Services.Registry.PublishPolicyAsync(Web.Principal("dana"), Policy));
        Web.Stub.Source.Gate.TrySetResult(); // what gets through is answered
    }

    public ValueTask DisposeAsync() => Web.DisposeAsync();

    /// <summary>How often the stub was called with this text.</summary>
    internal int Reached(string text) => Web.Stub.Source.Calls.Count(call => call.Arguments["text"]?.StringOrNull() == text);

    internal string RunToken(RunId run, FrameId frame, string tool = "stub/slow", string agent = "helper") =>
        Web.Services.Keys.Issuer.Issue(new LocalTokenRequest(
            new Principal(WebFixture.Tenant, agent, PrincipalKind.Agent, "Helper", [], []), TokenClass.Run, TimeSpan.FromMinutes(5), new RunTokenClaims(WebFixture.Tenant, run, frame, [new ToolName(tool)])));

    /// <summary>A tools/call as a client writes it.</summary>
    internal Task<(HttpStatusCode Status, JsonValue Body, HttpResponseMessage Response)> CallAsync(string token, string tool, string text) => Web.ApiAsync("POST", "/mcp", token, JsonValue.Object(
        ("jsonrpc", "2.0"), ("id", 1), ("method", "tools/call"), ("params", JsonValue.Object(("name", tool), ("arguments", JsonValue.Object(("text", text)))))).ToString(),
        "application/json", ("Accept", "application/json, text/event-stream"));

    /// <summary>What was refused anywhere in the tenant.</summary>
    internal async Task<List<AuditRecord>> RefusalsAsync()
    {
        var refused = new List<AuditRecord>();
        await foreach (var chain in Web.Services.Audit.ListChainsAsync(WebFixture.Tenant, TestContext.Current.CancellationToken))
            refused.AddRange((await Web.AuditAsync(chain)).Where(record => record.Type == AuditTypes.CallRefused));
        return refused;
    }

    /// <summary>The refusals that came since, and no more of them than expected; the gate is as it was, and the run waits on.</summary>
    internal async Task<IReadOnlyList<AuditRecord>> AssertUnmovedAsync(RunId run, GateId gate, string text, List<AuditRecord> before, int refusals)
    {
        Assert.Equal(0, Reached(text));
        var stored = (await Web.Services.Approvals.FindAsync(WebFixture.Tenant, gate, TestContext.Current.CancellationToken))!; // the test opened it
        Assert.Equal((null, 0, 0), (stored.Outcome, stored.Votes.Length, stored.Changes.Length));
        Assert.Equal(RunStatus.Running, (await Web.Services.Engine.GetAsync(WebFixture.Tenant, run, TestContext.Current.CancellationToken))!.Status);
        var since = (await RefusalsAsync()).Where(record => before.All(known => known.Id != record.Id)).ToList();
        Assert.True(since.Count == refusals, string.Join('\n', since.Select(record => record.ToJson().ToString())));
        return since;
    }

    internal async Task<Gate> GateAsync(GateId gate) => (await Web.Services.Approvals.FindAsync(WebFixture.Tenant, gate, TestContext.Current.CancellationToken))!; // the test opened it
}
