using System.Buffers.Text;
using System.Net;
using System.Text;
using Interlock.Core;
using Interlock.Core.Identity;
using Interlock.Http.Hosting;
using Interlock.Http.Identity;
using Interlock.Json;
using Interlock.Tests.Identity;
using Interlock.Tests.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Interlock.Tests.Web;

/// <summary>The pages behind a platform that signs people in: leaving, coming back with a token, and everything that must not count.</summary>
public sealed class PlatformSignInTests(WebFixture web) : IClassFixture<WebFixture>, IAsyncLifetime
{
    private readonly EntraTokens _entra = new(web.Time);
    private readonly OnePersonDirectory _directory = new();
    private readonly LogLines _log = new();
    private readonly List<WebApplication> _apps = [];
    private Uri? _address;

    private Uri Address => _address!; // set before any test

    public async ValueTask InitializeAsync() => _address = await ServeAsync(new SignInMethod.Platform(SignIn()));

    public async ValueTask DisposeAsync()
    {
        web.Time.Ahead = TimeSpan.Zero;
        foreach (var app in _apps) await app.DisposeAsync();
    }

    [Fact]
    public async Task SignIn_Page_LeavesForThePlatformAndComesBackThere()
    {
        using var browser = new Browser(Address);
        Assert.Equal("/signin?return=%2Fapprovals", await LocationAsync(browser, "/approvals"));

        var login = await LocationAsync(browser, "/signin?return=%2Fapprovals");
        Assert.StartsWith("/.auth/login/aad?post_login_redirect_uri=%2Fsignin%2Freturn%3Fstate%3D", login, StringComparison.Ordinal);
        Assert.DoesNotContain("prompt", login, StringComparison.Ordinal);
        var (status, _, response) = await ReturnAsync(browser, login, EntraTokens.Sign(_entra.IdToken()));

        Assert.Equal((HttpStatusCode.SeeOther, "/approvals"), (status, response.Headers.Location!.ToString()));
        Assert.Equal(HttpStatusCode.OK, (await browser.GetAsync("/approvals")).Status);
        Assert.Contains("Ana of the directory", (await browser.GetAsync("/")).Body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("//evil.example/")]
    [InlineData("https://evil.example/")]
    [InlineData("/\\evil.example")]
    [InlineData("/x#@evil.example")]
    [InlineData("javascript:alert(1)")]
    public async Task SignIn_ReturnToElsewhere_LeadsToTheOverview(string path)
    {
        using var browser = new Browser(Address);
        var login = await LocationAsync(browser, "/signin?return=" + Uri.EscapeDataString(path));
        Assert.DoesNotContain("evil", login, StringComparison.Ordinal);
        Assert.Equal("/", (await ReturnAsync(browser, login, EntraTokens.Sign(_entra.IdToken()))).Response.Headers.Location!.ToString());
    }

    [Fact]
    public async Task Return_NotBegunInThisBrowser_SignsNobodyIn()
    {
        using var attacker = new Browser(Address);
        using var victim = new Browser(Address);
        var theirs = await LocationAsync(attacker, "/signin");
        var token = EntraTokens.Sign(_entra.IdToken());

        await AssertRefusedAsync(victim, 403, "sign-in-expired", await ReturnAsync(victim, theirs, token)); // never began
        await LocationAsync(victim, "/signin");
        await AssertRefusedAsync(victim, 403, "sign-in-expired", await ReturnAsync(victim, theirs, token)); // began, but with another state
        await LocationAsync(victim, "/signin");
        await AssertRefusedAsync(victim, 403, "sign-in-expired", await victim.GetAsync("/signin/return", "GET", (PlatformSignIn.TokenHeader, token), ("Accept", "text/html")));
    }

    [Fact]
    public async Task Return_Twice_CountsOnce()
    {
        using var browser = new Browser(Address);
        var login = await LocationAsync(browser, "/signin");
        var token = EntraTokens.Sign(_entra.IdToken());
        await ReturnAsync(browser, login, token);
        var first = Cookie(browser);

        Assert.Equal(HttpStatusCode.Forbidden, (await ReturnAsync(browser, login, token)).Status);
        Assert.Equal(first, Cookie(browser));
    }

    [Fact]
    public async Task Return_OfAnOlderTab_DoesNotSpoilTheNewer()
    {
        using var browser = new Browser(Address);
        var older = await LocationAsync(browser, "/signin?return=%2Fruns");
        var newer = await LocationAsync(browser, "/signin?return=%2Fapprovals");
        var token = EntraTokens.Sign(_entra.IdToken());

        await AssertRefusedAsync(browser, 403, "sign-in-expired", await ReturnAsync(browser, older, token));
        Assert.Equal("/approvals", (await ReturnAsync(browser, newer, token)).Response.Headers.Location!.ToString());
    }

    [Fact]
    public async Task Return_AfterHalfAnHour_IsTooLate()
    {
        using var browser = new Browser(Address);
        var login = await LocationAsync(browser, "/signin");
        web.Time.Ahead += TimeSpan.FromMinutes(31);
        await AssertRefusedAsync(browser, 403, "sign-in-expired", await ReturnAsync(browser, login, EntraTokens.Sign(_entra.IdToken())));
    }

    [Fact]
    public async Task Return_Head_IsNotServed()
    {
        using var browser = new Browser(Address);
        var state = State(await LocationAsync(browser, "/signin"));
        Assert.Equal(HttpStatusCode.MethodNotAllowed, (await browser.GetAsync(state, "HEAD", (PlatformSignIn.TokenHeader, EntraTokens.Sign(_entra.IdToken())))).Status);
        Assert.Equal(HttpStatusCode.SeeOther, (await browser.GetAsync("/")).Status);
    }

    [Fact]
    public async Task Return_WithoutATokenOrWithTwo_IsRefused()
    {
        await AssertRefusedAsync(401, "token-missing");
        var token = EntraTokens.Sign(_entra.IdToken());
        await AssertRefusedAsync(401, TokenRules.Malformed, token, token); // the client sends them as one line
    }

    [Fact]
    public async Task Return_ForgedToken_IsRefusedAndLoggedWithoutIt()
    {
        var claims = _entra.IdToken();
        var forged = EntraTokens.Sign(claims, "k2").Split('.'); // another key
        var header = EntraTokens.Sign(claims).Split('.')[0]; // that says it is ours

        await AssertRefusedAsync(401, TokenRules.Signature, $"{header}.{forged[1]}.{forged[2]}");
        await AssertRefusedAsync(401, TokenRules.Key, string.Join('.', forged));
        await AssertRefusedAsync(401, TokenRules.Malformed, "ana@contoso.com");
        Assert.Contains(_log.Lines, line => line.Contains(TokenRules.Signature, StringComparison.Ordinal));
        Assert.DoesNotContain(_log.Lines, line => line.Contains(forged[1][..16], StringComparison.Ordinal) || line.Contains("ana", StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task Return_TokenForSomethingElse_IsRefused()
    {
        await AssertRefusedAsync(401, TokenRules.Audience, EntraTokens.Sign(_entra.IdToken().With("aud", EntraTokens.ApiApp)));
        await AssertRefusedAsync(401, TokenRules.Class, EntraTokens.Sign(_entra.Delegated(EntraTokens.SignInApp)));
        await AssertRefusedAsync(401, TokenRules.Class, EntraTokens.Sign(_entra.AppOnly(EntraTokens.SignInApp)));
        await AssertRefusedAsync(401, TokenRules.Version, EntraTokens.Sign(_entra.IdToken().With("ver", "1.0")));
        await AssertRefusedAsync(401, TokenRules.Issuer, EntraTokens.Sign(_entra.IdToken().With("iss", "https://login.microsoftonline.com/common/v2.0")));
        await AssertRefusedAsync(401, TokenRules.Tenant, EntraTokens.Sign(_entra.IdToken().With("tid", "9188040d-6c67-4c5b-b112-36a304b66dad")));
    }

    [Fact]
    public async Task Return_OldOrExpiredToken_IsRefused()
    {
        var token = EntraTokens.Sign(_entra.IdToken()); // dated back by five minutes
        web.Time.Ahead += TimeSpan.FromMinutes(11);
        await AssertRefusedAsync(401, TokenRules.Time, token);
        web.Time.Ahead += TimeSpan.FromHours(2);
        await AssertRefusedAsync(401, TokenRules.Time, token);
        await AssertRefusedAsync(401, TokenRules.Claims, EntraTokens.Sign(_entra.IdToken().Without("auth_time")));
    }

    [Fact]
    public async Task Return_GuestOrUnknownPerson_IsRefused()
    {
        await AssertRefusedAsync(403, "guest", EntraTokens.Sign(_entra.IdToken().With("acct", 1)));
        await AssertRefusedAsync(403, "guest", EntraTokens.Sign(_entra.IdToken().With("idp", "live.com")));
        _directory.Person = null; // disabled, deleted, or a guest whose token does not say so
        await AssertRefusedAsync(403, "unknown-person", EntraTokens.Sign(_entra.IdToken()));
    }

    [Fact]
    public async Task Return_GuestWhereGuestsAreAllowed_IsSignedIn()
    {
        using var browser = new Browser(await ServeAsync(new SignInMethod.Platform(SignIn(allowGuests: true))));
        var login = await LocationAsync(browser, "/signin");
        Assert.Equal(HttpStatusCode.SeeOther, (await ReturnAsync(browser, login, EntraTokens.Sign(_entra.IdToken().With("acct", 1)))).Status);
    }

    [Fact]
    public async Task Session_OnAnOldSignIn_LastsButIsNotRecent()
    {
        var signedIn = web.Time.GetUtcNow().AddDays(-3);
        using var browser = new Browser(Address);
        var login = await LocationAsync(browser, "/signin");
        await ReturnAsync(browser, login, EntraTokens.Sign(_entra.IdToken().With("auth_time", signedIn.ToUnixTimeSeconds())));

        Assert.Equal(HttpStatusCode.OK, (await browser.GetAsync("/")).Status);
        Assert.Equal(signedIn.ToUnixTimeSeconds() * 1000, Kept(browser)["at"]!.AsNumber());
        web.Time.Ahead += TimeSpan.FromHours(8);
        Assert.Equal(HttpStatusCode.SeeOther, (await browser.GetAsync("/")).Status);
    }

    [Fact]
    public async Task SignIn_Again_AsksForAProofAndSaysWhenNoneWasGiven()
    {
        using var browser = new Browser(Address);
        var login = await LocationAsync(browser, "/signin?again=1&return=%2Fapprovals");
        Assert.EndsWith("&prompt=login", login, StringComparison.Ordinal);
        var old = _entra.IdToken().With("auth_time", web.Time.GetUtcNow().AddHours(-2).ToUnixTimeSeconds());
        var (status, body, _) = await ReturnAsync(browser, login, EntraTokens.Sign(old));
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Contains("/.auth/logout?post_logout_redirect_uri=%2Fsignin%2Fout", body, StringComparison.Ordinal);

        var again = await LocationAsync(browser, "/signin?again=1&return=%2Fapprovals");
        Assert.Equal("/approvals", (await ReturnAsync(browser, again, EntraTokens.Sign(_entra.IdToken()))).Response.Headers.Location!.ToString());
    }

    [Fact]
    public async Task SignOut_EndsTheSessionAndGoesOnToThePlatforms()
    {
        using var browser = new Browser(Address);
        await ReturnAsync(browser, await LocationAsync(browser, "/signin"), EntraTokens.Sign(_entra.IdToken()));
        var cookie = Cookie(browser);
        var (status, body, response) = await browser.PostAsync("/signout", Browser.Form((await browser.GetAsync("/")).Body, "/signout"));

        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal("0; url=/.auth/logout?post_logout_redirect_uri=%2Fsignin%2Fout", Assert.Single(response.Headers.GetValues("Refresh")));
        Assert.Contains("href=\"/.auth/logout?", body, StringComparison.Ordinal);
        browser.Cookies.Add(Address, new Cookie("interlock-session", cookie) { Path = "/" });
        Assert.Equal(HttpStatusCode.SeeOther, (await browser.GetAsync("/")).Status);
        Assert.Equal(HttpStatusCode.OK, (await browser.GetAsync("/signin/out")).Status);
    }

    [Fact]
    public async Task SignIn_PasswordForm_IsNotThere()
    {
        using var browser = new Browser(Address);
        Assert.Equal(HttpStatusCode.NotFound, (await browser.PostAsync("/signin", new() { ["user"] = "ana", ["password"] = WebFixture.Password })).Status);
    }

    [Fact]
    public async Task SignIn_WherePlatformDoesNotRun_IsClosedAndHeadersDoNotCount()
    {
        using var browser = new Browser(await ServeAsync(new SignInMethod.Closed("Turn on platform authentication.")));
        var token = EntraTokens.Sign(_entra.IdToken());
        foreach (var path in (string[])["/signin", "/signin/return", "/signin/return?state=x"])
        {
            var (status, body, _) = await browser.GetAsync(path, "GET", (PlatformSignIn.TokenHeader, token), ("Accept", "text/html"));
            Assert.Equal(HttpStatusCode.ServiceUnavailable, status);
            Assert.Contains("Turn on platform authentication.", body, StringComparison.Ordinal);
        }
        Assert.Equal(HttpStatusCode.SeeOther, (await browser.GetAsync("/", "GET", (PlatformSignIn.TokenHeader, token))).Status);
    }

    [Fact]
    public async Task Return_WithAPasswordForm_IsNothing()
    {
        using var browser = new Browser(web);
        var (status, _, _) = await browser.GetAsync("/signin/return", "GET", (PlatformSignIn.TokenHeader, EntraTokens.Sign(_entra.IdToken())));
        Assert.Equal(HttpStatusCode.NotFound, status);
    }

    private PlatformSignIn SignIn(bool allowGuests = false) =>
        new(_entra.Verifier(EntraTokens.SignInApp, TokenClass.SignIn), _directory, web.Time, new Logger<PlatformSignIn>(_log), allowGuests);

    private async Task<Uri> ServeAsync(SignInMethod method)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddRouting();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        _apps.Add(app);
        InterlockPipeline.Map(app, web.Web() with { SignIn = method, Directory = _directory });
        await app.StartAsync();
        return new Uri(app.Urls.First());
    }

    private static async Task<string> LocationAsync(Browser browser, string path)
    {
        var (status, _, response) = await browser.GetAsync(path);
        Assert.Equal(HttpStatusCode.SeeOther, status);
        return response.Headers.Location!.ToString(); // a redirect says where
    }

    /// <summary>What the platform does: the browser comes back to where the sign-in said, and the platform adds the token.</summary>
    private static Task<(HttpStatusCode Status, string Body, HttpResponseMessage Response)> ReturnAsync(Browser browser, string login, params string[] tokens) =>
        browser.GetAsync(State(login), "GET", [.. tokens.Select(token => (PlatformSignIn.TokenHeader, token)), ("Accept", "text/html")]);

    private static string State(string login) => Uri.UnescapeDataString(login.Split('=', 2)[1].Split('&')[0]);

    private async Task AssertRefusedAsync(int status, string rule, params string[] tokens)
    {
        using var browser = new Browser(Address);
        await AssertRefusedAsync(browser, status, rule, await ReturnAsync(browser, await LocationAsync(browser, "/signin"), tokens));
    }

    private static async Task AssertRefusedAsync(Browser browser, int status, string rule, (HttpStatusCode Status, string Body, HttpResponseMessage Response) answer)
    {
        Assert.Equal((status, true), ((int)answer.Status, answer.Body.Contains($"<code>{rule}</code>", StringComparison.Ordinal)));
        Assert.Equal(HttpStatusCode.SeeOther, (await browser.GetAsync("/")).Status);
    }

    private string Cookie(Browser browser) => browser.Cookies.GetCookies(Address)["interlock-session"]!.Value; // signed in

    private JsonValue Kept(Browser browser) => StrictJson.Parse(Encoding.UTF8.GetString(Base64Url.DecodeFromChars(Cookie(browser).Split('.')[0])));

    private sealed class OnePersonDirectory : IDirectory
    {
        public Principal? Person { get; set; } = new(EntraTokens.Tenant, EntraTokens.Ana, PrincipalKind.User, "Ana of the directory", [], []);

        public ValueTask<Principal?> FindUserAsync(TenantId tenant, string id, CancellationToken cancellationToken = default) =>
            ValueTask.FromResult(Person is { } person && person.Tenant == tenant && person.Id == id ? person : null);

        public ValueTask<IReadOnlyList<string>> GroupsOfAsync(TenantId tenant, string id, CancellationToken cancellationToken = default) =>
            ValueTask.FromResult<IReadOnlyList<string>>([]);

        public ValueTask<bool> GroupExistsAsync(TenantId tenant, string id, CancellationToken cancellationToken = default) => ValueTask.FromResult(false);
    }
}
