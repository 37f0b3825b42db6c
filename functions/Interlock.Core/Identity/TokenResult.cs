namespace Interlock.Core.Identity;

/// <summary>How verifying a token ended. The detail never repeats any part of the token and may be shown to the caller.</summary>
public abstract record TokenResult
{
    private TokenResult()
    {
    }

    public sealed record Valid(VerifiedToken Token) : TokenResult;

    /// <param name="Rule">One of <see cref="TokenRules"/>.</param>
    /// <param name="Detail">What was wrong and what to do.</param>
    public sealed record Refused(string Rule, string Detail) : TokenResult;
}

/// <summary>The rules by which a token is refused.</summary>
public static class TokenRules
{
    public const string TooLarge = "token-too-large";
    public const string Malformed = "token-malformed";

    /// <summary>An algorithm outside the fixed list, or one that does not go with the key.</summary>
    public const string Algorithm = "token-algorithm";

    /// <summary>A header parameter that brings its own key or changes how the token is read.</summary>
    public const string Header = "token-header";
    public const string Type = "token-type";
    public const string Issuer = "token-issuer";

    /// <summary>Not the version (<c>ver</c>) that this issuer is trusted for.</summary>
    public const string Version = "token-version";

    /// <summary>No <c>kid</c>, an unknown one, or a key too weak to count.</summary>
    public const string Key = "token-key";
    public const string Signature = "token-signature";
    public const string Audience = "token-audience";

    /// <summary>Outside its validity, as <c>exp</c>, <c>nbf</c> and <c>iat</c> state it.</summary>
    public const string Time = "token-time";
    public const string Tenant = "token-tenant";
    public const string Claims = "token-claims";
    public const string Class = "token-class";
}
