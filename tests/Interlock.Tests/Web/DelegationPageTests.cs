using System.Net;

namespace Interlock.Tests.Web;

public sealed class DelegationPageTests(WebFixture web) : IClassFixture<WebFixture>
{
    private const string Page = "/approvals/delegations";

    [Fact]
    public async Task Give_ThenTakeBack_CountsInBetween()
    {
        var (_, gate) = await web.WaitingAsync("in their place");
        using var ana = await Browser.SignedInAsync(web, "ana");
        using var kim = await Browser.SignedInAsync(web, "kim");
        Assert.Equal(HttpStatusCode.NotFound, (await kim.GetAsync($"/approvals/{gate}")).Status);

        Assert.Equal(HttpStatusCode.SeeOther, (await SendAsync(ana, ("to", "kim"), ("for", "24"), ("reason", "holiday"))).Status);
        Assert.Contains("user:ana", (await kim.GetAsync(Page)).Body, StringComparison.Ordinal);
        Assert.Contains(gate.Value, (await kim.GetAsync("/approvals")).Body, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await kim.GetAsync($"/approvals/{gate}")).Status);

        var id = (await ana.GetAsync(Page)).Body.Split("name=\"revoke\" value=\"")[1].Split('"')[0];
        Assert.Equal(HttpStatusCode.NotFound, (await SendAsync(kim, ("revoke", id))).Status); // not hers to take back
        Assert.Equal(HttpStatusCode.SeeOther, (await SendAsync(ana, ("revoke", id))).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await kim.GetAsync($"/approvals/{gate}")).Status);
    }

    [Theory]
    [InlineData("nobody", "24", HttpStatusCode.BadRequest)]
    [InlineData("leo", "24", HttpStatusCode.Conflict)]
    [InlineData("", "24", HttpStatusCode.UnprocessableEntity)]
    [InlineData("kim", "", HttpStatusCode.UnprocessableEntity)]
    [InlineData("kim", "999999", HttpStatusCode.UnprocessableEntity)]
    [InlineData("kim", "1.5", HttpStatusCode.UnprocessableEntity)]
    public async Task Give_WhatCannotBe_ComesBackWithWhatWasTyped(string to, string hours, HttpStatusCode expected)
    {
        using var leo = await Browser.SignedInAsync(web, "leo");
        var (status, html, _) = await SendAsync(leo, ("to", to), ("for", hours), ("reason", "<i>why</i>"));
        Assert.Equal(expected, status);
        Assert.Contains("role=\"alert\"", html, StringComparison.Ordinal);
        Assert.Contains($"name=\"to\" value=\"{to}\"", html, StringComparison.Ordinal);
        Assert.Contains("&lt;i&gt;why&lt;/i&gt;", html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Give_FromElsewhereOrWithoutTheTokenOrSignedInLongAgo_IsRefused()
    {
        using var ana = await Browser.SignedInAsync(web, "ana");
        var fields = Browser.Form((await ana.GetAsync(Page)).Body, Page);
        fields["to"] = "kim";
        fields["for"] = "24";
        Assert.Equal(HttpStatusCode.Forbidden, (await ana.PostAsync(Page, fields, "http://evil.example")).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await ana.PostAsync(Page, new Dictionary<string, string>(fields) { ["antiforgery"] = "x" })).Status);
        try
        {
            web.Time.Ahead = TimeSpan.FromMinutes(61);
            Assert.DoesNotContain("name=\"to\"", (await ana.GetAsync(Page)).Body, StringComparison.Ordinal);
        }
        finally
        {
            web.Time.Ahead = TimeSpan.Zero;
        }
        using var kim = await Browser.SignedInAsync(web, "kim");
        Assert.DoesNotContain("user:ana", (await kim.GetAsync(Page)).Body, StringComparison.Ordinal);
    }

    private static async Task<(HttpStatusCode Status, string Body, HttpResponseMessage Response)> SendAsync(Browser browser, params (string Name, string Value)[] typed)
    {
        var fields = Browser.Form((await browser.GetAsync(Page)).Body, Page);
        fields.Remove("revoke");
        foreach (var (name, value) in typed) fields[name] = value;
        return await browser.PostAsync(Page, fields);
    }
}
