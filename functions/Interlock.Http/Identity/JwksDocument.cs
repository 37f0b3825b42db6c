using System.Collections.Frozen;
using System.Net;
using System.Net.Mime;
using Interlock.Core.Identity;
using Interlock.Http.Upstreams;
using Interlock.Json;

namespace Interlock.Http.Identity;

/// <summary>One issuer's keys: the last document that could be read, and when to look again. Looks never overlap.</summary>
internal sealed class JwksDocument(string issuer, Uri address, HttpClient http, TimeProvider time, Action<Exception> onFailure)
{
    public const int MaxBytes = 256 * 1024;

    /// <summary>How long one look may take.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private const int MaxKeys = 100;

    private static readonly TimeSpan Fresh = TimeSpan.FromHours(1);
    private static readonly TimeSpan Usable = TimeSpan.FromDays(1);
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private FrozenDictionary<string, SigningKey> _keys = FrozenDictionary<string, SigningKey>.Empty;
    private DateTimeOffset? _readAt;
    private DateTimeOffset? _lookedAt;
    private Task? _look;

    public async ValueTask<SigningKey?> FindAsync(string kid, CancellationToken cancellationToken)
    {
        if (LookFor(kid) is { } look) await look.WaitAsync(cancellationToken); // the look goes on for the others
        lock (_lock) return time.GetUtcNow() - _readAt < Usable ? _keys.GetValueOrDefault(kid) : null;
    }

    /// <summary>The look to wait for, or null when what is known must do.</summary>
    private Task? LookFor(string kid)
    {
        lock (_lock)
        {
            var now = time.GetUtcNow();
            if (now - _readAt < Fresh && _keys.ContainsKey(kid)) return null;
            if (_look is { IsCompleted: false } underWay) return underWay;
            if (now - _lookedAt < BetweenLooks) return null;
            _lookedAt = now;
            return _look = Task.Run(LookAsync, CancellationToken.None);
        }
    }

    private async Task LookAsync()
    {
        try
        {
            var keys = await ReadAsync();
            lock (_lock) (_keys, _readAt) = (keys, time.GetUtcNow());
        }
        catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException or FormatException or EgressDeniedException)
        {
            onFailure(e);
        }
    }

    private async Task<FrozenDictionary<string, SigningKey>> ReadAsync()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        request.Headers.Accept.ParseAdd(MediaTypeNames.Application.Json);
        using var response = await http.SendAsync(request);
        if (response.StatusCode != HttpStatusCode.OK) throw new HttpRequestException($"The answer was {(int)response.StatusCode}.", null, response.StatusCode);
        var document = StrictJson.Parse(await response.Content.ReadAsByteArrayAsync());
        if (document["keys"] is not { IsArray: true, Count: <= MaxKeys } listed) throw new FormatException($"The document must hold at most {MaxKeys} keys.");
        // Two keys under one id leave open which is meant: neither counts.
        var keys = listed.Items.Where(IsOurs).Select(SigningKey.FromJwk).OfType<SigningKey>()
            .GroupBy(key => key.Kid, StringComparer.Ordinal).Where(same => same.Count() == 1).Select(same => same.First())
            .ToFrozenDictionary(key => key.Kid, StringComparer.Ordinal);
        return keys.Count > 0 ? keys : throw new FormatException("The document holds no key that could be used.");
    }

    /// <summary>Entra names the issuer a key is for, with <c>{tenantid}</c> where it is for every tenant's; one for others must not sign for this one.</summary>
    private bool IsOurs(JsonValue jwk)
    {
        if (!jwk.IsObject) return false;
        if (jwk["key_ops"] is { } operations && !(operations.IsArray && operations.Items.Any(operation => operation.StringOrNull() == "verify"))) return false;
        return jwk["issuer"] is not { } named || named.StringOrNull()?.Replace("{tenantid}", Tenant(), StringComparison.Ordinal) == issuer;
    }

    /// <summary>The first segment of the issuer's path: at Entra the tenant.</summary>
    private string Tenant() => Uri.TryCreate(issuer, UriKind.Absolute, out var uri) && uri.Segments.Length > 1 ? uri.Segments[1].TrimEnd('/') : "";
}
