using System.Globalization;
using System.Security.Cryptography;

namespace Interlock.Core.Identity;

/// <summary>
/// A salted PBKDF2-HMAC-SHA256 hash (RFC 8018) of a password, written <c>pbkdf2-sha256$iterations$salt$hash</c> with base64 parts.
/// Passwords hold 1 to 1,024 characters; they are hashed as their UTF-8 bytes, unnormalised.
/// </summary>
public sealed class PasswordHash
{
    /// <summary>OWASP's figure for PBKDF2-HMAC-SHA256.</summary>
    public const int DefaultIterations = 600_000;

    private const string Scheme = "pbkdf2-sha256";
    private const int MaxIterations = 10_000_000;
    private const int MaxPasswordLength = 1024;
    private const int HashBytes = 32;
    private const int SaltBytes = 16;

    private readonly int _iterations;
    private readonly byte[] _salt;
    private readonly byte[] _hash;

    private PasswordHash(int iterations, byte[] salt, byte[] hash) => (_iterations, _salt, _hash) = (iterations, salt, hash);

    /// <exception cref="ArgumentException">An empty or overlong password, or iterations outside 1 to 10 million.</exception>
    public static PasswordHash Create(string password, int iterations = DefaultIterations)
    {
        if (password.Length is 0 or > MaxPasswordLength) throw new ArgumentException("A password has 1 to 1,024 characters.", nameof(password));
        if (iterations is < 1 or > MaxIterations) throw new ArgumentException("1 to 10,000,000 iterations.", nameof(iterations));
        var salt = RandomNumberGenerator.GetBytes(SaltBytes);
        return new(iterations, salt, Derive(password, salt, iterations));
    }

    /// <summary>Reads what <see cref="ToString"/> wrote.</summary>
    /// <exception cref="FormatException">The text is none.</exception>
    public static PasswordHash Parse(string text)
    {
        var parts = text.Split('$');
        if (parts is not [Scheme, var count, var salt, var hash]
            || !int.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out var iterations)
            || iterations is < 1 or > MaxIterations)
            throw new FormatException($"A password hash reads {Scheme}$iterations$salt$hash.");
        var read = new PasswordHash(iterations, Convert.FromBase64String(salt), Convert.FromBase64String(hash));
        if (read._salt.Length < 8 || read._hash.Length != HashBytes)
            throw new FormatException("A password hash has a salt of at least 8 bytes and a hash of 32.");
        return read;
    }

    /// <summary>Takes the same time for any wrong password.</summary>
    public bool Verify(string password) =>
        password.Length is > 0 and <= MaxPasswordLength
        && CryptographicOperations.FixedTimeEquals(_hash, Derive(password, _salt, _iterations));

    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{Scheme}${_iterations}${Convert.ToBase64String(_salt)}${Convert.ToBase64String(_hash)}");

    private static byte[] Derive(string password, byte[] salt, int iterations) =>
        Rfc2898DeriveBytes.Pbkdf2(password, salt, iterations, HashAlgorithmName.SHA256, HashBytes);
}
