using Interlock.Core;
using Interlock.Core.Gateway;
using Interlock.Core.Identity;
using Interlock.Core.Registry;

namespace Interlock.Http.Upstreams.Credentials;

/// <summary>Makes the credentials of registrations. Tokens are kept here, secrets nowhere.</summary>
public sealed class UpstreamCredentials
{
    private readonly ISecretSource? _secrets;
    private readonly HttpMessageHandler _egress;
    private readonly ManagedTokens? _managed;
    private readonly TokenCache _tokens;
    private readonly TokenEndpoint _endpoint;

    /// <param name="secrets">Where the secrets are that registrations name; null where there are none.</param>
    /// <param name="egress">The one way out, for token endpoints too.</param>
    /// <param name="time">The clock by which tokens end.</param>
    /// <param name="managed">Gets tokens of the host's identity; null where it has none.</param>
    public UpstreamCredentials(ISecretSource? secrets, HttpMessageHandler egress, TimeProvider time, ManagedTokens? managed = null)
    {
        (_secrets, _egress, _managed) = (secrets, egress, managed);
        _tokens = new TokenCache(time);
        _endpoint = new TokenEndpoint(new HttpClient(egress, disposeHandler: false) { Timeout = Timeout.InfiniteTimeSpan }); // the cache gives up
    }

    /// <summary>The handler through which one connection of a registration sends, for one subject where its authority depends on the caller and for discovery without.</summary>
    internal CredentialHandler? Handler(UpstreamEndpoint endpoint, string? subject) =>
        endpoint.Auth is { } auth ? new CredentialHandler(Of(auth, endpoint.RegistrationId, SecretOf(endpoint.Tenant), subject), _egress) : null;

    private ICredential Of(UpstreamAuth auth, string registration, Func<string, CancellationToken, Task<string>> secret, string? subject) => auth switch
    {
        UpstreamAuth.ApiKey key => new ApiKeyCredential(key, secret),
        UpstreamAuth.ClientCredentials client => new ClientCredential(registration, client, _tokens, _endpoint, secret),
        UpstreamAuth.OnBehalfOf exchange when subject is not null => new OnBehalfOfCredential(registration, subject, exchange, _tokens, _endpoint, secret),
        UpstreamAuth.OnBehalfOf own => new ClientCredential(registration, new(own.TokenEndpoint, own.ClientId, own.Secret, own.Scope, own.Resource), _tokens, _endpoint, secret),
        UpstreamAuth.ManagedIdentity managed => new ManagedIdentityCredential(managed, _managed),
        _ => throw new InvalidOperationException($"Unknown authentication {auth.GetType().Name}."),
    };

    private Func<string, CancellationToken, Task<string>> SecretOf(TenantId? tenant) => async (name, ct) =>
    {
        try
        {
            if (tenant is { } owner && _secrets is not null && await _secrets.ResolveAsync(owner, name, ct) is { Length: > 0 } secret) return secret;
        }
        catch (Exception e) when (e is IOException or InvalidDataException or UnauthorizedAccessException)
        {
            throw CredentialException.Of(CredentialException.Failed, $"The secret '{name}' could not be read.");
        }
        throw CredentialException.Of(CredentialException.Missing, $"There is no secret '{name}'; set it, or register the server with another.");
    };
}
