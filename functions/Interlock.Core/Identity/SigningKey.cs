using System.Buffers.Binary;
using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Interlock.Json;

namespace Interlock.Core.Identity;

/// <summary>
/// A public key that verifies signatures of its own kind only: RSA of 2,048 to 16,384 bits with RS* and PS* (RFC 7518 §3.3, §3.5), P-256, P-384
/// and P-521 with the one ES* of that curve (§3.4, fixed-length signatures). A key that states its algorithm verifies no other.
/// Safe for concurrent use.
/// </summary>
public sealed class SigningKey
{
    private const int MinimumRsaBits = 2048;
    private const int MaximumRsaBits = 16384; // larger ones only make verifying slow

    /// <summary>Only true signatures are remembered, so nobody without the key can fill it.</summary>
    private const int MostRemembered = 16 * 1024;

    private readonly ConcurrentDictionary<(UInt128, UInt128), bool> _verified = new();
    private readonly RSAParameters? _rsa;
    private readonly ECParameters? _ec;
    private readonly string? _curveAlgorithm;
    private readonly string? _statedAlgorithm;

    private SigningKey(string kid, string? statedAlgorithm, RSAParameters? rsa = null, ECParameters? ec = null, string? curveAlgorithm = null) =>
        (Kid, _statedAlgorithm, _rsa, _ec, _curveAlgorithm) = (kid, statedAlgorithm, rsa, ec, curveAlgorithm);

    public string Kid { get; }

    /// <summary>The key of a JWK (RFC 7517), or null when it is none this verifier may use: another kind or curve, too weak, for encryption, or symmetric.</summary>
    public static SigningKey? FromJwk(JsonValue jwk)
    {
        if (jwk["kid"]?.StringOrNull() is not { Length: > 0 } kid) return null;
        if (jwk["use"] is { } use && use.StringOrNull() != "sig") return null;
        if (jwk["alg"] is { IsString: false }) return null;
        var algorithm = jwk["alg"]?.StringOrNull();
        return jwk["kty"]?.StringOrNull() switch
        {
            "RSA" when Bytes(jwk["n"]) is { } n && Bytes(jwk["e"]) is { } e => FromRsa(kid, new RSAParameters { Modulus = n, Exponent = e }, algorithm),
            "EC" when Bytes(jwk["x"]) is { } x && Bytes(jwk["y"]) is { } y && Curve(jwk["crv"]?.StringOrNull()) is { } curve =>
                FromEc(kid, new ECParameters { Curve = curve, Q = new ECPoint { X = x, Y = y } }, algorithm),
            _ => null,
        };
    }

    /// <summary>An RSA key, or null when it is too short, too long or no RSA key.</summary>
    public static SigningKey? FromRsa(string kid, RSAParameters key, string? algorithm = null)
    {
        var publicKey = new RSAParameters { Modulus = key.Modulus, Exponent = key.Exponent };
        try
        {
            using var rsa = RSA.Create(publicKey);
            return rsa.KeySize is >= MinimumRsaBits and <= MaximumRsaBits ? new(kid, algorithm, rsa: publicKey) : null;
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    /// <summary>A key on P-256, P-384 or P-521, or null when the curve is another or the point is not on it.</summary>
    public static SigningKey? FromEc(string kid, ECParameters key, string? algorithm = null)
    {
        var publicKey = new ECParameters { Curve = key.Curve, Q = key.Q };
        try
        {
            using var ec = ECDsa.Create(publicKey);
            var curveAlgorithm = ec.ExportParameters(false).Curve.Oid.Value switch
            {
                "1.2.840.10045.3.1.7" => "ES256",
                "1.3.132.0.34" => "ES384",
                "1.3.132.0.35" => "ES512",
                _ => null,
            };
            return curveAlgorithm is null ? null : new(kid, algorithm, ec: publicKey, curveAlgorithm: curveAlgorithm);
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    /// <summary>Whether a signature of this JWS algorithm could be this key's at all.</summary>
    public bool Accepts(string algorithm)
    {
        if (_statedAlgorithm is not null && _statedAlgorithm != algorithm) return false;
        return algorithm switch
        {
            "RS256" or "RS384" or "RS512" or "PS256" or "PS384" or "PS512" => _rsa is not null,
            "ES256" or "ES384" or "ES512" => algorithm == _curveAlgorithm,
            _ => false,
        };
    }

    /// <summary>
    /// False for every algorithm that this key does not accept. Clients show the same token with every request: a signature that was true is remembered by a digest
    /// of all that went into it, and not computed again. What else a token must be is not this key's to say.
    /// </summary>
    public bool Verify(string algorithm, ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature)
    {
        if (!Accepts(algorithm)) return false;
        var identity = Identity(algorithm, data, signature);
        if (_verified.ContainsKey(identity)) return true;
        if (!Compute(algorithm, data, signature)) return false;
        if (_verified.Count >= MostRemembered) _verified.Clear();
        _verified[identity] = true;
        return true;
    }

    private static (UInt128, UInt128) Identity(string algorithm, ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature)
    {
        Span<byte> lengths = stackalloc byte[2 * sizeof(int)];
        BinaryPrimitives.WriteInt32BigEndian(lengths, data.Length);
        BinaryPrimitives.WriteInt32BigEndian(lengths[sizeof(int)..], signature.Length);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(lengths);
        hash.AppendData(data);
        hash.AppendData(signature);
        hash.AppendData(Encoding.ASCII.GetBytes(algorithm));
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        hash.GetHashAndReset(digest);
        return (BinaryPrimitives.ReadUInt128BigEndian(digest), BinaryPrimitives.ReadUInt128BigEndian(digest[16..]));
    }

    private bool Compute(string algorithm, ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature)
    {
        var hash = algorithm[2..] switch
        {
            "256" => HashAlgorithmName.SHA256,
            "384" => HashAlgorithmName.SHA384,
            _ => HashAlgorithmName.SHA512,
        };
        // Instances are made per call: the framework does not promise that one may be used by several threads.
        if (_rsa is { } rsaKey)
        {
            using var rsa = RSA.Create(rsaKey);
            return rsa.VerifyData(data, signature, hash, algorithm[0] == 'P' ? RSASignaturePadding.Pss : RSASignaturePadding.Pkcs1);
        }
        using var ec = ECDsa.Create(_ec!.Value); // a key is RSA or EC
        return signature.Length == (ec.KeySize + 7) / 8 * 2
            && ec.VerifyData(data, signature, hash, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
    }

    /// <summary>The RFC 7638 thumbprint of an EC public key, used as our own keys' id.</summary>
    internal static string Thumbprint(ECParameters p256)
    {
        var jwk = JsonValue.Object(("crv", "P-256"), ("kty", "EC"), ("x", Base64Url.EncodeToString(p256.Q.X)), ("y", Base64Url.EncodeToString(p256.Q.Y)));
        return Base64Url.EncodeToString(SHA256.HashData(Encoding.UTF8.GetBytes(JsonText.Write(jwk, sorted: true))));
    }

    private static ECCurve? Curve(string? name) => name switch
    {
        "P-256" => ECCurve.NamedCurves.nistP256,
        "P-384" => ECCurve.NamedCurves.nistP384,
        "P-521" => ECCurve.NamedCurves.nistP521,
        _ => null,
    };

    private static byte[]? Bytes(JsonValue? text) => text?.StringOrNull() is { Length: > 0 } encoded ? StrictBase64Url.Decode(encoded) : null;
}
