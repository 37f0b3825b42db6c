using System.Diagnostics;
using System.Diagnostics.Tracing;
using System.Text;
using Interlock.Core.Identity;
using Interlock.Functions.Edge;
using Interlock.Functions.Hosting;
using Interlock.Functions.Storage;
using Interlock.Json;
using Interlock.Tests.Audit;
using Interlock.Tests.Azure.Storage;
using Interlock.Tests.Identity;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace Interlock.Tests.Azure.Hosting;

/// <summary>One worker's services from its settings: what is missing or wrong is named, what is enough is enough, and nobody is asked anything at the start.</summary>
public sealed class AppServicesTests : IDisposable
{
    private static readonly PlatformEnvironment InAzure = new(IsAzure: true, SignsPeopleIn: true);
    private static readonly PlatformEnvironment AtHome = new(IsAzure: false, SignsPeopleIn: false);

    private readonly string _folder = Directory.CreateTempSubdirectory("interlock-settings-").FullName;

    /// <summary>As the infrastructure gives them.</summary>
    private static Dictionary<string, string?> Full => new()
    {
        [SettingNames.Tenant] = EntraTokens.Tenant.Value,
        [SettingNames.PublicOrigin] = "https://interlock.example",
        [SettingNames.StorageTables] = "https://runtime.table.core.windows.net/",
        [SettingNames.StorageBlobs] = "https://runtime.blob.core.windows.net/",
        [SettingNames.AuditTables] = "https://audit.table.core.windows.net/",
        [SettingNames.AuditBlobs] = "https://audit.blob.core.windows.net/",
        [SettingNames.ClientId] = "11111111-2222-3333-4444-555555555555",
        [SettingNames.MacKey] = Convert.ToBase64String(Encoding.UTF8.GetBytes("a secret that nobody may ever see")),
        [SettingNames.McpAudience] = EntraTokens.McpApp,
        [SettingNames.ApiAudience] = EntraTokens.ApiApp,
        [SettingNames.SignInAudience] = EntraTokens.SignInApp,
        [SettingNames.AllowGuests] = "false",
        [SettingNames.EventTopic] = "https://topic.westeurope-1.eventgrid.azure.net/api/events",
        [SettingNames.EventPublisher] = "99999999-2222-3333-4444-555555555555",
        [SettingNames.EgressHosts] = "tools.internal, agents.internal",
        [SettingNames.NoticeChannels] = """{ "channels": [ { "name": "leads", "kind": "teams", "url": "https://hooks.example/leads?sig=secret" } ] }""",
    };

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Create_NothingConfigured_NamesWhatIsNeeded()
    {
        var e = Assert.Throws<SettingsException>(() => Create([], InAzure));

        Assert.Equal(
            new[] { SettingNames.Tenant, SettingNames.McpAudience, SettingNames.ApiAudience, SettingNames.MacKey }.Order(StringComparer.Ordinal),
            e.Problems.Select(problem => problem.Split(' ')[0]).Order(StringComparer.Ordinal));
        Assert.All(e.Problems, problem => Assert.Contains("is missing: set it to", problem, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Create_FullSet_IsMadeWithoutAskingAnybody()
    {
        using var network = new NetworkUse();

        await using var services = Create(Full, InAzure, Memory());

        Assert.Empty(network.Seen);
        Assert.Equal(EntraTokens.Tenant, services.Tenant.Tenant);
        Assert.Equal(EntraTokens.Tenant, services.EventSource.Principal?.Tenant);
        Assert.Equal("app:99999999-2222-3333-4444-555555555555", services.EventSource.Principal?.Subject);
    }

    /// <summary>The client for the table service is the first that the declarations can't make: everything before it was right.</summary>
    [Fact]
    public void Create_FullSet_ReachesTheStorage() => Assert.Throws<NotSupportedException>(() => Create(Full, InAzure));

    [Theory]
    [InlineData(SettingNames.Tenant)]
    [InlineData(SettingNames.PublicOrigin)]
    [InlineData(SettingNames.StorageTables)]
    [InlineData(SettingNames.StorageBlobs)]
    [InlineData(SettingNames.AuditTables)]
    [InlineData(SettingNames.AuditBlobs)]
    [InlineData(SettingNames.ClientId)]
    [InlineData(SettingNames.MacKey)]
    [InlineData(SettingNames.McpAudience)]
    [InlineData(SettingNames.ApiAudience)]
    public void Create_OneMissing_NamesIt(string name)
    {
        foreach (var value in (string?[])[null, "", "  "])
        {
            var problem = Assert.Single(Assert.Throws<SettingsException>(() => Create(With(name, value), InAzure, StorageFor(name))).Problems);

            Assert.StartsWith(name + " is missing: ", problem, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(SettingNames.SignInAudience)]
    [InlineData(SettingNames.AllowGuests)]
    [InlineData(SettingNames.EventTopic)]
    [InlineData(SettingNames.EventPublisher)]
    [InlineData(SettingNames.EgressHosts)]
    [InlineData(SettingNames.NoticeChannels)]
    public async Task Create_OneOptionalMissing_IsMade(string name)
    {
        await using var services = Create(With(name, null), InAzure, Memory());

        Assert.Equal(name == SettingNames.EventPublisher, services.EventSource.Principal is null);
    }

    [Theory]
    [InlineData(SettingNames.PublicOrigin, "http://interlock.example")]
    [InlineData(SettingNames.PublicOrigin, "https://interlock.example/app")]
    [InlineData(SettingNames.PublicOrigin, "interlock.example")]
    [InlineData(SettingNames.StorageTables, "http://runtime.table.core.windows.net")]
    [InlineData(SettingNames.StorageBlobs, "https://runtime.blob.core.windows.net/?sv=2024&sig=secret")]
    [InlineData(SettingNames.AuditTables, "https://runtime.table.core.windows.net/")]
    [InlineData(SettingNames.AuditBlobs, "https://runtime.blob.core.windows.net/")]
    [InlineData(SettingNames.EventTopic, "http://topic.example")]
    [InlineData(SettingNames.EventTopic, "topic")]
    [InlineData(SettingNames.NoticeChannels, "https://hooks.example/leads?sig=secret")]
    [InlineData(SettingNames.NoticeChannels, """{ "channels": [ { "name": "leads", "kind": "teams", "url": "http://127.0.0.1/?sig=secret" } ] }""")]
    public void Create_OneWrong_NamesItAndTellsNoSecret(string name, string value)
    {
        var problem = Assert.Single(Assert.Throws<SettingsException>(() => Create(With(name, value), InAzure, StorageFor(name))).Problems);

        Assert.StartsWith(name + " is ", problem, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Create_DevelopmentInAzure_IsRefused()
    {
        LocalUsers.Write(_folder, []);

        var e = Assert.Throws<SettingsException>(() => Create(With(SettingNames.DevelopmentFolder, _folder), InAzure, Memory()));

        Assert.Contains(e.Problems, problem => problem.StartsWith(SettingNames.DevelopmentFolder + " is for a developer's machine", StringComparison.Ordinal));
    }

    [Fact]
    public void Create_SampleAsItIs_NamesTheFolder()
    {
        var problem = Assert.Single(Assert.Throws<SettingsException>(() => Create(HostFilesTests.Sample(), AtHome, Memory())).Problems);

        Assert.StartsWith(SettingNames.DevelopmentFolder + " ", problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Create_SampleWithItsFolder_IsMade()
    {
        LocalUsers.Write(_folder, [new NewUser("ana", "Ana", [], [], "password")]);
        var sample = HostFilesTests.Sample();
        sample[SettingNames.DevelopmentFolder] = _folder;

        Assert.Throws<NotSupportedException>(() => Create(sample, AtHome)); // as far as the client for Azurite
        await using var services = Create(sample, AtHome, Memory());

        Assert.Equal(new Uri("http://localhost:7071"), services.Web.Options.PublicOrigin);
    }

    /// <summary>Clients learn from the app itself where its tokens come from (RFC 9728), under the address that people use and not the one behind it.</summary>
    [Fact]
    public async Task Mcp_InAzure_NamesTheTenantsIssuer()
    {
        await using var services = Create(Full, InAzure, Memory());
        using var diagnostics = new DiagnosticListener("Microsoft.AspNetCore");
        await using var provider = new ServiceCollection().AddLogging().AddRouting().AddSingleton(diagnostics).BuildServiceProvider();
        var pipeline = new WebPipeline(provider, services.Web);

        var refused = await AskAsync(pipeline, provider, "POST", "/mcp");
        var metadata = await AskAsync(pipeline, provider, "GET", "/.well-known/oauth-protected-resource/mcp");

        Assert.Equal(401, refused.Response.StatusCode);
        Assert.Contains("resource_metadata=\"https://interlock.example/.well-known/oauth-protected-resource/mcp\"", refused.Response.Headers.WWWAuthenticate.ToString(), StringComparison.Ordinal);
        var document = StrictJson.Parse(((MemoryStream)metadata.Response.Body).ToArray());
        Assert.Equal("https://interlock.example/mcp", document["resource"]!.AsString());
        Assert.Equal($"https://login.microsoftonline.com/{EntraTokens.Tenant}/v2.0", Assert.Single(document["authorization_servers"]!.Items).AsString());
    }

    private static async Task<HttpContext> AskAsync(WebPipeline pipeline, IServiceProvider provider, string method, string path)
    {
        var context = new DefaultHttpContext { RequestServices = provider };
        (context.Request.Method, context.Request.Path, context.Request.Scheme, context.Request.Host) = (method, path, "http", new HostString("10.0.0.4", 8080));
        context.Response.Body = new MemoryStream();
        await pipeline.HandleAsync(context);
        return context;
    }

    private static Dictionary<string, string?> With(string name, string? value) => new(Full) { [name] = value };

    private static AppStorage Memory()
    {
        var store = new TableStore(new MemoryTableService());
        return new AppStorage(store, store, new BlobStore(new MemoryBlobContainer()), new MemoryArchive());
    }

    /// <summary>None where the setting is the storage's own, so that it is read.</summary>
    private static AppStorage? StorageFor(string name) =>
        name is SettingNames.StorageTables or SettingNames.StorageBlobs or SettingNames.AuditTables or SettingNames.AuditBlobs ? null : Memory();

    private static AppServices Create(Dictionary<string, string?> settings, PlatformEnvironment platform, AppStorage? storage = null) => new(
        new ConfigurationBuilder().AddInMemoryCollection(settings.ToDictionary(setting => setting.Key.Replace("__", ":", StringComparison.Ordinal), setting => setting.Value)).Build(),
        platform, NullLoggerFactory.Instance, TimeProvider.System, CancellationToken.None, storage);

    /// <summary>Names looked up and connections begun by this thread.</summary>
    private sealed class NetworkUse : EventListener
    {
        private readonly int _thread = Environment.CurrentManagedThreadId;

        public List<string> Seen { get; } = [];

        protected override void OnEventSourceCreated(System.Diagnostics.Tracing.EventSource eventSource)
        {
            if (eventSource.Name is "System.Net.NameResolution" or "System.Net.Sockets" or "System.Net.Http") EnableEvents(eventSource, EventLevel.Informational);
        }

        protected override void OnEventWritten(EventWrittenEventArgs eventData)
        {
            if (Environment.CurrentManagedThreadId == _thread && eventData.EventName?.EndsWith("Start", StringComparison.Ordinal) == true) Seen.Add($"{eventData.EventSource.Name} {eventData.EventName}");
        }
    }
}
