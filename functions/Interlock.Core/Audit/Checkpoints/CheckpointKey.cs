using System.Buffers.Text;
using System.Security.Cryptography;
using Interlock.Core.Identity;
using Interlock.Json;

namespace Interlock.Core.Audit.Checkpoints;

/// <summary>A checkpoint key that this process holds: on P-256, named by its RFC 7638 thumbprint. Safe for concurrent use.</summary>
public sealed class CheckpointKey : ICheckpointSigner, IDisposable
{
    private readonly ECDsa _key;
    private readonly ECParameters _public;
    private readonly Lock _signing = new();

    private CheckpointKey(ECDsa key)
    {
        (_key, _public) = (key, key.ExportParameters(includePrivateParameters: false));
        Kid = SigningKey.Thumbprint(_public);
    }

    public string Kid { get; }

    /// <summary>The public half as a JWK (RFC 7517), for whoever verifies.</summary>
    public JsonValue Jwk => JsonValue.Object(
        ("kty", "EC"), ("crv", "P-256"), ("alg", "ES256"), ("use", "sig"), ("kid", Kid),
        ("x", Base64Url.EncodeToString(_public.Q.X)), ("y", Base64Url.EncodeToString(_public.Q.Y)));

    public static CheckpointKey Create() => new(ECDsa.Create(ECCurve.NamedCurves.nistP256));

    /// <exception cref="ArgumentException">The text is no PEM of a private key on P-256.</exception>
    public static CheckpointKey FromPem(string pem)
    {
        var key = ECDsa.Create();
        try
        {
            key.ImportFromPem(pem);
            if (key.KeySize != 256) throw new ArgumentException("The checkpoint key must be on P-256.", nameof(pem));
            return new(key);
        }
        catch
        {
            key.Dispose();
            throw;
        }
    }

    public Task<CheckpointSignature> SignAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken = default)
    {
        lock (_signing) return Task.FromResult(new CheckpointSignature(Kid, _key.SignData(data.Span, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation)));
    }

    public void Dispose() => _key.Dispose();
}
