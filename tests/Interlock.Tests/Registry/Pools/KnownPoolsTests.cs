using Interlock.Core;
using Interlock.Core.Agents;
using Interlock.Core.Registry;
using Interlock.Core.Workflows;
using Interlock.Json;
using Interlock.Tests.Workflows;

namespace Interlock.Tests.Registry.Pools;

public sealed class KnownPoolsTests
{
    private static readonly JsonValue _schema = StrictJson.Parse("""{"type":"object"}""");

    private static readonly RegistrySnapshot _registry = new(new TenantId("contoso"), 1,
    [
        Entry(RegistryKind.Server, "crm", new ServerBody(new Uri("https://crm.contoso.com"), "s")),
        Tool("crm/read"), Tool("crm/find"), Tool("crm/odd") with { Lifecycle = Lifecycle.Quarantined },
        Agent("clerk", AgentProtocol.A2a), Agent("planner", AgentProtocol.Chat), Agent("busy", AgentProtocol.Chat, new PoolRequest { Tools = ["crm/*"] }),
        Entry(RegistryKind.Workflow, "test/child", new WorkflowBody("sha256:document", "user:ann")),
    ]);

    [Fact]
    public void Compare_AllKnown_FindsNothing_AndSaysWhatThePoolComesTo()
    {
        var read = KnownTargets.Compare(Step("tools: [ crm/read ], agents: [ clerk ], workflows: [ test/child ]"), _registry, Severity.Error);
        Assert.Empty(read.Findings);
        var pools = ReadinessReport.For(read).Answers.Single(answer => answer.Id == "pools");
        Assert.Contains(pools.Evidence, one => one.Reason.EndsWith(", which is now 1 tool, 1 agent, 1 workflow (crm/read 1.0.0, clerk 1.0.0, test/child 1.0.0)", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("tools: [ crm/read, crm/reed ]", "tools/1", "There is no tool 'crm/reed' in the registry")]
    [InlineData("tools: [ 'tag:safe' ]", "tools/0", "nothing in the registry answers to it")]
    [InlineData("agents: [ clark ]", "agents/0", "There is no agent 'clark'")]
    [InlineData("workflows: [ test/other ]", "workflows/0", "There is no workflow 'test/other'")]
    public void Compare_Unknown_IsAFindingAtItsPlace(string pool, string pointer, string says)
    {
        var finding = Assert.Single(KnownTargets.Compare(Step(pool), _registry, Severity.Error).Findings);
        Assert.Equal(("/do/0/a/with/pool/" + pointer, Documents.FirstTaskLine, Severity.Error, KnownTargets.Rule), (finding.Pointer, finding.Line, finding.Severity, finding.Rule));
        Assert.Contains(says, finding.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Compare_PatternOfWhichSomeIsLeftOut_IsAWarning()
    {
        var finding = Assert.Single(KnownTargets.Compare(Step("tools: [ crm/* ]"), _registry, Severity.Error).Findings);
        Assert.Equal((Severity.Warning, "/do/0/a/with/pool/tools/0"), (finding.Severity, finding.Pointer));
        Assert.StartsWith("left out: crm/odd ('crm/odd' 1.0.0 is quarantined", finding.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Compare_MoreThanAPoolHolds_IsAWarning()
    {
        var many = new RegistrySnapshot(_registry.Tenant, 1, [.. _registry.All, .. Enumerable.Range(0, 130).Select(i => Tool($"crm/t{i:000}"))]);
        var findings = KnownTargets.Compare(Step("tools: [ crm/t*, crm/read ]"), many, Severity.Error).Findings;
        Assert.Contains(findings, finding => finding is { Severity: Severity.Warning, Pointer: "/do/0/a/with/pool" } && finding.Message.StartsWith("the pool comes to 131 members, of which the last 3 are left out", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("planner: clerk", "planner", "'clerk' is no chat agent")]
    [InlineData("planner: nobody", "planner", "There is no agent 'nobody'")]
    [InlineData("planner: planner, version: ^2", "planner", "No version of 'planner' is in the range ^2")]
    [InlineData("planner: planner, context: { summarizer: clerk }", "context/summarizer", "'clerk' is no chat agent")]
    public void Compare_PlannerOrSummarizerThatIsNone_IsAFinding(string planner, string pointer, string says)
    {
        var finding = Assert.Single(KnownTargets.Compare(Step("tools: [ crm/read ]", planner), _registry, Severity.Error).Findings);
        Assert.Equal("/do/0/a/with/" + pointer, finding.Pointer);
        Assert.Contains(says, finding.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("call: agent, with: { agent: busy, input: {} }", true)]
    [InlineData("call: agent, with: { agent: planner, input: {} }", false)]
    [InlineData("call: agent, with: { agent: clerk, input: {} }", false)]
    public void Compare_SupervisedCallOfAnAgentThatChooses_IsRefused(string call, bool isRefused)
    {
        var tasks = $"  - a: {{ {call} }}";
        var findings = KnownTargets.Compare(Documents.Read(tasks), _registry, Severity.Warning).Findings;
        Assert.Equal(isRefused ? [("mode", Severity.Error, "/do/0/a/with")] : [], findings.Select(finding => (finding.Rule, finding.Severity, finding.Pointer)));
        Assert.Empty(KnownTargets.Compare(Documents.Autonomous(tasks), _registry, Severity.Warning).Findings);
    }

    private static WorkflowReadResult Step(string pool, string planner = "planner: planner")
    {
        var read = Documents.Autonomous($"  - a: {{ call: autonomous, with: {{ goal: g, {planner}, pool: {{ {pool} }}, limits: {{ steps: 1, calls: 1 }} }} }}");
        Assert.Empty(read.Findings);
        return read;
    }

    private static RegistryEntry Tool(string name) => Entry(RegistryKind.Tool, name, new ToolBody(_schema, "sha256:contract", _schema));

    private static RegistryEntry Agent(string name, AgentProtocol protocol, PoolRequest? pool = null) =>
        Entry(RegistryKind.Agent, name, new AgentBody(new Uri($"https://{name}.contoso.com/a"), "r", "sha256:card") { Settings = AgentSettings.None with { Protocol = protocol, Pool = pool ?? PoolRequest.None } });

    private static RegistryEntry Entry<T>(RegistryKind kind, string name, T body) =>
        RegistryEntry.Create(kind, name, "1.0.0", Lifecycle.Active, body, "user:ann", DateTimeOffset.UnixEpoch);
}
