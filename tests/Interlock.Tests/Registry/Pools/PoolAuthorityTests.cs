using Interlock.Core.Registry;
using Interlock.Core.Workflows;
using Interlock.Tests.Gateway;

namespace Interlock.Tests.Registry.Pools;

/// <summary>Publishing a pool is held to what its author may call.</summary>
public sealed class PoolAuthorityTests
{
    private const string Policy =
        """
        version: 1
        rules:
          - { id: people, principals: [ { user: ana }, { agent: '*' } ], tools: ['crm/read', 'crm/drop'], agents: ['*'], effect: allow }
          - { id: guarded, tools: ['crm/apply'], effect: requireApproval, approval: { approvers: [ { group: sre } ], quorum: 1 } }
          - { id: never, tools: ['crm/drop'], effect: deny }
          - { id: ana, principals: [ { user: ana } ], tools: ['crm/lookup'], effect: allow }
        """;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("crm/read, crm/apply", null)]
    [InlineData("crm/read, crm/drop", "crm/drop, and nor may the planner then: policy-denied")]
    [InlineData("crm/read, crm/other", "crm/other, and nor may the planner then: policy-default-deny")]
    public async Task Publish_PoolOfWhichTheAuthorMayNotUseSome_IsRefused(string tools, string? why)
    {
        await using var world = await WorldAsync();
        var result = await Desk(world).PublishWorkflowAsync(world.Ana, Document(tools), "b.yaml", Token);
        if (why is null)
        {
            Assert.IsType<RegistryResult.Changed>(result);
            return;
        }
        var refused = Assert.IsType<RegistryResult.Refused>(result);
        var finding = Assert.Single(refused.Findings, finding => finding.Severity == Severity.Error);
        Assert.Equal(("pool-not-authorized", "/do/0/plan/with/pool", 5), (finding.Rule, finding.Pointer, finding.Line));
        Assert.Contains(why, finding.Message, StringComparison.Ordinal);
        Assert.Equal(["pools"], refused.Readiness?.Answers.Where(answer => !answer.Passed).Select(answer => answer.Id));
        Assert.Null((await Desk(world).ReadAsync(World.Tenant, Token)).Newest(RegistryKind.Workflow, "a/b"));
    }

    [Fact]
    public async Task Publish_ByAnotherAuthor_IsHeldToTheirRights()
    {
        await using var world = await WorldAsync();
        var refused = Assert.IsType<RegistryResult.Refused>(await Desk(world).PublishWorkflowAsync(world.Sam, Document("crm/read"), "b.yaml", Token));
        Assert.Contains("No rule allows user:sam to call crm/read", refused.Problem.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Check_MemberThatThePlannerMayNotUse_IsAWarning()
    {
        await using var world = await WorldAsync();
        var read = await Desk(world).CheckWorkflowAsync(world.Ana, Document("crm/read, crm/lookup"), "b.yaml", Token);
        var finding = Assert.Single(read.Findings);
        Assert.Equal(("pool-not-authorized", Severity.Warning), (finding.Rule, finding.Severity));
        Assert.Contains("crm/lookup is left out when 'plan' begins: chain-not-authorized: No rule allows agent:planner", finding.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Publish_ApproversInsideTheLoopThatNobodyKnows_IsRefused()
    {
        await using var world = await WorldAsync();
        var text = Document("crm/read").Replace("limits:", "approval: { approvers: [ { group: nobodies } ], expiresAfter: PT1H }, limits:", StringComparison.Ordinal);
        var refused = Assert.IsType<RegistryResult.Refused>(await Desk(world).PublishWorkflowAsync(world.Ana, text, "b.yaml", Token));
        Assert.Contains("approvers: there is no group with the id 'nobodies'", refused.Problem.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Publish_SupervisedThatRunsAnAutonomousWorkflow_IsRefused()
    {
        await using var world = await WorldAsync();
        Assert.IsType<RegistryResult.Changed>(await Desk(world).PublishWorkflowAsync(world.Ana, Document("crm/read"), "b.yaml", Token));
        var parent = Document("crm/read").Replace("name: b", "name: c", StringComparison.Ordinal);
        parent = parent[..parent.IndexOf("  - plan", StringComparison.Ordinal)] + "  - child: { run: { workflow: { namespace: a, name: b, version: latest, input: {} } } }";
        Assert.IsType<RegistryResult.Changed>(await Desk(world).PublishWorkflowAsync(world.Ana, parent, "c.yaml", Token));
        parent = parent.Replace("mode: autonomous", "mode: supervised", StringComparison.Ordinal).Replace("name: c", "name: d", StringComparison.Ordinal);
        var refused = Assert.IsType<RegistryResult.Refused>(await Desk(world).PublishWorkflowAsync(world.Ana, parent, "d.yaml", Token));
        Assert.Equal(("mode", "/do/0/child/run/workflow"), Assert.Single(refused.Findings) is var finding ? (finding.Rule, finding.Pointer) : default);
    }

    private static async Task<World> WorldAsync()
    {
        var world = await World.CreateAsync(Policy);
        await world.WriteAsync(World.Entry(RegistryKind.Agent, "planner", "1.0.0",
            new AgentBody(new Uri("https://planner.contoso.com"), "r", "sha256:card") { Settings = AgentSettings.None with { Protocol = AgentProtocol.Chat } }));
        return world;
    }

    private static RegistryDesk Desk(World world) =>
        new(world.Node.Registries, new WorkflowCatalog(world.Blobs), world.Node.Audit, new StubDiscovery(), world.Directory, world.Node.Fences, world.Time);

    private static string Document(string tools) =>
        $$"""
        document: { dsl: 1.0.3, namespace: a, name: b, version: 1.0.0, metadata: { interlock: { mode: autonomous, onError: fail, onTimeout: fail } } }
        timeout: { after: PT5M }
        do:
          - plan:
              { call: autonomous, with: { goal: g, planner: planner, pool: { tools: [ {{tools}} ] }, limits: { steps: 2, calls: 2 } } }
        """;
}
