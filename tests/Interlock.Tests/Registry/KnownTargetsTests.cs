using System.Collections.Immutable;
using Interlock.Core;
using Interlock.Core.Gateway.Routing;
using Interlock.Core.Registry;
using Interlock.Core.Workflows;
using Interlock.Json;
using Interlock.Tests.Workflows;

namespace Interlock.Tests.Registry;

public sealed class KnownTargetsTests
{
    private static readonly JsonValue _schema = StrictJson.Parse("""{"type":"object"}""");

    private static readonly RegistrySnapshot _registry = new(new TenantId("contoso"), 1,
    [
        Tool("crm/read", "1.0.0", Lifecycle.Active, "mail"),
        Tool("crm/old", "1.0.0", Lifecycle.Deprecated) with { Successor = "2.0.0" },
        Tool("crm/old", "2.0.0", Lifecycle.Active),
        Tool("crm/off", "1.0.0", Lifecycle.Disabled),
        Entry(RegistryKind.Agent, "clerk", "1.2.0", Lifecycle.Active, new AgentBody(new Uri("https://clerk.contoso.com"), "r", "sha256:card")),
        Entry(RegistryKind.Server, "shop", "1.0.0", Lifecycle.Active, new ServerBody(new Uri("https://shop.contoso.com/api"), "s") { Settings = ServerSettings.None with { Protocol = ServerProtocol.Http } }),
        Tool("shop/GET", "1.0.0", Lifecycle.Active),
        Tool("shop/DELETE", "1.0.0", Lifecycle.Disabled),
        Entry(RegistryKind.Workflow, "test/child", "1.0.0", Lifecycle.Active, new WorkflowBody("sha256:document", "user:ann")),
        Entry(RegistryKind.Route, "mailing", "1.0.0", Lifecycle.Active, new RouteBody([new RouteTarget("crm/read")])),
    ]);

    [Theory]
    [InlineData("call: tool, with: { tool: crm/read }")]
    [InlineData("call: tool, with: { capability: mail }")]
    [InlineData("call: tool, with: { route: mailing }")]
    [InlineData("call: agent, with: { agent: clerk, version: ^1, input: x }")]
    [InlineData("call: http, with: { method: get, endpoint: 'https://shop.contoso.com/api/stock/{item}' }")]
    [InlineData("call: http, with: { method: get, endpoint: '${ .where }' }")]
    [InlineData("run: { workflow: { namespace: test, name: child, version: ^1, input: {} } }")]
    public void Check_Known_FindsNothing(string call) => Assert.Empty(Check($"  - a: {{ {call} }}"));

    [Theory]
    [InlineData("call: tool, with: { tool: crm/reed }", "/do/0/a/with/tool", "There is no tool 'crm/reed'")]
    [InlineData("call: tool, with: { tool: crm/read, version: ^2 }", "/do/0/a/with/tool", "No version of 'crm/read' is in the range ^2")]
    [InlineData("call: tool, with: { tool: crm/off }", "/do/0/a/with/tool", "is disabled")]
    [InlineData("call: tool, with: { capability: post }", "/do/0/a/with/capability", "no active tool has the capability 'post'")]
    [InlineData("call: tool, with: { route: posting }", "/do/0/a/with/route", "there is no active route 'posting'")]
    [InlineData("call: agent, with: { agent: clark, input: x }", "/do/0/a/with/agent", "There is no agent 'clark'")]
    [InlineData("call: http, with: { method: get, endpoint: 'https://other.contoso.com/api/stock/{item}' }", "/do/0/a/with/endpoint", "Nothing is registered at https://other.contoso.com/api/stock/x")]
    [InlineData("call: http, with: { method: delete, endpoint: 'https://shop.contoso.com/api/stock/1' }", "/do/0/a/with/endpoint", "is disabled")]
    [InlineData("run: { workflow: { namespace: test, name: child, version: ^2, input: {} } }", "/do/0/a/run/workflow", "No version of 'test/child' is in the range ^2")]
    [InlineData("call: tool, with: { tool: crm/read }, metadata: { interlock: { compensate: { tool: crm/undo } } }", "/do/0/a/metadata/interlock/compensate/tool", "There is no tool 'crm/undo'")]
    public void Check_Unknown_IsAFindingWithItsPlace(string call, string pointer, string says)
    {
        var finding = Assert.Single(Check($"  - a: {{ {call} }}"));
        Assert.Equal((pointer, Documents.FirstTaskLine, Severity.Error, KnownTargets.Rule), (finding.Pointer, finding.Line, finding.Severity, finding.Rule));
        Assert.Contains(says, finding.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Check_DeprecatedWithASuccessor_IsAWarning()
    {
        var finding = Assert.Single(Check("  - a: { call: tool, with: { tool: crm/old, version: 1.0.0 } }"));
        Assert.Equal((Severity.Warning, "'crm/old' 1.0.0 is deprecated: calls go to 2.0.0"), (finding.Severity, finding.Message));
    }

    [Fact]
    public void For_DocumentWithAnUnknownTool_FailsTheQuestionOfDeprecation()
    {
        var read = Documents.Read("  - a: { call: tool, with: { tool: crm/reed } }");
        var report = ReadinessReport.For(read with { Findings = KnownTargets.Check(read, _registry, Severity.Error) });
        Assert.Equal(["deprecation"], report.Answers.Where(answer => !answer.Passed).Select(answer => answer.Id));
        Assert.True(ReadinessReport.For(read with { Findings = KnownTargets.Check(read, _registry, Severity.Warning) }).Passed);
    }

    private static IReadOnlyList<Finding> Check(string tasks) => KnownTargets.Check(Documents.Read(tasks), _registry, Severity.Error);

    private static RegistryEntry Tool(string name, string version, Lifecycle lifecycle, params ImmutableArray<string> capabilities) =>
        Entry(RegistryKind.Tool, name, version, lifecycle, new ToolBody(_schema, "sha256:contract", _schema) { Settings = ToolSettings.None with { Capabilities = capabilities } });

    private static RegistryEntry Entry<T>(RegistryKind kind, string name, string version, Lifecycle lifecycle, T body) =>
        RegistryEntry.Create(kind, name, version, lifecycle, body, "user:ann", DateTimeOffset.UnixEpoch);
}
