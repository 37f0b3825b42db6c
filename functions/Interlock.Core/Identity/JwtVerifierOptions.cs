using System.Collections.Immutable;

namespace Interlock.Core.Identity;

/// <summary>
/// What one face accepts. <see cref="Audience"/> is the one value <c>aud</c> must hold; <see cref="Class"/> the class that audience
/// stands for. <see cref="AcceptRunTokens"/> belongs to <c>/mcp</c> alone.
/// </summary>
public sealed record JwtVerifierOptions
{
    public required ImmutableArray<TrustedIssuer> Issuers { get; init; }

    public required string Audience { get; init; }

    public required TokenClass Class { get; init; }

    public bool AcceptRunTokens { get; init; }

    /// <summary>Tokens issued before are void: the store was restored from a copy since.</summary>
    public Incarnation Incarnation { get; init; } = Incarnation.First;

    /// <summary>How far the issuer's clock may be off, either way; 0 to 5 minutes.</summary>
    public TimeSpan ClockSkew { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>The longest token, in characters; 1 KiB to 64 KiB.</summary>
    public int MaxTokenLength { get; init; } = 16 * 1024;

    internal void Validate()
    {
        if (Issuers.IsDefaultOrEmpty) throw new ArgumentException("At least one issuer must be trusted.", nameof(Issuers));
        if (Issuers.Select(issuer => issuer.Issuer).Distinct(StringComparer.Ordinal).Count() != Issuers.Length)
            throw new ArgumentException("An issuer is listed twice.", nameof(Issuers));
        if (string.IsNullOrEmpty(Audience)) throw new ArgumentException("The expected audience is missing.", nameof(Audience));
        if (Class == TokenClass.Run) throw new ArgumentException("Run tokens are accepted beside a face's own class, not as it.", nameof(Class));
        if (AcceptRunTokens && Class != TokenClass.Mcp) throw new ArgumentException("Only /mcp accepts run tokens.", nameof(AcceptRunTokens));
        if (ClockSkew < TimeSpan.Zero || ClockSkew > TimeSpan.FromMinutes(5)) throw new ArgumentException("0 to 5 minutes.", nameof(ClockSkew));
        if (MaxTokenLength is < 1024 or > 65536) throw new ArgumentException("1,024 to 65,536 characters.", nameof(MaxTokenLength));
    }
}
