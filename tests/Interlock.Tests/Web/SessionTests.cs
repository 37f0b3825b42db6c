using System.Net;

namespace Interlock.Tests.Web;

public sealed class SessionTests(WebFixture web) : IClassFixture<WebFixture>
{
    [Fact]
    public async Task Pages_WithoutASession_LeadToTheSignInAndBack()
    {
        using var browser = new Browser(web);
        var (status, _, response) = await browser.GetAsync("/approvals");
        Assert.Equal((HttpStatusCode.SeeOther, "/signin?return=%2Fapprovals"), (status, response.Headers.Location!.ToString()));
        var (_, _, signedIn) = await browser.SignInAsync("ana", WebFixture.Password, page: "/signin?return=%2Fapprovals");
        Assert.Equal("/approvals", signedIn.Headers.Location!.ToString());
        Assert.Equal(HttpStatusCode.OK, (await browser.GetAsync("/approvals")).Status);
    }

    [Theory]
    [InlineData("//evil.example/")]
    [InlineData("https://evil.example/")]
    [InlineData("/\\evil.example")]
    [InlineData("/\tevil")]
    [InlineData("javascript:alert(1)")]
    public async Task SignIn_ReturnToElsewhere_LeadsToTheOverview(string path)
    {
        using var browser = new Browser(web);
        var (status, _, response) = await browser.SignInAsync("ana", WebFixture.Password, page: "/signin?return=" + Uri.EscapeDataString(path));
        Assert.Equal((HttpStatusCode.SeeOther, "/"), (status, response.Headers.Location!.ToString()));
    }

    [Fact]
    public async Task SignIn_WrongPasswordOrUserOrTenant_StartsNothing()
    {
        foreach (var (user, password, tenant) in ((string, string, string)[])[("ana", "wrong", "local"), ("nobody", WebFixture.Password, "local"), ("ana", WebFixture.Password, "rival")])
        {
            using var browser = new Browser(web);
            Assert.Equal(HttpStatusCode.Unauthorized, (await browser.SignInAsync(user, password, tenant)).Status);
            Assert.Equal(HttpStatusCode.SeeOther, (await browser.GetAsync("/")).Status);
        }
    }

    [Fact]
    public async Task SignIn_FormOfAnotherBrowser_IsRefused()
    {
        // A page elsewhere must not be able to sign somebody in as somebody else.
        using var attacker = new Browser(web);
        using var victim = new Browser(web);
        await victim.GetAsync("/signin");
        var fields = Browser.Form((await attacker.GetAsync("/signin")).Body, "/signin");
        fields["tenant"] = "local";
        fields["user"] = "leo";
        fields["password"] = WebFixture.Password;
        Assert.Equal(HttpStatusCode.Forbidden, (await victim.PostAsync("/signin", fields)).Status);
    }

    [Fact]
    public async Task SignIn_Again_RotatesTheSession()
    {
        using var browser = await Browser.SignedInAsync(web, "ana");
        var first = Session(browser);
        await browser.SignInAsync("ana", WebFixture.Password);
        Assert.NotEqual(first, Session(browser));
        browser.Cookies.Add(web.Address, new Cookie("interlock-session", first) { Path = "/" });
        Assert.Equal(HttpStatusCode.SeeOther, (await browser.GetAsync("/")).Status);
    }

    [Fact]
    public async Task SignOut_EndsTheSessionItself()
    {
        using var browser = await Browser.SignedInAsync(web, "ana");
        var cookie = Session(browser);
        Assert.Equal(HttpStatusCode.Forbidden, (await browser.PostAsync("/signout", [])).Status);
        var fields = Browser.Form((await browser.GetAsync("/")).Body, "/signout");
        Assert.Equal(HttpStatusCode.SeeOther, (await browser.PostAsync("/signout", fields)).Status);
        browser.Cookies.Add(web.Address, new Cookie("interlock-session", cookie) { Path = "/" });
        Assert.Equal(HttpStatusCode.SeeOther, (await browser.GetAsync("/")).Status);
    }

    [Fact]
    public async Task Cookie_ChangedOrOld_IsNoSession()
    {
        using var browser = await Browser.SignedInAsync(web, "ana");
        var cookie = Session(browser);
        Assert.Equal(HttpStatusCode.OK, (await browser.GetAsync("/")).Status);
        foreach (var changed in (string[])["A" + cookie[1..], cookie[..^1] + (cookie[^1] == 'A' ? 'B' : 'A'), cookie.Split('.')[0] + ".", cookie + "x", "."])
        {
            browser.Cookies.Add(web.Address, new Cookie("interlock-session", changed) { Path = "/" });
            Assert.Equal(HttpStatusCode.SeeOther, (await browser.GetAsync("/")).Status);
        }
        browser.Cookies.Add(web.Address, new Cookie("interlock-session", cookie) { Path = "/" });
        Assert.Equal(HttpStatusCode.OK, (await browser.GetAsync("/")).Status);
        web.Time.Ahead = TimeSpan.FromHours(8) + TimeSpan.FromMinutes(1);
        try
        {
            Assert.Equal(HttpStatusCode.SeeOther, (await browser.GetAsync("/")).Status);
        }
        finally
        {
            web.Time.Ahead = TimeSpan.Zero;
        }
    }

    [Fact]
    public async Task Cookie_OfASession_IsHttpOnlyAndLax()
    {
        using var browser = new Browser(web);
        var (_, _, response) = await browser.SignInAsync("ana", WebFixture.Password);
        var cookie = Assert.Single(response.Headers.GetValues("Set-Cookie"), value => value.StartsWith("interlock-session=", StringComparison.Ordinal));
        Assert.Contains("httponly", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("samesite=lax", cookie, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Stylesheet_IsServedFromHere()
    {
        using var browser = new Browser(web);
        var (status, css, response) = await browser.GetAsync("/assets/site.css");
        Assert.Equal((HttpStatusCode.OK, "text/css"), (status, response.Content.Headers.ContentType!.MediaType));
        Assert.DoesNotContain("http", css, StringComparison.Ordinal);
    }

    private string Session(Browser browser) => browser.Cookies.GetCookies(web.Address)["interlock-session"]!.Value; // signed in
}
