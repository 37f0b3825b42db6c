using Interlock.Core;
using Interlock.Core.Audit;
using Interlock.Core.Gateway;
using Interlock.Core.Registry;
using Interlock.Core.Registry.Contracts;
using Interlock.Json;
using Interlock.Tests.Gateway;

namespace Interlock.Tests.Registry;

public sealed class ContractApprovalTests
{
    private const string First = """{"name":"pay","description":"Pays.","inputSchema":{"type":"object","properties":{"to":{"type":"string"}}}}""";
    private const string Second = """{"name":"pay","description":"Pays.\u200b More.","inputSchema":{"type":"object","properties":{"to":{"type":"string"},"ref":{"type":"string"}},"required":["ref"]}}""";
    private static readonly Uri _address = new("https://erp.contoso.com/mcp");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Refresh_OtherContract_StandsBesideTheRegisteredOneWithWhatItMeans()
    {
        await using var world = new World();
        await ChangedContractAsync(world);
        var registry = await ReadAsync(world);
        var entry = registry.Find(RegistryKind.Tool, "erp/pay", "1.0.0")!; // registered
        Assert.Equal("hidden-characters", Assert.Single(entry.Findings!).Rule); // the shown contract has them
        var (from, to, diff) = ContractDiffs.Find(registry, "erp/pay", null, null)!.Value; // both are known
        Assert.Equal(("1.0.0", "shown"), (from, to));
        Assert.Equal(
            [new("/description", "Pays.", "Pays.\\u200b More."), new("/inputSchema/properties/ref", null, """{"type":"string"}"""), new("/inputSchema/required", null, """["ref"]"""), new("/instructions", "Be brief.", "Be long.")],
            diff.Members);
        Assert.Contains(diff.Input, change => change is { BreaksCallers: true });
        Assert.Empty(diff.Output);
    }

    [Fact]
    public async Task Approve_TheContractShown_IsANewVersionAndTheOldGoesToIt()
    {
        await using var world = new World();
        var discovery = await ChangedContractAsync(world);
        var shown = discovery.Tools[0].Digest;
        Assert.IsType<RegistryResult.Changed>(await Desk(world, discovery).ApproveContractAsync(world.Ana, "erp/pay", "1.0.0", shown, "read it", Token));
        var registry = await ReadAsync(world);
        var (old, next) = (registry.Find(RegistryKind.Tool, "erp/pay", "1.0.0"), registry.Newest(RegistryKind.Tool, "erp/pay"));
        Assert.Equal((Lifecycle.Deprecated, "2.0.0", "2.0.0", shown), (old?.Lifecycle, old?.Successor, next?.Version, next?.As<ToolBody>().ContractDigest));
        Assert.Empty((await RefreshAsync(world, discovery)).Changed);
        var record = Assert.Single(await world.RecordsAsync(AuditTypes.RegistryChanged), record => record.ToolVersion == "2.0.0");
        Assert.Equal((world.Ana.Subject, "active", "read it"), (Assert.Single(record.Actors), record.Decision, record.Reason));
    }

    [Fact]
    public async Task Approve_TheRegisteredContract_OnlyWhileItIsShownAgain()
    {
        await using var world = new World();
        var discovery = await ChangedContractAsync(world);
        var registered = (await ReadAsync(world)).Find(RegistryKind.Tool, "erp/pay", "1.0.0")!.As<ToolBody>().ContractDigest; // registered
        Assert.Equal("contract-changed", (await RefusedAsync(Desk(world, discovery).ApproveContractAsync(world.Ana, "erp/pay", "1.0.0", registered, null, Token))).Rule);
        Show(discovery, First, "Be brief.");
        Assert.IsType<RegistryResult.Changed>(await Desk(world, discovery).ApproveContractAsync(world.Ana, "erp/pay", "1.0.0", registered, null, Token));
        Assert.Equal("1.0.0", (await ReadAsync(world)).Newest(RegistryKind.Tool, "erp/pay")?.Version);
    }

    [Fact]
    public async Task Approve_ChangedAgainMeanwhile_IsRefusedAndTheNewestStandsThere()
    {
        await using var world = new World();
        var discovery = await ChangedContractAsync(world);
        var read = discovery.Tools[0].Digest;
        Show(discovery, Second.Replace("More", "Less", StringComparison.Ordinal), "Be long.");
        Assert.Equal((409, "contract-changed"), await RefusedAsync(Desk(world, discovery).ApproveContractAsync(world.Ana, "erp/pay", "1.0.0", read, null, Token)) is var problem ? (problem.Status, problem.Rule) : default);
        var registry = await ReadAsync(world);
        Assert.Equal((null, discovery.Tools[0].Digest), (registry.Newest(RegistryKind.Tool, "erp/pay"), registry.Find(RegistryKind.Tool, "erp/pay", "1.0.0")?.Shown?.Digest));
        Assert.IsType<RegistryResult.Changed>(await Desk(world, discovery).ApproveContractAsync(world.Ana, "erp/pay", "1.0.0", discovery.Tools[0].Digest, null, Token));
    }

    [Fact]
    public async Task Activate_WithoutNamingTheContract_IsRefused()
    {
        await using var world = new World();
        var discovery = await ChangedContractAsync(world);
        Assert.Equal("contract-changed", (await RefusedAsync(Desk(world, discovery).SetLifecycleAsync(world.Ana, RegistryKind.Tool, "erp/pay", "1.0.0", Lifecycle.Active, null, "fine", Token))).Rule);
        Assert.Equal("contract-changed", (await RefusedAsync(Desk(world, discovery).ApproveContractAsync(world.Ana, "erp/pay", "1.0.0", "sha256:other", null, Token))).Rule);
        Assert.Null((await ReadAsync(world)).Newest(RegistryKind.Tool, "erp/pay"));
    }

    [Fact]
    public async Task Refresh_HugeContract_IsQuarantinedAllTheSame()
    {
        await using var world = new World();
        var discovery = Discovery(First, null);
        for (var i = 0; i < 60; i++) discovery.Tools.Add(Tool(First.Replace("pay", $"t{i}", StringComparison.Ordinal), null));
        Assert.IsType<RegistryResult.Changed>(await Desk(world, discovery).RegisterServerAsync(world.Ana, "erp", _address, Token));
        for (var i = 0; i < discovery.Tools.Count; i++)
            discovery.Tools[i] = Tool(discovery.Tools[i].Raw.With("_meta", JsonValue.Object(("x", new string(i == 0 ? 'a' : 'b', i == 0 ? 900_000 : 60_000)))).ToString(), null);
        var pass = await RefreshAsync(world, discovery);
        Assert.Equal((61, 0), (pass.Changed.Count, pass.Failed.Count));
        Assert.All((await ReadAsync(world)).OfKind(RegistryKind.Tool), entry => Assert.Equal((Lifecycle.Quarantined, entry.Name == "erp/pay"), (entry.Lifecycle, entry.Shown?.Contract is null)));
    }

    private static async Task<StubDiscovery> ChangedContractAsync(World world)
    {
        var discovery = Discovery(First, "Be brief.");
        Assert.IsType<RegistryResult.Changed>(await Desk(world, discovery).RegisterServerAsync(world.Ana, "erp", _address, Token));
        Show(discovery, Second, "Be long.");
        Assert.Single((await RefreshAsync(world, discovery)).Changed);
        return discovery;
    }

    private static StubDiscovery Discovery(string tool, string? instructions)
    {
        var discovery = new StubDiscovery();
        discovery.Tools.Add(Tool(tool, instructions));
        discovery.Instructions = instructions;
        return discovery;
    }

    private static void Show(StubDiscovery discovery, string tool, string? instructions) => (discovery.Tools[0], discovery.Instructions) = (Tool(tool, instructions), instructions);

    private static ToolContract Tool(string tool, string? instructions) => ToolContract.Read(StrictJson.Parse(tool), instructions)!; // it has a name and a schema

    private static Task<RefreshPass> RefreshAsync(World world, StubDiscovery discovery) =>
        new ContractRefresh(world.Node.Registries, world.Node.Audit, discovery, world.Time).RunAsync(World.Tenant, Token);

    private static Task<RegistrySnapshot> ReadAsync(World world) => world.Node.Registries.ReadAsync(World.Tenant, Token);

    private static RegistryDesk Desk(World world, StubDiscovery discovery) =>
        new(world.Node.Registries, new WorkflowCatalog(world.Blobs), world.Node.Audit, discovery, world.Directory, world.Node.Fences, world.Time);

    private static async Task<Problem> RefusedAsync(Task<RegistryResult> change) => Assert.IsType<RegistryResult.Refused>(await change).Problem;
}
