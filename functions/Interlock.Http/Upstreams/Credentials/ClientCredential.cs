using Interlock.Core.Registry;

namespace Interlock.Http.Upstreams.Credentials;

/// <summary>OAuth client credentials: one token for all of a registration's calls.</summary>
internal sealed class ClientCredential(string registration, UpstreamAuth.ClientCredentials auth, TokenCache tokens, TokenEndpoint endpoint, Func<string, CancellationToken, Task<string>> secret) : ICredential
{
    public bool CanRenew => true;

    public async Task<CredentialHeader> HeaderAsync(string? caller, string? refused, CancellationToken ct)
    {
        var key = new TokenKey(registration, auth.TokenEndpoint, auth.ClientId, auth.Scope, auth.Resource);
        return Bearer.Header(await tokens.GetAsync(key, Bearer.Token(refused), AskAsync, ct));
    }

    private async Task<HeldToken> AskAsync(CancellationToken ct) => await endpoint.AskAsync(
        new TokenRequest(auth.TokenEndpoint, auth.ClientId, await secret(auth.Secret, ct), [("grant_type", "client_credentials"), ("scope", auth.Scope), ("resource", auth.Resource)]), ct);
}
