using System.Security.Cryptography;
using System.Text;
using Interlock.Core;
using Interlock.Core.Identity;
using Interlock.Json;

namespace Interlock.Tests.Identity;

public sealed class JwtVerifierTests
{
    private readonly Tokens _tokens = new();

    [Theory]
    [InlineData("RS256", "rsa")]
    [InlineData("RS384", "rsa")]
    [InlineData("RS512", "rsa")]
    [InlineData("PS256", "rsa")]
    [InlineData("PS384", "rsa")]
    [InlineData("PS512", "rsa")]
    [InlineData("ES256", "p256")]
    [InlineData("ES384", "p384")]
    [InlineData("ES512", "p521")]
    public async Task Verify_EachAlgorithmWithItsKey_IsValid(string alg, string kid)
    {
        var result = await _tokens.VerifyAsync(Tokens.Header(alg, kid), Tokens.Claims);

        var principal = Assert.IsType<TokenResult.Valid>(result).Token.ToPrincipal();
        Assert.Equal("user:ana", principal.Subject);
        Assert.Equal(new TenantId("contoso"), principal.Tenant);
        Assert.Equal(["support"], principal.Groups);
        Assert.Equal(["author"], principal.Roles);
    }

    [Theory]
    [InlineData("RS256", "p256")]
    [InlineData("PS256", "p256")]
    [InlineData("ES256", "rsa")]
    [InlineData("ES256", "p384")]
    [InlineData("ES384", "p521")]
    [InlineData("ES512", "p256")]
    public async Task Verify_AlgorithmOfAnotherKeyOrCurve_IsRefused(string alg, string kid) =>
        await _tokens.AssertRefusedAsync(TokenRules.Algorithm, _tokens.Sign(Tokens.Header(alg, kid), Tokens.Claims));

    [Fact]
    public async Task Verify_HmacWithTheRsaPublicKey_IsRefused() =>
        await _tokens.AssertRefusedAsync(TokenRules.Algorithm, _tokens.Sign(Tokens.Header("HS256"), Tokens.Claims));

    [Theory]
    [InlineData("none")]
    [InlineData("None")]
    [InlineData("NONE")]
    [InlineData("rs256")]
    [InlineData("ES256K")]
    [InlineData("EdDSA")]
    [InlineData("")]
    public async Task Verify_AlgorithmOutsideTheList_IsRefused(string alg)
    {
        var signed = _tokens.Sign(Tokens.Header(), Tokens.Claims).Split('.');
        var header = Tokens.Encode(Encoding.UTF8.GetBytes(Tokens.Header(alg).ToString()));

        await _tokens.AssertRefusedAsync(TokenRules.Algorithm, $"{header}.{signed[1]}.{signed[2]}");
        await _tokens.AssertRefusedAsync(TokenRules.Algorithm, $"{header}.{signed[1]}.");
    }

    [Theory]
    [InlineData("jwk", """{"kty":"oct","k":"AAAA"}""")]
    [InlineData("jku", "\"https://evil.example/jwks\"")]
    [InlineData("x5u", "\"https://evil.example/cert\"")]
    [InlineData("x5c", "[\"MIIB\"]")]
    [InlineData("crit", "[\"exp\"]")]
    [InlineData("b64", "false")]
    [InlineData("cty", "\"JWT\"")]
    public async Task Verify_HeaderThatBringsAKeyOrChangesReading_IsRefusedThoughSigned(string name, string value) =>
        await _tokens.AssertRefusedAsync(TokenRules.Header, _tokens.Sign(Tokens.Header().With(name, StrictJson.Parse(value)), Tokens.Claims));

    [Fact]
    public async Task Verify_KidMissingUnknownOrNoString_IsRefused()
    {
        await _tokens.AssertRefusedAsync(TokenRules.Key, _tokens.Sign(Tokens.Header().Without("kid"), Tokens.Claims));
        await _tokens.AssertRefusedAsync(TokenRules.Key, _tokens.Sign(Tokens.Header().With("kid", 1), Tokens.Claims));
        await _tokens.AssertRefusedAsync(TokenRules.Key, _tokens.Sign(Tokens.Header(kid: "other"), Tokens.Claims));
        await _tokens.AssertRefusedAsync(TokenRules.Key, _tokens.Sign(Tokens.Header(kid: new string('k', 257)), Tokens.Claims));
    }

    [Theory]
    [InlineData("dpop+jwt")]
    [InlineData("logout+jwt")]
    [InlineData(null)]
    public async Task Verify_OtherType_IsRefused(string? typ)
    {
        var header = typ is null ? Tokens.Header().Without("typ") : Tokens.Header().With("typ", typ);
        await _tokens.AssertRefusedAsync(TokenRules.Type, _tokens.Sign(header, Tokens.Claims));
    }

    [Fact]
    public async Task Verify_DuplicateNamesInPayloadOrHeader_AreRefused()
    {
        var claims = Tokens.Claims.ToString();
        await _tokens.AssertRefusedAsync(TokenRules.Malformed, _tokens.Sign(Tokens.Header().ToString(), claims[..^1] + ",\"oid\":\"root\"}", "RS256"));
        await _tokens.AssertRefusedAsync(TokenRules.Malformed, _tokens.Sign(Tokens.Header().ToString()[..^1] + ",\"alg\":\"RS256\"}", claims, "RS256"));
        await _tokens.AssertRefusedAsync(TokenRules.Malformed, _tokens.Sign(Tokens.Header().ToString(), claims[..^1] + ",\"x\":{\"a\":1,\"a\":2}}", "RS256"));
    }

    [Fact]
    public async Task Verify_EveryChangedCharacter_IsRefused()
    {
        var token = _tokens.Sign(Tokens.Header("ES256", "p256"), Tokens.Claims);
        for (var i = 0; i < token.Length; i++)
        {
            var bent = token.ToCharArray();
            bent[i] = token[i] == 'A' ? 'B' : 'A';
            Assert.IsType<TokenResult.Refused>(await _tokens.VerifyAsync(new string(bent)));
        }
    }

    [Theory]
    [InlineData("ES256", "p256")]
    [InlineData("RS256", "rsa")]
    public async Task Verify_SignatureTruncatedPaddedOrEmpty_IsRefused(string alg, string kid)
    {
        var token = _tokens.Sign(Tokens.Header(alg, kid), Tokens.Claims);
        var input = token[..token.LastIndexOf('.')];
        var signature = StrictBase64Url.Decode(token.AsSpan(input.Length + 1))!;

        await _tokens.AssertRefusedAsync(TokenRules.Signature, $"{input}.{Tokens.Encode(signature.AsSpan(..^1))}");
        await _tokens.AssertRefusedAsync(TokenRules.Signature, $"{input}.{Tokens.Encode([.. signature, 0])}");
        await _tokens.AssertRefusedAsync(TokenRules.Signature, $"{input}.{Tokens.Encode([0, .. signature])}");
        await _tokens.AssertRefusedAsync(TokenRules.Signature, $"{input}.{Tokens.Encode(new byte[signature.Length])}");
        await _tokens.AssertRefusedAsync(TokenRules.Malformed, $"{input}.");
        await _tokens.AssertRefusedAsync(TokenRules.Malformed, token + "==");
        await _tokens.AssertRefusedAsync(TokenRules.Malformed, token + "\n");
    }

    [Fact]
    public async Task Verify_DerEncodedEcSignature_IsRefused()
    {
        var token = _tokens.Sign(Tokens.Header("ES256", "p256"), Tokens.Claims);
        var input = token[..token.LastIndexOf('.')];
        var der = _tokens.P256.SignData(Encoding.ASCII.GetBytes(input), HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);

        await _tokens.AssertRefusedAsync(TokenRules.Signature, $"{input}.{Tokens.Encode(der)}");
    }

    [Theory]
    [InlineData("")]
    [InlineData("a")]
    [InlineData("a.b")]
    [InlineData("..")]
    [InlineData("a.b.c.d")]
    [InlineData("bm8.bm8.bm8")]
    [InlineData("W10.W10.W10")]
    public async Task Verify_NoToken_IsRefusedAsMalformed(string token) => await _tokens.AssertRefusedAsync(TokenRules.Malformed, token);

    [Fact]
    public async Task Verify_FiveParts_IsRefused() =>
        await _tokens.AssertRefusedAsync(TokenRules.Malformed, _tokens.Sign(Tokens.Header(), Tokens.Claims) + ".AAAA.AAAA");

    [Fact]
    public async Task Verify_LongerThanTheLimit_IsRefused()
    {
        var claims = Tokens.Claims.With("pad", new string('x', 16 * 1024));
        await _tokens.AssertRefusedAsync(TokenRules.TooLarge, _tokens.Sign(Tokens.Header(), claims));
    }

    [Theory]
    [InlineData("iss", "\"https://login.example.com/contoso/v2.0/\"", TokenRules.Issuer)]
    [InlineData("iss", "\"https://evil.example\"", TokenRules.Issuer)]
    [InlineData("iss", "[\"https://login.example.com/contoso/v2.0\"]", TokenRules.Issuer)]
    [InlineData("iss", null, TokenRules.Issuer)]
    [InlineData("aud", "\"api://other\"", TokenRules.Audience)]
    [InlineData("aud", "\"API://interlock-mcp\"", TokenRules.Audience)]
    [InlineData("aud", "[]", TokenRules.Audience)]
    [InlineData("aud", "[\"api://interlock-mcp\",1]", TokenRules.Audience)]
    [InlineData("aud", null, TokenRules.Audience)]
    [InlineData("exp", null, TokenRules.Time)]
    [InlineData("exp", "\"9999999999\"", TokenRules.Time)]
    [InlineData("exp", "1e300", TokenRules.Time)]
    [InlineData("exp", "-1", TokenRules.Time)]
    [InlineData("nbf", "\"0\"", TokenRules.Time)]
    [InlineData("iat", "null", TokenRules.Time)]
    [InlineData("tid", null, TokenRules.Tenant)]
    [InlineData("tid", "\"fabrikam\"", TokenRules.Tenant)]
    [InlineData("tid", "\"a/b\"", TokenRules.Tenant)]
    [InlineData("oid", null, TokenRules.Claims)]
    [InlineData("oid", "\"\"", TokenRules.Claims)]
    [InlineData("groups", "\"admins\"", TokenRules.Claims)]
    [InlineData("roles", "[1]", TokenRules.Claims)]
    [InlineData("idtyp", "\"device\"", TokenRules.Claims)]
    [InlineData("idtyp", "\"agent\"", TokenRules.Claims)]
    public async Task Verify_ClaimMissingOrWrong_IsRefusedByItsRule(string name, string? value, string rule)
    {
        var claims = value is null ? Tokens.Claims.Without(name) : Tokens.Claims.With(name, StrictJson.Parse(value));
        await _tokens.AssertRefusedAsync(rule, _tokens.Sign(Tokens.Header(), claims));
    }

    [Fact]
    public async Task Verify_AudienceInAnArray_IsValid() => Assert.IsType<TokenResult.Valid>(
        await _tokens.VerifyAsync(Tokens.Header(), Tokens.Claims.With("aud", JsonValue.Array("api://other", Tokens.Audience))));

    [Theory]
    [InlineData(600 + 59, true)]
    [InlineData(600 + 60, false)]
    [InlineData(-10 - 60, true)]
    [InlineData(-10 - 61, false)]
    public async Task Verify_AtTheEdgesOfItsLife_HoldsToTheSkew(int seconds, bool valid)
    {
        var token = _tokens.Sign(Tokens.Header(), Tokens.Claims);
        _tokens.Time.Now = Tokens.Now.AddSeconds(seconds);

        if (valid) Assert.IsType<TokenResult.Valid>(await _tokens.VerifyAsync(token));
        else await _tokens.AssertRefusedAsync(TokenRules.Time, token);
    }

    [Theory]
    [InlineData("app", null, PrincipalKind.Application)]
    [InlineData("user", null, PrincipalKind.User)]
    [InlineData(null, "tools.call", PrincipalKind.User)]
    [InlineData(null, null, PrincipalKind.Application)]
    public async Task ToPrincipal_ByTypeOrDelegatedScope_IsAPersonOnlyWhenTheTokenSaysSo(string? idtyp, string? scp, PrincipalKind kind)
    {
        var claims = Tokens.Claims.Without("idtyp");
        if (idtyp is not null) claims = claims.With("idtyp", idtyp);
        if (scp is not null) claims = claims.With("scp", scp);

        var token = Assert.IsType<TokenResult.Valid>(await _tokens.VerifyAsync(Tokens.Header(), claims)).Token;

        Assert.Equal(kind, token.ToPrincipal().Kind);
    }

    [Fact]
    public async Task GroupsIncomplete_WithEntrasOverageClaim_IsTrue()
    {
        var claims = Tokens.Claims.Without("groups").With("_claim_names", JsonValue.Object(("groups", "src1")));

        Assert.True(Assert.IsType<TokenResult.Valid>(await _tokens.VerifyAsync(Tokens.Header(), claims)).Token.GroupsIncomplete);
        Assert.False(Assert.IsType<TokenResult.Valid>(await _tokens.VerifyAsync(Tokens.Header(), Tokens.Claims)).Token.GroupsIncomplete);
    }

    [Fact]
    public async Task Verify_OutsideTokenClaimingToBeARunToken_IsNone()
    {
        var claims = Tokens.Claims.With("token_use", "run").With("run", "r").With("frame", "").With("pool", JsonValue.Array("crm/read"));

        var token = Assert.IsType<TokenResult.Valid>(await _tokens.VerifyAsync(Tokens.Header(), claims)).Token;

        Assert.Equal(TokenClass.Mcp, token.Class);
        Assert.Null(token.Run);
    }
}
