using Interlock.Core;
using Interlock.Tests.Web;
using Microsoft.Playwright;

namespace Interlock.Tests.Chromium;

/// <summary>Every page in every state it has, looked at (<see cref="Appearance"/>).</summary>
[Collection("chromium")]
public sealed class AppearanceTests(ChromiumBrowser browser, WebFixture web) : IClassFixture<WebFixture>
{
    private const string Hostile = "<script>alert(1)</script> a\u202Eb\u200Bc\u0007d\uFEFF ${ 1 } and aVeryLongWordWithoutAnyPlaceToBreakThatIsWiderThanAnyPhoneThatAnybodyWouldHoldInTheirHandsAtNight";

    [Fact]
    public async Task SignIn_EmptyRefusedAndOut()
    {
        await using var tab = await Tab.OpenAsync(browser, web);
        await tab.GoAsync("/signin");
        await Appearance.CheckAsync(tab.Page, "sign-in");
        await tab.Page.GetByLabel("Tenant").FillAsync("local");
        await tab.Page.GetByLabel("User").FillAsync("ana");
        await tab.Page.GetByLabel("Password").FillAsync("wrong");
        await tab.ClickAsync("Sign in");
        await tab.Page.GetByRole(AriaRole.Alert).WaitForAsync();
        await Appearance.CheckAsync(tab.Page, "sign-in-refused");
        await tab.GoAsync("/signin/out");
        await Appearance.CheckAsync(tab.Page, "signed-out");
    }

    [Fact]
    public async Task Lists_EmptyAndFull()
    {
        await using var rita = await Tab.SignedInAsync(browser, web, "rita", "/approvals", tenant: WebFixture.Rival);
        await Appearance.CheckAsync(rita.Page, "approvals-empty");
        await rita.GoAsync("/");
        await Appearance.CheckAsync(rita.Page, "overview-empty");
        await web.WaitingAsync("the first");
        await web.WaitingAsync(Hostile);
        await using var ana = await Tab.SignedInAsync(browser, web, "ana", "/approvals");
        await Appearance.CheckAsync(ana.Page, "approvals");
        await ana.GoAsync("/");
        await Appearance.CheckAsync(ana.Page, "overview");
        await using var olga = await Tab.SignedInAsync(browser, web, "olga", "/approvals");
        await Appearance.CheckAsync(olga.Page, "approvals-of-others");
        await olga.GoAsync("/runs");
        await Appearance.CheckAsync(olga.Page, "runs");
    }

    [Fact]
    public async Task Review_OpenOfOthersTooLateAndDecided()
    {
        var (run, gate) = await web.WaitingAsync("looked at");
        await using var ana = await Tab.SignedInAsync(browser, web, "ana", $"/approvals/{gate}");
        await Appearance.CheckAsync(ana.Page, "review");
        await using var nora = await Tab.SignedInAsync(browser, web, "nora", $"/approvals/{gate}");
        await Appearance.CheckAsync(nora.Page, "review-initiator");
        await nora.GoAsync($"/runs/{run}");
        await Appearance.CheckAsync(nora.Page, "run-waiting");
        await ana.ClickAsync("Approve this call");
        await web.EndAsync(run);
        await ana.GoAsync($"/approvals/{gate}");
        await Appearance.CheckAsync(ana.Page, "review-approved");
        await nora.GoAsync($"/runs/{run}");
        await Appearance.CheckAsync(nora.Page, "run-completed");
    }

    [Fact]
    public async Task Review_RejectedAndRefused()
    {
        var (run, gate) = await web.WaitingAsync("rejected");
        await using var ana = await Tab.SignedInAsync(browser, web, "ana", $"/approvals/{gate}");
        await using var leo = await Tab.SignedInAsync(browser, web, "leo", $"/approvals/{gate}");
        await ana.Page.GetByLabel("Reason").FillAsync("Not tonight.");
        await ana.ClickAsync("Reject");
        await web.EndAsync(run);
        await leo.ClickAsync("Approve this call");
        await leo.Page.GetByRole(AriaRole.Alert).WaitForAsync();
        await Appearance.CheckAsync(leo.Page, "review-refused");
        await leo.GoAsync($"/approvals/{gate}");
        await Appearance.CheckAsync(leo.Page, "review-rejected");
        await using var nora = await Tab.SignedInAsync(browser, web, "nora", $"/runs/{run}");
        await Appearance.CheckAsync(nora.Page, "run-faulted");
    }

    [Fact]
    public async Task Review_HostileAndLong()
    {
        var (run, gate) = await web.WaitingAsync(Hostile + string.Concat(Enumerable.Repeat("\nline after line", 200)));
        await using var ana = await Tab.SignedInAsync(browser, web, "ana", $"/approvals/{gate}");
        await Appearance.CheckAsync(ana.Page, "review-hostile");
        await using var olga = await Tab.SignedInAsync(browser, web, "olga", $"/runs/{run}");
        await Appearance.CheckAsync(olga.Page, "run-hostile");
    }

    [Fact]
    public async Task Review_SignInTooOldThenOutOfTime()
    {
        var (_, gate) = await web.WaitingAsync("later");
        await using var ana = await Tab.SignedInAsync(browser, web, "ana");
        try
        {
            web.Time.Ahead = TimeSpan.FromMinutes(61);
            await ana.GoAsync($"/approvals/{gate}");
            await Appearance.CheckAsync(ana.Page, "review-out-of-time");
        }
        finally
        {
            web.Time.Ahead = TimeSpan.Zero;
        }
    }

    [Fact]
    public async Task Problem_NotFoundAndExpiredForm()
    {
        await using var ana = await Tab.SignedInAsync(browser, web, "ana");
        await ana.GoAsync($"/approvals/{new GateId(new string('0', 32))}");
        await Appearance.CheckAsync(ana.Page, "problem-not-found");
        var (_, gate) = await web.WaitingAsync("expired form");
        await ana.GoAsync($"/approvals/{gate}");
        await ana.Page.EvaluateAsync("document.querySelector('.decide [name=antiforgery]').value = 'x'");
        await ana.ClickAsync("Approve this call");
        await ana.Heading("The form has expired").WaitForAsync();
        await Appearance.CheckAsync(ana.Page, "problem-expired-form");
    }
}
