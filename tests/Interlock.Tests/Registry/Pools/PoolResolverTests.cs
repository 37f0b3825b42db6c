using System.Collections.Immutable;
using Interlock.Core;
using Interlock.Core.Agents;
using Interlock.Core.Registry;
using Interlock.Core.Registry.Pools;
using Interlock.Json;

namespace Interlock.Tests.Registry.Pools;

public sealed class PoolResolverTests
{
    private static readonly JsonValue _schema = StrictJson.Parse("""{"type":"object"}""");

    private static readonly RegistrySnapshot _registry = new(new TenantId("contoso"), 1,
    [
        Server("crm"), Server("ops"), Server("gone", Lifecycle.Disabled),
        Tool("crm/read", capabilities: ["mail"], tags: ["safe"]),
        Tool("crm/odd", lifecycle: Lifecycle.Quarantined, tags: ["safe"]) with { Reason = "contract-changed" },
        Tool("crm/old", lifecycle: Lifecycle.Deprecated, tags: ["past"]) with { Successor = "2.0.0" },
        Tool("crm/old", "2.0.0"),
        Tool("crm/new"), Tool("crm/new", "2.0.0", Lifecycle.Quarantined, tags: ["fresh"]),
        Tool("crm/resources:read"),
        Tool("ops/send", capabilities: ["mail"]),
        Tool("gone/read"),
        Agent("clerk", ["office"]), Agent("scout", []),
        Entry(RegistryKind.Workflow, "test/child", "1.0.0", Lifecycle.Active, new WorkflowBody("sha256:document", "user:ann")),
    ]);

    [Theory]
    [InlineData("ops/send", "ops/send 1.0.0")]
    [InlineData("crm/*", "crm/new 1.0.0, crm/old 2.0.0, crm/read 1.0.0")]
    [InlineData("crm/r*", "crm/read 1.0.0")]
    [InlineData("capability:mail", "crm/read 1.0.0, ops/send 1.0.0")]
    [InlineData("tag:safe", "crm/read 1.0.0")]
    public void Resolve_Tools_AreThoseThatAnswerNow(string asked, string chosen) => Assert.Equal(chosen, Chosen(Resolve(tools: [asked])));

    [Theory]
    [InlineData("crm/reed", "There is no tool 'crm/reed' in the registry")]
    [InlineData("crm/odd", "'crm/odd' 1.0.0 is quarantined (contract-changed); someone must approve its contract again")]
    [InlineData("gone/read", "the server 'gone' of this tool is not active")]
    [InlineData("crm/resources:read", "it is no tool")]
    [InlineData("tag:fresh", "nothing in the registry answers to it")]
    [InlineData("tag:past", "nothing in the registry answers to it")]
    [InlineData("route:mailing", "it is no tool")]
    public void Resolve_ToolThatDoesNotAnswer_IsExcludedWithWhy(string asked, string why)
    {
        var choices = Resolve(tools: [asked]);
        Assert.Equal((0, new PoolExclusion(asked, why)), (choices.Chosen.Length, Assert.Single(choices.Excluded)));
    }

    [Fact]
    public void Resolve_PatternWithSomeThatDoNotAnswer_NamesThem() =>
        Assert.Equal(["crm/odd"], Resolve(tools: ["crm/*"]).Excluded.Select(one => one.Target));

    [Fact]
    public void Resolve_AgentsAndWorkflows_ByNameAndTag()
    {
        var choices = Resolve(agents: ["tag:office", "scout", "spy"], workflows: ["test/child", "test/other"]);
        Assert.Equal("clerk 1.0.0, scout 1.0.0, test/child 1.0.0", Chosen(choices));
        Assert.Equal([PoolKind.Agent, PoolKind.Agent, PoolKind.Workflow], choices.Chosen.Select(one => one.Kind));
        Assert.Equal(["spy", "test/other"], choices.Excluded.Select(one => one.Target));
    }

    [Fact]
    public void Resolve_AskedForTwice_IsAMemberOnce_UnderWhatAskedFirst()
    {
        var choices = Resolve(tools: ["crm/read", "crm/*"]);
        Assert.Equal("crm/read 1.0.0, crm/new 1.0.0, crm/old 2.0.0", Chosen(choices));
        Assert.Equal(["crm/read", "crm/*", "crm/*"], choices.Chosen.Select(one => one.Asked));
    }

    [Fact]
    public void Resolve_MoreThanAPoolHolds_ExcludesTheRest_AndBoundsWhatItSaysOfThem()
    {
        var many = new RegistrySnapshot(new TenantId("contoso"), 1, [Server("big"), .. Enumerable.Range(0, 400).Select(i => Tool($"big/t{i:000}"))]);
        var choices = PoolResolver.Resolve(new PoolRequest { Tools = ["big/*"] }, many);
        Assert.Equal((PoolResolver.MaxMembers, "big/t127"), (choices.Chosen.Length, choices.Chosen[^1].Target));
        Assert.Equal(("big/t128", "the pool holds 128 already"), (choices.Excluded[0].Target, choices.Excluded[0].Why));
        Assert.Equal((128, new PoolExclusion("…", "and 145 more")), (choices.Excluded.Length, choices.Excluded[^1]));
    }

    private static PoolChoices Resolve(ImmutableArray<string>? tools = null, ImmutableArray<string>? agents = null, ImmutableArray<string>? workflows = null) =>
        PoolResolver.Resolve(new PoolRequest { Tools = tools ?? [], Agents = agents ?? [], Workflows = workflows ?? [] }, _registry);

    private static string Chosen(PoolChoices choices) => string.Join(", ", choices.Chosen.Select(one => $"{one.Target} {one.Entry.Version}"));

    private static RegistryEntry Tool(string name, string version = "1.0.0", Lifecycle lifecycle = Lifecycle.Active, ImmutableArray<string>? capabilities = null, ImmutableArray<string>? tags = null) =>
        Entry(RegistryKind.Tool, name, version, lifecycle, new ToolBody(_schema, "sha256:contract", _schema) { Settings = ToolSettings.None with { Capabilities = capabilities ?? [], Tags = tags } });

    private static RegistryEntry Agent(string name, ImmutableArray<string> tags) =>
        Entry(RegistryKind.Agent, name, "1.0.0", Lifecycle.Active, new AgentBody(new Uri("https://agents.contoso.com"), "r", "sha256:card") { Settings = AgentSettings.None with { Tags = tags } });

    private static RegistryEntry Server(string name, Lifecycle lifecycle = Lifecycle.Active) =>
        Entry(RegistryKind.Server, name, "1.0.0", lifecycle, new ServerBody(new Uri("https://crm.contoso.com"), "s"));

    private static RegistryEntry Entry<T>(RegistryKind kind, string name, string version, Lifecycle lifecycle, T body) =>
        RegistryEntry.Create(kind, name, version, lifecycle, body, "user:ann", DateTimeOffset.UnixEpoch);
}
