using System.Net.Http.Headers;
using System.Text;
using Interlock.Core.Identity;
using Interlock.Json;
using Interlock.Local.Hosting;

namespace Interlock.Local.Demo;

/// <summary>What an application or a person of the demo asks for over HTTP, with a token of its own.</summary>
internal static class DemoApi
{
    /// <exception cref="DemoException">It was not answered with success; the message says how.</exception>
    public static async Task<JsonValue> PostAsync(LocalServices services, LocalWeb web, Principal caller, string path, string mediaType, JsonValue body, CancellationToken cancellationToken)
    {
        var token = services.Keys.Issuer.Issue(new LocalTokenRequest(caller, TokenClass.Api, TimeSpan.FromMinutes(5)));
        using var http = new HttpClient { BaseAddress = web.Address };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        using var content = new ByteArrayContent(CanonicalJson.Serialize(body));
        content.Headers.ContentType = new MediaTypeHeaderValue(mediaType);
        using var response = await http.PostAsync(new Uri(path, UriKind.Relative), content, cancellationToken);
        var answer = await response.Content.ReadAsByteArrayAsync(cancellationToken);
        if (!response.IsSuccessStatusCode) throw new DemoException($"{path} answered {(int)response.StatusCode}: {Encoding.UTF8.GetString(answer)}");
        return StrictJson.Parse(answer);
    }
}
