using Interlock.Core;
using Interlock.Core.Gateway;
using Interlock.Core.Identity;
using Interlock.Core.Policy;
using Interlock.Core.Runs;
using Interlock.Functions.Hosting;
using Interlock.Functions.Storage;
using Interlock.Http.Upstreams;
using Interlock.Local.Hosting;
using Interlock.Tests.Audit;
using Interlock.Tests.Azure.Storage;
using Interlock.Tests.Gateway;
using Interlock.Tests.Storage;
using Interlock.Tests.Upstreams;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging.Abstractions;

namespace Interlock.Tests.Notices;

/// <summary>Both hosts, from their configuration to a message that arrives.</summary>
public sealed class HostNoticesTests : IDisposable
{
    private static readonly TenantId _tenant = new("local");

    private readonly TempDirectory _data = new();

    public HostNoticesTests()
    {
        Directory.CreateDirectory(_data.Path);
        LocalUsers.Write(_data.Path, [new NewUser("ana", "Ana", [], ["leads"], "password")]);
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _data.Dispose();

    [Fact]
    public async Task Local_GateOpens_TheChannelHearsOfIt()
    {
        await using var server = await StubServer.StartAsync((_, _) => Task.CompletedTask);
        WriteChannels(Channels(server));
        await using var services = await LocalServices.OpenAsync(Options, NullLoggerFactory.Instance, TimeProvider.System, Token);
        using var sender = services.SenderFor(new Uri("http://127.0.0.1:7071"));

        await OpenAsync(services.Approvals);
        await services.DeliveryBy(sender).RunAsync(_tenant, Token);

        AssertLeadsTo("http://127.0.0.1:7071/approvals/open/", server);
    }

    [Fact]
    public async Task Functions_GateOpens_TheChannelHearsOfIt()
    {
        await using var server = await StubServer.StartAsync((_, _) => Task.CompletedTask);
        await using var services = Services(Channels(server), "http://localhost:7071");

        await OpenAsync(services.Web.Approvals);
        await services.Notices.RunAsync(_tenant, Token);

        AssertLeadsTo("http://localhost:7071/approvals/open/", server);
    }

    [Fact]
    public async Task Functions_NoChannels_IsMade()
    {
        await using var services = Services(null, null);

        await OpenAsync(services.Web.Approvals);

        Assert.Empty((await services.Notices.RunAsync(_tenant, Token)).Ended);
    }

    [Fact]
    public void Functions_ChannelsWithoutAnAddressOfOurs_DoesNotStart()
    {
        var problem = Assert.Single(Assert.Throws<SettingsException>(() => Services("""{ "channels": [ { "name": "x", "kind": "teams", "url": "https://h" } ] }""", null)).Problems);

        Assert.StartsWith(SettingNames.PublicOrigin + " is missing: ", problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{ "channels": [ { "name": "x", "kind": "teams", "url": "http://hidden" } ] }""", "/channels/0/url: ")]
    [InlineData("hidden", "no I-JSON")]
    [InlineData("@Microsoft.KeyVault(SecretUri=https://kv/secrets/notice-channels)", "not resolved")]
    public void Functions_WrongChannels_DoesNotStartAndTellsNoSecret(string setting, string expected)
    {
        var problem = Assert.Single(Assert.Throws<SettingsException>(() => Services(setting, "http://localhost:7071")).Problems);

        Assert.StartsWith(SettingNames.NoticeChannels + " ", problem, StringComparison.Ordinal);
        Assert.Contains(expected, problem, StringComparison.Ordinal);
        Assert.DoesNotContain("hidden", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void LocalChannels_WrongFile_SaysWhichAndWhere()
    {
        WriteChannels("""{ "channels": [ { "name": "x" } ] }""");

        var e = Assert.Throws<InvalidDataException>(() => LocalChannels.Load(_data.Path, false));

        Assert.StartsWith(Path.Combine(_data.Path, "channels.json") + ": /channels/0/kind: ", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void LocalChannels_FileOthersCanRead_IsItsOwnersFromThenOn()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no such modes.");
        WriteChannels("""{ "channels": [] }""");
        var path = Path.Combine(_data.Path, LocalChannels.FileName);
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead);

        Assert.True(LocalChannels.Load(_data.Path, false).IsEmpty);

        if (!OperatingSystem.IsWindows()) Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
    }

    [Fact]
    public void LocalChannels_NoFile_IsNone() => Assert.True(LocalChannels.Load(_data.Path, false).IsEmpty);

    [Theory]
    [InlineData("http://0.0.0.0:7071", true)]
    [InlineData("http://[::]:7071", true)]
    [InlineData("http://127.0.0.1:7071", false)]
    [InlineData("http://10.0.0.5:7071", false)]
    [InlineData("http://localhost:7071", false)]
    public void IsAnywhere_Address_NamesNoneOrOne(string url, bool anywhere) => Assert.Equal(anywhere, LocalWeb.IsAnywhere(new Uri(url)));

    private LocalOptions Options => new(_data.Path) { Egress = new EgressOptions { AllowLoopback = true } };

    private static string Channels(StubServer server) => $$"""{ "channels": [ { "name": "leads", "kind": "teams", "url": "{{server.Address}}?sig=1", "for": ["group:leads"] } ] }""";

    private void WriteChannels(string json) => File.WriteAllText(Path.Combine(_data.Path, LocalChannels.FileName), json);

    private static async Task OpenAsync(ApprovalDesk desk)
    {
        var ana = new Principal(_tenant, "ana", PrincipalKind.User, "Ana", [], []);
        var request = new GateRequest(new GateId(new string('a', 32)), new TaskPath("/do/0/ask"), "Go on?", null, [new Approver(ApproverKind.Group, "leads")], 1, true, true, DateTimeOffset.UtcNow.AddHours(1), []);
        var opened = await desk.OpenAsync(_tenant, new CallSite(World.Run, World.Workflow, request.Task, new FrameId("/do/0/ask")), new RunOrigin(ana, null, "api"), request, Token);
        Assert.Null(opened.Refusal);
    }

    private static void AssertLeadsTo(string place, StubServer server)
    {
        var card = Assert.Single(server.Requests).Json!["attachments"]![0]!["content"]!; // as TeamsCardTests say
        Assert.StartsWith(place, card["actions"]![0]!["url"]!.AsString(), StringComparison.Ordinal);
        Assert.Contains("Ana (user:ana)", card.ToString(), StringComparison.Ordinal);
    }

    private AppServices Services(string? channels, string? origin)
    {
        var store = new TableStore(new MemoryTableService());
        var settings = new Dictionary<string, string?>
        {
            [SettingNames.Tenant] = _tenant.Value,
            [SettingNames.PublicOrigin] = origin,
            [SettingNames.DevelopmentFolder] = _data.Path,
            [SettingNames.NoticeChannels] = channels,
        };
        return new AppServices(
            new ConfigurationBuilder().AddInMemoryCollection(settings.ToDictionary(setting => setting.Key.Replace("__", ":", StringComparison.Ordinal), setting => setting.Value)).Build(),
            new PlatformEnvironment(IsAzure: false, SignsPeopleIn: false), NullLoggerFactory.Instance, TimeProvider.System, CancellationToken.None,
            new AppStorage(store, store, new BlobStore(new MemoryBlobContainer()), new MemoryArchive()));
    }
}
