using System.Collections.Concurrent;
using Azure.Core;
using Azure.Identity;

namespace Interlock.Functions.Identity;

/// <summary>Tokens for servers that are called with the app's own identity, or with another one that is assigned to it.</summary>
internal sealed class UpstreamIdentities(Func<TokenCredential> own)
{
    private readonly ConcurrentDictionary<string, TokenCredential> _assigned = new(StringComparer.OrdinalIgnoreCase);

    public async Task<string> TokenAsync(string scope, string? clientId, CancellationToken cancellationToken)
    {
        var identity = clientId is null ? own() : _assigned.GetOrAdd(clientId, static id => new ManagedIdentityCredential(ManagedIdentityId.FromUserAssignedClientId(id)));
        return (await identity.GetTokenAsync(new TokenRequestContext([scope]), cancellationToken)).Token;
    }
}
