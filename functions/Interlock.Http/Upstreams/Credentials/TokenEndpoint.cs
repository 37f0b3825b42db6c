using System.Net.Http.Headers;
using System.Text;
using Interlock.Json;

namespace Interlock.Http.Upstreams.Credentials;

/// <summary>What a token endpoint is asked. Members without a value are left out; <see cref="InBody"/> sends the client's secret as a member instead of as Basic authentication.</summary>
internal sealed record TokenRequest(Uri Endpoint, string ClientId, string Secret, IReadOnlyList<(string Name, string? Value)> Members)
{
    public bool InBody { get; init; }
}

/// <summary>
/// Asks OAuth token endpoints, registered ones only, through the egress handler; https, or http on loopback. Only a Bearer token is taken, and of a
/// refusal only the error code is told.
/// </summary>
internal sealed class TokenEndpoint(HttpClient http)
{
    private const int MaxToken = 16 * 1024;
    private static readonly TimeSpan Unstated = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Longest = TimeSpan.FromDays(1);

    public async Task<HeldToken> AskAsync(TokenRequest asked, CancellationToken ct)
    {
        if (asked.Endpoint.Scheme != Uri.UriSchemeHttps && asked.Endpoint is not { Scheme: "http", IsLoopback: true }) throw Failed(asked, "is not https");
        using var request = new HttpRequestMessage(HttpMethod.Post, asked.Endpoint);
        request.Headers.Accept.ParseAdd("application/json");
        var members = asked.Members.Where(member => member.Value is not null).Select(member => KeyValuePair.Create(member.Name, member.Value));
        if (asked.InBody) members = members.Append(KeyValuePair.Create<string, string?>("client_id", asked.ClientId)).Append(KeyValuePair.Create<string, string?>("client_secret", asked.Secret));
        else request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.ASCII.GetBytes($"{Uri.EscapeDataString(asked.ClientId)}:{Uri.EscapeDataString(asked.Secret)}")));
        request.Content = new FormUrlEncodedContent(members);
        try
        {
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, ct);
            var body = await response.Content.ReadAsByteArrayAsync(ct);
            if (!response.IsSuccessStatusCode) throw Failed(asked, $"answered HTTP {(int)response.StatusCode}{Code(body)}");
            return Read(asked, StrictJson.Parse(body));
        }
        catch (NotIJsonException)
        {
            throw Failed(asked, "answered no I-JSON");
        }
        catch (Exception e) when (e is HttpRequestException or IOException && UpstreamFailures.ProblemOf(e).Rule is null)
        {
            throw Failed(asked, "could not be reached or broke off");
        }
    }

    private static HeldToken Read(TokenRequest asked, JsonValue answer)
    {
        if (!string.Equals(answer["token_type"]?.StringOrNull(), "Bearer", StringComparison.OrdinalIgnoreCase)) throw Failed(asked, "gave a token that is not of type Bearer");
        if (answer["access_token"]?.StringOrNull() is not { Length: > 0 and <= MaxToken } token || !token.All(c => c is > ' ' and < '\x7f')) throw Failed(asked, "gave no token");
        var lifetime = answer["expires_in"] is { IsNumber: true } seconds ? TimeSpan.FromSeconds(Math.Clamp(seconds.AsNumber(), 0, Longest.TotalSeconds)) : Unstated;
        return new(token, lifetime);
    }

    /// <summary>The error code of RFC 6749 §5.2, where it has the form of one.</summary>
    private static string Code(byte[] body)
    {
        try
        {
            return StrictJson.Parse(body)["error"]?.StringOrNull() is { Length: > 0 and <= 40 } code && code.All(c => char.IsAsciiLetterLower(c) || c == '_') ? $" ({code})" : "";
        }
        catch (NotIJsonException)
        {
            return "";
        }
    }

    private static CredentialException Failed(TokenRequest asked, string what) =>
        CredentialException.Of(CredentialException.Failed, $"The token endpoint {asked.Endpoint.Authority} {what}.");
}
