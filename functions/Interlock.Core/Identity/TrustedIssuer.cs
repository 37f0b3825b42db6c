namespace Interlock.Core.Identity;

/// <summary>
/// An issuer by its exact <c>iss</c>. When <paramref name="Tenant"/> is given, tokens naming any other <c>tid</c> are refused.
/// Only an issuer with <paramref name="MintsRunTokens"/> (our own) may issue run tokens or name agents. When <paramref name="Version"/> is
/// given, tokens must say that <c>ver</c>.
/// </summary>
public sealed record TrustedIssuer(string Issuer, TenantId? Tenant = null, bool MintsRunTokens = false, string? Version = null)
{
    /// <summary>Whether it issues nothing else: its tokens of other classes are refused.</summary>
    public bool OnlyRunTokens { get; init; }

    /// <summary>Microsoft Entra ID for one tenant, v2.0 tokens only.</summary>
    public static TrustedIssuer Entra(TenantId tenant) => new($"https://login.microsoftonline.com/{tenant.Value}/v2.0", tenant, Version: "2.0");
}
