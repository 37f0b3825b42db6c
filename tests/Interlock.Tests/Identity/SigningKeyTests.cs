using System.Security.Cryptography;
using System.Text;
using Interlock.Core.Identity;
using Interlock.Json;

namespace Interlock.Tests.Identity;

/// <summary>RFC 7515 appendices A.2 (RS256), A.3 (ES256) and A.4 (ES512), and keys that must not count.</summary>
public sealed class SigningKeyTests
{
    private const string Payload = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";

    private const string RsaKey = """
        {"kty":"RSA","kid":"a2","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ","e":"AQAB"}
        """;

    private const string RsaToken = "eyJhbGciOiJSUzI1NiJ9." + Payload +
        ".cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";

    private const string P256Key = """
        {"kty":"EC","kid":"a3","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}
        """;

    private const string P256Token = "eyJhbGciOiJFUzI1NiJ9." + Payload +
        ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";

    [Theory]
    [InlineData(RsaKey, RsaToken, "RS256")]
    [InlineData(P256Key, P256Token, "ES256")]
    public void Verify_Rfc7515Vector_HoldsAndOnlyUnchanged(string jwk, string token, string alg)
    {
        var key = SigningKey.FromJwk(StrictJson.Parse(jwk))!;
        var cut = token.LastIndexOf('.');
        var data = Encoding.ASCII.GetBytes(token[..cut]);
        var signature = StrictBase64Url.Decode(token.AsSpan(cut + 1))!;

        Assert.True(key.Verify(alg, data, signature));
        signature[^1] ^= 1;
        Assert.False(key.Verify(alg, data, signature));
        signature[^1] ^= 1;
        data[0] ^= 1;
        Assert.False(key.Verify(alg, data, signature));
    }

    [Fact]
    public void Accepts_KeyThatStatesItsAlgorithm_NoOther()
    {
        var key = SigningKey.FromJwk(StrictJson.Parse(RsaKey).With("alg", "PS256"))!;

        Assert.True(key.Accepts("PS256"));
        Assert.False(key.Accepts("RS256"));
    }

    [Theory]
    [InlineData("""{"kty":"oct","kid":"k","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"}""")]
    [InlineData("""{"kty":"EC","kid":"k","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"}""")]
    [InlineData("""{"kty":"EC","kid":"k","crv":"secp256k1","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}""")]
    [InlineData("""{"kty":"EC","kid":"k","crv":"P-256","x":"AAAA","y":"AAAA"}""")]
    [InlineData("""{"kty":"RSA","kid":"k","n":"AQAB","e":"AQAB"}""")]
    [InlineData("""{"kty":"OKP","kid":"k","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}""")]
    [InlineData("""{"kty":"RSA"}""")]
    [InlineData("[]")]
    public void FromJwk_KeyThatMustNotCount_IsNull(string jwk) => Assert.Null(SigningKey.FromJwk(StrictJson.Parse(jwk)));

    [Fact]
    public void FromJwk_ForEncryption_IsNull() => Assert.Null(SigningKey.FromJwk(StrictJson.Parse(RsaKey).With("use", "enc")));

    [Theory]
    [InlineData(1024, false)]
    [InlineData(2040, false)]
    [InlineData(2048, true)]
    public void FromRsa_ByItsLength_CountsFrom2048Bits(int bits, bool counts)
    {
        using var rsa = RSA.Create(bits);
        Assert.Equal(counts, SigningKey.FromRsa("k", rsa.ExportParameters(false)) is not null);
    }

    [Theory]
    [InlineData("AA", true)]
    [InlineData("AB", false)]
    [InlineData("AAE", true)]
    [InlineData("AAF", false)]
    [InlineData("A", false)]
    [InlineData("AA==", false)]
    [InlineData("A A", false)]
    [InlineData("A+", false)]
    [InlineData("A/", false)]
    public void Decode_Base64Url_AcceptsOneSpellingPerValue(string text, bool accepted) =>
        Assert.Equal(accepted, StrictBase64Url.Decode(text) is not null);
}
