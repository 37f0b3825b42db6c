using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Interlock.Json;

namespace Interlock.Core.Identity;

/// <summary>
/// Authenticates stored values (grants, gate rows, votes, links) under a key kept outside the store: HMAC-SHA256 (RFC 2104) over the
/// purpose's length and text and the value's canonical JSON, as unpadded base64url. What is signed for one purpose verifies for no other.
/// </summary>
public sealed class Mac
{
    private const int MinimumKeyBytes = 32;

    private readonly byte[] _key;

    /// <exception cref="ArgumentException">The key has fewer than 32 bytes.</exception>
    public Mac(byte[] key)
    {
        if (key.Length < MinimumKeyBytes) throw new ArgumentException($"A MAC key has at least {MinimumKeyBytes} bytes.", nameof(key));
        _key = [.. key];
    }

    public string Sign(string purpose, JsonValue value) => Base64Url.EncodeToString(Compute(purpose, value));

    /// <summary>Whether the MAC is this value's for this purpose; compares in constant time.</summary>
    public bool Verify(string purpose, JsonValue value, string mac)
    {
        // Comparing the text and not decoded bytes leaves one spelling per MAC.
        var expected = Encoding.ASCII.GetBytes(Sign(purpose, value));
        return CryptographicOperations.FixedTimeEquals(expected, Encoding.UTF8.GetBytes(mac));
    }

    private byte[] Compute(string purpose, JsonValue value)
    {
        ArgumentException.ThrowIfNullOrEmpty(purpose);
        using var hmac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, _key);
        var purposeBytes = Encoding.UTF8.GetBytes(purpose);
        Span<byte> length = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32BigEndian(length, purposeBytes.Length);
        hmac.AppendData(length);
        hmac.AppendData(purposeBytes);
        hmac.AppendData(CanonicalJson.Serialize(value));
        return hmac.GetHashAndReset();
    }
}
