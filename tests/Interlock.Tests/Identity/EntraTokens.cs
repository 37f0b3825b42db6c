using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Interlock.Core;
using Interlock.Core.Identity;
using Interlock.Json;

namespace Interlock.Tests.Identity;

/// <summary>Microsoft Entra ID for one tenant, as far as tokens go: keys by id, their JWKS, and tokens in the shapes that v2.0 issues.</summary>
internal sealed class EntraTokens(TimeProvider time) : ISigningKeySource
{
    public const string ApiApp = "0f6c2d1e-55b1-4f0e-9a3c-6a0b6f2a7c01";
    public const string McpApp = "0f6c2d1e-55b1-4f0e-9a3c-6a0b6f2a7c02";
    public const string SignInApp = "0f6c2d1e-55b1-4f0e-9a3c-6a0b6f2a7c03";
    public const string Client = "7d7e2c33-3f2e-4a5f-8c57-1a52a8f0b6aa";
    public const string Ana = "6e7b768e-07e2-4810-8459-485f84f8f204";
    public const string Leads = "02bd9fd6-8f93-4758-87c3-1fb73740a315";

    private static readonly ConcurrentDictionary<string, RSA> Keys = new(StringComparer.Ordinal);

    public static TenantId Tenant { get; } = new("b9419818-09af-49c2-b0c3-653adc1f376e");

    public static TrustedIssuer Issuer { get; } = TrustedIssuer.Entra(Tenant);

    public static RSA Key(string kid) => Keys.GetOrAdd(kid, _ => RSA.Create(2048));

    public static JsonValue Jwk(string kid)
    {
        var key = Key(kid).ExportParameters(false);
        return JsonValue.Object(
            ("kty", "RSA"), ("use", "sig"), ("kid", kid), ("x5t", kid), ("n", Tokens.Encode(key.Modulus)), ("e", Tokens.Encode(key.Exponent)),
            ("x5c", JsonValue.Array("MIIC")), ("cloud_instance_name", "microsoftonline.com"), ("issuer", Issuer.Issuer));
    }

    public static string Jwks(params JsonValue[] keys) => JsonValue.Object(("keys", JsonValue.Array(keys))).ToString();

    /// <summary>A person's access token for an API, got through a client.</summary>
    public JsonValue Delegated(string audience) => Common(audience)
        .With("azp", Client).With("azpacr", "0").With("name", "Ana").With("oid", Ana).With("preferred_username", "ana@contoso.com").With("rh", "0.AX")
        .With("scp", "access_as_user").With("sub", "HKZpfaHyWadeOouYlitjrI-KffTm222X5rrV3xDqfKQ").With("uti", "fqiBqXLPj0eQa82S-IYFAA")
        .With("roles", JsonValue.Array("operator")).With("groups", JsonValue.Array(Leads));

    /// <summary>An application's own access token: without the optional claim it holds no <c>idtyp</c>.</summary>
    public JsonValue AppOnly(string audience) => Common(audience)
        .With("azp", Client).With("azpacr", "2").With("oid", "d5a91429-5739-47e2-a06b-3470a27159e7").With("sub", "d5a91429-5739-47e2-a06b-3470a27159e7")
        .With("roles", JsonValue.Array("event-source")).With("uti", "fqiBqXLPj0eQa82S-IYFAA");

    /// <summary>A person's ID token as the sign-in gets it, with the optional claims <c>auth_time</c> and <c>acct</c>.</summary>
    public JsonValue IdToken() => Common(SignInApp)
        .With("name", "Ana").With("oid", Ana).With("preferred_username", "ana@contoso.com").With("nonce", "123").With("rh", "0.AX")
        .With("sub", "AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ").With("uti", "fqiBqXLPj0eQa82S-IYFAA")
        .With("auth_time", time.GetUtcNow().AddSeconds(-20).ToUnixTimeSeconds()).With("acct", 0)
        .With("idp", $"https://sts.windows.net/{Tenant.Value}/");

    public static string Sign(JsonValue claims, string kid = "k1")
    {
        var header = JsonValue.Object(("typ", "JWT"), ("alg", "RS256"), ("kid", kid));
        var input = Tokens.Encode(Encoding.UTF8.GetBytes(header.ToString())) + "." + Tokens.Encode(Encoding.UTF8.GetBytes(claims.ToString()));
        return input + "." + Tokens.Encode(Key(kid).SignData(Encoding.ASCII.GetBytes(input), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));
    }

    public ValueTask<SigningKey?> FindAsync(string issuer, string kid, CancellationToken cancellationToken = default) =>
        ValueTask.FromResult(issuer == Issuer.Issuer && kid == "k1" ? SigningKey.FromJwk(Jwk(kid)) : null);

    public JwtVerifier Verifier(string audience, TokenClass face) =>
        new(new JwtVerifierOptions { Issuers = [Issuer], Audience = audience, Class = face }, this, time);

    public Task<TokenResult> VerifyAsync(string audience, TokenClass face, JsonValue claims) =>
        Verifier(audience, face).VerifyAsync(Sign(claims), TestContext.Current.CancellationToken);

    /// <summary>Entra dates <c>iat</c> and <c>nbf</c> five minutes back.</summary>
    private JsonValue Common(string audience)
    {
        var issued = time.GetUtcNow().ToUnixTimeSeconds() - 300;
        return JsonValue.Object(
            ("aud", audience), ("iss", Issuer.Issuer), ("iat", issued), ("nbf", issued), ("exp", issued + 4500), ("tid", Tenant.Value), ("ver", "2.0"), ("aio", "AXQAi"));
    }
}
