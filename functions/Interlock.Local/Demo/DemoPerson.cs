using System.Net;
using System.Text.RegularExpressions;
using Interlock.Core;
using Interlock.Core.Identity;
using Interlock.Local.Hosting;

namespace Interlock.Local.Demo;

/// <summary>
/// Stands in for the person at the browser when nobody watches: signs in at the page, opens the review page, and submits the form it finds
/// there, with its antiforgery token and the digest of what was shown. There is no other way in.
/// </summary>
internal sealed partial class DemoPerson : IDisposable
{
    private readonly HttpClient _browser;

    public DemoPerson(Uri address) => _browser = new HttpClient(new SocketsHttpHandler { CookieContainer = new CookieContainer(), AllowAutoRedirect = false }) { BaseAddress = address };

    public Task DecideAsync(NewUser user, GateId gate, bool approve, string reason, CancellationToken cancellationToken) =>
        DecideAsync(user, gate, new() { ["decision"] = approve ? "approve" : "reject", ["reason"] = reason }, cancellationToken);

    /// <summary>Signs in, and fills in whatever fields of the page's form.</summary>
    public async Task DecideAsync(NewUser user, GateId gate, Dictionary<string, string> fields, CancellationToken cancellationToken)
    {
        await SignInAsync(user, cancellationToken);
        await DecideAsync(gate, fields, cancellationToken);
    }

    public Task SignInAsync(NewUser user, CancellationToken cancellationToken) =>
        SubmitAsync("/signin", "/signin", new() { ["tenant"] = LocalOptions.Tenant, ["user"] = user.Id, ["password"] = user.Password }, cancellationToken);

    /// <summary>The same of whoever is signed in.</summary>
    public Task DecideAsync(GateId gate, Dictionary<string, string> fields, CancellationToken cancellationToken) => SubmitAsync($"/approvals/{gate}", $"/approvals/{gate}", fields, cancellationToken);

    public void Dispose() => _browser.Dispose();

    /// <summary>Gets a page, fills in the form that posts to an action, keeps its hidden fields, and submits it.</summary>
    private async Task SubmitAsync(string page, string action, Dictionary<string, string> fields, CancellationToken cancellationToken)
    {
        var html = await _browser.GetStringAsync(new Uri(page, UriKind.Relative), cancellationToken);
        var form = Forms().Matches(html).Select(match => match.Value).FirstOrDefault(form => form.Contains($"action=\"{action}", StringComparison.Ordinal))
            ?? throw new InvalidOperationException($"The page {page} has no form for {action}.");
        foreach (Match hidden in HiddenFields().Matches(form)) fields.TryAdd(hidden.Groups["name"].Value, WebUtility.HtmlDecode(hidden.Groups["value"].Value));
        using var content = new FormUrlEncodedContent(fields);
        using var request = new HttpRequestMessage(HttpMethod.Post, WebUtility.HtmlDecode(Action().Match(form).Groups["action"].Value)) { Content = content };
        request.Headers.Add("Origin", _browser.BaseAddress!.GetLeftPart(UriPartial.Authority)); // given in the constructor
        using var response = await _browser.SendAsync(request, cancellationToken);
        if (response.StatusCode != HttpStatusCode.SeeOther)
            throw new InvalidOperationException($"{action} answered {(int)response.StatusCode}: {Tags().Replace(await response.Content.ReadAsStringAsync(cancellationToken), " ").Trim()}");
    }

    [GeneratedRegex("<form.*?</form>", RegexOptions.Singleline)]
    private static partial Regex Forms();

    [GeneratedRegex("<input type=\"hidden\" name=\"(?<name>[^\"]*)\" value=\"(?<value>[^\"]*)\"")]
    private static partial Regex HiddenFields();

    [GeneratedRegex("action=\"(?<action>[^\"]*)\"")]
    private static partial Regex Action();

    [GeneratedRegex("<[^>]*>|\\s+")]
    private static partial Regex Tags();
}
