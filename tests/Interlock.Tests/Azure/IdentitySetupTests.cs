using System.Collections.Concurrent;
using System.Net;
using Interlock.Core;
using Interlock.Core.Identity;
using Interlock.Functions.Hosting;
using Interlock.Functions.Identity;
using Interlock.Http.Hosting;
using Interlock.Tests.Identity;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging.Abstractions;

namespace Interlock.Tests.Azure;

public sealed class IdentitySetupTests : IDisposable
{
    private const string KeysAddress = "https://login.microsoftonline.com/b9419818-09af-49c2-b0c3-653adc1f376e/discovery/v2.0/keys";

    private static readonly PlatformEnvironment InAzure = new(IsAzure: true, SignsPeopleIn: true);
    private static readonly PlatformEnvironment AtHome = new(IsAzure: false, SignsPeopleIn: false);

    private readonly ManualTime _time = new(Tokens.Now);
    private readonly EntraTokens _entra;
    private readonly Outside _outside = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("interlock-identity-").FullName;

    public IdentitySetupTests() => _entra = new EntraTokens(_time);

    private static Dictionary<string, string?> Entra => new()
    {
        [SettingNames.Tenant] = EntraTokens.Tenant.Value,
        [SettingNames.McpAudience] = EntraTokens.McpApp,
        [SettingNames.ApiAudience] = EntraTokens.ApiApp,
        [SettingNames.SignInAudience] = EntraTokens.SignInApp,
        [SettingNames.MacKey] = Convert.ToBase64String(new byte[32]),
    };

    private Dictionary<string, string?> Development => new() { [SettingNames.DevelopmentFolder] = _folder };

    public void Dispose()
    {
        _outside.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void Create_NothingConfigured_ThrowsNamingWhatIsNeeded()
    {
        var e = Assert.Throws<SettingsException>(() => Create([], InAzure));
        foreach (var name in (string[])[SettingNames.Tenant, SettingNames.McpAudience, SettingNames.ApiAudience, SettingNames.MacKey])
            Assert.Single(e.Problems, problem => problem.StartsWith(name + " is missing: set it to", StringComparison.Ordinal));
        Assert.Equal(4, e.Problems.Count);
    }

    [Theory]
    [InlineData(SettingNames.Tenant, "contoso.com")]
    [InlineData(SettingNames.Tenant, "common")]
    [InlineData(SettingNames.Tenant, " ")]
    [InlineData(SettingNames.McpAudience, "api://interlock-mcp")]
    [InlineData(SettingNames.McpAudience, EntraTokens.ApiApp)]
    [InlineData(SettingNames.ApiAudience, "")]
    [InlineData(SettingNames.SignInAudience, "x")]
    [InlineData(SettingNames.SignInAudience, EntraTokens.ApiApp)]
    [InlineData(SettingNames.SignInAudience, EntraTokens.McpApp)]
    [InlineData(SettingNames.AllowGuests, "perhaps")]
    [InlineData(SettingNames.MacKey, "@Microsoft.KeyVault(SecretUri=https://vault.example/secrets/mac)")]
    [InlineData(SettingNames.MacKey, "hunter2!")]
    [InlineData(SettingNames.MacKey, "aHVudGVyMg==")]
    public void Create_OneSettingWrong_ThrowsNamingItOnlyAndNoSecret(string name, string value)
    {
        var problem = Assert.Single(Assert.Throws<SettingsException>(() => Create(Entra, InAzure, (name, value))).Problems);
        Assert.StartsWith(name + " ", problem, StringComparison.Ordinal);
        if (name == SettingNames.MacKey) Assert.DoesNotContain(value, problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Create_Entra_AcceptsEachTokenAtItsFaceOnly()
    {
        using var identity = Create(Entra, InAzure);

        Assert.IsType<TokenResult.Valid>(await VerifyAsync(identity.ApiTokens, EntraTokens.Sign(_entra.Delegated(EntraTokens.ApiApp))));
        Assert.IsType<TokenResult.Valid>(await VerifyAsync(identity.McpTokens, EntraTokens.Sign(_entra.Delegated(EntraTokens.McpApp))));
        await RefusedAsync(TokenRules.Audience, identity.ApiTokens, EntraTokens.Sign(_entra.Delegated(EntraTokens.McpApp)));
        await RefusedAsync(TokenRules.Audience, identity.McpTokens, EntraTokens.Sign(_entra.Delegated(EntraTokens.ApiApp)));
        await RefusedAsync(TokenRules.Audience, identity.ApiTokens, EntraTokens.Sign(_entra.IdToken()));
        Assert.Equal([KeysAddress], _outside.Asked);
        Assert.Equal(EntraTokens.Tenant, identity.Tenant);
        Assert.Equal("https://login.microsoftonline.com/b9419818-09af-49c2-b0c3-653adc1f376e/v2.0", Assert.Single(identity.AuthorizationServers).AbsoluteUri);
        Assert.False(identity.IsDevelopment);
    }

    [Fact]
    public async Task Create_Entra_RefusesALocalIssuersTokens()
    {
        using var keys = LocalKeys.Open(_folder, _time);
        using var identity = Create(Entra, InAzure);
        var admin = new Principal(EntraTokens.Tenant, EntraTokens.Ana, PrincipalKind.User, "Ana", [], ["admin"]);
        var run = new RunTokenClaims(EntraTokens.Tenant, new RunId("0af1"), new FrameId("/do/1/plan"), []);

        await RefusedAsync(TokenRules.Issuer, identity.ApiTokens, keys.Issuer.Issue(new LocalTokenRequest(admin, TokenClass.Api, TimeSpan.FromMinutes(5))));
        await RefusedAsync(TokenRules.Issuer, identity.McpTokens, keys.Issuer.Issue(new LocalTokenRequest(admin, TokenClass.Mcp, TimeSpan.FromMinutes(5))));
        await RefusedAsync(TokenRules.Issuer, identity.McpTokens, keys.Issuer.Issue(new LocalTokenRequest(admin, TokenClass.Run, TimeSpan.FromMinutes(5), run)));
        Assert.Empty(_outside.Asked);
    }

    /// <summary>Run tokens are the app's own: every worker of it issues and accepts them, at <c>/mcp</c> alone, and no other app does.</summary>
    [Fact]
    public async Task Create_Entra_IssuesRunTokensThatEveryWorkerAcceptsAtMcp()
    {
        using var one = Create(Entra, InAzure);
        using var other = Create(Entra, InAzure);
        using var foreign = Create(Entra, InAzure, (SettingNames.MacKey, Convert.ToBase64String(Enumerable.Repeat((byte)9, 32).ToArray())));
        var agent = new Principal(EntraTokens.Tenant, "helper", PrincipalKind.Agent, "helper", [], []);
        var run = new RunTokenClaims(EntraTokens.Tenant, new RunId("0af1"), new FrameId("/do/1/plan"), [new ToolName("crm/read")]) { Call = new EffectId("e1"), AgentVersion = "1.0.0" };
        var token = one.RunIssuer.Issue(new LocalTokenRequest(agent, TokenClass.Run, TimeSpan.FromMinutes(5), run));

        var valid = Assert.IsType<TokenResult.Valid>(await VerifyAsync(other.McpTokens, token));
        Assert.Equal((TokenClass.Run, "agent:helper", run.Call, run.AgentVersion), (valid.Token.Class, valid.Token.ToPrincipal().Subject, valid.Token.Run!.Call, valid.Token.Run.AgentVersion)); // of class run
        await RefusedAsync(TokenRules.Issuer, other.ApiTokens, token);
        await RefusedAsync(TokenRules.Key, foreign.McpTokens, token);
        Assert.Throws<ArgumentException>(() => one.RunIssuer.Issue(new LocalTokenRequest(agent with { Kind = PrincipalKind.User }, TokenClass.Mcp, TimeSpan.FromMinutes(5))));
    }

    [Fact]
    public void Create_Entra_PeopleSignInOnlyWherePlatformAuthenticationRunsAndIsConfigured()
    {
        using var running = Create(Entra, InAzure);
        using var off = Create(Entra, InAzure with { SignsPeopleIn = false });
        using var unset = Create(Entra, InAzure, (SettingNames.SignInAudience, ""));

        Assert.IsType<SignInMethod.Platform>(running.SignIn);
        Assert.Contains("Platform authentication", Assert.IsType<SignInMethod.Closed>(off.SignIn).Reason, StringComparison.Ordinal);
        Assert.Contains(SettingNames.SignInAudience, Assert.IsType<SignInMethod.Closed>(unset.SignIn).Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, false)]
    [InlineData("false", false)]
    [InlineData("true", true)]
    public async Task Create_Entra_GuestsAreUsersOnlyWhenAllowed(string? setting, bool found)
    {
        _outside.UserType = "Guest";
        using var identity = Create(Entra, InAzure, (SettingNames.AllowGuests, setting));
        Assert.Equal(found, await identity.Directory.FindUserAsync(EntraTokens.Tenant, EntraTokens.Ana, TestContext.Current.CancellationToken) is not null);
    }

    [Fact]
    public async Task Create_Development_UsesTheFoldersIssuerUsersAndPasswords()
    {
        LocalUsers.Write(_folder, [new NewUser("ana", "Ana", ["operator"], [], "correct horse")]);
        using var keys = LocalKeys.Open(_folder, _time);
        using var identity = Create(Development, AtHome, (SettingNames.Tenant, "local"), (SettingNames.DevelopmentStorage, "UseDevelopmentStorage=true"));
        var ana = await identity.Directory.FindUserAsync(new TenantId("local"), "ana", TestContext.Current.CancellationToken);

        Assert.IsType<TokenResult.Valid>(await VerifyAsync(identity.ApiTokens, keys.Issuer.Issue(new LocalTokenRequest(ana!, TokenClass.Api, TimeSpan.FromMinutes(5)))));
        await RefusedAsync(TokenRules.Issuer, identity.ApiTokens, EntraTokens.Sign(_entra.Delegated(EntraTokens.ApiApp)));
        var form = Assert.IsType<SignInMethod.Password>(identity.SignIn);
        Assert.NotNull(await form.People.CheckAsync(identity.Tenant, "ana", "correct horse", TestContext.Current.CancellationToken));
        Assert.True(identity.Mac.Verify("p", "x", keys.Mac.Sign("p", "x")));
        Assert.True(identity.IsDevelopment);
        Assert.Empty(_outside.Asked);
    }

    [Fact]
    public void Create_DevelopmentInAzure_Throws()
    {
        LocalUsers.Write(_folder, []);
        Assert.Contains("refused in Azure", Assert.Single(Assert.Throws<SettingsException>(() => Create(Development, InAzure)).Problems), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(SettingNames.StorageTables, "https://account.table.core.windows.net/")]
    [InlineData(SettingNames.StorageBlobs, "https://account.blob.core.windows.net/")]
    [InlineData(SettingNames.AuditTables, "https://10.0.0.4/")]
    [InlineData(SettingNames.AuditBlobs, "nonsense")]
    [InlineData(SettingNames.DevelopmentStorage, "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=eA==;EndpointSuffix=core.windows.net")]
    [InlineData(SettingNames.DevelopmentStorage, "BlobEndpoint=http://127.0.0.1:10000/a;QueueEndpoint=http://127.0.0.1:10001/a;TableEndpoint=https://a.table.core.windows.net/")]
    [InlineData(SettingNames.DevelopmentStorage, "UseDevelopmentStorage=true;TableEndpoint=https://a.table.core.windows.net/")]
    [InlineData(SettingNames.DevelopmentStorage, "UseDevelopmentStorage=true;DevelopmentStorageProxyUri=http://10.0.0.4")]
    [InlineData(SettingNames.DevelopmentStorage, "UseDevelopmentStorage=true;usedevelopmentstorage=true")]
    [InlineData(SettingNames.DevelopmentStorage, "AccountName=a;AccountKey=eA==")]
    [InlineData("AzureWebJobsStorage", "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=eA==")]
    [InlineData("AzureWebJobsStorage__accountName", "account")]
    [InlineData("AzureWebJobsStorage__tableServiceUri", "https://account.table.core.windows.net/")]
    public void Create_DevelopmentOverStorageElsewhere_Throws(string name, string value)
    {
        LocalUsers.Write(_folder, []);
        var problem = Assert.Single(Assert.Throws<SettingsException>(() => Create(Development, AtHome, (name, value))).Problems);
        Assert.StartsWith(name.Split("__account")[0].Split("__table")[0] + " ", problem, StringComparison.Ordinal);
        Assert.DoesNotContain("eA==", problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(SettingNames.StorageTables, "http://127.0.0.1:10002/devstoreaccount1")]
    [InlineData(SettingNames.DevelopmentStorage, "AccountName=a;AccountKey=eA==;BlobEndpoint=http://127.0.0.1:1/a;QueueEndpoint=http://localhost:2/a;TableEndpoint=http://[::1]:3/a")]
    [InlineData("AzureWebJobsStorage", "UseDevelopmentStorage=true")]
    public void Create_DevelopmentOverStorageHere_Works(string name, string value)
    {
        LocalUsers.Write(_folder, []);
        using var identity = Create(Development, AtHome, (name, value));
        Assert.True(identity.IsDevelopment);
    }

    [Fact]
    public void Create_DevelopmentWithoutUsersOrWithDamagedOnes_Throws()
    {
        Assert.StartsWith(SettingNames.DevelopmentFolder, Assert.Single(Assert.Throws<SettingsException>(() => Create(Development, AtHome)).Problems), StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(_folder, "keys")));
        File.WriteAllText(Path.Combine(_folder, "users.json"), "{}");
        Assert.StartsWith(SettingNames.DevelopmentFolder, Assert.Single(Assert.Throws<SettingsException>(() => Create(Development, AtHome)).Problems), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "", false, false)]
    [InlineData("WEBSITE_AUTH_ENABLED", "", false, false)] // a variable alone, outside Azure, is nobody's word
    [InlineData("WEBSITE_INSTANCE_ID", "", true, false)]
    [InlineData("WEBSITE_SITE_NAME", "", true, false)]
    [InlineData("WEBSITE_POD_NAME", "", true, false)]
    [InlineData("WEBSITE_SITE_NAME", "WEBSITE_AUTH_ENABLED", true, true)]
    public void Read_Variables_SayWhereItRuns(string first, string second, bool isAzure, bool signsIn) =>
        Assert.Equal(new PlatformEnvironment(isAzure, signsIn), PlatformEnvironment.Read(name => name == first || name == second ? "True" : null));

    [Theory]
    [InlineData("False")]
    [InlineData("1")]
    [InlineData("")]
    public void Read_AuthenticationNotOn_SignsNobodyIn(string value) =>
        Assert.False(PlatformEnvironment.Read(name => name == "WEBSITE_SITE_NAME" ? "app" : name == "WEBSITE_AUTH_ENABLED" ? value : null).SignsPeopleIn);

    private AppIdentity Create(Dictionary<string, string?> settings, PlatformEnvironment platform, params (string Name, string? Value)[] more)
    {
        foreach (var (name, value) in more) settings[name] = value;
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create(setting.Key.Replace("__", ":", StringComparison.Ordinal), setting.Value))).Build();
        return IdentitySetup.Create(configuration, platform, _outside, () => new GraphStub.Credential(), _time, NullLoggerFactory.Instance);
    }

    private static Task<TokenResult> VerifyAsync(JwtVerifier verifier, string token) => verifier.VerifyAsync(token, TestContext.Current.CancellationToken);

    private static async Task RefusedAsync(string rule, JwtVerifier verifier, string token) =>
        Assert.Equal(rule, Assert.IsType<TokenResult.Refused>(await VerifyAsync(verifier, token)).Rule);

    /// <summary>Entra's keys and Graph's answers at their real addresses; anything else is no call that the app may make.</summary>
    private sealed class Outside : HttpMessageHandler
    {
        public ConcurrentQueue<string> Asked { get; } = new();

        public string UserType { get; set; } = "Member";

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var address = request.RequestUri!.AbsoluteUri; // sent by an HttpClient
            Asked.Enqueue(address);
            const string graph = "https://graph.microsoft.com/v1.0/";
            var body = address switch
            {
                KeysAddress => EntraTokens.Jwks(EntraTokens.Jwk("k1")),
                graph + "users/" + EntraTokens.Ana + "?$select=id,displayName,accountEnabled,userType,employeeId" =>
                    $$"""{"id":"{{EntraTokens.Ana}}","displayName":"Ana","accountEnabled":true,"userType":"{{UserType}}"}""",
                graph + "servicePrincipals(appId='" + EntraTokens.ApiApp + "')?$select=id,appRoles" => $$"""{"id":"{{GraphStub.ServicePrincipal}}","appRoles":[]}""",
                _ when address.StartsWith(graph + "users/" + EntraTokens.Ana + "/", StringComparison.Ordinal) => """{"value":[]}""",
                _ => throw new InvalidOperationException("No test registered a call to " + address),
            };
            return Task.FromResult(new HttpResponseMessage(HttpStatusCode.OK) { Content = new StringContent(body) });
        }
    }
}
