using System.Net;
using System.Net.Http.Headers;
using Azure.Core;
using Interlock.Json;

namespace Interlock.Functions.Identity;

/// <summary>
/// Reads Microsoft Graph with the app's own identity. What is not there is null; every other answer than success is an exception. Throttling is
/// honoured: short waits are waited out, and during longer ones nothing is asked.
/// </summary>
internal sealed class GraphClient : IDisposable
{
    private const int MaxPages = 50;
    private const int MaxTries = 3;

    private static readonly Uri Public = new("https://graph.microsoft.com/v1.0/");
    private static readonly TimeSpan MaxWait = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan MaxQuiet = TimeSpan.FromMinutes(5);

    private readonly HttpClient _http;
    private readonly TokenCredential _credential;
    private readonly TimeProvider _time;
    private readonly Uri _endpoint;
    private readonly TokenRequestContext _scope;
    private long _quietUntil;

    /// <param name="egress">The one way out; it stays its maker's.</param>
    /// <param name="credential">The app's identity; it needs the application permission <c>Directory.Read.All</c>.</param>
    /// <param name="time">What waits are measured with.</param>
    /// <param name="endpoint">Graph's address with its version, for tests.</param>
    public GraphClient(HttpMessageHandler egress, TokenCredential credential, TimeProvider time, Uri? endpoint = null)
    {
        (_credential, _time, _endpoint) = (credential, time, endpoint ?? Public);
        _scope = new TokenRequestContext([Public.GetLeftPart(UriPartial.Authority) + "/.default"]);
        _http = new HttpClient(egress, disposeHandler: false) { Timeout = TimeSpan.FromSeconds(10), MaxResponseContentBufferSize = 4 * 1024 * 1024 };
    }

    /// <summary>The object at a path below the version, or null when there is none.</summary>
    /// <exception cref="HttpRequestException">Graph refused, failed, or could not be reached.</exception>
    /// <exception cref="InvalidDataException">The answer is not what Graph answers.</exception>
    public Task<JsonValue?> GetAsync(string path, CancellationToken cancellationToken) => GetAsync(new Uri(_endpoint, path), cancellationToken);

    /// <summary>All of a collection, page by page, or null when what it belongs to is not there.</summary>
    /// <inheritdoc cref="GetAsync(string, CancellationToken)" path="/exception"/>
    public async Task<IReadOnlyList<JsonValue>?> ListAsync(string path, CancellationToken cancellationToken)
    {
        var items = new List<JsonValue>();
        var next = new Uri(_endpoint, path);
        for (var page = 0; page < MaxPages; page++)
        {
            if (await GetAsync(next, cancellationToken) is not { } answer) return null;
            if (answer["value"] is not { IsArray: true } value) throw new InvalidDataException("A list of Graph's has no value.");
            items.AddRange(value.Items);
            if (answer["@odata.nextLink"] is not { } link) return items;
            next = Within(link.StringOrNull());
        }
        throw new InvalidDataException($"A list of Graph's has more than {MaxPages} pages.");
    }

    public void Dispose() => _http.Dispose();

    private async Task<JsonValue?> GetAsync(Uri address, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            if (_time.GetUtcNow().UtcTicks < Interlocked.Read(ref _quietUntil))
                throw new HttpRequestException("Graph asked for fewer requests; nothing was asked.", null, HttpStatusCode.TooManyRequests);
            var token = await _credential.GetTokenAsync(_scope, cancellationToken);
            using var request = new HttpRequestMessage(HttpMethod.Get, address);
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token.Token);
            using var response = await _http.SendAsync(request, cancellationToken);
            if (response.StatusCode == HttpStatusCode.NotFound) return null;
            if (response.StatusCode == HttpStatusCode.OK) return Read(await response.Content.ReadAsByteArrayAsync(cancellationToken));
            if (!IsThrottled(response) || RetryAfter(response) is not { } wait || wait > MaxWait || attempt == MaxTries)
                throw new HttpRequestException($"Graph answered {(int)response.StatusCode}.{Advice(response.StatusCode)}", null, response.StatusCode);
            await Task.Delay(wait, _time, cancellationToken);
        }
    }

    private static bool IsThrottled(HttpResponseMessage response) => response.StatusCode is HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable;

    /// <summary>How long to wait, at least a second; a wait too long to sit out silences everybody until it is over.</summary>
    private TimeSpan? RetryAfter(HttpResponseMessage response)
    {
        var now = _time.GetUtcNow();
        var asked = response.Headers.RetryAfter is not { } after ? null : after.Delta ?? after.Date - now;
        if (asked is not { } wait) return null;
        if (wait < TimeSpan.FromSeconds(1)) return TimeSpan.FromSeconds(1);
        if (wait > MaxWait) Interlocked.Exchange(ref _quietUntil, (now + (wait < MaxQuiet ? wait : MaxQuiet)).UtcTicks);
        return wait;
    }

    private static JsonValue Read(byte[] body)
    {
        try
        {
            return StrictJson.Parse(body) is { IsObject: true } answer ? answer : throw new InvalidDataException("Graph answered no object.");
        }
        catch (NotIJsonException e)
        {
            throw new InvalidDataException($"Graph's answer is not I-JSON at \"{e.Pointer}\".", e);
        }
    }

    /// <summary>The token goes to Graph only, wherever a link points.</summary>
    private Uri Within(string? link) =>
        Uri.TryCreate(link, UriKind.Absolute, out var next) && _endpoint.IsBaseOf(next) ? next : throw new InvalidDataException("A list of Graph's goes on elsewhere.");

    private static string Advice(HttpStatusCode status) => status switch
    {
        HttpStatusCode.Unauthorized => " The app's identity must be of the tenant that is served.",
        HttpStatusCode.Forbidden => " The app's identity needs the application permission Directory.Read.All.",
        _ => "",
    };
}
