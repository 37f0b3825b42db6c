using Interlock.Core;
using Interlock.Core.Audit;
using Interlock.Core.Registry;
using Interlock.Core.Runs;
using Interlock.Json;
using Interlock.Tests.Gateway;

namespace Interlock.Tests.Registry;

public sealed class ServerSettingsTests
{
    private const string Full =
        """
        { "replicas": ["https://erp-2.contoso.com/mcp"],
          "auth": { "clientId": "interlock", "secret": "erp-secret", "tokenEndpoint": "https://login.contoso.com/token", "exchange": "entra", "type": "onBehalfOf" },
          "elicitationOrigins": ["https://erp.contoso.com", "http://127.0.0.1:8080"],
          "resilience": { "maxConcurrent": 4, "breakAbove": 0.5 },
          "tools": { "pay": { "idempotent": true, "cost": 2.5, "rate": { "perSecond": 0.5, "burst": 3 }, "maxResultBytes": 2048, "redact": [ { "path": "/rows/*/iban" }, { "pattern": "[A-Z]{2}[0-9]{20}" } ] },
                     "list": { "readOnly": true, "whenUnavailable": "cached", "capabilities": ["ledger-read"] } } }
        """;

    private static readonly Uri Address = new("https://erp.contoso.com/mcp");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("ledger-read", true)]
    [InlineData("7", true)]
    [InlineData("ledger.read", false)]
    [InlineData("Ledger", false)]
    [InlineData("a/b", false)]
    [InlineData("", false)]
    public void Capability_IsAcceptedWhereItCanBeAskedFor(string name, bool isName)
    {
        var (_, refused) = SettingsReader.Read(StrictJson.Parse($$"""{ "tools": { "t": { "capabilities": ["{{name}}"] } } }"""), "/settings");
        Assert.Equal(isName, refused is null);
        Assert.Equal(isName, VirtualTarget.TryParse("capability:" + name) is not null);
    }

    [Fact]
    public async Task Register_WithSettings_AreTheServersAndItsTools()
    {
        await using var world = new World();
        var (desk, discovery) = Desk(world);
        await ChangedAsync(desk.RegisterServerAsync(world.Ana, "erp", Address, Settings(Full), Token));
        var registry = await desk.ReadAsync(World.Tenant, Token);
        var server = registry.Newest(RegistryKind.Server, "erp")!.As<ServerBody>(); // just registered
        Assert.Equal(new UpstreamAuth.OnBehalfOf(new Uri("https://login.contoso.com/token"), "interlock", "erp-secret", ExchangeKind.Entra), server.Settings.Auth);
        Assert.Equal(server.Settings.Auth, discovery.Asked[^1].Auth);
        Assert.Equal((4, 1024, 0.5), (server.Settings.Resilience.MaxConcurrent, server.Settings.Resilience.MaxQueued, server.Settings.Resilience.BreakAbove));
        var pay = Tool(registry, "erp/pay").Settings;
        Assert.Equal((true, false, 2.5m, new CallRate(0.5, 3), 2048, 2), (pay.Idempotent, pay.ReadOnly, pay.Cost, pay.Rate, pay.MaxResultBytes, pay.Redact.Length));
        Assert.Equal((WhenUnavailable.Cached, "ledger-read"), (Tool(registry, "erp/list").Settings.WhenUnavailable, Assert.Single(Tool(registry, "erp/list").Settings.Capabilities)));
    }

    [Fact]
    public async Task Register_OtherSettingsOfATool_AreANewVersionAndDeprecateTheOld()
    {
        await using var world = new World();
        var (desk, _) = Desk(world);
        await ChangedAsync(desk.RegisterServerAsync(world.Ana, "erp", Address, Settings(Full), Token));
        await ChangedAsync(desk.RegisterServerAsync(world.Ana, "erp", Address, Settings(Full.Replace("\"cost\": 2.5", "\"cost\": 3", StringComparison.Ordinal)), Token));
        var registry = await desk.ReadAsync(World.Tenant, Token);
        Assert.Equal(("2.0.0", 3m, "1.0.0"), (registry.Newest(RegistryKind.Tool, "erp/pay")?.Version, Tool(registry, "erp/pay").Settings.Cost, registry.Newest(RegistryKind.Tool, "erp/list")?.Version));
        var old = registry.Find(RegistryKind.Tool, "erp/pay", "1.0.0");
        Assert.Equal((Lifecycle.Deprecated, "2.0.0"), (old?.Lifecycle, old?.Successor));
    }

    [Fact]
    public async Task Register_WithoutSettings_KeepsThemAtTheSameAddressOnly()
    {
        await using var world = new World();
        var (desk, discovery) = Desk(world);
        await ChangedAsync(desk.RegisterServerAsync(world.Ana, "erp", Address, Settings(Full), Token));
        await ChangedAsync(desk.RegisterServerAsync(world.Ana, "erp", Address, Token));
        var registry = await desk.ReadAsync(World.Tenant, Token);
        Assert.Equal(2.5m, Tool(registry, "erp/pay").Settings.Cost);
        Assert.NotNull(registry.Newest(RegistryKind.Server, "erp")?.As<ServerBody>().Settings.Auth);
        var asked = discovery.Asked.Count;
        var problem = await RefusedAsync(desk.RegisterServerAsync(world.Ana, "erp", new Uri("https://elsewhere.contoso.com/mcp"), Token));
        Assert.Equal(("invalid-settings", asked), (problem.Rule, discovery.Asked.Count));
    }

    [Theory]
    [InlineData("""{"tools":{"pay":{"cost":-1}}}""", "/settings/tools/pay/cost")]
    [InlineData("""{"tools":{"pay":{"cost":1000001}}}""", "/settings/tools/pay/cost")]
    [InlineData("""{"tools":{"pay":{"rate":{"perSecond":0,"burst":1}}}}""", "/settings/tools/pay/rate/perSecond")]
    [InlineData("""{"tools":{"pay":{"maxResultBytes":1023}}}""", "/settings/tools/pay/maxResultBytes")]
    [InlineData("""{"tools":{"pay":{"maxResultBytes":8388609}}}""", "/settings/tools/pay/maxResultBytes")]
    [InlineData("""{"tools":{"pay":{"whenUnavailable":"cached"}}}""", "/settings/tools/pay/whenUnavailable")]
    [InlineData("""{"tools":{"pay":{"redact":[{"path":"rows"}]}}}""", "/settings/tools/pay/redact/0/path")]
    [InlineData("""{"tools":{"pay":{"redact":[{"path":"/a~2"}]}}}""", "/settings/tools/pay/redact/0/path")]
    [InlineData("""{"tools":{"pay":{"redact":[{"path":"/a"},{"pattern":"(a)\\1"}]}}}""", "/settings/tools/pay/redact/1/pattern")]
    [InlineData("""{"tools":{"pay":{"redact":[{"pattern":"("}]}}}""", "/settings/tools/pay/redact/0/pattern")]
    [InlineData("""{"tools":{"pay":{"redact":[{}]}}}""", "/settings/tools/pay/redact/0")]
    [InlineData("""{"tools":{"pya":{}}}""", "/settings/tools/pya")]
    [InlineData("""{"tools":{"pay":{"readonly":true}}}""", "/settings/tools/pay")]
    [InlineData("""{"replicas":["ftp://erp.contoso.com"]}""", "/settings/replicas/0")]
    [InlineData("""{"replicas":["https://a:b@erp.contoso.com"]}""", "/settings/replicas/0")]
    [InlineData("""{"replicas":["https://erp.contoso.com/mcp"]}""", "/settings/replicas/0")]
    [InlineData("""{"replicas":["https://erp.contoso.com:99999999/mcp"]}""", "/settings")]
    [InlineData("""{"elicitationOrigins":["https://erp.contoso.com/login"]}""", "/settings/elicitationOrigins/0")]
    [InlineData("""{"elicitationOrigins":["erp.contoso.com"]}""", "/settings/elicitationOrigins/0")]
    [InlineData("""{"resilience":{"retries":6}}""", "/settings/resilience/retries")]
    [InlineData("""{"resilience":{"breakAbove":0.01}}""", "/settings/resilience/breakAbove")]
    [InlineData("""{"auth":{"type":"apiKey","secret":"s","header":"Mcp-Session-Id"}}""", "/settings/auth/header")]
    [InlineData("""{"auth":{"type":"apiKey","secret":"s","header":"Host"}}""", "/settings/auth/header")]
    [InlineData("""{"auth":{"type":"clientCredentials","tokenEndpoint":"http://login.contoso.com/","clientId":"a","secret":"s"}}""", "/settings/auth/tokenEndpoint")]
    [InlineData("""{"auth":{"type":"basic","secret":"s"}}""", "/settings/auth/type")]
    [InlineData("""{"auth":{"type":"apiKey","secret":"s","prefix":"a\r\nb"}}""", "/settings/auth/prefix")]
    [InlineData("""{"stdio":{"command":"npx"}}""", "/settings")]
    public async Task Register_SettingsThatCanNotBe_AreRefusedWithTheirPlace(string json, string pointer)
    {
        await using var world = new World();
        var (desk, _) = Desk(world);
        var (settings, refusal) = SettingsReader.Read(StrictJson.Parse(json), "/settings");
        refusal ??= await RefusedAsync(desk.RegisterServerAsync(world.Ana, "erp", Address, settings, Token));
        Assert.Equal(("invalid-settings", pointer), (refusal.Rule, refusal.Instance));
        Assert.Empty(await world.RecordsAsync(AuditTypes.RegistryChanged));
    }

    [Fact]
    public async Task Register_SettingsOfToolsNotShown_NamesThemAndThoseThatAre()
    {
        await using var world = new World();
        var problem = await RefusedAsync(Desk(world).Desk.RegisterServerAsync(world.Ana, "erp", Address, Settings("""{"tools":{"pay":{},"pya":{},"lits":{}}}"""), Token));
        Assert.Equal("The server shows no lits, pya; it shows list, pay.", problem.Detail);
    }

    [Theory]
    [InlineData("npx -y @scope/server", "stdio-operator-only")]
    [InlineData("stdio:node server.js", "stdio-operator-only")]
    [InlineData("file:///bin/sh", "stdio-operator-only")]
    [InlineData("ftp://erp.contoso.com", "stdio-operator-only")]
    [InlineData("http://a:b@erp.contoso.com", "invalid-address")]
    [InlineData("https://", "invalid-address")]
    [InlineData("https://erp.contoso.com", null)]
    public void Address_ThatIsNotHttp_IsRefused(string text, string? rule) => Assert.Equal(rule, UpstreamAddress.Read(text, "/address").Refusal?.Rule);

    [Fact]
    public async Task Register_CommandAsAddress_AsksNobodyAndStartsNothing()
    {
        await using var world = new World();
        var (desk, discovery) = Desk(world);
        Assert.Equal("stdio-operator-only", (await RefusedAsync(desk.RegisterServerAsync(world.Ana, "erp", new Uri("stdio:npx"), Token))).Rule);
        Assert.Empty(discovery.Asked);
    }

    private static ServerSettings Settings(string json) => RunJson.FromValue<ServerSettings>(StrictJson.Parse(json));

    private static ToolBody Tool(RegistrySnapshot registry, string name) => registry.Newest(RegistryKind.Tool, name)!.As<ToolBody>(); // registered

    private static (RegistryDesk Desk, StubDiscovery Discovery) Desk(World world)
    {
        var discovery = new StubDiscovery();
        discovery.Show(("pay", "Pays."), ("list", "Lists."));
        return (new(world.Node.Registries, new WorkflowCatalog(world.Blobs), world.Node.Audit, discovery, world.Directory, world.Node.Fences, world.Time), discovery);
    }

    private static async Task<RegistryResult.Changed> ChangedAsync(Task<RegistryResult> change) => Assert.IsType<RegistryResult.Changed>(await change);

    private static async Task<Problem> RefusedAsync(Task<RegistryResult> change) => Assert.IsType<RegistryResult.Refused>(await change).Problem;
}
