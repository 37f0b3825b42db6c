using System.Security.Cryptography;

namespace Interlock.Json;

/// <summary>The JSON Canonicalization Scheme, RFC 8785: one byte sequence per value, and digests over it.</summary>
public static class CanonicalJson
{
    /// <summary>The canonical bytes: UTF-8, no white space, names sorted by UTF-16 units, numbers as ECMAScript prints them.</summary>
    public static byte[] Serialize(JsonValue value) => JsonText.WriteUtf8(value, sorted: true);

    /// <summary><c>sha256:</c> and 64 hex digits over the canonical bytes.</summary>
    public static string Digest(JsonValue value)
    {
        using var text = new Utf8Text(value, sorted: true);
        return Digest(text.Span);
    }

    /// <summary><c>sha256:</c> and 64 hex digits over these bytes.</summary>
    public static string Digest(ReadOnlySpan<byte> bytes) => "sha256:" + Convert.ToHexStringLower(SHA256.HashData(bytes));
}
