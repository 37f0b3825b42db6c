using System.Collections.Frozen;
using Interlock.Core.Identity;
using Microsoft.Extensions.Logging;

namespace Interlock.Http.Identity;

/// <summary>
/// Signing keys from the JWKS documents (RFC 7517) of issuers, each pinned to one fixed address when this is made: nothing that a token or an
/// issuer's metadata says changes where keys come from. Documents are read again every hour, and at most once a minute for a key not seen
/// yet; while an issuer does not answer, its last keys count for a day.
/// </summary>
public sealed partial class JwksKeySource : ISigningKeySource, IDisposable
{
    private readonly HttpClient _http;
    private readonly FrozenDictionary<string, JwksDocument> _documents;

    /// <param name="egress">The one way out; it stays its maker's.</param>
    /// <param name="issuers">The address of its keys by issuer: https, or http to this machine.</param>
    /// <param name="time">What the bounds are measured with.</param>
    /// <param name="logger">Where failures to get keys are told.</param>
    /// <exception cref="ArgumentException">An address is neither.</exception>
    public JwksKeySource(HttpMessageHandler egress, IReadOnlyDictionary<string, Uri> issuers, TimeProvider time, ILogger<JwksKeySource> logger)
    {
        foreach (var (issuer, address) in issuers)
            if (!address.IsAbsoluteUri || !(address.Scheme == Uri.UriSchemeHttps || (address.Scheme == Uri.UriSchemeHttp && address.IsLoopback)) || address.UserInfo.Length > 0)
                throw new ArgumentException($"The keys of {issuer} must come from an https address.", nameof(issuers));
        _http = new HttpClient(egress, disposeHandler: false) { Timeout = JwksDocument.Patience, MaxResponseContentBufferSize = JwksDocument.MaxBytes };
        _documents = issuers.ToFrozenDictionary(
            issuer => issuer.Key, issuer => new JwksDocument(issuer.Key, issuer.Value, _http, time, e => Log.Failed(logger, e, issuer.Key)), StringComparer.Ordinal);
    }

    public ValueTask<SigningKey?> FindAsync(string issuer, string kid, CancellationToken cancellationToken = default) =>
        _documents.TryGetValue(issuer, out var document) ? document.FindAsync(kid, cancellationToken) : ValueTask.FromResult<SigningKey?>(null);

    public void Dispose() => _http.Dispose();

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "The signing keys of {Issuer} could not be read; the last ones count for a day at most")]
        public static partial void Failed(ILogger logger, Exception e, string issuer);
    }
}
