using System.Net;
using Interlock.Core;
using Interlock.Core.Agents;
using Interlock.Core.Approvals;
using Interlock.Core.Audit;
using Interlock.Core.Registry;
using Interlock.Core.Runs;
using Interlock.Json;
using Interlock.Tests.Web;

namespace Interlock.Tests.Agents;

/// <summary>The whole pipeline on loopback with a workflow that calls the agent <c>helper</c>, which may use the stub's tools but <c>stub/remove</c>; <c>stub/slow</c> needs an approval.</summary>
public sealed class AgentWeb : IAsyncLifetime
{
    private const string Policy = """
        version: 1
        rules:
          - { id: agents, principals: [ { any: true } ], agents: ['*'], effect: allow }
          - { id: echo, principals: [ { any: true } ], tools: [stub/echo], effect: allow }
          - { id: slow, principals: [ { any: true } ], tools: [stub/slow], effect: requireApproval, approval: { approvers: [ { group: leads } ], quorum: 1 } }
          - { id: people, principals: [ { user: nora }, { user: dana } ], tools: [stub/remove], effect: allow }
        """;

    private const string Asking = """
        document: { dsl: 1.0.3, namespace: test, name: asking, version: 1.0.0, metadata: { interlock: { mode: autonomous, onError: fail, onTimeout: fail } } }
        timeout: { after: { hours: 3 } }
        do:
          - ask:
              call: agent
              with: { agent: helper, input: '${ . }' }
              timeout: { after: { minutes: 5 } }
        """;

    private static PoolRequest Pool { get; } = new() { Tools = ["stub/echo", "stub/slow", "stub/remove", "stub/none"] };

    internal WebFixture Web { get; } = new();

    public async ValueTask InitializeAsync()
    {
        await Web.InitializeAsync();
        var dana = Web.Principal("dana");
        Assert.IsType<RegistryResult.Changed>(await Web.Services.Registry.PublishPolicyAsync(dana, Policy));
        Assert.True(await Web.Services.Registry.PublishWorkflowAsync(dana, Asking, "w.yaml") is RegistryResult.Changed, string.Join("\n", Core.Workflows.WorkflowCheck.Check(Asking, "w.yaml")));
        Web.Stub.Source.Gate.TrySetResult(); // what gets through is answered
    }

    public ValueTask DisposeAsync() => Web.DisposeAsync();

    /// <summary>Registers what is at that address as the newest version of the agent.</summary>
    internal async Task RegisterAsync(Uri address, JsonValue? card, AgentLimits? limits = null)
    {
        var body = new AgentBody(address, Guid.NewGuid().ToString("N"), CanonicalJson.Digest(card ?? JsonValue.Null))
        {
            Card = card,
            Settings = new AgentSettings { Pool = Pool, Limits = limits ?? AgentLimits.Default },
        };
        var change = await Web.Services.Registries.WriteAsync(WebFixture.Tenant, [RegistryEntry.Create(RegistryKind.Agent, "helper", await NextAsync(), Lifecycle.Active, body, "user:dana", DateTimeOffset.UtcNow)], TestContext.Current.CancellationToken);
        Assert.Null(change.Conflict);
    }

    /// <summary>The same as an operator does it: with the card that the agent shows.</summary>
    internal Task RegisterAsync(AgentProcess agent) => RegisterAsync(agent.Address, new AgentSettings { Pool = Pool });

    internal async Task RegisterAsync(Uri address, AgentSettings settings)
    {
        var result = await Web.Services.Registry.RegisterAgentAsync(Web.Principal("dana"), "helper", await NextAsync(), address, settings, TestContext.Current.CancellationToken);
        Assert.True(result is RegistryResult.Changed, $"{result}");
    }

    private async Task<string> NextAsync() =>
        $"1.0.{(await Web.Services.Registries.ReadAsync(WebFixture.Tenant, TestContext.Current.CancellationToken)).OfKind(RegistryKind.Agent).Count()}";

    internal async Task<RunId> StartAsync(string input)
    {
        var (status, body, _) = await Web.ApiAsync("POST", "/api/runs", Web.Token("nora"), JsonValue.Object(("workflow", "test/asking"), ("input", StrictJson.ParseLenient(input))).ToString());
        Assert.True(status == HttpStatusCode.Created, body.ToString());
        return new RunId(body["id"]!.AsString());
    }

    internal async Task<(RunId Run, RunState End)> RunAsync(string input)
    {
        var run = await StartAsync(input);
        return (run, await Web.EndAsync(run));
    }

    /// <summary>Decides a gate as somebody who may.</summary>
    internal async Task DecideAsync(GateId id, bool approves)
    {
        var gate = (await Web.Services.Approvals.FindAsync(WebFixture.Tenant, id, TestContext.Current.CancellationToken))!; // it was opened
        Decision decision = approves ? new Decision.Approve("fine", gate.ShownDigest) : new Decision.Reject("too risky", gate.ShownDigest);
        Assert.IsType<GateResult.Accepted>(await Web.Services.Approvals.DecideAsync(new InteractiveSession(Web.Principal("ana"), DateTimeOffset.UtcNow), id, decision, TestContext.Current.CancellationToken));
        if (gate.Run is { } run) await Web.Services.Engine.GateChangedAsync(WebFixture.Tenant, run, id, TestContext.Current.CancellationToken);
    }

    internal Task<List<AuditRecord>> RecordsAsync(RunId run) => Web.AuditAsync(AuditChain.ForRun(WebFixture.Tenant, run).Id);

    internal int Reached(string text) => Web.Stub.Source.Calls.Count(call => call.Arguments["text"]?.StringOrNull() == text);
}
