using Interlock.Core;
using Interlock.Core.Agents;
using Interlock.Core.Registry;
using Interlock.Core.Registry.Pools;
using Interlock.Json;
using Interlock.Tests.Gateway;
using Interlock.Tests.Workflows;

namespace Interlock.Tests.Registry.Pools;

public sealed class PoolReaderTests
{
    private static readonly TenantId _tenant = new("contoso");

    private readonly WorkflowCatalog _catalog = new(new MemoryBlobStore());

    [Fact]
    public async Task ReadAsync_Tool_IsShownAsItsContractHasIt()
    {
        var schema = StrictJson.Parse("""{"type":"object","required":["id"]}""");
        var member = await OneAsync(new PoolRequest { Tools = ["crm/read"] }, Entry(RegistryKind.Server, "crm", new ServerBody(new Uri("https://crm.contoso.com"), "s")),
            Entry(RegistryKind.Tool, "crm/read", new ToolBody(JsonValue.Object(("description", new string('x', 3000))), "sha256:contract", schema)));
        Assert.Equal(("crm__read", PoolKind.Tool, "crm/read", "1.0.0", "sha256:contract"), (member.Name, member.Kind, member.Target, member.Version, member.Digest));
        Assert.Equal((1024, schema), (member.Description.Length, member.InputSchema));
    }

    [Fact]
    public async Task ReadAsync_AgentWithoutASchema_TakesATask()
    {
        var member = await OneAsync(new PoolRequest { Agents = ["clerk"] }, Entry(RegistryKind.Agent, "clerk", new AgentBody(new Uri("https://clerk.contoso.com"), "r", "sha256:card")));
        Assert.Equal(("clerk", "sha256:card", "The agent clerk."), (member.Name, member.Digest, member.Description));
        Assert.Equal("""["task"]""", member.InputSchema["required"]?.ToString());
    }

    [Theory]
    [InlineData("", """{"type":"object"}""", false)]
    [InlineData("input: { schema: { document: { type: object, required: [a] } } }\n", """{"type":"object","required":["a"]}""", false)]
    [InlineData("input: { schema: { document: { type: string } } }\n", """{"type":"object","required":["input"],"properties":{"input":{"type":"string"}}}""", true)]
    public async Task ReadAsync_Workflow_TakesItsInput(string input, string schema, bool isWrapped)
    {
        var digest = await StoreAsync(input);
        var member = await OneAsync(new PoolRequest { Workflows = ["test/doc"] }, Entry(RegistryKind.Workflow, "test/doc", new WorkflowBody(digest, "user:ann")));
        Assert.Equal(("workflow__test__doc", digest, "The workflow test/doc.", isWrapped), (member.Name, member.Digest, member.Description, member.IsWrapped));
        Assert.Equal(StrictJson.Parse(schema), member.InputSchema);
    }

    [Fact]
    public async Task ReadAsync_WorkflowWhoseDocumentIsGone_IsExcluded()
    {
        var pool = await ReadAsync(new PoolRequest { Workflows = ["test/doc"] }, Entry(RegistryKind.Workflow, "test/doc", new WorkflowBody("sha256:" + new string('0', 64), "user:ann")));
        Assert.Equal((0, "test/doc"), (pool.Members.Length, Assert.Single(pool.Excluded).Target));
    }

    private async Task<string> StoreAsync(string input)
    {
        var read = Interlock.Core.Workflows.WorkflowReader.Read(input + Documents.Head + "  - a: { set: { b: 1 } }\n", "doc.yaml");
        return await _catalog.StoreAsync(_tenant, Assert.IsType<JsonValue>(read.Document), TestContext.Current.CancellationToken);
    }

    private async Task<PoolMember> OneAsync(PoolRequest request, params RegistryEntry[] entries)
    {
        var pool = await ReadAsync(request, entries);
        Assert.Empty(pool.Excluded);
        return Assert.Single(pool.Members);
    }

    private Task<ResolvedPool> ReadAsync(PoolRequest request, params RegistryEntry[] entries) =>
        new PoolReader(_catalog).ReadAsync(request, new RegistrySnapshot(_tenant, 1, entries), TestContext.Current.CancellationToken);

    private static RegistryEntry Entry<T>(RegistryKind kind, string name, T body) =>
        RegistryEntry.Create(kind, name, "1.0.0", Lifecycle.Active, body, "user:ann", DateTimeOffset.UnixEpoch);
}
