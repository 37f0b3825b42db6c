using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Interlock.Core;
using Interlock.Core.Identity;
using Interlock.Json;

namespace Interlock.Tests.Identity;

/// <summary>An outside issuer with one RSA and three EC keys, and a verifier for its tokens; every part of a token can be bent.</summary>
internal sealed class Tokens : ISigningKeySource
{
    public const string Issuer = "https://login.example.com/contoso/v2.0";
    public const string Audience = "api://interlock-mcp";

    public static readonly DateTimeOffset Now = new(2026, 3, 3, 8, 30, 0, TimeSpan.Zero);

    private static readonly RSA SharedRsa = RSA.Create(2048);

    public RSA Rsa { get; } = SharedRsa;

    public ECDsa P256 { get; } = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public ECDsa P384 { get; } = ECDsa.Create(ECCurve.NamedCurves.nistP384);

    public ECDsa P521 { get; } = ECDsa.Create(ECCurve.NamedCurves.nistP521);

    public ManualTime Time { get; } = new(Now);

    public JwtVerifierOptions Options { get; init; } = new()
    {
        Issuers = [new TrustedIssuer(Issuer, new TenantId("contoso"))],
        Audience = Audience,
        Class = TokenClass.Mcp,
    };

    public static JsonValue Header(string alg = "RS256", string kid = "rsa") =>
        JsonValue.Object(("alg", alg), ("typ", "at+jwt"), ("kid", kid));

    public static JsonValue Claims => JsonValue.Object(
        ("iss", Issuer), ("aud", Audience), ("tid", "contoso"), ("oid", "ana"), ("name", "Ana"), ("idtyp", "user"),
        ("groups", JsonValue.Array("support")), ("roles", JsonValue.Array("author")),
        ("iat", Now.ToUnixTimeSeconds() - 10), ("nbf", Now.ToUnixTimeSeconds() - 10), ("exp", Now.ToUnixTimeSeconds() + 600));

    public ValueTask<SigningKey?> FindAsync(string issuer, string kid, CancellationToken cancellationToken = default) =>
        ValueTask.FromResult(issuer != Issuer ? null : kid switch
        {
            "rsa" => SigningKey.FromRsa("rsa", Rsa.ExportParameters(false)),
            "p256" => SigningKey.FromEc("p256", P256.ExportParameters(false)),
            "p384" => SigningKey.FromEc("p384", P384.ExportParameters(false)),
            "p521" => SigningKey.FromEc("p521", P521.ExportParameters(false)),
            _ => null,
        });

    public string Sign(JsonValue header, JsonValue claims) => Sign(header.ToString(), claims.ToString(), header["alg"]!.AsString());

    public string Sign(string header, string claims, string alg)
    {
        var input = Encode(Encoding.UTF8.GetBytes(header)) + "." + Encode(Encoding.UTF8.GetBytes(claims));
        return input + "." + Encode(Signature(alg, Encoding.ASCII.GetBytes(input)));
    }

    public async Task<TokenResult> VerifyAsync(string token) =>
        await new JwtVerifier(Options, this, Time).VerifyAsync(token, TestContext.Current.CancellationToken);

    public Task<TokenResult> VerifyAsync(JsonValue header, JsonValue claims) => VerifyAsync(Sign(header, claims));

    public async Task AssertRefusedAsync(string rule, string token)
    {
        var refused = Assert.IsType<TokenResult.Refused>(await VerifyAsync(token));
        Assert.Equal(rule, refused.Rule);
        Assert.All(token.Split('.').Where(part => part.Length > 8), part => Assert.DoesNotContain(part, refused.Detail, StringComparison.Ordinal));
    }

    public static string Encode(ReadOnlySpan<byte> bytes) => Base64Url.EncodeToString(bytes);

    private byte[] Signature(string alg, byte[] data)
    {
        var hash = new HashAlgorithmName("SHA" + alg[2..]);
        return alg[..2] switch
        {
            "RS" => Rsa.SignData(data, hash, RSASignaturePadding.Pkcs1),
            "PS" => Rsa.SignData(data, hash, RSASignaturePadding.Pss),
            "HS" => HMACSHA256.HashData(Encoding.ASCII.GetBytes(Rsa.ExportSubjectPublicKeyInfoPem()), data),
            _ => (alg switch { "ES256" => P256, "ES384" => P384, _ => P521 }).SignData(data, hash, DSASignatureFormat.IeeeP1363FixedFieldConcatenation),
        };
    }
}
