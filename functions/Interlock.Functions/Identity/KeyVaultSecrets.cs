using System.Net;
using System.Net.Http.Headers;
using Azure.Core;
using Azure.Identity;
using Interlock.Core;
using Interlock.Core.Identity;
using Interlock.Json;

namespace Interlock.Functions.Identity;

/// <summary>
/// Secrets of a Key Vault, read with the app's own identity by its REST API. Only those whose names begin with <see cref="Prefix"/> can be named by registrations:
/// whatever else is in the vault, the app's own keys too, is out of their reach.
/// </summary>
internal sealed class KeyVaultSecrets : ISecretSource, IDisposable
{
    public const string Prefix = "upstream-";

    private static readonly TokenRequestContext Scope = new(["https://vault.azure.net/.default"]);

    private readonly HttpClient _http;
    private readonly Uri _vault;
    private readonly TenantId _tenant;
    private readonly TokenCredential _credential;

    /// <param name="egress">The one way out; it stays its maker's.</param>
    /// <param name="vault">The vault's address.</param>
    /// <param name="tenant">Whose secrets they are.</param>
    /// <param name="credential">The app's identity; it needs the role Key Vault Secrets User.</param>
    public KeyVaultSecrets(HttpMessageHandler egress, Uri vault, TenantId tenant, TokenCredential credential)
    {
        (_vault, _tenant, _credential) = (vault, tenant, credential);
        _http = new HttpClient(egress, disposeHandler: false) { Timeout = TimeSpan.FromSeconds(10), MaxResponseContentBufferSize = 64 * 1024 };
    }

    public async Task<string?> ResolveAsync(TenantId tenant, string name, CancellationToken cancellationToken = default)
    {
        if (tenant != _tenant || !SecretName.Is(name)) return null;
        try
        {
            var token = await _credential.GetTokenAsync(Scope, cancellationToken);
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(_vault, $"secrets/{Prefix}{name}?api-version=7.4"));
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token.Token);
            using var response = await _http.SendAsync(request, cancellationToken);
            if (response.StatusCode == HttpStatusCode.NotFound) return null;
            if (response.StatusCode != HttpStatusCode.OK) throw new IOException($"Key Vault answered {(int)response.StatusCode}.");
            return StrictJson.Parse(await response.Content.ReadAsByteArrayAsync(cancellationToken))["value"]?.StringOrNull();
        }
        catch (Exception e) when (e is HttpRequestException or NotIJsonException or AuthenticationFailedException || (e is TaskCanceledException && !cancellationToken.IsCancellationRequested))
        {
            throw new IOException("The secret could not be read from Key Vault.", e);
        }
    }

    public void Dispose() => _http.Dispose();
}
