using System.Net;
using Interlock.Core;
using Interlock.Core.Audit;
using Interlock.Core.Identity;
using Interlock.Core.Runs;
using Interlock.Json;
using Interlock.Tests.Web;

namespace Interlock.Tests.Bypass;

/// <summary>
/// A phisher in the approver's browser, a prefetching mail scanner, and whoever holds a token. What comes without the person's own form is turned away before it is a decision:
/// it has no record, because anybody can send it; what is a decision and does not count has exactly one.
/// </summary>
public sealed class PageAttackTests(GuardedWeb site) : IClassFixture<GuardedWeb>
{
    private const string Hostile = "=HYPERLINK(\"http://x\") <b>\u202Eevil\u202C\u200B \u001b[31mred\u001b[0m \u0000x '\"&";

    private WebFixture Web => site.Web;

    [Theory]
    [InlineData("GET")]
    [InlineData("HEAD")]
    [InlineData("OPTIONS")]
    [InlineData("PUT")]
    [InlineData("PATCH")]
    [InlineData("DELETE")]
    [InlineData("TRACE")]
    public async Task Request_OtherThanAPost_DecidesNothing(string method)
    {
        var (run, gate, before) = await WaitingAsync($"method {method}");
        using var ana = await Browser.SignedInAsync(Web, "ana");
        var form = await FormAsync(ana, gate);
        var query = $"decision=approve&shown={Uri.EscapeDataString(form["shown"])}&antiforgery={Uri.EscapeDataString(form["antiforgery"])}";
        (string, string)[][] ways = [[], [("Purpose", "prefetch")], [("Sec-Purpose", "prefetch;prerender")], [("X-HTTP-Method-Override", "POST")], [("Origin", Web.Origin), ("Sec-Fetch-Site", "same-origin")]];
        foreach (var headers in ways)
            foreach (var path in (string[])[$"/approvals/{gate}", $"/approvals/{gate}?{query}", "/approvals", "/"])
                await ana.GetAsync(path, method, headers);
        await site.AssertUnmovedAsync(run, gate, $"method {method}", before, 0);
    }

    [Theory]
    [InlineData("no token")]
    [InlineData("another gate's")]
    [InlineData("another person's")]
    [InlineData("sign-out's")]
    [InlineData("delegations'")]
    [InlineData("after sign-out")]
    [InlineData("cross-site")]
    [InlineData("no cookie")]
    [InlineData("a forged cookie")]
    public async Task Post_NotOfThePersonsOwnForm_IsTurnedAway(string what)
    {
        var (run, gate, before) = await WaitingAsync($"form {what}");
        var (_, other) = await Web.WaitingAsync("another gate");
        using var ana = await Browser.SignedInAsync(Web, "ana");
        using var leo = await Browser.SignedInAsync(Web, "leo");
        using var nobody = new Browser(Web);
        var form = await FormAsync(ana, gate);
        form["decision"] = "approve";
        switch (what)
        {
            case "no token": form.Remove("antiforgery"); break;
            case "another gate's": form["antiforgery"] = (await FormAsync(ana, other))["antiforgery"]; break;
            case "another person's": form["antiforgery"] = (await FormAsync(leo, gate))["antiforgery"]; break;
            case "sign-out's": form["antiforgery"] = Browser.Form((await ana.GetAsync("/")).Body, "/signout")["antiforgery"]; break;
            case "delegations'": form["antiforgery"] = Browser.Form((await ana.GetAsync("/approvals/delegations")).Body, "/approvals/delegations").GetValueOrDefault("antiforgery", "x"); break;
            case "after sign-out": await ana.PostAsync("/signout", Browser.Form((await ana.GetAsync("/")).Body, "/signout")); break;
            case "a forged cookie": foreach (Cookie cookie in ana.Cookies.GetAllCookies()) cookie.Value = cookie.Value[..^1] + (cookie.Value[^1] == 'A' ? 'B' : 'A'); break;
        }
        var (status, _, _) = what switch
        {
            "cross-site" => await ana.PostAsync($"/approvals/{gate}", form, "https://evil.example", "cross-site"),
            "no cookie" => await nobody.PostAsync($"/approvals/{gate}", form),
            _ => await ana.PostAsync($"/approvals/{gate}", form),
        };
        Assert.True(status is HttpStatusCode.Forbidden or HttpStatusCode.Unauthorized, $"{status}");
        var nobodyKnown = what is "after sign-out" or "no cookie" or "a forged cookie";
        var refused = await site.AssertUnmovedAsync(run, gate, $"form {what}", before, nobodyKnown ? 0 : 1);
        if (!nobodyKnown) Assert.Equal(("form", what == "cross-site" ? "cross-site" : "antiforgery", gate, "user:ana"), (refused[0].Stage, refused[0].Rule, refused[0].Gate, refused[0].Actors.Single()));
    }

    [Theory]
    [InlineData("nora", "initiator-set")]
    [InlineData("olga", "not-an-approver")]
    [InlineData("dana", "initiator-set")]
    public async Task Post_BySomebodyWhoMayNot_IsRefusedAndRecorded(string user, string rule)
    {
        var (run, gate, before) = await WaitingAsync($"user {user}");
        using var ana = await Browser.SignedInAsync(Web, "ana");
        using var other = await Browser.SignedInAsync(Web, user);
        var (_, html, _) = await other.GetAsync($"/approvals/{gate}");
        var form = Browser.Form(html, $"/approvals/{gate}");
        var hasForm = form.Count > 0;
        if (!hasForm) form["antiforgery"] = "none was shown";
        form["decision"] = "approve";
        form["shown"] = (await FormAsync(ana, gate))["shown"];
        var (status, _, _) = await other.PostAsync($"/approvals/{gate}", form);
        Assert.True(status is HttpStatusCode.Forbidden or HttpStatusCode.Conflict, $"{status}");
        // Without a form of their own they get no further than the form's guard; with one (an operator's, to name others) the desk says no.
        var refused = Assert.Single(await site.AssertUnmovedAsync(run, gate, $"user {user}", before, 1));
        Assert.Equal(hasForm ? ("decision", rule) : ("form", "antiforgery"), (refused.Stage, refused.Rule));
        Assert.Equal(["user:" + user], refused.Actors);
    }

    [Fact]
    public async Task Post_WithAnOldSignIn_IsRefused()
    {
        var (run, gate, before) = await WaitingAsync("old sign-in");
        Web.Time.Ahead = -TimeSpan.FromMinutes(61);
        using var ana = await Browser.SignedInAsync(Web, "ana");
        var form = await FormAsync(ana, gate);
        Web.Time.Ahead = TimeSpan.Zero;
        form["decision"] = "approve";
        Assert.Equal(HttpStatusCode.Unauthorized, (await ana.PostAsync($"/approvals/{gate}", form)).Status);
        var refused = Assert.Single(await site.AssertUnmovedAsync(run, gate, "old sign-in", before, 1));
        Assert.Equal(("decision", "interactive-session-required"), (refused.Stage, refused.Rule));
    }

    [Theory]
    [InlineData(TokenClass.Api)]
    [InlineData(TokenClass.Mcp)]
    [InlineData(TokenClass.Run)]
    public async Task Bearer_OfAnyClass_IsNobodyAtThePagesAndDecidesNothingInTheApi(TokenClass face)
    {
        var text = $"bearer {face}";
        var (run, gate, before) = await WaitingAsync(text);
        var frame = new FrameId((await site.GateAsync(gate)).Request.Task.Value);
        var token = face == TokenClass.Run ? site.RunToken(run, frame, "stub/echo") : Web.Token("ana", face);
        using var ana = await Browser.SignedInAsync(Web, "ana");
        var form = await FormAsync(ana, gate);
        var body = $"decision=approve&shown={Uri.EscapeDataString(form["shown"])}&antiforgery={Uri.EscapeDataString(form["antiforgery"])}";
        var (page, _, _) = await Web.ApiAsync("POST", $"/approvals/{gate}", token, body, "application/x-www-form-urlencoded", ("Origin", Web.Origin), ("Sec-Fetch-Site", "same-origin"));
        Assert.Equal(HttpStatusCode.Unauthorized, page);
        foreach (var path in (string[])[$"/api/approvals/{gate}/decisions", $"/api/approvals/{gate}", "/api/approvals"])
        {
            var (status, _, _) = await Web.ApiAsync("POST", path, token, JsonValue.Object(("approves", true), ("shown", form["shown"])).ToString());
            Assert.True((int)status is 401 or 403 or 404 or 405, $"{path}: {status}");
        }
        var recorded = await site.AssertUnmovedAsync(run, gate, text, before, face == TokenClass.Api ? 1 : 0); // the others get no further than the face
        Assert.All(recorded, record => Assert.Equal(("decision", "interactive-session-required"), (record.Stage, record.Rule)));
    }

    /// <summary>A session cookie is nothing to the API, and a page's form is none of its bodies.</summary>
    [Fact]
    public async Task Cookie_AtTheApi_IsNobody()
    {
        var (run, gate, before) = await WaitingAsync("cookie");
        using var ana = await Browser.SignedInAsync(Web, "ana");
        var (status, _, _) = await ana.PostAsync($"/api/approvals/{gate}/decisions", new() { ["approves"] = "true" });
        Assert.Equal(HttpStatusCode.Unauthorized, status);
        await site.AssertUnmovedAsync(run, gate, "cookie", before, 0);
    }

    /// <summary>Two people click and somebody cancels, all at once: one of them wins, the tool is called as often as approvals won.</summary>
    [Fact]
    public async Task Race_ApproveRejectAndCancelThroughThePages_OneWins()
    {
        const int rounds = 40;
        using var ana = await Browser.SignedInAsync(Web, "ana");
        using var leo = await Browser.SignedInAsync(Web, "leo");
        var outcomes = new List<GateOutcome?>();
        for (var round = 0; round < rounds; round++)
        {
            var text = $"race {round}";
            var (run, gate) = await Web.WaitingAsync(text);
            var (approve, reject) = (await FormAsync(ana, gate), await FormAsync(leo, gate));
            (approve["decision"], reject["decision"], reject["reason"]) = ("approve", "reject", "no");
            Task[] comers = [ana.PostAsync($"/approvals/{gate}", approve), leo.PostAsync($"/approvals/{gate}", reject), Web.Services.Engine.CancelAsync(WebFixture.Tenant, run, Web.Principal("nora"), null, TestContext.Current.CancellationToken)];
            await Task.WhenAll(round % 3 == 0 ? comers[..2] : comers);
            var end = await Web.EndAsync(run);
            var outcome = (await site.GateAsync(gate)).Outcome;
            outcomes.Add(outcome);
            Assert.True(site.Reached(text) == (end.Status == RunStatus.Completed ? 1 : 0), $"{outcome}: {end.Status}, called {site.Reached(text)} times");
            if (outcome != GateOutcome.Approved) Assert.Equal(0, site.Reached(text));
            var records = await Web.AuditAsync(AuditChain.ForRun(WebFixture.Tenant, run).Id);
            Assert.Single(records, record => record.Type == AuditTypes.GateClosed);
            Assert.InRange(records.Count(record => record.Type == AuditTypes.GateVote), outcome == GateOutcome.Withdrawn ? 0 : 1, 1);
        }
        Assert.Contains(GateOutcome.Approved, outcomes.OfType<GateOutcome>());
        Assert.True(outcomes.Distinct().Count() > 1, "The same one won every time: no race was seen.");
    }

    /// <summary>Whatever people, authors, agents and tools write is text wherever it is shown, visible to the last character.</summary>
    [Fact]
    public async Task HostileText_OnEveryPage_IsText()
    {
        var text = Hostile.Replace("\0", "", StringComparison.Ordinal);
        var (run, gate) = await Web.WaitingAsync(text);
        using var ana = await Browser.SignedInAsync(Web, "ana");
        using var nora = await Browser.SignedInAsync(Web, "nora");
        var pages = new List<string> { (await ana.GetAsync($"/approvals/{gate}")).Body, (await ana.GetAsync("/approvals")).Body, (await ana.GetAsync("/")).Body };
        var form = await FormAsync(ana, gate);
        (form["decision"], form["reason"]) = ("reject", text);
        Assert.Equal(HttpStatusCode.SeeOther, (await ana.PostAsync($"/approvals/{gate}", form)).Status);
        await Web.EndAsync(run);
        pages.AddRange([(await ana.GetAsync($"/approvals/{gate}")).Body, (await nora.GetAsync($"/runs/{run}")).Body]);
        foreach (var html in pages)
        {
            Assert.DoesNotContain("<b>", html, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain(html, c => c is '\u202E' or '\u202C' or '\u200B' or '\u001b' or '\0');
        }
        Assert.Contains("=HYPERLINK(&quot;http://x&quot;) &lt;b&gt;", pages[0], StringComparison.Ordinal);
        Assert.Contains(@"\u202e", pages[0], StringComparison.Ordinal);
        Assert.Contains(@"\u001b", pages[0], StringComparison.Ordinal);
        Assert.Equal(0, site.Reached(text));
    }

    /// <summary>The longest arguments that get in are on the page to the last character, with the form beneath.</summary>
    [Fact]
    public async Task LongArguments_AreShownWhole()
    {
        var text = string.Concat(Enumerable.Range(0, 6000).Select(i => $"{i:x} ")) + "THE VERY END";
        var (_, gate) = await Web.WaitingAsync(text);
        using var ana = await Browser.SignedInAsync(Web, "ana");
        var (_, html, _) = await ana.GetAsync($"/approvals/{gate}");
        Assert.Contains(text, html, StringComparison.Ordinal);
        Assert.True(html.LastIndexOf("THE VERY END", StringComparison.Ordinal) > 0);
        Assert.NotEmpty(Browser.Form(html, $"/approvals/{gate}"));
    }

    private async Task<(RunId Run, GateId Gate, List<AuditRecord> Before)> WaitingAsync(string text)
    {
        var (run, gate) = await Web.WaitingAsync(text);
        return (run, gate, await site.RefusalsAsync());
    }

    private static async Task<Dictionary<string, string>> FormAsync(Browser browser, GateId gate) => Browser.Form((await browser.GetAsync($"/approvals/{gate}")).Body, $"/approvals/{gate}");
}
