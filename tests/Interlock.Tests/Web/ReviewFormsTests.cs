using System.Net;
using Interlock.Core;
using Interlock.Core.Approvals;
using Interlock.Core.Runs;
using Interlock.Json;

namespace Interlock.Tests.Web;

/// <summary>The review page's forms besides plain approval: what they send, and what comes back when it is not taken.</summary>
public sealed class ReviewFormsTests(WebFixture web) : IClassFixture<WebFixture>
{
    [Fact]
    public async Task Reject_WithoutAReason_IsAskedForOne()
    {
        var (gate, ana) = await OpenAsync("no reason");
        using (ana)
        {
            var (status, html, _) = await SendAsync(ana, gate, ("decision", "reject"), ("reason", "  "));
            Assert.Equal(HttpStatusCode.UnprocessableEntity, status);
            Assert.Contains("href=\"#reason\"", html, StringComparison.Ordinal);
            Assert.Empty((await GateAsync(gate)).Votes);
        }
    }

    [Fact]
    public async Task Form_WithoutADecisionOrOfAnUnknownOne_DecidesNothing()
    {
        var (gate, ana) = await OpenAsync("nothing");
        using (ana)
            foreach (var decision in (string[])["", "Approve", "withdraw", "fail"])
                Assert.Equal(HttpStatusCode.UnprocessableEntity, (await SendAsync(ana, gate, ("decision", decision))).Status);
        Assert.Null((await GateAsync(gate)).Outcome);
    }

    [Theory]
    [InlineData("{ \"text\": \"x\", }", "Not JSON")]
    [InlineData("{ \"text\": \"x\", \"text\": \"y\" }", "text")]
    [InlineData("{ \"text\": \"x\", \"numbers\": [9007199254740993] }", "9007199254740993")]
    [InlineData("[1]", "JSON object")]
    [InlineData(" ", "needed")]
    public async Task Edit_WhatIsNoArguments_ComesBackWithWhatWasTyped(string typed, string says)
    {
        var (gate, ana) = await OpenAsync("edit me");
        using (ana)
        {
            var (status, html, _) = await SendAsync(ana, gate, ("decision", "edit"), ("arguments-0", typed), ("edit-reason", "It was wrong."));
            Assert.Equal(HttpStatusCode.UnprocessableEntity, status);
            Assert.Contains("href=\"#arguments-0\"", html, StringComparison.Ordinal);
            Assert.Contains(says, html, StringComparison.Ordinal);
            Assert.Contains("<details open>", html, StringComparison.Ordinal);
            Assert.Contains("It was wrong.", html, StringComparison.Ordinal);
            if (typed.Trim().Length > 0) Assert.Contains(WebUtility.HtmlEncode(typed), html, StringComparison.Ordinal);
        }
        Assert.Empty((await GateAsync(gate)).Votes);
    }

    [Fact]
    public async Task Edit_HiddenCharactersLeftAlone_ChangesNothing()
    {
        var (gate, ana) = await OpenAsync("a\u202Eb\u200Bc \U000E0041 <b>");
        using (ana)
        {
            var (_, html, _) = await ana.GetAsync($"/approvals/{gate}");
            var shown = WebUtility.HtmlDecode(html.Split("name=\"arguments-0\"")[1].Split('>', 2)[1].Split("</textarea>")[0]);
            Assert.Contains(@"a\u202eb\u200bc \udb40\udc41 <b>", shown, StringComparison.Ordinal);
            var (status, page, _) = await SendAsync(ana, gate, ("decision", "edit"), ("arguments-0", shown.Replace("\n", "\r\n", StringComparison.Ordinal)));
            Assert.Equal(HttpStatusCode.UnprocessableEntity, status);
            Assert.Contains("Nothing is changed", page, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Edit_AgainstTheContract_ComesBackThenRunsWithWhatDependsOnIt()
    {
        var (run, gate) = await web.WaitingAsync("removing", JsonValue.Object(("count", 3)));
        using var ana = await Browser.SignedInAsync(web, "ana");
        var (status, html, _) = await SendAsync(ana, gate, ("decision", "edit"), ("arguments-0", """{ "count": 6 }"""), ("arguments-1", """{ "text": "Removed 3" }"""), ("edit-reason", "too few"));
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains("&#39;/count&#39;", html, StringComparison.Ordinal);
        Assert.Contains(WebUtility.HtmlEncode("""{ "count": 6 }"""), html, StringComparison.Ordinal);
        Assert.Contains("too few", html, StringComparison.Ordinal);
        Assert.Empty((await GateAsync(gate)).Votes);

        Assert.Equal(HttpStatusCode.SeeOther, (await SendAsync(ana, gate, ("decision", "edit"), ("arguments-0", """{ "count": 2 }"""), ("arguments-1", """{ "text": "Removed 3" }"""), ("edit-reason", "too many"))).Status);
        Assert.Equal(RunStatus.Completed, (await web.EndAsync(run)).Status);
        var removed = web.Stub.Source.Calls.Where(call => call.Name == "remove").Select(call => call.Arguments["count"]!.AsNumber()).ToList(); // it is required
        Assert.Single(removed, count => count == 2); // other tests of the fixture remove 0 and 1
        Assert.DoesNotContain(removed, count => count > 2);
        var (_, page, _) = await ana.GetAsync($"/approvals/{gate}");
        Assert.Contains("<strong>Changed</strong> <code>/do/1/remove /count</code>", page, StringComparison.Ordinal);
        Assert.Contains("too many", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task FailedStep_TriedAgainWithOtherArguments_GoesOn()
    {
        var (run, gate) = await web.WaitingAsync("removing", JsonValue.Object(("count", 0)));
        using var ana = await Browser.SignedInAsync(web, "ana");
        Assert.Equal(HttpStatusCode.SeeOther, (await SendAsync(ana, gate, ("decision", "approve"))).Status);
        var failed = await web.GateAsync(run, gate);
        var (_, html, _) = await ana.GetAsync($"/approvals/{failed}");
        foreach (var part in (string[])["What failed", "Not now.", "The step&#39;s input", "value=\"retry\"", "it may destroy; it stays in a closed system", "Removes so many."])
            Assert.Contains(WebUtility.HtmlDecode(part), WebUtility.HtmlDecode(html), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.SeeOther, (await SendAsync(ana, failed, ("decision", "edit"), ("arguments-0", """{ "count": 1 }"""))).Status);
        Assert.Equal(RunStatus.Completed, (await web.EndAsync(run)).Status);
        Assert.Contains(web.Stub.Source.Calls, call => call.Name == "remove" && call.Arguments["count"]!.AsNumber() == 1);
    }

    [Fact]
    public async Task Return_FilledIn_GoesBackAndClosesTheGate()
    {
        var (gate, ana) = await OpenAsync("more please", GateRows.Rich);
        using (ana)
        {
            var (refused, html, _) = await SendAsync(ana, gate, ("decision", "return"), ("information-0", "Which one?"), ("information-3", "7"));
            Assert.Equal(HttpStatusCode.UnprocessableEntity, refused);
            Assert.Contains("href=\"#information-1\"", html, StringComparison.Ordinal);
            Assert.Contains("Which one?", html, StringComparison.Ordinal);
            Assert.Null((await GateAsync(gate)).Outcome);
            Assert.Equal(HttpStatusCode.SeeOther, (await SendAsync(ana, gate, ("decision", "return"), ("information-0", "Which one?"), ("information-1", "0"), ("information-3", "2"))).Status);
        }
        var closed = await GateAsync(gate);
        Assert.Equal(GateOutcome.Returned, closed.Outcome);
        Assert.Equal("""{"question":"Which one?","urgency":"tonight","attempts":2}""", closed.Information!.ToString());
    }

    [Fact]
    public async Task Return_WithoutAForm_IsRefused()
    {
        var (gate, ana) = await OpenAsync("no form");
        using (ana) Assert.Equal(HttpStatusCode.UnprocessableEntity, (await SendAsync(ana, gate, ("decision", "return"))).Status);
        Assert.Null((await GateAsync(gate)).Outcome);
    }

    [Fact]
    public async Task Resolve_WhatIsOffered_CountsAndNothingElse()
    {
        var (gate, ana) = await OpenAsync("failed step", open => GateRows.Failed(open, StepChoices.Skip));
        using (ana)
        {
            var (_, html, _) = await ana.GetAsync($"/approvals/{gate}");
            Assert.DoesNotContain("value=\"approve\"", html, StringComparison.Ordinal);
            Assert.DoesNotContain("value=\"retry\"", html, StringComparison.Ordinal);
            Assert.DoesNotContain("value=\"edit\"", html, StringComparison.Ordinal);
            Assert.Contains("No answer in 60 s.", html, StringComparison.Ordinal);
            foreach (var other in (string[])["approve", "retry"]) Assert.Equal(HttpStatusCode.BadRequest, (await SendAsync(ana, gate, ("decision", other))).Status);
            Assert.Equal(HttpStatusCode.SeeOther, (await SendAsync(ana, gate, ("decision", "skip"))).Status);
        }
        Assert.Equal((GateOutcome.Approved, StepChoices.Skip), ((await GateAsync(gate)).Outcome, (await GateAsync(gate)).Choice));
    }

    [Fact]
    public async Task Delegate_ToSomebodyWithoutAPart_LetsThemReadAndDecide()
    {
        var (gate, ana) = await OpenAsync("delegated");
        using var kim = await Browser.SignedInAsync(web, "kim");
        using (ana)
        {
            Assert.Equal(HttpStatusCode.NotFound, (await kim.GetAsync($"/approvals/{gate}")).Status);
            Assert.Equal(HttpStatusCode.BadRequest, (await SendAsync(ana, gate, ("decision", "delegate"), ("delegate-to", "nobody"), ("delegate-for", "open"))).Status);
            Assert.Equal(HttpStatusCode.UnprocessableEntity, (await SendAsync(ana, gate, ("decision", "delegate"), ("delegate-to", "kim"), ("delegate-for", "-1"))).Status);
            Assert.Equal(HttpStatusCode.SeeOther, (await SendAsync(ana, gate, ("decision", "delegate"), ("delegate-to", "kim"), ("delegate-for", "open"), ("delegate-reason", "asleep"))).Status);
            Assert.Contains("user:kim in place of user:ana", (await ana.GetAsync($"/approvals/{gate}")).Body, StringComparison.Ordinal);
        }
        var (_, html, _) = await kim.GetAsync($"/approvals/{gate}");
        Assert.Contains("You decide in the place of user:ana, as group:leads.", html, StringComparison.Ordinal);
        Assert.DoesNotContain("value=\"delegate\"", html, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.SeeOther, (await SendAsync(kim, gate, ("decision", "approve"))).Status);
        Assert.Equal(("user:kim", "user:ana"), (Assert.Single((await GateAsync(gate)).Votes).By, Assert.Single((await GateAsync(gate)).Votes).For));
    }

    [Fact]
    public async Task Reassign_IsTheOperatorsAlone()
    {
        var (gate, ana) = await OpenAsync("others");
        using var olga = await Browser.SignedInAsync(web, "olga");
        using (ana) Assert.Equal(HttpStatusCode.Forbidden, (await SendAsync(ana, gate, ("decision", "reassign"), ("reassign-approvers", "user:kim"), ("reassign-reason", "now"))).Status);
        foreach (var approvers in (string[])["kim", "role:admin", "user:", ""])
            Assert.Equal(HttpStatusCode.UnprocessableEntity, (await SendAsync(olga, gate, ("decision", "reassign"), ("reassign-approvers", approvers), ("reassign-reason", "now"))).Status);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await SendAsync(olga, gate, ("decision", "reassign"), ("reassign-approvers", "user:kim"))).Status);
        Assert.Equal(HttpStatusCode.SeeOther, (await SendAsync(olga, gate, ("decision", "reassign"), ("reassign-approvers", "user:kim\r\n group:leads "), ("reassign-reason", "Nobody is awake."))).Status);
        Assert.Equal(["user:kim", "group:leads"], (await GateAsync(gate)).Request.Approvers.Select(approver => approver.ToString()));
        Assert.Contains("asked now: user:kim, group:leads", (await olga.GetAsync($"/approvals/{gate}")).Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Get_EverythingThereIs_IsShown()
    {
        var (before, leo) = await OpenAsync("what was", user: "leo");
        using (leo) Assert.Equal(HttpStatusCode.SeeOther, (await SendAsync(leo, before, ("decision", "approve"))).Status);
        var (gate, ana) = await OpenAsync("what is", GateRows.Rich);
        using (ana)
        {
            var (_, html, _) = await ana.GetAsync($"/approvals/{gate}");
            string[] parts =
            [
                "1 value differs</strong>, 2 unchanged", "<strong>Changed</strong> <code>/text</code>", "&quot;what was&quot;", "&quot;text&quot;: &quot;what is&quot;", "Approved by Leo",
                "1 more</strong>: 0 of 1 out of group:leads; neither who started nor who published it", "1 more</strong>: 0 of 1 out of user:olga, user:leo; not who started it",
                "user:olga in place of user:leo", "so it does not count", "<strong>Changed</strong> <code>/do/1/post /text</code>", "<strong>Added</strong> <code>/do/1/post /numbers/1</code>",
                "the run goes on without it", "it is asked again of the next approvers", "<code>intent-mismatch</code>", "the first approvers did not decide in time",
                "it may change things, and may do so again if repeated", "Claimed by the server, not checked.",
            ];
            foreach (var part in parts) Assert.Contains(part, html, StringComparison.OrdinalIgnoreCase);
        }
    }

    [Fact]
    public async Task Get_FirstTimeAndOwnCall_SaySo()
    {
        var (gate, ana) = await OpenAsync("first of all", open => open with { Workflow = open.Workflow! with { Name = "test/new" } });
        using (ana)
        {
            Assert.Contains("<strong>First time</strong>", (await ana.GetAsync($"/approvals/{gate}")).Body, StringComparison.Ordinal);
            var (_, own, _) = await ana.GetAsync($"/approvals/{await GateRows.OwnCallAsync(web, gate)}");
            Assert.Contains("a client's own call through /mcp", own, StringComparison.Ordinal);
            Assert.Contains("the call is refused", own, StringComparison.Ordinal);
            Assert.DoesNotContain("value=\"edit\"", own, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Inbox_ShowsTheMostUrgentFirstWithWhatIsMissing()
    {
        var (late, ana) = await OpenAsync("late", open => open with { Request = open.Request with { ExpiresAt = open.Request.ExpiresAt + TimeSpan.FromHours(1) } });
        var (rich, other) = await OpenAsync("soon", GateRows.Rich);
        using (ana)
        using (other)
        {
            var (_, html, _) = await ana.GetAsync("/approvals");
            Assert.True(html.IndexOf(rich.Value, StringComparison.Ordinal) < html.IndexOf(late.Value, StringComparison.Ordinal));
            Assert.Contains("2 more must approve", html, StringComparison.Ordinal);
            Assert.Contains("asked again · test/guarded 1.0.0 · started by user:nora", html, StringComparison.Ordinal);
        }
    }

    private async Task<(GateId Gate, Browser Browser)> OpenAsync(string text, Func<Gate, Gate>? change = null, string user = "ana")
    {
        var (_, gate) = await web.WaitingAsync(text);
        if (change is not null) await GateRows.ChangeAsync(web, gate, change);
        return (gate, await Browser.SignedInAsync(web, user));
    }

    private static async Task<(HttpStatusCode Status, string Body, HttpResponseMessage Response)> SendAsync(Browser browser, GateId gate, params (string Name, string Value)[] typed)
    {
        var fields = Browser.Form((await browser.GetAsync($"/approvals/{gate}")).Body, $"/approvals/{gate}");
        foreach (var (name, value) in typed) fields[name] = value;
        return await browser.PostAsync($"/approvals/{gate}", fields);
    }

    private async Task<Gate> GateAsync(GateId gate) => (await web.Services.Approvals.FindAsync(WebFixture.Tenant, gate, TestContext.Current.CancellationToken))!; // opened before
}
