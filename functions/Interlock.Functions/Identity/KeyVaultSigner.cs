using System.Buffers.Text;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using Azure.Core;
using Azure.Identity;
using Interlock.Core.Audit.Checkpoints;
using Interlock.Core.Identity;
using Interlock.Json;

namespace Interlock.Functions.Identity;

/// <summary>
/// Signs checkpoints with a key on P-256 that stays in a Key Vault, with the app's own identity, by the REST API's operation <c>sign</c>: its newest version, which the answer names. The public halves
/// of all versions are the vault's to give to whoever verifies.
/// </summary>
internal sealed class KeyVaultSigner : ICheckpointSigner, IDisposable
{
    private const string Algorithm = "ES256";
    private const int SignatureBytes = 64;

    private static readonly TokenRequestContext Scope = new(["https://vault.azure.net/.default"]);

    private readonly HttpClient _http;
    private readonly Uri _key;
    private readonly TokenCredential _credential;

    /// <param name="egress">The one way out; it stays its maker's.</param>
    /// <param name="key">The key, without a version: <c>https://NAME.vault.azure.net/keys/KEY</c>.</param>
    /// <param name="credential">The app's identity; it needs <c>keys/sign</c> of that key.</param>
    public KeyVaultSigner(HttpMessageHandler egress, Uri key, TokenCredential credential)
    {
        (_key, _credential) = (key, credential);
        _http = new HttpClient(egress, disposeHandler: false) { Timeout = TimeSpan.FromSeconds(10), MaxResponseContentBufferSize = 64 * 1024 };
    }

    public async Task<CheckpointSignature> SignAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken = default)
    {
        try
        {
            var token = await _credential.GetTokenAsync(Scope, cancellationToken);
            var asked = JsonValue.Object(("alg", Algorithm), ("value", Base64Url.EncodeToString(SHA256.HashData(data.Span))));
            using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(_key.AbsoluteUri + "/sign?api-version=7.4"));
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token.Token);
            request.Content = new ByteArrayContent(CanonicalJson.Serialize(asked));
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            using var response = await _http.SendAsync(request, cancellationToken);
            if (response.StatusCode != HttpStatusCode.OK) throw new IOException($"Key Vault answered {(int)response.StatusCode}.");
            var answer = StrictJson.Parse(await response.Content.ReadAsByteArrayAsync(cancellationToken));
            return answer["kid"]?.StringOrNull() is { Length: > 0 } kid && answer["value"]?.StringOrNull() is { } text && StrictBase64Url.Decode(text) is { Length: SignatureBytes } value
                ? new CheckpointSignature(kid, value)
                : throw new IOException("Key Vault answered something else than a signature on P-256.");
        }
        catch (Exception e) when (e is HttpRequestException or NotIJsonException or AuthenticationFailedException || (e is TaskCanceledException && !cancellationToken.IsCancellationRequested))
        {
            throw new IOException("The checkpoint could not be signed by Key Vault.", e);
        }
    }

    public void Dispose() => _http.Dispose();
}
