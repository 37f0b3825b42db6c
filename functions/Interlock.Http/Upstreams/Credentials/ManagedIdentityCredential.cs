using Interlock.Core.Registry;

namespace Interlock.Http.Upstreams.Credentials;

/// <summary>A token of the host's own identity. The host keeps and renews it; where there is no such identity every request is refused.</summary>
internal sealed class ManagedIdentityCredential(UpstreamAuth.ManagedIdentity auth, ManagedTokens? tokens) : ICredential
{
    public bool CanRenew => false;

    public async Task<CredentialHeader> HeaderAsync(string? caller, string? refused, CancellationToken ct)
    {
        if (tokens is null) throw CredentialException.Of(CredentialException.Missing, "This server is called with the managed identity of the host, and there is one in Azure only.");
        try
        {
            return Bearer.Header(await tokens(auth.Scope, auth.ClientId, ct));
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            throw CredentialException.Of(CredentialException.Failed, $"The host's managed identity got no token for '{auth.Scope}' ({e.GetType().Name}).");
        }
    }
}

/// <summary>Gets a token of the host's identity for a scope: of the user-assigned one with that client id, or of the app's own.</summary>
public delegate Task<string> ManagedTokens(string scope, string? clientId, CancellationToken ct);
