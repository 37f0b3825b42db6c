using System.Collections.Immutable;
using Interlock.Json;

namespace Interlock.Core.Identity;

/// <summary>
/// A token whose signature and claims were all checked; only <see cref="JwtVerifier"/> makes one.
/// <see cref="GroupsIncomplete"/>: the issuer left groups out (Entra's overage); ask the directory before matching rules by group.
/// </summary>
public sealed record VerifiedToken
{
    private readonly Principal _principal;

    internal VerifiedToken(JsonValue claims, string issuer, TokenClass tokenClass, Principal principal, RunTokenClaims? run, SignInClaims? signIn, DateTimeOffset expiresAt) =>
        (Claims, Issuer, Class, _principal, Run, SignIn, ExpiresAt) = (claims, issuer, tokenClass, principal, run, signIn, expiresAt);

    public JsonValue Claims { get; }

    public string Issuer { get; }

    public TokenClass Class { get; }

    /// <summary>Present exactly when <see cref="Class"/> is <see cref="TokenClass.Run"/>.</summary>
    public RunTokenClaims? Run { get; }

    /// <summary>Present exactly when <see cref="Class"/> is <see cref="TokenClass.SignIn"/>.</summary>
    public SignInClaims? SignIn { get; }

    /// <summary>What the token was narrowed to; null when it never was.</summary>
    public TokenScope? Scope { get; internal init; }

    /// <summary><c>exp</c> without the skew: nothing derived from this token may live longer.</summary>
    public DateTimeOffset ExpiresAt { get; }

    public bool GroupsIncomplete =>
        Claims["hasgroups"]?.Kind == JsonKind.True || Claims["_claim_names"]?["groups"] is not null;

    /// <summary>Tenant from <c>tid</c>, id from <c>oid</c>, then <c>name</c>, <c>groups</c>, <c>roles</c>; the kind from <c>idtyp</c>.</summary>
    public Principal ToPrincipal() => _principal;

    internal static ImmutableArray<string>? Strings(JsonValue? claim) => claim switch
    {
        null => [],
        { IsArray: true } when claim.Items.All(item => item.IsString) => [.. claim.Items.Select(item => item.AsString())],
        _ => null,
    };
}
