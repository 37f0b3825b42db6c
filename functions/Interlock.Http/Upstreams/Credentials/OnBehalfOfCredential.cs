using System.Security.Cryptography;
using System.Text;
using Interlock.Core.Registry;

namespace Interlock.Http.Upstreams.Credentials;

/// <summary>
/// The caller's token exchanged for one of the server's, kept for that subject and that token alone. Discovery, which no caller waits for, goes under
/// the client's own name (<see cref="ClientCredential"/>); a call never does.
/// </summary>
internal sealed class OnBehalfOfCredential(
    string registration, string subject, UpstreamAuth.OnBehalfOf auth, TokenCache tokens, TokenEndpoint endpoint, Func<string, CancellationToken, Task<string>> secret) : ICredential
{
    private const string AccessToken = "urn:ietf:params:oauth:token-type:access_token";

    public bool CanRenew => true;

    public async Task<CredentialHeader> HeaderAsync(string? caller, string? refused, CancellationToken ct)
    {
        if (caller is null)
            throw CredentialException.Of(CredentialException.CallerRequired, "This server is called with the caller's own authority, and the call came without a caller's token; runs have none.");
        var key = new TokenKey(registration, auth.TokenEndpoint, auth.ClientId, auth.Scope, auth.Resource)
        {
            Subject = subject,
            Caller = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(caller))),
        };
        return Bearer.Header(await tokens.GetAsync(key, Bearer.Token(refused), stop => AskAsync(caller, stop), ct));
    }

    private async Task<HeldToken> AskAsync(string caller, CancellationToken ct)
    {
        var (id, held) = (auth.ClientId, await secret(auth.Secret, ct));
        return await endpoint.AskAsync(auth.Exchange switch
        {
            ExchangeKind.TokenExchange => new TokenRequest(auth.TokenEndpoint, id, held, [
                ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"), ("subject_token", caller), ("subject_token_type", AccessToken),
                ("requested_token_type", AccessToken), ("scope", auth.Scope), ("resource", auth.Resource)]),
            ExchangeKind.Entra => new TokenRequest(auth.TokenEndpoint, id, held, [
                ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"), ("assertion", caller), ("requested_token_use", "on_behalf_of"), ("scope", auth.Scope)])
            {
                InBody = true,
            },
            var kind => throw new InvalidOperationException($"Unknown exchange {kind}."),
        }, ct);
    }
}
