using System.Text.Json.Serialization;

namespace Interlock.Core.Registry;

/// <summary>
/// How Interlock authenticates at a server. Secrets are names, resolved where a request leaves and nowhere else; issuers and endpoints are pinned by
/// registering them. The caller's own token is never passed on.
/// </summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "type")]
[JsonDerivedType(typeof(ApiKey), "apiKey")]
[JsonDerivedType(typeof(ClientCredentials), "clientCredentials")]
[JsonDerivedType(typeof(OnBehalfOf), "onBehalfOf")]
[JsonDerivedType(typeof(ManagedIdentity), "managedIdentity")]
public abstract record UpstreamAuth
{
    private UpstreamAuth()
    {
    }

    /// <summary>A fixed header, <c>Authorization</c> with the prefix <c>Bearer </c> where nothing else is said.</summary>
    public sealed record ApiKey(string Secret, string Header = "Authorization", string Prefix = "Bearer ") : UpstreamAuth;

    /// <summary>OAuth 2.0 client credentials (RFC 6749 §4.4), with a resource indicator (RFC 8707) where one is given.</summary>
    public sealed record ClientCredentials(Uri TokenEndpoint, string ClientId, string Secret, string? Scope = null, string? Resource = null) : UpstreamAuth;

    /// <summary>
    /// The caller's token exchanged for one of this server's: by RFC 8693, or as Entra does it (<c>jwt-bearer</c>, <c>requested_token_use=on_behalf_of</c>).
    /// A call without a caller's token, which is every call of a run, is refused.
    /// </summary>
    public sealed record OnBehalfOf(Uri TokenEndpoint, string ClientId, string Secret, ExchangeKind Exchange, string? Scope = null, string? Resource = null) : UpstreamAuth;

    /// <summary>A token of the host's own identity, in Azure only.</summary>
    public sealed record ManagedIdentity(string Scope, string? ClientId = null) : UpstreamAuth;
}

public enum ExchangeKind
{
    /// <summary>RFC 8693.</summary>
    TokenExchange,

    /// <summary>Microsoft Entra's on-behalf-of flow.</summary>
    Entra,
}
