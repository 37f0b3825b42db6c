using Interlock.Core;
using Interlock.Core.Runs;
using Interlock.Tests.Web;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Playwright;

namespace Interlock.Tests.Chromium;

/// <summary>What pages of other origins, and a browser that loads ahead, can make a signed-in approver's browser do: nothing that decides.</summary>
[Collection("chromium")]
public sealed class ElsewhereTests(ChromiumBrowser browser, WebFixture web) : IClassFixture<WebFixture>, IAsyncLifetime
{
    private WebApplication? _elsewhere;
    private string _page = "";

    public async ValueTask InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _elsewhere = builder.Build();
        _elsewhere.Run(context =>
        {
            context.Response.ContentType = "text/html; charset=utf-8";
            return context.Response.WriteAsync("<!doctype html><html lang=en><title>Elsewhere</title>" + _page);
        });
        await _elsewhere.StartAsync();
    }

    public async ValueTask DisposeAsync() => await _elsewhere!.DisposeAsync(); // started before any test

    /// <summary>Another port is the same site and gets the cookie; another host is another site. Both forms hold tokens that a thief would have to guess.</summary>
    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("localhost")]
    public async Task Post_FormOfAnotherOrigin_DecidesNothing(string host)
    {
        var (run, gate) = await web.WaitingAsync("from elsewhere");
        await using var ana = await Tab.SignedInAsync(browser, web, "ana", $"/approvals/{gate}");
        async Task<string> Field(string name) => await ana.Page.Locator($".decide [name={name}]").First.GetAttributeAsync("value") ?? "";
        _page = $"""
            <form method=post action="{web.Origin}/approvals/{gate}">
            <input name=antiforgery value="{await Field("antiforgery")}"><input name=shown value="{await Field("shown")}"><input name=decision value=approve></form>
            <script>document.forms[0].submit()</script>
            """;
        var answer = ana.Page.WaitForResponseAsync(response => response.Request.Method == "POST");
        await ana.Page.GotoAsync(Elsewhere(host));

        Assert.Contains((await answer).Status, (int[])[401, 403]);
        await AssertUndecidedAsync(run, gate);
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("localhost")]
    public async Task Get_LinksLoadedAheadFramesAndImages_DecideNothing(string host)
    {
        var (run, gate) = await web.WaitingAsync("ahead");
        await using var ana = await Tab.SignedInAsync(browser, web, "ana");
        var address = $"{web.Origin}/approvals/{gate}?decision=approve";
        _page = $$"""
            <link rel=prefetch href="{{address}}&by=link"><img alt="" src="{{address}}&by=image"><iframe title=f src="{{address}}&by=frame"></iframe>
            <script type=speculationrules>{"prerender": [{"source": "list", "urls": ["{{address}}&by=prerender"], "eagerness": "immediate"}]}</script>
            <script>fetch("{{address}}&by=head", { method: "HEAD", mode: "no-cors", credentials: "include" }).finally(() => document.title = "Asked")</script>
            """;
        var page = await ana.Context.NewPageAsync();
        var link = page.WaitForRequestAsync(request => request.Url.EndsWith("by=link", StringComparison.Ordinal));
        var frame = page.WaitForResponseAsync(response => response.Url.EndsWith("by=frame", StringComparison.Ordinal)); // whether it is shown or not
        await page.GotoAsync(Elsewhere(host));
        await Task.WhenAll(link, frame);
        await Assertions.Expect(page).ToHaveTitleAsync("Asked");

        await AssertUndecidedAsync(run, gate);
    }

    [Fact]
    public async Task Frame_OfTheReviewPage_ShowsNothing()
    {
        var (_, gate) = await web.WaitingAsync("framed");
        await using var ana = await Tab.SignedInAsync(browser, web, "ana");
        _page = $"""<iframe title=f src="{web.Origin}/approvals/{gate}"></iframe>""";
        var page = await ana.Context.NewPageAsync();
        await page.GotoAsync(Elsewhere("127.0.0.1"));

        Assert.Equal(0, await page.FrameLocator("iframe").Locator("[name=decision]").CountAsync());
    }

    private string Elsewhere(string host) => $"http://{host}:{new Uri(_elsewhere!.Urls.First()).Port}/"; // started before any test

    private async Task AssertUndecidedAsync(RunId run, GateId gate)
    {
        var stored = await web.Services.Approvals.FindAsync(WebFixture.Tenant, gate, TestContext.Current.CancellationToken);
        Assert.Null(stored!.Outcome);
        Assert.Empty(stored.Votes);
        Assert.Equal(RunStatus.Running, (await web.Services.Engine.GetAsync(WebFixture.Tenant, run, TestContext.Current.CancellationToken))!.Status);
    }
}
