using Interlock.Json;

namespace Interlock.Core.Identity;

/// <summary>
/// The claims of a token whose signature held: class, audience, times, tenant, then who it is. A token is a person's only if it says so
/// (<c>idtyp</c> user, a delegated scope, or an ID token): app-only tokens without <c>idtyp</c> exist, and applications never decide.
/// </summary>
internal sealed class ClaimCheck(JwtVerifierOptions options, TrustedIssuer issuer, JsonValue claims)
{
    private const int MaxIdLength = 128;

    public TokenResult Run(DateTimeOffset now)
    {
        if (issuer.Version is { } version && claims["ver"]?.StringOrNull() != version)
            return Refuse(TokenRules.Version, $"The token must be of version {version} (ver); its application's registration says which is issued.");
        if (Class() is not { } tokenClass) return Refuse(TokenRules.Class, "A token of this class is not accepted here.");
        if (!HasAudience()) return Refuse(TokenRules.Audience, "The token was issued for another audience.");
        if (CheckTimes(now, out var expiresAt) is { } timeRefusal) return timeRefusal;
        if (claims["tid"]?.StringOrNull() is not { } tid || !IsTenant(tid)) return Refuse(TokenRules.Tenant, "The token names no tenant (tid).");
        var tenant = new TenantId(tid);
        if (issuer.Tenant is { } pinned && pinned != tenant) return Refuse(TokenRules.Tenant, "The token's issuer does not speak for that tenant.");
        if (Principal(tenant) is not { } principal)
            return Refuse(TokenRules.Claims, "The token must hold oid, and groups and roles as arrays of strings; idtyp is user or app.");
        var signIn = tokenClass == TokenClass.SignIn ? SignInClaims.Read(issuer.Issuer, tenant, claims) : null;
        if (tokenClass == TokenClass.SignIn && signIn is null)
            return Refuse(TokenRules.Claims, "The ID token must hold iat and auth_time; add auth_time to the optional claims of the sign-in's app registration.");
        var run = tokenClass == TokenClass.Run ? RunTokenClaims.Read(tenant, claims) : null;
        if (tokenClass == TokenClass.Run && run is null) return Refuse(TokenRules.Claims, "A run token must hold run, frame and pool.");
        if (!TokenScope.TryRead(claims, out var scope) || (scope is not null && tokenClass is not (TokenClass.Mcp or TokenClass.Run)))
            return Refuse(TokenRules.Claims, "The token's capabilities (cap) can't be read, or are of no use here.");
        return new TokenResult.Valid(new VerifiedToken(claims, issuer.Issuer, tokenClass, principal, run, signIn, expiresAt) { Scope = scope });
    }

    /// <summary>Only our own issuer's <c>token_use</c> counts; elsewhere the audience alone makes the class. A sign-in takes ID tokens only.</summary>
    private TokenClass? Class()
    {
        if (options.Class == TokenClass.SignIn && !SignInClaims.IsIdToken(claims)) return null;
        if (!issuer.MintsRunTokens) return options.Class;
        return claims["token_use"]?.StringOrNull() switch
        {
            "run" when options.AcceptRunTokens => TokenClass.Run,
            "mcp" when options.Class == TokenClass.Mcp && !issuer.OnlyRunTokens => TokenClass.Mcp,
            "api" when options.Class == TokenClass.Api && !issuer.OnlyRunTokens => TokenClass.Api,
            _ => null,
        };
    }

    private bool HasAudience() => claims["aud"] switch
    {
        { IsString: true } one => one.AsString() == options.Audience,
        { IsArray: true } several => several.Items.All(item => item.IsString) && several.Items.Any(item => item.AsString() == options.Audience),
        _ => false,
    };

    private TokenResult.Refused? CheckTimes(DateTimeOffset now, out DateTimeOffset expiresAt)
    {
        expiresAt = default;
        if (NumericDate.Read(claims["exp"]) is not { } exp) return Refuse(TokenRules.Time, "The token must hold its expiry (exp) in Unix seconds.");
        if (now >= exp + options.ClockSkew) return Refuse(TokenRules.Time, "The token has expired; get a new one.");
        foreach (var name in (ReadOnlySpan<string>)["nbf", "iat", "auth_time"])
        {
            if (claims[name] is null) continue;
            if (NumericDate.Read(claims[name]) is not { } from) return Refuse(TokenRules.Time, $"The token's {name} must be Unix seconds.");
            if (now < from - options.ClockSkew) return Refuse(TokenRules.Time, $"The token is not valid yet ({name}).");
        }
        if (options.Incarnation != Incarnation.First && !(NumericDate.Read(claims["iat"]) >= options.Incarnation.Since.AddSeconds(-1))) // it says whole seconds
            return Refuse(Incarnation.Rule, "The token was issued before the store was restored; get a new one.");
        expiresAt = exp;
        return null;
    }

    private static bool IsTenant(string tid) =>
        tid.Length is > 0 and <= 64 && tid.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-');

    private Principal? Principal(TenantId tenant)
    {
        if (claims["oid"]?.StringOrNull() is not { Length: > 0 and <= MaxIdLength } id) return null;
        if (VerifiedToken.Strings(claims["groups"]) is not { } groups || VerifiedToken.Strings(claims["roles"]) is not { } roles) return null;
        PrincipalKind? kind = claims["idtyp"] switch
        {
            null => options.Class == TokenClass.SignIn || claims["scp"] is { IsString: true } ? PrincipalKind.User : PrincipalKind.Application,
            var type => type.StringOrNull() switch
            {
                "user" => PrincipalKind.User,
                "app" => PrincipalKind.Application,
                "agent" when issuer.MintsRunTokens => PrincipalKind.Agent,
                _ => null,
            },
        };
        return kind is null ? null : new(tenant, id, kind.Value, claims["name"]?.StringOrNull() ?? id, groups, roles);
    }

    private static TokenResult.Refused Refuse(string rule, string detail) => new(rule, detail);
}
