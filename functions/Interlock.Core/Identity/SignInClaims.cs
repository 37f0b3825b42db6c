using Interlock.Json;

namespace Interlock.Core.Identity;

/// <summary>
/// What an ID token says of the sign-in it stands for (OpenID Connect Core §2): when it was issued, when the person last proved who they are
/// (<c>auth_time</c>), and whether the person's home is elsewhere (Entra's <c>acct</c> and <c>idp</c>; a token may hold neither, so the directory is asked too).
/// </summary>
public sealed record SignInClaims(DateTimeOffset IssuedAt, DateTimeOffset AuthenticatedAt, bool IsGuest)
{
    /// <summary>Claims of access tokens: a token with one of them is none, whoever's it is.</summary>
    private static readonly string[] OfAccessTokens = ["scp", "azp", "azpacr", "appid", "appidacr"];

    internal static bool IsIdToken(JsonValue claims) =>
        OfAccessTokens.All(name => claims[name] is null) && (claims["idtyp"] is null || claims["idtyp"]?.StringOrNull() == "user");

    internal static SignInClaims? Read(string issuer, TenantId tenant, JsonValue claims) =>
        NumericDate.Read(claims["iat"]) is { } issued && NumericDate.Read(claims["auth_time"]) is { } authenticated
            ? new(issued, authenticated, !IsMember(claims["acct"]) || !IsHome(issuer, tenant, claims["idp"]))
            : null;

    private static bool IsMember(JsonValue? account) =>
        account is null || (account.IsNumber && account.AsNumber() == 0);

    private static bool IsHome(string issuer, TenantId tenant, JsonValue? provider) =>
        provider is null || provider.StringOrNull() is { } name && (name == issuer || name == $"https://sts.windows.net/{tenant.Value}/");
}
