using Interlock.Core.Runs;
using Interlock.Tests.Web;
using Microsoft.Playwright;

namespace Interlock.Tests.Chromium;

/// <summary>The review page with all that it may have to show, and its forms unfolded, empty and refused (<see cref="Appearance"/>).</summary>
[Collection("chromium")]
public sealed class ReviewAppearanceTests(ChromiumBrowser browser, WebFixture web) : IClassFixture<WebFixture>
{
    [Fact]
    public async Task Review_EverythingThereIs()
    {
        await ApprovedAsync("what was approved before");
        var (_, gate) = await web.WaitingAsync("what is asked now");
        await GateRows.ChangeAsync(web, gate, GateRows.Rich);
        await using var ana = await Tab.SignedInAsync(browser, web, "ana", $"/approvals/{gate}");
        await Appearance.CheckAsync(ana.Page, "review-rich");
        await Appearance.UnfoldAsync(ana.Page);
        await Appearance.CheckAsync(ana.Page, "review-rich-unfolded");
        await using var olga = await Tab.SignedInAsync(browser, web, "olga", $"/approvals/{gate}");
        await Appearance.UnfoldAsync(olga.Page);
        await Appearance.CheckAsync(olga.Page, "review-operator");
    }

    [Fact]
    public async Task Review_FormsRefused()
    {
        var (_, gate) = await web.WaitingAsync("refused forms");
        await GateRows.ChangeAsync(web, gate, GateRows.Rich);
        await using var ana = await Tab.SignedInAsync(browser, web, "ana", $"/approvals/{gate}");
        await ana.UnfoldAsync("Change the arguments, then approve");
        await ana.Page.GetByLabel("Arguments of stub/echo").FillAsync("""{ "text": 1, }""");
        await ana.ClickAsync("Approve with these arguments");
        await ana.Page.GetByRole(AriaRole.Alert).WaitForAsync();
        await Appearance.CheckAsync(ana.Page, "review-edit-refused");

        await ana.UnfoldAsync("Ask for information instead");
        await ana.Page.GetByLabel("Question").FillAsync("Why");
        await ana.Page.GetByLabel("Urgency").SelectOptionAsync("3");
        await ana.Page.GetByLabel("attempts").FillAsync("many");
        await ana.ClickAsync("Ask for information");
        await ana.Page.GetByRole(AriaRole.Alert).WaitForAsync();
        await Appearance.CheckAsync(ana.Page, "review-information-refused");

        await ana.UnfoldAsync("Let somebody else decide this");
        await ana.Page.GetByLabel("Who the id of a user").FillAsync("nobody");
        await ana.ClickAsync("Delegate");
        await ana.Page.GetByRole(AriaRole.Alert).WaitForAsync();
        await Appearance.CheckAsync(ana.Page, "review-delegate-refused");

        await using var dana = await Tab.SignedInAsync(browser, web, "dana", $"/approvals/{gate}");
        await dana.UnfoldAsync("Ask others instead");
        await dana.Page.GetByLabel("Who decides instead").FillAsync("ana");
        await dana.Page.GetByLabel("Why others").FillAsync("Nobody answers.");
        await dana.ClickAsync("Ask them instead");
        await dana.Page.GetByRole(AriaRole.Alert).WaitForAsync();
        await Appearance.CheckAsync(dana.Page, "review-reassign-refused");
    }

    [Fact]
    public async Task Review_FailedStepAndOwnCall()
    {
        var (_, gate) = await web.WaitingAsync("failed");
        var own = await GateRows.OwnCallAsync(web, gate);
        await GateRows.ChangeAsync(web, gate, open => GateRows.Failed(open, StepChoices.Retry, StepChoices.Skip, StepChoices.Edit, StepChoices.Fail));
        await using var ana = await Tab.SignedInAsync(browser, web, "ana", $"/approvals/{gate}");
        await Appearance.UnfoldAsync(ana.Page);
        await Appearance.CheckAsync(ana.Page, "review-failed-step");
        await ana.GoAsync($"/approvals/{own}");
        await Appearance.CheckAsync(ana.Page, "review-own-call");
        await ana.GoAsync("/approvals");
        await Appearance.CheckAsync(ana.Page, "approvals-kinds");
    }

    [Fact]
    public async Task Delegations_EmptyGivenReceivedRefused()
    {
        await using var ana = await Tab.SignedInAsync(browser, web, "ana", "/approvals/delegations");
        await Appearance.CheckAsync(ana.Page, "delegations-empty");
        await ana.Page.GetByLabel("Who the id of a user").FillAsync("leo");
        await ana.Page.GetByLabel("Why").FillAsync("I am on holiday.");
        await ana.ClickAsync("Delegate");
        await ana.Page.GetByText("user:leo").WaitForAsync();
        await Appearance.CheckAsync(ana.Page, "delegations-given");
        await ana.Page.GetByLabel("Who the id of a user").FillAsync("ana");
        await ana.ClickAsync("Delegate");
        await ana.Page.GetByRole(AriaRole.Alert).WaitForAsync();
        await Appearance.CheckAsync(ana.Page, "delegations-refused");
        await using var leo = await Tab.SignedInAsync(browser, web, "leo", "/approvals/delegations");
        await Appearance.CheckAsync(leo.Page, "delegations-received");
        await ana.Page.GetByRole(AriaRole.Button, new() { Name = "Take back from user:leo" }).ClickAsync();
        await ana.Page.GetByText("Nobody.", new() { Exact = true }).WaitForAsync();
    }

    [Fact]
    public async Task Rates_EmptyAndFull()
    {
        await using var rita = await Tab.SignedInAsync(browser, web, "rita", "/approvals/rates", tenant: WebFixture.Rival);
        await Appearance.CheckAsync(rita.Page, "rates-empty");
        await ApprovedAsync("counted");
        await using var olga = await Tab.SignedInAsync(browser, web, "olga", "/approvals/rates");
        await Appearance.CheckAsync(olga.Page, "rates");
    }

    private async Task ApprovedAsync(string text)
    {
        var (run, gate) = await web.WaitingAsync(text);
        await using var leo = await Tab.SignedInAsync(browser, web, "leo", $"/approvals/{gate}");
        await leo.ClickAsync("Approve this call");
        Assert.Equal(RunStatus.Completed, (await web.EndAsync(run)).Status);
    }
}
