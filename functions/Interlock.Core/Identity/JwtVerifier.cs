using System.Collections.Frozen;
using System.Text;
using Interlock.Json;

namespace Interlock.Core.Identity;

/// <summary>
/// Verifies signed JWTs (RFC 7515, 7519, 8725) in compact form, strictly: a fixed list of asymmetric algorithms, the key by issuer
/// and <c>kid</c> only, never from the token; no encrypted or nested tokens; claims as <see cref="ClaimCheck"/> requires them.
/// </summary>
public sealed class JwtVerifier
{
    private const int MaxKidLength = 256;

    private static readonly FrozenSet<string> Algorithms = FrozenSet.Create(
        "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512");

    private static readonly string[] RefusedHeaders = ["jwk", "jku", "x5u", "x5c", "crit", "b64", "zip", "enc", "cty"];

    private readonly JwtVerifierOptions _options;
    private readonly ISigningKeySource _keys;
    private readonly TimeProvider _time;
    private readonly FrozenDictionary<string, TrustedIssuer> _issuers;

    /// <exception cref="ArgumentException">An option is outside its range.</exception>
    public JwtVerifier(JwtVerifierOptions options, ISigningKeySource keys, TimeProvider time)
    {
        options.Validate();
        (_options, _keys, _time) = (options, keys, time);
        _issuers = options.Issuers.ToFrozenDictionary(issuer => issuer.Issuer, StringComparer.Ordinal);
    }

    /// <summary>Refusals are returned; an exception means that the key source broke.</summary>
    public async Task<TokenResult> VerifyAsync(string token, CancellationToken cancellationToken = default)
    {
        if (token.Length > _options.MaxTokenLength)
            return Refuse(TokenRules.TooLarge, $"The token is longer than {_options.MaxTokenLength} characters.");
        var parts = token.Split('.');
        if (parts.Length == 5) return Refuse(TokenRules.Malformed, "Encrypted tokens are not accepted; send a signed one.");
        if (parts.Length != 3) return Refuse(TokenRules.Malformed, "A signed token has three parts.");
        if (ReadObject(parts[0]) is not { } header) return Refuse(TokenRules.Malformed, "The token's header is no base64url of a strict JSON object.");
        if (CheckHeader(header) is { } headerRefusal) return headerRefusal;
        if (ReadObject(parts[1]) is not { } claims) return Refuse(TokenRules.Malformed, "The token's payload is no base64url of a strict JSON object.");
        if (StrictBase64Url.Decode(parts[2]) is not { Length: > 0 } signature) return Refuse(TokenRules.Malformed, "The token's signature is no base64url.");

        if (claims["iss"]?.StringOrNull() is not { } iss || !_issuers.TryGetValue(iss, out var issuer))
            return Refuse(TokenRules.Issuer, "The token's issuer is not trusted here.");
        var algorithm = header["alg"]!.AsString(); // CheckHeader saw it
        var key = await _keys.FindAsync(issuer.Issuer, header["kid"]!.AsString(), cancellationToken); // CheckHeader saw it
        if (key is null) return Refuse(TokenRules.Key, "The token names a signing key that its issuer does not publish.");
        if (!key.Accepts(algorithm)) return Refuse(TokenRules.Algorithm, "The token's algorithm does not go with the key it names.");
        if (!key.Verify(algorithm, Encoding.ASCII.GetBytes(token, 0, parts[0].Length + 1 + parts[1].Length), signature))
            return Refuse(TokenRules.Signature, "The token's signature is not its issuer's.");
        return new ClaimCheck(_options, issuer, claims).Run(_time.GetUtcNow());
    }

    private static TokenResult.Refused? CheckHeader(JsonValue header)
    {
        if (header["alg"]?.StringOrNull() is not { } algorithm || !Algorithms.Contains(algorithm))
            return Refuse(TokenRules.Algorithm, "The token's algorithm must be one of " + string.Join(", ", Algorithms.Order(StringComparer.Ordinal)) + ".");
        foreach (var name in RefusedHeaders)
            if (header[name] is not null) return Refuse(TokenRules.Header, $"The header parameter {name} is not accepted.");
        var type = header["typ"]?.StringOrNull();
        if (!IsType(type, "at+jwt") && !IsType(type, "application/at+jwt") && !IsType(type, "JWT"))
            return Refuse(TokenRules.Type, "The token's typ must be at+jwt or JWT.");
        if (header["kid"]?.StringOrNull() is not { Length: > 0 and <= MaxKidLength })
            return Refuse(TokenRules.Key, "The token must name its signing key (kid).");
        return null;
    }

    private static bool IsType(string? actual, string expected) => string.Equals(actual, expected, StringComparison.OrdinalIgnoreCase);

    private static JsonValue? ReadObject(string part)
    {
        if (StrictBase64Url.Decode(part) is not { } bytes) return null;
        try
        {
            return StrictJson.Parse(bytes) is { IsObject: true } value ? value : null;
        }
        catch (NotIJsonException)
        {
            return null;
        }
    }

    private static TokenResult.Refused Refuse(string rule, string detail) => new(rule, detail);
}
