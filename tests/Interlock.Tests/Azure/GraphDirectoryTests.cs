using System.Net;
using Interlock.Core;
using Interlock.Core.Identity;
using Interlock.Functions.Identity;
using Interlock.Http.Upstreams;
using Interlock.Json;
using Interlock.Tests.Identity;

namespace Interlock.Tests.Azure;

public sealed class GraphDirectoryTests : IAsyncLifetime
{
    private const string Ana = EntraTokens.Ana;

    private readonly SkippingTime _time = new(Tokens.Now);
    private readonly HttpMessageHandler _egress = EgressHandler.Create(new EgressOptions { AllowLoopback = true });
    private readonly GraphStub.Credential _credential = new();
    private GraphStub? _stub;
    private GraphClient? _client;
    private GraphDirectory? _directory;

    private GraphStub Graph => _stub!; // set before any test

    private GraphDirectory Directory => _directory!; // as above

    public async ValueTask InitializeAsync()
    {
        _stub = await GraphStub.StartAsync();
        _client = new GraphClient(_egress, _credential, _time, _stub.Endpoint);
        _directory = Make();
    }

    public async ValueTask DisposeAsync()
    {
        _client?.Dispose();
        _egress.Dispose();
        if (_stub is not null) await _stub.DisposeAsync();
    }

    [Fact]
    public async Task FindUser_Member_HasNameTransitiveGroupsAndRolesOfTheApi()
    {
        Graph.AddMembership(Ana, EntraTokens.Leads);
        Graph.AddMembership(Ana, Id(1), "directoryRole");
        Graph.AddMembership(Ana, Id(2));
        Graph.AddMembership(Ana, Id(3), "administrativeUnit");
        Graph.AddMembership(Ana, Id(4));
        Graph.Assign(Ana, 1);
        Graph.Assign(Ana, 2, GraphStub.OtherServicePrincipal);
        Graph.Assign(Ana, 3); // disabled
        Graph.Assign(Ana, 4); // no person's
        Graph.Assign(Ana, 5); // without a value
        Graph.Assign(Ana, 0); // the default

        var ana = Assert.IsType<Principal>(await FindAsync(Ana));

        Assert.Equal(("user:" + Ana, "Ana", EntraTokens.Tenant), (ana.Subject, ana.DisplayName, ana.Tenant));
        Assert.Equal([EntraTokens.Leads, Id(2), Id(4)], ana.Groups);
        Assert.Equal(["operator"], ana.Roles);
        Assert.Equal(ana.Groups, await GroupsAsync(Ana));
        Assert.Equal(["https://graph.microsoft.com/.default"], _credential.Scopes);
    }

    [Fact]
    public async Task FindUser_UnknownOrDisabled_IsNullWithoutGroups()
    {
        Graph.AddUser(Id(7), "Gone", enabled: false);
        Graph.AddMembership(Id(7), EntraTokens.Leads);

        Assert.Null(await FindAsync(Id(7)));
        Assert.Empty(await GroupsAsync(Id(7)));
        Assert.Null(await FindAsync(Id(8)));
        Assert.Empty(await GroupsAsync(Id(8)));
    }

    [Theory]
    [InlineData("Guest")]
    [InlineData("Other")]
    public async Task FindUser_Guest_IsNoUserHereUnlessAllowed(string type)
    {
        Graph.AddUser(Id(7), "Gil", type);
        Graph.AddMembership(Id(7), EntraTokens.Leads);

        Assert.Null(await FindAsync(Id(7)));
        Assert.Equal([EntraTokens.Leads], await GroupsAsync(Id(7))); // a rule that denies a group must see it
        Assert.NotNull(await Make(allowGuests: true).FindUserAsync(EntraTokens.Tenant, Id(7), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task FindUser_TypeOrStateMissing_IsNull()
    {
        Graph.Users[Id(7)] = JsonValue.Object(("id", Id(7)), ("accountEnabled", true), ("userType", JsonValue.Null));
        Graph.Users[Id(8)] = JsonValue.Object(("id", Id(8)), ("userType", "Member"));

        Assert.Null(await FindAsync(Id(7)));
        Assert.Null(await FindAsync(Id(8)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("ana@contoso.com")]
    [InlineData("../me")]
    [InlineData("6e7b768e-07e2-4810-8459-485f84f8f204/manager")]
    [InlineData("6E7B768E-07E2-4810-8459-485F84F8F204")]
    [InlineData("6e7b768e07e248108459485f84f8f204")]
    [InlineData("{6e7b768e-07e2-4810-8459-485f84f8f204}")]
    [InlineData(" 6e7b768e-07e2-4810-8459-485f84f8f204")]
    public async Task FindUser_NoObjectId_IsNullAndAsksNothing(string id)
    {
        Assert.Null(await FindAsync(id));
        Assert.Empty(await GroupsAsync(id));
        Assert.Empty(Graph.Asked);
    }

    [Fact]
    public async Task FindUser_OtherTenant_IsNullAndAsksNothing()
    {
        Assert.Null(await Directory.FindUserAsync(new TenantId("72f988bf-86f1-41af-91ab-2d7cd011db47"), Ana, TestContext.Current.CancellationToken));
        Assert.Empty(Graph.Asked);
    }

    [Fact]
    public async Task FindUser_WithinAMinute_AsksOnceAndThenSeesWhatChanged()
    {
        Graph.AddMembership(Ana, EntraTokens.Leads);
        Assert.NotNull(await FindAsync(Ana));
        var asked = Graph.Asked.Count;
        _time.Now += TimeSpan.FromSeconds(59);
        Assert.Equal([EntraTokens.Leads], (await FindAsync(Ana))!.Groups);
        Assert.Equal(asked, Graph.Asked.Count);

        Graph.Memberships.Clear();
        _time.Now += TimeSpan.FromSeconds(1);
        Assert.Empty((await FindAsync(Ana))!.Groups);
        Graph.AddUser(Ana, "Ana", enabled: false);
        _time.Now += TimeSpan.FromMinutes(1);
        Assert.Null(await FindAsync(Ana));
    }

    [Theory]
    [InlineData(400)]
    [InlineData(401)]
    [InlineData(403)]
    [InlineData(500)]
    [InlineData(302)]
    public async Task FindUser_Failure_Throws(int status)
    {
        Graph.Fault = context => context.Request.Path.Value!.Contains("transitiveMemberOf", StringComparison.Ordinal) ? status : null;

        Assert.Equal((HttpStatusCode)status, (await Assert.ThrowsAsync<HttpRequestException>(() => FindAsync(Ana))).StatusCode);
        await Assert.ThrowsAsync<HttpRequestException>(() => GroupsAsync(Ana));
        Graph.Fault = _ => null;
        Assert.NotNull(await FindAsync(Ana)); // a failure is not kept
    }

    [Fact]
    public async Task FindUser_ApplicationNotInTheTenant_ThrowsSayingWhat()
    {
        Graph.Application = null;
        var e = await Assert.ThrowsAsync<InvalidDataException>(() => FindAsync(Ana));
        Assert.Contains("service principal", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task FindUser_AnswerAboutSomebodyElse_Throws()
    {
        Graph.Users[Ana] = Graph.Users[Ana].With("id", Id(9));
        await Assert.ThrowsAsync<InvalidDataException>(() => FindAsync(Ana));
    }

    [Theory]
    [InlineData("https://evil.example/v1.0/users")]
    [InlineData("http://127.0.0.1:1/v1.0/users")]
    [InlineData("{endpoint}/../beta/users")]
    [InlineData("/v1.0/users")]
    public async Task Groups_NextPageElsewhere_ThrowsAndSendsTheTokenNowhere(string link)
    {
        Graph.Users[Ana] = Graph.Users[Ana].With("value", JsonValue.EmptyArray).With("@odata.nextLink", link.Replace("{endpoint}", Graph.Endpoint.AbsoluteUri.TrimEnd('/'), StringComparison.Ordinal));
        await Assert.ThrowsAsync<InvalidDataException>(() => _client!.ListAsync($"users/{Ana}", TestContext.Current.CancellationToken));
        Assert.Single(Graph.Asked);
    }

    [Fact]
    public async Task Groups_PagesWithoutEnd_Throws()
    {
        for (var i = 0; i < 200; i++) Graph.AddMembership(Ana, Id(i));
        await Assert.ThrowsAsync<InvalidDataException>(() => GroupsAsync(Ana));
    }

    [Fact]
    public async Task FindUser_ThrottledShortly_WaitsAsAsked()
    {
        var left = 2;
        Graph.Fault = context =>
        {
            context.Response.Headers.RetryAfter = "3";
            return left-- > 0 ? 429 : null;
        };

        Assert.NotNull(await FindAsync(Ana));
        Assert.Equal([TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(3)], _time.Waits);
    }

    [Fact]
    public async Task FindUser_ThrottledAgainAndAgain_ThrowsAfterThreeTries()
    {
        Graph.Fault = context =>
        {
            context.Response.Headers.RetryAfter = "1";
            return 503;
        };

        await Assert.ThrowsAsync<HttpRequestException>(() => FindAsync(Ana));
        Assert.Equal(3, Graph.Asked.Count);
    }

    [Fact]
    public async Task FindUser_ThrottledForLong_ThrowsAndAsksNothingUntilThen()
    {
        Graph.Fault = context =>
        {
            context.Response.Headers.RetryAfter = "60";
            return 429;
        };
        await Assert.ThrowsAsync<HttpRequestException>(() => FindAsync(Ana));
        Graph.Fault = _ => null;
        _time.Now += TimeSpan.FromSeconds(59);
        await Assert.ThrowsAsync<HttpRequestException>(() => FindAsync(Ana));
        Assert.Single(Graph.Asked);
        Assert.Empty(_time.Waits);

        _time.Now += TimeSpan.FromSeconds(1);
        Assert.NotNull(await FindAsync(Ana));
    }

    [Fact]
    public async Task FindUser_ThrottledWithoutATime_Throws()
    {
        Graph.Fault = _ => 429;
        await Assert.ThrowsAsync<HttpRequestException>(() => FindAsync(Ana));
        Assert.Single(Graph.Asked);
    }

    [Fact]
    public async Task Cache_Full_ForgetsInsteadOfGrowing()
    {
        var reads = 0;
        var cache = new BriefCache<int>(TimeSpan.FromMinutes(1), 3, _time);
        for (var i = 0; i < 10; i++) await cache.GetAsync($"{i % 5}", (_, _) => Task.FromResult(++reads), TestContext.Current.CancellationToken);
        Assert.True(reads > 5);
        Assert.Equal(reads, await cache.GetAsync("4", (_, _) => Task.FromResult(-1), TestContext.Current.CancellationToken));
    }

    private static string Id(int number) => $"11111111-2222-3333-4444-{number:d12}";

    private GraphDirectory Make(bool allowGuests = false) => new(_client!, EntraTokens.Tenant, Guid.Parse(EntraTokens.ApiApp), _time, allowGuests);

    private Task<Principal?> FindAsync(string id) => Directory.FindUserAsync(EntraTokens.Tenant, id, TestContext.Current.CancellationToken).AsTask();

    private Task<IReadOnlyList<string>> GroupsAsync(string id) => Directory.GroupsOfAsync(EntraTokens.Tenant, id, TestContext.Current.CancellationToken).AsTask();
}
