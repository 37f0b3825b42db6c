using System.Net;
using Interlock.Core.Audit;
using Interlock.Core.Runs;

namespace Interlock.Tests.Web;

public sealed class ReviewPageTests(WebFixture web) : IClassFixture<WebFixture>
{
    private const string Hostile = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)> a\u202Eb\u200Bc\u0007d\uFEFF\u2066 ${ 1 } \U000E0041";

    [Fact]
    public async Task Get_HostileText_IsAllThereAndAllEncoded()
    {
        var (_, gate) = await web.WaitingAsync(Hostile);
        using var ana = await Browser.SignedInAsync(web, "ana");

        var (status, html, response) = await ana.GetAsync($"/approvals/{gate}");

        Assert.Equal(HttpStatusCode.OK, status);
        Assert.DoesNotContain("<script", html, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("<img", html, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain(html, c => c is '\u202E' or '\u200B' or '\u0007' or '\uFEFF' or '\u2066' or '\uDB40');
        foreach (var escape in (string[])[@"\u202e", @"\u200b", @"\u0007", @"\ufeff", @"\u2066", @"\u{e0041}"]) Assert.Contains($"<i class=esc>{escape}</i>", html, StringComparison.Ordinal);
        Assert.Contains("&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&gt;&lt;img src=x onerror=alert(1)&gt;", html, StringComparison.Ordinal);
        Assert.Equal("no-store", response.Headers.CacheControl?.ToString());
        Assert.Equal("no-referrer", Assert.Single(response.Headers.GetValues("Referrer-Policy")));
        Assert.Equal("nosniff", Assert.Single(response.Headers.GetValues("X-Content-Type-Options")));
        Assert.Contains("default-src 'none'", Assert.Single(response.Headers.GetValues("Content-Security-Policy")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Get_LongArguments_AreShownWhole()
    {
        var text = new string('x', 20_000) + "THE END";
        var (_, gate) = await web.WaitingAsync(text);
        using var ana = await Browser.SignedInAsync(web, "ana");
        var (_, html, _) = await ana.GetAsync($"/approvals/{gate}");
        var bound = (await web.Services.Approvals.FindAsync(WebFixture.Tenant, gate, TestContext.Current.CancellationToken))!;

        Assert.Contains(WebUtility.HtmlEncode($"\"text\": \"{text}\""), html, StringComparison.Ordinal);
        Assert.Contains("2.5", html, StringComparison.Ordinal);
        Assert.Contains("stub/echo", html, StringComparison.Ordinal);
        Assert.Contains(bound.Calls[0].ArgumentsDigest, html, StringComparison.Ordinal);
        Assert.Contains(bound.Calls[0].Target.ContractDigest, html, StringComparison.Ordinal);
        Assert.Contains("user:nora", html, StringComparison.Ordinal);
        Assert.Contains("0 of 1", html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Post_OwnForm_ApprovesAndTheCallHappensOnce()
    {
        var (run, gate) = await web.WaitingAsync("approve me");
        using var ana = await Browser.SignedInAsync(web, "ana");

        var (status, _, response) = await DecideAsync(ana, gate, "approve");

        Assert.Equal(HttpStatusCode.SeeOther, status);
        Assert.Equal($"/approvals/{gate}", response.Headers.Location?.ToString());
        Assert.Equal(RunStatus.Completed, (await web.EndAsync(run)).Status);
        Assert.Single(web.Stub.Source.Calls, call => call.Arguments["text"]?.AsString() == "approve me");
        var (again, html, _) = await DecideAsync(ana, gate, "approve", new() { ["shown"] = "x" });
        Assert.Equal(HttpStatusCode.Forbidden, again); // the page has no form any more
        Assert.DoesNotContain("name=\"shown\"", html, StringComparison.Ordinal);
        var (_, page, _) = await ana.GetAsync($"/approvals/{gate}");
        Assert.Contains("user:ana as group:leads", page, StringComparison.Ordinal);
        Assert.Contains("<strong>You approved this.</strong>", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Post_Reject_FailsTheRunAndNothingIsCalled()
    {
        var (run, gate) = await web.WaitingAsync("reject me");
        using var ana = await Browser.SignedInAsync(web, "ana");
        Assert.Equal(HttpStatusCode.SeeOther, (await DecideAsync(ana, gate, "reject", new() { ["reason"] = "no" })).Status);
        Assert.Equal(RunStatus.Faulted, (await web.EndAsync(run)).Status);
        Assert.DoesNotContain(web.Stub.Source.Calls, call => call.Arguments["text"]?.AsString() == "reject me");
    }

    [Theory]
    [InlineData("http://evil.example", null)]
    [InlineData("own", "cross-site")]
    [InlineData("own", "same-site")]
    [InlineData("null", null)]
    [InlineData("null", "cross-site")]
    [InlineData(null, null)]
    public async Task Post_FromElsewhere_DecidesNothing(string? origin, string? site)
    {
        var (run, gate) = await web.WaitingAsync("cross site");
        using var ana = await Browser.SignedInAsync(web, "ana");
        var fields = Browser.Form((await ana.GetAsync($"/approvals/{gate}")).Body, $"/approvals/{gate}");
        fields["decision"] = "approve";

        var (status, _, _) = await ana.PostAsync($"/approvals/{gate}", fields, origin, site);

        Assert.Equal(HttpStatusCode.Forbidden, status);
        await AssertUndecidedAsync(run, gate);
    }

    [Fact]
    public async Task Post_OriginNullOfTheSameOrigin_Counts()
    {
        // What browsers send from a page with no-referrer.
        var (run, gate) = await web.WaitingAsync("null origin");
        using var ana = await Browser.SignedInAsync(web, "ana");
        var fields = Browser.Form((await ana.GetAsync($"/approvals/{gate}")).Body, $"/approvals/{gate}");
        fields["decision"] = "approve";
        Assert.Equal(HttpStatusCode.SeeOther, (await ana.PostAsync($"/approvals/{gate}", fields, "null", "same-origin")).Status);
        Assert.Equal(RunStatus.Completed, (await web.EndAsync(run)).Status);
    }

    [Fact]
    public async Task Post_WithoutTheRightToken_DecidesNothing()
    {
        var (run, gate) = await web.WaitingAsync("no token");
        var (_, other) = await web.WaitingAsync("other gate");
        using var ana = await Browser.SignedInAsync(web, "ana");
        using var leo = await Browser.SignedInAsync(web, "leo");
        var own = Browser.Form((await ana.GetAsync($"/approvals/{gate}")).Body, $"/approvals/{gate}");
        var others = Browser.Form((await ana.GetAsync($"/approvals/{other}")).Body, $"/approvals/{other}");
        var leos = Browser.Form((await leo.GetAsync($"/approvals/{gate}")).Body, $"/approvals/{gate}");
        var signOut = Browser.Form((await ana.GetAsync($"/approvals/{gate}")).Body, "/signout");
        foreach (var token in (string?[])[null, "", "x", others["antiforgery"], leos["antiforgery"], signOut["antiforgery"]])
        {
            var fields = new Dictionary<string, string> { ["shown"] = own["shown"], ["decision"] = "approve" };
            if (token is not null) fields["antiforgery"] = token;
            Assert.Equal(HttpStatusCode.Forbidden, (await ana.PostAsync($"/approvals/{gate}", fields)).Status);
        }
        await AssertUndecidedAsync(run, gate);
    }

    [Fact]
    public async Task Post_AnotherShownDigest_IsRefusedAndRecorded()
    {
        var (run, gate) = await web.WaitingAsync("digest");
        using var ana = await Browser.SignedInAsync(web, "ana");
        var (status, html, _) = await DecideAsync(ana, gate, "approve", new() { ["shown"] = "sha256:" + new string('0', 64) });
        Assert.Equal(HttpStatusCode.Conflict, status);
        Assert.Contains("look at it again", html, StringComparison.Ordinal);
        await AssertUndecidedAsync(run, gate);
        Assert.Single(await web.AuditAsync(AuditChain.ForPrincipal(WebFixture.Tenant, "user:ana", DateTimeOffset.UtcNow).Id), record => record is { Type: AuditTypes.CallRefused, Rule: "intent-mismatch" } && record.Gate == gate);
    }

    [Fact]
    public async Task GetAndHead_OfAnything_DecideNothing()
    {
        var (run, gate) = await web.WaitingAsync("scanner");
        using var ana = await Browser.SignedInAsync(web, "ana");
        Assert.DoesNotContain($"/runs/{run}", (await ana.GetAsync($"/approvals/{gate}")).Body, StringComparison.Ordinal); // not hers to read
        foreach (var method in (string[])["GET", "HEAD"])
            foreach (var path in (string[])[$"/approvals/{gate}", $"/approvals/{gate}?decision=approve", "/approvals", "/", "/runs"])
                Assert.Equal(HttpStatusCode.OK, (await ana.GetAsync(path, method)).Status);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, (await ana.GetAsync("/signout")).Status);
        await AssertUndecidedAsync(run, gate);
    }

    [Fact]
    public async Task Api_AnyToken_DecidesNothing()
    {
        var (run, gate) = await web.WaitingAsync("token");
        var (status, body, _) = await web.ApiAsync("POST", $"/api/approvals/{gate}/decisions", web.Token("ana"), """{"approves":true}""");
        Assert.Equal((HttpStatusCode.Forbidden, "interactive-session-required"), (status, body["rule"]!.AsString()));
        // The page takes no token either.
        var (page, _, _) = await web.ApiAsync("POST", $"/approvals/{gate}", web.Token("ana"), "decision=approve", "application/x-www-form-urlencoded", ("Origin", web.Origin));
        Assert.Equal(HttpStatusCode.Unauthorized, page);
        await AssertUndecidedAsync(run, gate);
    }

    [Fact]
    public async Task Get_NotAnApprover_HasNoForm()
    {
        var (_, gate) = await web.WaitingAsync("who");
        using var nora = await Browser.SignedInAsync(web, "nora"); // started it
        using var olga = await Browser.SignedInAsync(web, "olga"); // may look
        foreach (var browser in (Browser[])[nora, olga])
        {
            var (status, html, _) = await browser.GetAsync($"/approvals/{gate}");
            Assert.Equal(HttpStatusCode.OK, status);
            Assert.DoesNotContain("value=\"approve\"", html, StringComparison.Ordinal);
            Assert.Equal(browser == olga, html.Contains("value=\"reassign\"", StringComparison.Ordinal)); // an operator may ask others
        }
    }

    [Fact]
    public async Task Get_AnotherTenantsGateAndRun_Are404()
    {
        var (run, gate) = await web.WaitingAsync("tenant");
        using var rita = await Browser.SignedInAsync(web, "rita", "rival");
        Assert.Equal(HttpStatusCode.NotFound, (await rita.GetAsync($"/approvals/{gate}")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await rita.GetAsync($"/runs/{run}")).Status);
        Assert.DoesNotContain(gate.Value, (await rita.GetAsync("/approvals")).Body, StringComparison.Ordinal);
        Assert.DoesNotContain(run.Value, (await rita.GetAsync("/runs")).Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Get_RunPage_ShowsTheTimelineEncoded()
    {
        var (run, gate) = await web.WaitingAsync(Hostile);
        using var ana = await Browser.SignedInAsync(web, "ana");
        Assert.Equal(HttpStatusCode.SeeOther, (await DecideAsync(ana, gate, "reject", new() { ["reason"] = "<b>no</b>" })).Status);
        await web.EndAsync(run);
        using var nora = await Browser.SignedInAsync(web, "nora");
        var (status, html, _) = await nora.GetAsync($"/runs/{run}");
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Contains("&lt;b&gt;no&lt;/b&gt;", html, StringComparison.Ordinal);
        Assert.Contains("Approval rejected", html, StringComparison.Ordinal);
        Assert.DoesNotContain("<script", html, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain('\u202E', html);
    }

    private static async Task<(HttpStatusCode Status, string Body, HttpResponseMessage Response)> DecideAsync(
        Browser browser, Core.GateId gate, string decision, Dictionary<string, string>? changes = null)
    {
        var fields = Browser.Form((await browser.GetAsync($"/approvals/{gate}")).Body, $"/approvals/{gate}");
        fields["decision"] = decision;
        foreach (var (name, value) in changes ?? []) fields[name] = value;
        return await browser.PostAsync($"/approvals/{gate}", fields);
    }

    private async Task AssertUndecidedAsync(Core.RunId run, Core.GateId gate)
    {
        var stored = await web.Services.Approvals.FindAsync(WebFixture.Tenant, gate, TestContext.Current.CancellationToken);
        Assert.Null(stored!.Outcome);
        Assert.Empty(stored.Votes);
        Assert.Equal(RunStatus.Running, (await web.Services.Engine.GetAsync(WebFixture.Tenant, run, TestContext.Current.CancellationToken))!.Status);
    }
}
