using Interlock.Core;
using Interlock.Tests.Web;
using Microsoft.Playwright;

namespace Interlock.Tests.Chromium;

/// <summary>A person's tab in a profile of its own. What the page or its policy complained of is kept and fails the test at the end.</summary>
internal sealed class Tab : IAsyncDisposable
{
    private readonly List<string> _complaints = [];
    private readonly WebFixture _web;
    private readonly IBrowserContext _context;

    private Tab(WebFixture web, IBrowserContext context, IPage page)
    {
        (_web, _context, Page) = (web, context, page);
        page.SetDefaultTimeout(60_000);
        page.Console += (_, message) =>
        {
            // A status that is no success is what the test is about; whatever else is said there is a fault.
            if (message.Type is "error" or "warning" && !message.Text.StartsWith("Failed to load resource", StringComparison.Ordinal)) _complaints.Add(message.Text);
        };
        page.PageError += (_, error) => _complaints.Add(error);
    }

    public IPage Page { get; }

    public IBrowserContext Context => _context;

    public static async Task<Tab> OpenAsync(ChromiumBrowser browser, WebFixture web, BrowserNewContextOptions? options = null)
    {
        var context = await browser.ContextAsync(options ?? new BrowserNewContextOptions { ViewportSize = Screen.Desktop.Size });
        return new Tab(web, context, await context.NewPageAsync());
    }

    /// <summary>Signed in through the form, on the page asked for.</summary>
    public static async Task<Tab> SignedInAsync(ChromiumBrowser browser, WebFixture web, string user, string path = "/", BrowserNewContextOptions? options = null, TenantId? tenant = null)
    {
        var tab = await OpenAsync(browser, web, options);
        await tab.GoAsync(path);
        await tab.Page.GetByLabel("Tenant").FillAsync((tenant ?? WebFixture.Tenant).Value);
        await tab.Page.GetByLabel("User").FillAsync(user);
        await tab.Page.GetByLabel("Password").FillAsync(WebFixture.Password);
        await tab.Page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        await tab.Page.WaitForURLAsync(web.Origin + path);
        return tab;
    }

    public Task<IResponse?> GoAsync(string path) => Page.GotoAsync(_web.Origin + path);

    public Task ClickAsync(string button) => Page.GetByRole(AriaRole.Button, new() { Name = button, Exact = true }).ClickAsync();

    /// <summary>Opens a folded part of the page, if it is folded.</summary>
    public async Task UnfoldAsync(string summary)
    {
        var details = Page.Locator("details", new() { HasText = summary });
        if (await details.GetAttributeAsync("open") is null) await details.Locator("summary").ClickAsync();
    }

    public ILocator Heading(string text) => Page.GetByRole(AriaRole.Heading, new() { Name = text, Exact = true });

    public async ValueTask DisposeAsync()
    {
        await _context.DisposeAsync();
        Assert.Empty(_complaints);
    }
}
