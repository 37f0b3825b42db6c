using System.Net;

namespace Interlock.Tests.Web;

public sealed class RatesTests(WebFixture web) : IClassFixture<WebFixture>
{
    [Fact]
    public async Task Rates_OnPageAndApi_CountPerWorkflowAndApprover()
    {
        foreach (var decision in (string[])["approve", "approve", "approve", "reject"])
        {
            var (run, gate) = await web.WaitingAsync(decision);
            using var ana = await Browser.SignedInAsync(web, "ana");
            var fields = Browser.Form((await ana.GetAsync($"/approvals/{gate}")).Body, $"/approvals/{gate}");
            fields["decision"] = decision;
            fields["reason"] = "because";
            Assert.Equal(HttpStatusCode.SeeOther, (await ana.PostAsync($"/approvals/{gate}", fields)).Status);
            await web.EndAsync(run);
        }

        using var olga = await Browser.SignedInAsync(web, "olga");
        var (status, html, _) = await olga.GetAsync("/approvals/rates");
        Assert.Equal(HttpStatusCode.OK, status);
        foreach (var of in (string[])["test/guarded", "user:ana"])
            Assert.Contains($"<th scope=\"row\">{of}</th><td>75 %</td><td>4</td><td>3</td><td>1</td><td>0</td><td>1</td><td>0</td>", html, StringComparison.Ordinal);

        var (answered, body, _) = await web.ApiAsync("GET", "/api/approvals/rates?days=1", web.Token("olga"));
        Assert.Equal(HttpStatusCode.OK, answered);
        Assert.Equal(
            """{"workflow":"test/guarded","asked":4,"accepted":3,"overridden":1,"edited":0,"rejected":1,"returned":0,"acceptRate":0.75}""", Assert.Single(body["workflows"]!.Items).ToString());
        Assert.Equal("user:ana", Assert.Single(body["approvers"]!.Items)["approver"]!.AsString());
    }

    [Fact]
    public async Task Rates_WithoutARoleOrOfAnotherTenant_AreNotShown()
    {
        using var ana = await Browser.SignedInAsync(web, "ana");
        Assert.Equal(HttpStatusCode.NotFound, (await ana.GetAsync("/approvals/rates")).Status);
        Assert.DoesNotContain("/approvals/rates", (await ana.GetAsync("/approvals")).Body, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Forbidden, (await web.ApiAsync("GET", "/api/approvals/rates", web.Token("ana"))).Status);
        var (_, body, _) = await web.ApiAsync("GET", "/api/approvals/rates", web.Token("rita", tenant: WebFixture.Rival));
        Assert.Empty(body["workflows"]!.Items);
    }
}
