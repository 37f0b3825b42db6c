using Interlock.Core.Agents;
using Interlock.Core.Audit;
using Interlock.Core.Gateway;
using Interlock.Core.Registry;
using Interlock.Core.Registry.Changes;
using Interlock.Core.Runs;
using Interlock.Json;
using Interlock.Tests.Gateway;

namespace Interlock.Tests.Registry;

/// <summary>Agents of three kinds: what an operator says of one, and what is registered of it.</summary>
public sealed class AgentSettingsTests
{
    private const string Full =
        """
        { "protocol": "chat", "description": "Plans.", "tags": ["triage"], "auth": { "type": "apiKey", "secret": "openai", "header": "api-key", "prefix": "" },
          "model": "small", "instructions": "Be brief.", "pool": { "tools": ["crm/*", "capability:search", "tag:safe"], "agents": ["tag:triage", "writer"], "workflows": ["support/fix"] },
          "limits": { "steps": 7, "calls": 9, "tokens": 5000, "cost": 0.25, "time": "PT10M", "consecutiveFailures": 2, "repeats": 1 },
          "context": { "keep": 3, "maxTokens": 2000, "referenceAbove": 512, "summarizer": "short" }, "prices": { "input": 2.5, "output": 10 }, "maxOutputTokens": 800 }
        """;

    private static readonly Uri Endpoint = new("https://api.contoso.com/v1");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void Read_Everything_IsWrittenAsItWas()
    {
        var settings = Read(Full);
        Assert.Equal((7, 9, 5000L, 250_000L, TimeSpan.FromMinutes(10), 2, 1), (settings.Limits.Steps, settings.Limits.Calls, settings.Limits.Tokens, settings.Limits.Cost, settings.Limits.Time, settings.Limits.ConsecutiveFailures, settings.Limits.Repeats));
        Assert.Equal((new TokenPrices(2_500_000, 10_000_000), 800, new ContextPolicy { Keep = 3, MaxTokens = 2000, ReferenceAbove = 512, Summarizer = "short" }), (settings.Prices, settings.MaxOutputTokens, settings.Context));
        Assert.Equal(new UpstreamAuth.ApiKey("openai", "api-key", ""), settings.Auth);
        Assert.Equal(CanonicalJson.Digest(StrictJson.Parse(Full)), CanonicalJson.Digest(AgentSettingsJson.Write(settings)));
        Assert.Equal(RunJson.ToValue(settings), RunJson.ToValue(RunJson.Deserialize<AgentSettings>(RunJson.Serialize(settings))));
        Assert.Equal(RunJson.ToValue(settings), RunJson.ToValue(AgentSettingsJson.ReadText("# as YAML\n" + Full, "").Settings!)); // it reads
    }

    [Theory]
    [InlineData("""{"protocol":"grpc"}""", "/settings/protocol")]
    [InlineData("""{"protocol":"chat"}""", "/settings/model")]
    [InlineData("""{"protocol":"chat","model":"m","tool":"crm/read"}""", "/settings/tool")]
    [InlineData("""{"protocol":"chat","model":"m m"}""", "/settings/model")]
    [InlineData("""{"protocol":"chat","model":"m","temperature":1}""", "/settings")]
    [InlineData("""{"protocol":"chat","model":"m","limits":{"steps":0}}""", "/settings/limits/steps")]
    [InlineData("""{"protocol":"chat","model":"m","limits":{"steps":1001}}""", "/settings/limits/steps")]
    [InlineData("""{"protocol":"chat","model":"m","limits":{"time":"soon"}}""", "/settings/limits/time")]
    [InlineData("""{"protocol":"chat","model":"m","limits":{"time":"P31D"}}""", "/settings/limits/time")]
    [InlineData("""{"protocol":"chat","model":"m","limits":{"time":"PT0S"}}""", "/settings/limits/time")]
    [InlineData("""{"protocol":"chat","model":"m","limits":{"cost":0}}""", "/settings/limits/cost")]
    [InlineData("""{"protocol":"chat","model":"m","context":{"keep":0}}""", "/settings/context/keep")]
    [InlineData("""{"protocol":"chat","model":"m","prices":{"input":1}}""", "/settings/prices")]
    [InlineData("""{"protocol":"chat","model":"m","prices":{"input":-1,"output":1}}""", "/settings/prices/input")]
    [InlineData("""{"protocol":"chat","model":"m","pool":{"tools":["*"]}}""", "/settings/pool/tools/0")]
    [InlineData("""{"protocol":"chat","model":"m","maxOutputTokens":0}""", "/settings/maxOutputTokens")]
    [InlineData("""{"protocol":"chat","model":"m","auth":{"type":"apiKey","secret":"s","header":"Host"}}""", "/settings/auth/header")]
    [InlineData("""{"protocol":"chat","model":"m","auth":{"type":"onBehalfOf","tokenEndpoint":"https://login.contoso.com/","clientId":"a","secret":"s","exchange":"entra"}}""", "/settings/auth")]
    [InlineData("""{"protocol":"a2a","model":"m"}""", "/settings/model")]
    [InlineData("""{"protocol":"a2a","instructions":"x"}""", "/settings/instructions")]
    [InlineData("""{"protocol":"a2a","tool":"crm/read"}""", "/settings/tool")]
    [InlineData("""{"protocol":"mcp"}""", "/address")]
    public async Task Register_SettingsThatCanNotBe_AreRefusedWithTheirPlace(string json, string pointer)
    {
        await using var world = await World.CreateAsync();
        var (settings, refusal) = AgentSettingsJson.Read(StrictJson.Parse(json), "/settings");
        refusal ??= Assert.IsType<RegistryResult.Refused>(await Desk(world).RegisterAgentAsync(world.Ana, "planner", "1.0.0", Endpoint, settings!, Token)).Problem; // it reads
        Assert.Equal(("invalid-settings", pointer), (refusal.Rule, refusal.Instance));
        Assert.Empty(await world.RecordsAsync(AuditTypes.RegistryChanged));
    }

    [Theory]
    [InlineData("""{"protocol":"mcp","tool":"crm/none"}""", "There is no tool 'crm/none'")]
    [InlineData("""{"protocol":"mcp"}""", "registered with its tool")]
    public async Task Register_AToolThatIsNotThere_IsRefused(string json, string why)
    {
        await using var world = await World.CreateAsync();
        Assert.Contains(why, Assert.IsType<RegistryResult.Refused>(await Desk(world).RegisterAgentAsync(world.Ana, "reader", "1.0.0", null, Read(json), Token)).Problem.Detail);
    }

    [Fact]
    public async Task Register_AChatAgent_AsksNobody_AndItsDigestCoversItsSettings()
    {
        await using var world = await World.CreateAsync();
        var discovery = new StubDiscovery();
        var desk = Desk(world, discovery);
        await ChangedAsync(desk.RegisterAgentAsync(world.Ana, "planner", "1.0.0", Endpoint, Read(Full), Token));
        foreach (var (at, other) in new[] { ("Be brief.", "Be long."), ("\"small\"", "\"large\""), ("\"crm/*\"", "\"crm/read\""), ("\"steps\": 7", "\"steps\": 8") }.Index())
            await ChangedAsync(desk.RegisterAgentAsync(world.Ana, "planner", $"2.0.{at}", Endpoint, Read(Full.Replace(other.Item1, other.Item2, StringComparison.Ordinal)), Token));
        var registry = await desk.ReadAsync(World.Tenant, Token);
        Assert.Equal(5, registry.OfKind(RegistryKind.Agent).Select(entry => entry.As<AgentBody>().CardDigest).Distinct().Count());
        Assert.Empty(discovery.Asked);
        Assert.Equal("2.0.3", registry.Newest(RegistryKind.Agent, "planner")?.Version);
        Assert.Empty((await new ContractRefresh(new RegistryStore(world.Memory), new AuditLog(world.Memory, world.Time), discovery, world.Time).RunAsync(World.Tenant, Token)).Changed);
        Assert.DoesNotContain(discovery.Asked, asked => asked.Kind == UpstreamKind.Chat);
    }

    [Fact]
    public async Task Register_TheSameVersionAgain_IsTheSameOrRefused()
    {
        await using var world = await World.CreateAsync();
        var desk = Desk(world);
        await ChangedAsync(desk.RegisterAgentAsync(world.Ana, "planner", "1.0.0", Endpoint, Read(Full), Token));
        var epoch = (await desk.ReadAsync(World.Tenant, Token)).Epoch;
        Assert.Equal(epoch, (await ChangedAsync(desk.RegisterAgentAsync(world.Ana, "planner", "1.0.0", Endpoint, Read(Full), Token))).Epoch);
        Assert.Equal(409, Assert.IsType<RegistryResult.Refused>(await desk.RegisterAgentAsync(world.Ana, "planner", "1.0.0", Endpoint, Read("""{"protocol":"chat","model":"m"}"""), Token)).Problem.Status);
    }

    [Fact]
    public async Task Register_AnA2aAgent_KeepsItsCardAsPublishedBesideTheOperatorsWord()
    {
        await using var world = await World.CreateAsync();
        var card = StrictJson.Parse("""{"name":"Classifier","url":"https://api.contoso.com/v1","skills":[{"id":"x"}],"x-own":{"b":1,"a":2}}""");
        var discovery = new StubDiscovery();
        discovery.Tools.Add(new ToolContract("message", "Classifier", null, JsonValue.Object(("type", "object")), null, null, card) { Digest = ToolContract.Compute(card, null) });
        await ChangedAsync(Desk(world, discovery).RegisterAgentAsync(world.Ana, "classifier", "1.0.0", Endpoint, Read("""{"description":"Sorts.","tags":["triage"]}"""), Token));
        var body = (await new RegistryStore(world.Memory).ReadAsync(World.Tenant, Token)).Newest(RegistryKind.Agent, "classifier")!.As<AgentBody>(); // just registered
        Assert.Equal((card, "Sorts."), (body.Card, body.Settings.Description));
    }

    [Fact]
    public void Request_StoredBeforeThereWereSettings_IsStillRead()
    {
        var stored = StrictJson.Parse("""{"type":"registerAgent","name":"bot","version":"1.0.0","address":"https://bot.contoso.com/"}""");
        var request = Assert.IsType<RegistryRequest.RegisterAgent>(RunJson.FromValue<RegistryRequest>(stored));
        Assert.Equal((new Uri("https://bot.contoso.com/"), AgentProtocol.A2a), (request.Address, request.Settings.Protocol));
        var body = RunJson.FromValue<AgentBody>(StrictJson.Parse("""{"address":"https://bot.contoso.com/","registrationId":"r","cardDigest":"sha256:c","idempotent":false}"""));
        Assert.Equal((AgentProtocol.A2a, AgentLimits.Default, 0), (body.Settings.Protocol, body.Settings.Limits, body.Settings.Pool.Tools.Length));
    }

    private static AgentSettings Read(string json)
    {
        var (settings, refusal) = AgentSettingsJson.Read(StrictJson.Parse(json), "/settings");
        Assert.Null(refusal);
        return settings!; // not refused
    }

    private static async Task<RegistryResult.Changed> ChangedAsync(Task<RegistryResult> result) => Assert.IsType<RegistryResult.Changed>(await result);

    private static RegistryDesk Desk(World world, StubDiscovery? discovery = null) => new(
        new RegistryStore(world.Memory), new WorkflowCatalog(world.Blobs), new AuditLog(world.Memory, world.Time), discovery ?? new StubDiscovery(), world.Directory, world.Node.Fences, world.Time);
}
