using System.Buffers;

namespace Interlock.Core.Storage;

/// <summary>
/// The names every <see cref="IBlobStore"/> accepts: a tenant of 1 to 64 lower-case letters, digits and dashes, and a digest of
/// <c>sha256:</c> and 64 lower-case hex digits. Nothing that passes can leave a folder or a container.
/// </summary>
public static class BlobRules
{
    private const string Prefix = "sha256:";

    private static readonly SearchValues<char> _hexDigits = SearchValues.Create("0123456789abcdef");

    /// <exception cref="ArgumentException">It is no tenant id.</exception>
    public static void CheckTenant(TenantId tenant)
    {
        if (tenant.Value is not { Length: > 0 and <= 64 } id || !id.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-'))
            throw new ArgumentException("A tenant id is 1 to 64 lower-case letters, digits and dashes.", nameof(tenant));
    }

    public static bool IsDigest(string? digest) =>
        digest is not null && digest.Length == Prefix.Length + 64 && digest.StartsWith(Prefix, StringComparison.Ordinal)
        && digest.AsSpan(Prefix.Length).IndexOfAnyExcept(_hexDigits) < 0;

    /// <summary>The digest's 64 hex digits.</summary>
    /// <exception cref="ArgumentException">It is no digest; where it came from a request, ask <see cref="IsDigest"/> first.</exception>
    public static string Hex(string digest) =>
        IsDigest(digest) ? digest[Prefix.Length..] : throw new ArgumentException("A digest is 'sha256:' and 64 lower-case hex digits.", nameof(digest));
}
