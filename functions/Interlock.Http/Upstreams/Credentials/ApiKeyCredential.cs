using Interlock.Core.Registry;

namespace Interlock.Http.Upstreams.Credentials;

/// <summary>A fixed header whose value is a secret, read anew for each request.</summary>
internal sealed class ApiKeyCredential(UpstreamAuth.ApiKey auth, Func<string, CancellationToken, Task<string>> secret) : ICredential
{
    public bool CanRenew => false;

    public async Task<CredentialHeader> HeaderAsync(string? caller, string? refused, CancellationToken ct)
    {
        var value = auth.Prefix + await secret(auth.Secret, ct);
        if (value.Any(c => char.IsControl(c) || !char.IsAscii(c))) throw CredentialException.Of(CredentialException.Missing, $"The secret '{auth.Secret}' has characters that no header can have; set it again.");
        return new(auth.Header, value);
    }
}
