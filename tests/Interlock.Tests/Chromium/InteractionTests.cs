using Interlock.Core;
using Interlock.Core.Approvals;
using Interlock.Core.Runs;
using Interlock.Json;
using Interlock.Tests.Web;
using Microsoft.Playwright;

namespace Interlock.Tests.Chromium;

/// <summary>Deciding as people do it: by keyboard, without JavaScript, twice, and with the back button.</summary>
[Collection("chromium")]
public sealed class InteractionTests(ChromiumBrowser browser, WebFixture web) : IClassFixture<WebFixture>
{
    [Fact]
    public async Task Decide_KeyboardOnly_FromSignInToApproved()
    {
        var (run, gate) = await web.WaitingAsync("by keyboard");
        await using var tab = await Tab.OpenAsync(browser, web);
        await tab.GoAsync("/approvals");
        await TabToAsync(tab, tab.Page.GetByLabel("Tenant"));
        await tab.Page.Keyboard.TypeAsync("local");
        await tab.Page.Keyboard.PressAsync("Tab");
        await tab.Page.Keyboard.TypeAsync("ana");
        await tab.Page.Keyboard.PressAsync("Tab");
        await tab.Page.Keyboard.TypeAsync(WebFixture.Password);
        await tab.Page.Keyboard.PressAsync("Enter");
        await tab.Heading("Approvals").WaitForAsync();
        await TabToAsync(tab, tab.Page.Locator($"a[href='/approvals/{gate}']"));
        await tab.Page.Keyboard.PressAsync("Enter");
        await tab.Heading("Post by keyboard").WaitForAsync();
        await TabToAsync(tab, tab.Page.GetByRole(AriaRole.Button, new() { Name = "Approve this call" }));
        await tab.Page.Keyboard.PressAsync("Enter");

        Assert.Equal(RunStatus.Completed, (await web.EndAsync(run)).Status);
        Assert.Equal(GateOutcome.Approved, (await GateAsync(gate)).Outcome);
    }

    [Fact]
    public async Task SkipLink_FirstTabStop_LeadsToTheContent()
    {
        await using var ana = await Tab.SignedInAsync(browser, web, "ana");
        await ana.Page.Keyboard.PressAsync("Tab");
        Assert.Equal("Skip to content", await ana.Page.EvaluateAsync<string>("document.activeElement.textContent"));
        await ana.Page.Keyboard.PressAsync("Enter");
        Assert.Equal("main", await ana.Page.EvaluateAsync<string>("document.activeElement.id"));
    }

    [Theory]
    [InlineData("Approve this call", GateOutcome.Approved)]
    [InlineData("Reject", GateOutcome.Rejected)]
    public async Task Decide_WithoutJavaScript_Counts(string button, GateOutcome outcome)
    {
        var (run, gate) = await web.WaitingAsync("no script");
        await using var ana = await Tab.SignedInAsync(
            browser, web, "ana", "/approvals", new BrowserNewContextOptions { JavaScriptEnabled = false, ViewportSize = Screen.Phone.Size });
        await ana.Page.Locator($"a[href='/approvals/{gate}']").ClickAsync();
        await ana.Page.GetByLabel("Reason").FillAsync("Because.");
        await ana.ClickAsync(button);
        await ana.Page.GetByText(outcome == GateOutcome.Approved ? "approved" : "rejected").First.WaitForAsync();

        await web.EndAsync(run);
        var stored = await GateAsync(gate);
        Assert.Equal(outcome, stored.Outcome);
        Assert.Equal("Because.", Assert.Single(stored.Votes).Reason);
    }

    [Fact]
    public async Task Decide_TwoClicksAndTwoTabs_CountsOnce()
    {
        var (run, gate) = await web.WaitingAsync("twice");
        await using var ana = await Tab.SignedInAsync(browser, web, "ana", $"/approvals/{gate}");
        var other = await ana.Context.NewPageAsync();
        await other.GotoAsync($"{web.Origin}/approvals/{gate}");
        await ana.Page.GetByRole(AriaRole.Button, new() { Name = "Approve this call" }).DblClickAsync();
        await web.EndAsync(run);
        await other.GetByRole(AriaRole.Button, new() { Name = "Approve this call" }).ClickAsync();
        await other.GetByRole(AriaRole.Alert).WaitForAsync();

        Assert.Single((await GateAsync(gate)).Votes);
        Assert.Single(web.Stub.Source.Calls, call => call.Arguments["text"]?.AsString() == "twice");
    }

    [Fact]
    public async Task Back_AfterDeciding_ShowsTheDecisionAndNoForm()
    {
        var (run, gate) = await web.WaitingAsync("back");
        await using var ana = await Tab.SignedInAsync(browser, web, "ana", "/approvals");
        await ana.Page.Locator($"a[href='/approvals/{gate}']").ClickAsync();
        await ana.ClickAsync("Approve this call");
        await web.EndAsync(run);
        await ana.Page.GetByRole(AriaRole.Link, new() { Name = "Runs" }).ClickAsync();
        await ana.Heading("Runs").WaitForAsync();
        await ana.Page.GoBackAsync();

        Assert.EndsWith($"/approvals/{gate}", ana.Page.Url, StringComparison.Ordinal);
        Assert.Equal(0, await ana.Page.Locator("[name=decision]").CountAsync());
        await ana.Page.GoBackAsync();
        Assert.Equal(0, await ana.Page.Locator("[name=decision]").CountAsync());
        Assert.Single((await GateAsync(gate)).Votes);
    }

    [Fact]
    public async Task Reject_WithoutAReason_IsAskedForOneBeforeAnythingIsSent()
    {
        var (_, gate) = await web.WaitingAsync("no reason");
        await using var ana = await Tab.SignedInAsync(browser, web, "ana", $"/approvals/{gate}");
        await ana.ClickAsync("Reject");
        Assert.True(await ana.Page.EvaluateAsync<bool>("document.activeElement.id === 'reason' && document.activeElement.matches(':invalid')"));
        Assert.Empty((await GateAsync(gate)).Votes);
    }

    [Fact]
    public async Task AskForInformation_WithoutJavaScript_ComesBackUntilItIsCompleteThenCloses()
    {
        var (_, gate) = await web.WaitingAsync("ask first");
        await GateRows.ChangeAsync(web, gate, GateRows.Rich);
        await using var ana = await Tab.SignedInAsync(
            browser, web, "ana", $"/approvals/{gate}", new BrowserNewContextOptions { JavaScriptEnabled = false, ViewportSize = Screen.Phone.Size });
        await ana.UnfoldAsync("Ask for information instead");
        await ana.Page.GetByLabel("Question").FillAsync("Which one?");
        await ana.Page.GetByLabel("Urgency").SelectOptionAsync("0");
        await ana.Page.GetByLabel("attempts").FillAsync("seven");
        await ana.ClickAsync("Ask for information");
        await ana.Page.GetByRole(AriaRole.Alert).GetByRole(AriaRole.Link).ClickAsync();
        Assert.EndsWith("#information-3", ana.Page.Url, StringComparison.Ordinal);
        Assert.Equal("Which one?", await ana.Page.GetByLabel("Question").InputValueAsync());
        await ana.Page.GetByLabel("attempts").FillAsync("2");
        await ana.ClickAsync("Ask for information");
        await ana.Heading("Information asked for").WaitForAsync();

        Assert.Equal(GateOutcome.Returned, (await GateAsync(gate)).Outcome);
        Assert.Equal("""{"question":"Which one?","urgency":"tonight","service":"checkout","attempts":2}""", (await GateAsync(gate)).Information!.ToString());
    }

    [Fact]
    public async Task FailedStep_EditedWithoutJavaScript_GoesOnWithTheNewArguments()
    {
        var (run, gate) = await web.WaitingAsync("removing", JsonValue.Object(("count", 0)));
        await using var ana = await Tab.SignedInAsync(
            browser, web, "ana", $"/approvals/{gate}", new BrowserNewContextOptions { JavaScriptEnabled = false, ViewportSize = Screen.Phone.Size });
        await ana.ClickAsync("Approve these 2 calls");
        var failed = await web.GateAsync(run, gate);
        await ana.GoAsync($"/approvals/{failed}");
        await ana.UnfoldAsync("Change the arguments, then retry");
        await ana.Page.GetByLabel("Arguments of stub/remove").FillAsync("""{ "count": 6 }""");
        await ana.ClickAsync("Retry with these arguments");
        Assert.Contains("'/count'", await ana.Page.GetByRole(AriaRole.Alert).InnerTextAsync(), StringComparison.Ordinal);
        await ana.Page.GetByLabel("Arguments of stub/remove").FillAsync("""{ "count": 4 }""");
        await ana.ClickAsync("Retry with these arguments");

        Assert.Equal(RunStatus.Completed, (await web.EndAsync(run)).Status);
        Assert.Equal(4, web.Stub.Source.Calls.Last(call => call.Name == "remove").Arguments["count"]!.AsNumber());
    }

    [Fact]
    public async Task Delegate_ByKeyboard_LetsTheOtherPersonDecide()
    {
        var (run, gate) = await web.WaitingAsync("pass it on");
        await using var ana = await Tab.SignedInAsync(browser, web, "ana", $"/approvals/{gate}");
        await TabToAsync(ana, ana.Page.Locator("summary", new() { HasText = "Let somebody else decide this" }));
        await ana.Page.Keyboard.PressAsync("Enter");
        await ana.Page.Keyboard.PressAsync("Tab");
        await ana.Page.Keyboard.TypeAsync("kim");
        await ana.Page.Keyboard.PressAsync("Enter");
        await ana.Page.GetByText("user:kim in place of user:ana").WaitForAsync();

        await using var kim = await Tab.SignedInAsync(browser, web, "kim", "/approvals");
        await kim.Page.GetByRole(AriaRole.Link, new() { Name = "Post pass it on" }).ClickAsync();
        await kim.ClickAsync("Approve this call");
        Assert.Equal(RunStatus.Completed, (await web.EndAsync(run)).Status);
        Assert.Equal("user:ana", Assert.Single((await GateAsync(gate)).Votes).For);
    }

    private async Task<Gate> GateAsync(GateId gate) => (await web.Services.Approvals.FindAsync(WebFixture.Tenant, gate, TestContext.Current.CancellationToken))!; // opened before

    /// <summary>Presses Tab until that is focused, and looks whether one can see that it is.</summary>
    private static async Task TabToAsync(Tab tab, ILocator target)
    {
        await target.WaitForAsync();
        for (var i = 0; i < 100; i++)
        {
            await tab.Page.Keyboard.PressAsync("Tab");
            if (!await target.EvaluateAsync<bool>("element => element === document.activeElement")) continue;
            Assert.NotEqual("none", await target.EvaluateAsync<string>("element => getComputedStyle(element).outlineStyle"));
            return;
        }
        Assert.Fail($"Tab never comes to {target}.");
    }
}
