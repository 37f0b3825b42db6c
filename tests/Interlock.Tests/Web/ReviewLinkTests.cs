using System.Buffers.Text;
using System.Net;
using System.Text;
using Interlock.Core;
using Interlock.Core.Approvals;
using Interlock.Core.Audit;
using Interlock.Core.Identity;
using Interlock.Http.Notices;
using Interlock.Http.Sessions;
using Interlock.Json;

namespace Interlock.Tests.Web;

/// <summary>Links of messages: they lead a signed-in person to one review page, and do nothing else, whoever opens them however.</summary>
public sealed class ReviewLinkTests(WebFixture web) : IClassFixture<WebFixture>
{
    private const string Purpose = "interlock/link/v1";

    [Fact]
    public async Task Open_SignedIn_LeadsToTheReviewPage()
    {
        var (_, gate, path) = await LinkAsync("leads");
        using var ana = await Browser.SignedInAsync(web, "ana");

        var (status, _, response) = await ana.GetAsync(path);
        var page = await ana.GetAsync(response.Headers.Location!.ToString());

        Assert.Equal((HttpStatusCode.SeeOther, $"/approvals/{gate.Id}"), (status, response.Headers.Location.ToString()));
        Assert.Equal(HttpStatusCode.OK, page.Status);
        Assert.Equal("no-store", response.Headers.CacheControl?.ToString());
        Assert.Equal("no-referrer", Assert.Single(response.Headers.GetValues("Referrer-Policy")));
    }

    [Fact]
    public async Task Open_NotSignedIn_LeadsThroughTheSignInAndBack()
    {
        var (_, gate, path) = await LinkAsync("through");
        using var ana = new Browser(web);

        var (status, _, response) = await ana.GetAsync(path);
        var (_, _, signedIn) = await ana.SignInAsync("ana", WebFixture.Password, page: response.Headers.Location!.ToString());
        var (_, _, opened) = await ana.GetAsync(signedIn.Headers.Location!.ToString());

        Assert.Equal(HttpStatusCode.SeeOther, status);
        Assert.Equal($"/signin?return={Uri.EscapeDataString(path)}", response.Headers.Location.ToString());
        Assert.Equal(path, signedIn.Headers.Location.ToString());
        Assert.Equal($"/approvals/{gate.Id}", opened.Headers.Location!.ToString());
    }

    [Fact]
    public async Task Open_LongestNames_FitsTheWayBackFromTheSignIn()
    {
        var (_, gate, _) = await LinkAsync("long");

        var path = new ReviewLinks(web.Services.Keys.Mac).Path(gate with { Run = gate.Run, Workflow = gate.Workflow }, new string('c', 64));
        var longest = new ReviewLinks(web.Services.Keys.Mac).Path(
            new Gate(new TenantId(new string('t', 64)), gate.Run, gate.Workflow, gate.Request with { ExpiresAt = DateTimeOffset.MaxValue.AddDays(-31) }, [], gate.Origin, gate.OpenedAt), new string('c', 64));

        Assert.Equal(path, LocalPath.Or(path));
        Assert.Equal(longest, LocalPath.Or(longest));
    }

    [Theory]
    [InlineData("GET")]
    [InlineData("HEAD")]
    public async Task Open_PrefetchedOrSignedInAsAnybody_ChangesNothing(string method)
    {
        var (run, gate, path) = await LinkAsync("quiet " + method);
        using var scanner = new Browser(web);
        using var ana = await Browser.SignedInAsync(web, "ana");
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(HttpStatusCode.SeeOther, (await scanner.GetAsync(path, method, ("Sec-Purpose", "prefetch"))).Status);
            Assert.Equal(HttpStatusCode.SeeOther, (await ana.GetAsync(path, method)).Status);
        }

        var after = await web.Services.Approvals.FindAsync(WebFixture.Tenant, gate.Id, TestContext.Current.CancellationToken);
        Assert.Equal((null, 0), (after!.Outcome, after.Votes.Length)); // just opened
        Assert.DoesNotContain(await web.AuditAsync(AuditChain.ForRun(WebFixture.Tenant, run).Id), record => record.Type is not (AuditTypes.RunStarted or AuditTypes.GateOpened));
    }

    [Fact]
    public async Task Open_ByAPost_IsNotServed()
    {
        var (_, _, path) = await LinkAsync("posted");
        using var ana = await Browser.SignedInAsync(web, "ana");

        Assert.Equal(HttpStatusCode.MethodNotAllowed, (await ana.PostAsync(path, new() { ["decision"] = "approve" })).Status);
    }

    [Fact]
    public async Task Open_BearerInsteadOfASession_IsNobody()
    {
        var (_, _, path) = await LinkAsync("bearer");
        using var browser = new Browser(web);

        var (_, _, response) = await browser.GetAsync(path, "GET", ("Authorization", "Bearer " + web.Token("ana")));

        Assert.StartsWith("/signin", response.Headers.Location!.ToString(), StringComparison.Ordinal);
    }

    /// <summary>Every position, each of several other characters, and each shorter or longer text: none is read.</summary>
    [Fact]
    public async Task Read_AnythingButTheLink_IsNone()
    {
        var (_, gate, path) = await LinkAsync("flipped");
        var links = new ReviewLinks(web.Services.Keys.Mac);
        var token = path.Split('/')[^1];
        Assert.Equal(gate.Id, links.Read(token)?.Gate);
        const string alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ \n";
        for (var i = 0; i < token.Length; i++)
        {
            Assert.Null(links.Read(token[..i]));
            Assert.Null(links.Read(token[(i + 1)..]));
            foreach (var c in alphabet)
            {
                if (c != token[i] && links.Read(token[..i] + c + token[(i + 1)..]) is not null) Assert.Fail($"'{c}' at {i} is let pass.");
                if (links.Read(token[..i] + c + token[i..]) is not null) Assert.Fail($"'{c}' put in at {i} is let pass.");
            }
        }
    }

    [Theory]
    [InlineData("spelled otherwise", 403)]
    [InlineData("of another purpose", 403)]
    [InlineData("of another key", 403)]
    [InlineData("unsigned", 403)]
    [InlineData("truncated", 403)]
    [InlineData("for another gate", 403)]
    [InlineData("of another tenant", 404)]
    [InlineData("expired", 403)]
    public async Task Open_LinkThatDoesNotHold_IsRefusedAndRecordedOnce(string how, int expected)
    {
        var (_, gate, path) = await LinkAsync(how);
        var mac = web.Services.Keys.Mac;
        var token = path.Split('/')[^1];
        var (body, tag) = (Base64Url.DecodeFromChars(token.Split('.')[0]), token.Split('.')[1]);
        var value = StrictJson.Parse(body);
        string Text(string json) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(json));
        var expired = gate with { Request = gate.Request with { ExpiresAt = web.Time.GetUtcNow().AddDays(-30).AddSeconds(-1) } };
        var attack = how switch
        {
            "spelled otherwise" => Text(value.ToString().Replace(",", ", ", StringComparison.Ordinal)) + "." + tag,
            "of another purpose" => SealedText.Write(mac, "interlock/session/v1", value),
            "of another key" => SealedText.Write(new Mac(new byte[32]), Purpose, value),
            "unsigned" => Text(value.ToString()) + ".",
            "truncated" => token[..^1],
            "for another gate" => Text(value.With("g", new string('0', 32)).ToString()) + "." + tag,
            "of another tenant" => new ReviewLinks(mac).Path(gate with { Tenant = WebFixture.Rival }, "x").Split('/')[^1],
            _ => new ReviewLinks(mac).Path(expired, "x").Split('/')[^1],
        };
        using var leo = await Browser.SignedInAsync(web, "leo");
        var chain = AuditChain.ForPrincipal(WebFixture.Tenant, "user:leo", web.Time.GetUtcNow()).Id;
        var before = await web.AuditAsync(chain);

        var (status, page, _) = await leo.GetAsync("/approvals/open/" + attack, "GET", ("Accept", "text/html"));
        var (head, _, _) = await leo.GetAsync("/approvals/open/" + attack, "HEAD");

        Assert.Equal((expected, expected), ((int)status, (int)head));
        Assert.Contains("link-invalid", page, StringComparison.Ordinal);
        Assert.DoesNotContain(gate.Id.Value, page, StringComparison.Ordinal);
        var record = Assert.Single((await web.AuditAsync(chain)).Skip(before.Count));
        Assert.Equal(
            (AuditTypes.CallRefused, "link", "link-invalid", "refused", "user:leo"), (record.Type, record.Stage, record.Rule, record.Decision, Assert.Single(record.Actors)));
    }

    [Fact]
    public async Task Open_ForgedWithoutASession_RecordsNothing()
    {
        using var scanner = new Browser(web);
        var before = await ChainsAsync();

        var (status, _, _) = await scanner.GetAsync("/approvals/open/forged.token");

        Assert.Equal(HttpStatusCode.SeeOther, status);
        Assert.Equal(before, await ChainsAsync());
    }

    [Fact]
    public async Task Open_ByAPersonWhoIsNotAsked_ShowsNoMoreThanThePageItLeadsTo()
    {
        var (_, gate, path) = await LinkAsync("not for nora");
        using var rita = await Browser.SignedInAsync(web, "rita", "rival");

        var (status, _, _) = await rita.GetAsync(path);
        var page = await rita.GetAsync($"/approvals/{gate.Id}");

        Assert.Equal((HttpStatusCode.NotFound, HttpStatusCode.NotFound), (status, page.Status));
    }

    /// <summary>A run that waits at its gate, and the link that a message would carry.</summary>
    private async Task<(RunId Run, Gate Gate, string Path)> LinkAsync(string text)
    {
        var (run, id) = await web.WaitingAsync(text);
        var gate = (await web.Services.Approvals.FindAsync(WebFixture.Tenant, id, TestContext.Current.CancellationToken))!; // it waits there
        return (run, gate, new ReviewLinks(web.Services.Keys.Mac).Path(gate, "leads"));
    }

    private async Task<List<string>> ChainsAsync()
    {
        var chains = new List<string>();
        await foreach (var chain in web.Services.Audit.ListChainsAsync(WebFixture.Tenant, TestContext.Current.CancellationToken))
            if (chain.StartsWith("principal:", StringComparison.Ordinal)) chains.Add(chain);
        return chains;
    }
}
