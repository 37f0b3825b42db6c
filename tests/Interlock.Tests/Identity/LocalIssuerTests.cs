using System.Collections.Immutable;
using Interlock.Core;
using Interlock.Core.Identity;

namespace Interlock.Tests.Identity;

public sealed class LocalIssuerTests : IDisposable
{
    private static readonly TenantId Tenant = new("contoso");
    private static readonly Principal Ana = new(Tenant, "ana", PrincipalKind.User, "Ana", ["support"], ["author"]);
    private static readonly Principal Classifier = new(Tenant, "classifier", PrincipalKind.Agent, "Classifier", [], []);
    private static readonly RunTokenClaims Run = new(Tenant, new RunId("0af1"), new FrameId("/do/1/plan"), [new ToolName("crm/read"), new ToolName("crm/find")]);

    private readonly ManualTime _time = new(Tokens.Now);
    private readonly LocalIssuer _issuer;

    public LocalIssuerTests() => _issuer = LocalIssuer.Create("inst-1", _time);

    public void Dispose() => _issuer.Dispose();

    [Theory]
    [InlineData(TokenClass.Mcp)]
    [InlineData(TokenClass.Api)]
    public async Task Issue_ThenVerifyAtItsFace_GivesThePrincipalBack(TokenClass tokenClass)
    {
        var token = await ValidAsync(_issuer.Issue(new(Ana, tokenClass, TimeSpan.FromMinutes(5))), tokenClass);

        Assert.Equal(tokenClass, token.Class);
        Assert.Equal(Ana, token.ToPrincipal());
        Assert.Equal(Ana.Groups, token.ToPrincipal().Groups);
        Assert.Equal(Tokens.Now.AddMinutes(5), token.ExpiresAt);
        Assert.Equal("urn:interlock:local:inst-1", token.Issuer);
    }

    [Fact]
    public async Task Issue_RunToken_CarriesRunFrameAndPool()
    {
        var token = await ValidAsync(_issuer.Issue(new(Classifier, TokenClass.Run, TimeSpan.FromMinutes(5), Run)), TokenClass.Mcp);

        Assert.Equal(TokenClass.Run, token.Class);
        Assert.Equal(PrincipalKind.Agent, token.ToPrincipal().Kind);
        Assert.Equal(Run.Frame, token.Run!.Frame);
        Assert.Equal(Run.Pool, token.Run.Pool);
        Assert.True(token.Run.Permits(new ToolName("crm/read")));
        Assert.False(token.Run.Permits(new ToolName("crm/delete")));
    }

    [Theory]
    [InlineData(TokenClass.Run, TokenClass.Api)]
    [InlineData(TokenClass.Mcp, TokenClass.Api)]
    [InlineData(TokenClass.Api, TokenClass.Mcp)]
    public async Task Verify_AtAnotherFace_IsRefusedByClass(TokenClass issued, TokenClass face)
    {
        var run = issued == TokenClass.Run ? Run : null;
        var refused = await RefusedAsync(_issuer.Issue(new(Ana, issued, TimeSpan.FromMinutes(5), run)), face, _issuer);

        Assert.Equal(TokenRules.Class, refused.Rule);
    }

    [Fact]
    public async Task Verify_AnotherInstallationsToken_IsRefused()
    {
        using var other = LocalIssuer.Create("inst-2", _time);
        using var impostor = LocalIssuer.Create("inst-1", _time);
        var request = new LocalTokenRequest(Ana, TokenClass.Mcp, TimeSpan.FromMinutes(5));

        Assert.Equal(TokenRules.Issuer, (await RefusedAsync(other.Issue(request), TokenClass.Mcp, _issuer)).Rule);
        Assert.Equal(TokenRules.Key, (await RefusedAsync(impostor.Issue(request), TokenClass.Mcp, _issuer)).Rule);
    }

    [Fact]
    public async Task FromPem_OfTheExportedKey_VerifiesEarlierTokens()
    {
        var token = _issuer.Issue(new(Ana, TokenClass.Mcp, TimeSpan.FromMinutes(5)));
        using var restarted = LocalIssuer.FromPem(_issuer.ExportPem(), "inst-1", _time);

        var result = await Verifier(TokenClass.Mcp, restarted).VerifyAsync(token, TestContext.Current.CancellationToken);

        Assert.IsType<TokenResult.Valid>(result);
    }

    [Fact]
    public async Task Issue_BeyondItsParent_ExpiresWithIt()
    {
        var until = Tokens.Now.AddSeconds(90);
        var token = await ValidAsync(_issuer.Issue(new(Classifier, TokenClass.Run, TimeSpan.FromHours(1), Run) { NotAfter = until }), TokenClass.Mcp);

        Assert.Equal(until, token.ExpiresAt);
    }

    [Fact]
    public void Issue_ContradictoryRequest_Throws()
    {
        var minute = TimeSpan.FromMinutes(1);
        Assert.Throws<ArgumentException>(() => _issuer.Issue(new(Ana, TokenClass.Run, minute)));
        Assert.Throws<ArgumentException>(() => _issuer.Issue(new(Ana, TokenClass.Mcp, minute, Run)));
        Assert.Throws<ArgumentException>(() => _issuer.Issue(new(Ana, TokenClass.Mcp, TimeSpan.Zero)));
        Assert.Throws<ArgumentException>(() => _issuer.Issue(new(Classifier, TokenClass.Api, minute)));
        Assert.Throws<ArgumentException>(() => _issuer.Issue(new(Ana, TokenClass.Run, minute, Run with { Tenant = new TenantId("fabrikam") })));
        Assert.Throws<ArgumentException>(() => _issuer.Issue(new(Ana, TokenClass.Mcp, minute) { NotAfter = Tokens.Now }));
    }

    [Theory]
    [InlineData("/do/1/plan", "crm/read", true)]
    [InlineData("/do/1/plan/do/0/step", "crm/read", true)]
    [InlineData("/do/1/plan@3", "crm/read", true)]
    [InlineData("/do/1/planner", "crm/read", false)]
    [InlineData("/do/1", "crm/read", false)]
    [InlineData("/do/1/plan", "crm/delete", false)]
    [InlineData("/do/1/plan", "crm/READ", false)]
    public void Narrow_FrameOrPoolOutside_IsNull(string frame, string tool, bool narrows)
    {
        ImmutableArray<ToolName> pool = [new ToolName(tool)];
        Assert.Equal(narrows, Run.Narrow(new FrameId(frame), pool) is not null);
    }

    private static JwtVerifier Verifier(TokenClass face, LocalIssuer trusted) => new(
        new JwtVerifierOptions
        {
            Issuers = [trusted.Trust],
            Audience = face == TokenClass.Api ? LocalIssuer.ApiAudience : LocalIssuer.McpAudience,
            Class = face,
            AcceptRunTokens = face == TokenClass.Mcp,
        },
        trusted, new ManualTime(Tokens.Now));

    private async Task<VerifiedToken> ValidAsync(string token, TokenClass face) =>
        Assert.IsType<TokenResult.Valid>(await Verifier(face, _issuer).VerifyAsync(token, TestContext.Current.CancellationToken)).Token;

    private static async Task<TokenResult.Refused> RefusedAsync(string token, TokenClass face, LocalIssuer trusted) =>
        Assert.IsType<TokenResult.Refused>(await Verifier(face, trusted).VerifyAsync(token, TestContext.Current.CancellationToken));
}
