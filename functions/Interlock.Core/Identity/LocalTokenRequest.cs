namespace Interlock.Core.Identity;

/// <summary>
/// A token to issue. A run token (and only that) has <paramref name="Run"/>. <see cref="NotAfter"/> caps the expiry, so that what is
/// derived from a token never outlives it.
/// </summary>
public sealed record LocalTokenRequest(Principal Principal, TokenClass Class, TimeSpan Lifetime, RunTokenClaims? Run = null)
{
    public DateTimeOffset? NotAfter { get; init; }

    /// <summary>What it is narrowed to; of tokens for <c>/mcp</c> only.</summary>
    public TokenScope? Scope { get; init; }
}
