using System.Net;
using System.Text.RegularExpressions;

namespace Interlock.Tests.Web;

/// <summary>A browser without scripts: keeps cookies, follows nothing, submits the forms it finds.</summary>
internal sealed partial class Browser : IDisposable
{
    private readonly HttpClient _http;
    private readonly string _origin;

    public Browser(WebFixture web) : this(web.Address)
    {
    }

    public Browser(Uri address)
    {
        Cookies = new CookieContainer();
        _http = new HttpClient(new SocketsHttpHandler { CookieContainer = Cookies, AllowAutoRedirect = false }) { BaseAddress = address };
        _origin = address.GetLeftPart(UriPartial.Authority);
    }

    public CookieContainer Cookies { get; }

    public static async Task<Browser> SignedInAsync(WebFixture web, string user, string tenant = "local")
    {
        var browser = new Browser(web);
        var (status, _, _) = await browser.SignInAsync(user, WebFixture.Password, tenant);
        Assert.Equal(HttpStatusCode.SeeOther, status);
        return browser;
    }

    public async Task<(HttpStatusCode Status, string Body, HttpResponseMessage Response)> SignInAsync(string user, string password, string tenant = "local", string page = "/signin")
    {
        var (_, html, _) = await GetAsync(page);
        var fields = Form(html, "/signin");
        fields["tenant"] = tenant;
        fields["user"] = user;
        fields["password"] = password;
        return await PostAsync("/signin", fields);
    }

    public Task<(HttpStatusCode Status, string Body, HttpResponseMessage Response)> GetAsync(string path, string method = "GET", params (string Name, string Value)[] headers)
    {
        var request = new HttpRequestMessage(new HttpMethod(method), path);
        foreach (var (name, value) in headers) request.Headers.TryAddWithoutValidation(name, value);
        return SendAsync(request);
    }

    public Task<(HttpStatusCode Status, string Body, HttpResponseMessage Response)> PostAsync(
        string path, Dictionary<string, string> fields, string? origin = "own", string? site = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new FormUrlEncodedContent(fields) };
        if (origin is not null) request.Headers.TryAddWithoutValidation("Origin", origin == "own" ? _origin : origin);
        if (site is not null) request.Headers.TryAddWithoutValidation("Sec-Fetch-Site", site);
        return SendAsync(request);
    }

    /// <summary>The hidden fields of the form that posts to this action; empty without such a form.</summary>
    public static Dictionary<string, string> Form(string html, string action)
    {
        var form = Forms().Matches(html).Select(match => match.Value).FirstOrDefault(form => form.Contains($"action=\"{action}\"", StringComparison.Ordinal)) ?? "";
        return Hidden().Matches(form).ToDictionary(field => field.Groups[1].Value, field => WebUtility.HtmlDecode(field.Groups[2].Value));
    }

    public void Dispose() => _http.Dispose();

    private async Task<(HttpStatusCode, string, HttpResponseMessage)> SendAsync(HttpRequestMessage request)
    {
        using (request)
        {
            var response = await _http.SendAsync(request, TestContext.Current.CancellationToken);
            return (response.StatusCode, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), response);
        }
    }

    [GeneratedRegex("<form.*?</form>", RegexOptions.Singleline)]
    private static partial Regex Forms();

    [GeneratedRegex("<input type=\"hidden\" name=\"([^\"]*)\" value=\"([^\"]*)\"")]
    private static partial Regex Hidden();
}
