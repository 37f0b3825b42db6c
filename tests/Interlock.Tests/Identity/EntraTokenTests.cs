using Interlock.Core;
using Interlock.Core.Identity;
using Interlock.Json;

namespace Interlock.Tests.Identity;

/// <summary>Tokens in the shapes that Entra issues, and what they count for.</summary>
public sealed class EntraTokenTests
{
    private readonly ManualTime _time = new(Tokens.Now);
    private readonly EntraTokens _entra;

    public EntraTokenTests() => _entra = new EntraTokens(_time);

    [Fact]
    public async Task Verify_DelegatedToken_IsThePersonWithRolesAndGroups()
    {
        var token = await ValidAsync(EntraTokens.ApiApp, TokenClass.Api, _entra.Delegated(EntraTokens.ApiApp));
        var person = token.ToPrincipal();

        Assert.Equal(("user:" + EntraTokens.Ana, EntraTokens.Tenant), (person.Subject, person.Tenant));
        Assert.Equal(["operator"], person.Roles);
        Assert.Equal([EntraTokens.Leads], person.Groups);
        Assert.False(token.GroupsIncomplete);
        Assert.Null(token.SignIn);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("app")]
    public async Task Verify_AppOnlyToken_IsAnApplication(string? idtyp)
    {
        var claims = _entra.AppOnly(EntraTokens.ApiApp);
        if (idtyp is not null) claims = claims.With("idtyp", idtyp);

        var principal = (await ValidAsync(EntraTokens.ApiApp, TokenClass.Api, claims)).ToPrincipal();

        Assert.Equal(PrincipalKind.Application, principal.Kind);
        Assert.Equal(["event-source"], principal.Roles);
    }

    [Theory]
    [InlineData("_claim_names", """{"groups":"src1"}""")]
    [InlineData("hasgroups", "true")]
    public async Task Verify_GroupsOverage_IsIncomplete(string name, string value)
    {
        var claims = _entra.Delegated(EntraTokens.ApiApp).Without("groups").With(name, StrictJson.Parse(value))
            .With("_claim_sources", StrictJson.Parse("""{"src1":{"endpoint":"https://graph.windows.net/x/users/y/getMemberObjects"}}"""));

        Assert.True((await ValidAsync(EntraTokens.ApiApp, TokenClass.Api, claims)).GroupsIncomplete);
    }

    [Theory]
    [InlineData(EntraTokens.McpApp, EntraTokens.ApiApp, TokenClass.Api)]
    [InlineData(EntraTokens.ApiApp, EntraTokens.McpApp, TokenClass.Mcp)]
    [InlineData(EntraTokens.SignInApp, EntraTokens.ApiApp, TokenClass.Api)]
    [InlineData("api://" + EntraTokens.ApiApp, EntraTokens.ApiApp, TokenClass.Api)]
    public async Task Verify_AtAnotherAudience_IsRefused(string issuedFor, string audience, TokenClass face) =>
        await RefusedAsync(TokenRules.Audience, audience, face, _entra.Delegated(issuedFor));

    [Theory]
    [InlineData("iss", "https://sts.windows.net/b9419818-09af-49c2-b0c3-653adc1f376e/", TokenRules.Issuer)]
    [InlineData("iss", "https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0", TokenRules.Issuer)]
    [InlineData("iss", "https://login.microsoftonline.com/{tenantid}/v2.0", TokenRules.Issuer)]
    [InlineData("iss", "https://login.microsoftonline.us/b9419818-09af-49c2-b0c3-653adc1f376e/v2.0", TokenRules.Issuer)]
    [InlineData("ver", "1.0", TokenRules.Version)]
    [InlineData("ver", "2", TokenRules.Version)]
    [InlineData("ver", null, TokenRules.Version)]
    [InlineData("tid", "9188040d-6c67-4c5b-b112-36a304b66dad", TokenRules.Tenant)]
    [InlineData("oid", null, TokenRules.Claims)]
    public async Task Verify_OtherIssuerVersionOrTenant_IsRefused(string name, string? value, string rule)
    {
        var claims = _entra.Delegated(EntraTokens.ApiApp);
        await RefusedAsync(rule, EntraTokens.ApiApp, TokenClass.Api, value is null ? claims.Without(name) : claims.With(name, value));
    }

    [Fact]
    public async Task Verify_LocalIssuersToken_IsRefused()
    {
        using var local = LocalIssuer.Create("dev", _time);
        var person = new Principal(EntraTokens.Tenant, EntraTokens.Ana, PrincipalKind.User, "Ana", [], ["admin"]);
        var token = local.Issue(new LocalTokenRequest(person, TokenClass.Api, TimeSpan.FromMinutes(5)));

        var result = await _entra.Verifier(EntraTokens.ApiApp, TokenClass.Api).VerifyAsync(token, TestContext.Current.CancellationToken);

        Assert.Equal(TokenRules.Issuer, Assert.IsType<TokenResult.Refused>(result).Rule);
    }

    [Fact]
    public async Task Verify_IdTokenAtTheSignIn_IsThePersonWithTheSignInsTimes()
    {
        var token = await ValidAsync(EntraTokens.SignInApp, TokenClass.SignIn, _entra.IdToken());

        Assert.Equal("user:" + EntraTokens.Ana, token.ToPrincipal().Subject);
        Assert.Equal(new SignInClaims(Tokens.Now.AddMinutes(-5), Tokens.Now.AddSeconds(-20), IsGuest: false), token.SignIn);
    }

    [Fact]
    public async Task Verify_AccessTokenAtTheSignIn_IsRefusedWhoeversItIs()
    {
        await RefusedAsync(TokenRules.Class, EntraTokens.SignInApp, TokenClass.SignIn, WithAuthTime(_entra.Delegated(EntraTokens.SignInApp)));
        await RefusedAsync(TokenRules.Class, EntraTokens.SignInApp, TokenClass.SignIn, WithAuthTime(_entra.AppOnly(EntraTokens.SignInApp)));
        await RefusedAsync(TokenRules.Class, EntraTokens.SignInApp, TokenClass.SignIn, _entra.IdToken().With("idtyp", "app"));
        await RefusedAsync(TokenRules.Class, EntraTokens.SignInApp, TokenClass.SignIn, _entra.IdToken().With("azp", EntraTokens.Client));
    }

    [Theory]
    [InlineData("auth_time", null, TokenRules.Claims)]
    [InlineData("auth_time", "\"yesterday\"", TokenRules.Time)]
    [InlineData("auth_time", "9999999999", TokenRules.Time)]
    [InlineData("iat", null, TokenRules.Claims)]
    public async Task Verify_IdTokenWithoutTheSignInsTimes_IsRefused(string name, string? value, string rule)
    {
        var claims = value is null ? _entra.IdToken().Without(name) : _entra.IdToken().With(name, StrictJson.Parse(value));
        await RefusedAsync(rule, EntraTokens.SignInApp, TokenClass.SignIn, claims);
    }

    [Theory]
    [InlineData("acct", "0", false)]
    [InlineData("acct", "1", true)]
    [InlineData("acct", "\"0\"", true)]
    [InlineData("acct", null, false)]
    [InlineData("idp", null, false)]
    [InlineData("idp", "\"https://login.microsoftonline.com/b9419818-09af-49c2-b0c3-653adc1f376e/v2.0\"", false)]
    [InlineData("idp", "\"https://sts.windows.net/72f988bf-86f1-41af-91ab-2d7cd011db47/\"", true)]
    [InlineData("idp", "\"live.com\"", true)]
    [InlineData("idp", "1", true)]
    public async Task Verify_HomeElsewhere_IsAGuest(string name, string? value, bool guest)
    {
        var claims = value is null ? _entra.IdToken().Without(name) : _entra.IdToken().With(name, StrictJson.Parse(value));
        Assert.Equal(guest, (await ValidAsync(EntraTokens.SignInApp, TokenClass.SignIn, claims)).SignIn!.IsGuest);
    }

    [Fact]
    public void Issue_SignInToken_IsNoneOfTheLocalIssuers()
    {
        using var local = LocalIssuer.Create("dev", _time);
        var person = new Principal(new TenantId("local"), "ana", PrincipalKind.User, "Ana", [], []);

        Assert.Throws<ArgumentException>(() => local.Issue(new LocalTokenRequest(person, TokenClass.SignIn, TimeSpan.FromMinutes(5))));
    }

    private JsonValue WithAuthTime(JsonValue claims) => claims.With("auth_time", _time.Now.ToUnixTimeSeconds());

    private async Task<VerifiedToken> ValidAsync(string audience, TokenClass face, JsonValue claims)
    {
        var result = await _entra.VerifyAsync(audience, face, claims);
        return result is TokenResult.Valid valid ? valid.Token : throw new InvalidOperationException(result.ToString());
    }

    private async Task RefusedAsync(string rule, string audience, TokenClass face, JsonValue claims) =>
        Assert.Equal(rule, Assert.IsType<TokenResult.Refused>(await _entra.VerifyAsync(audience, face, claims)).Rule);
}
