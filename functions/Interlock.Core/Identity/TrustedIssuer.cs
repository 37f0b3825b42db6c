namespace Interlock.Core.Identity;

/// <summary>
/// An issuer by its exact <c>iss</c>. When <paramref name="Tenant"/> is given, tokens naming any other <c>tid</c> are refused.
/// Only an issuer with <paramref name="MintsRunTokens"/> (our own) may issue run tokens or name agents.
/// </summary>
public sealed record TrustedIssuer(string Issuer, TenantId? Tenant = null, bool MintsRunTokens = false);
