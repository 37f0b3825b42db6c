using Microsoft.Playwright;

namespace Interlock.Tests.Chromium;

/// <summary>Chromium from the path, driven by Playwright. Started when a test first asks; the tests of collection <c>chromium</c> share one.</summary>
public sealed class ChromiumBrowser : IAsyncDisposable
{
    private readonly SemaphoreSlim _gate = new(1);
    private IPlaywright? _playwright;
    private IBrowser? _browser;

    /// <summary>A browser profile of its own: cookies, cache, history.</summary>
    internal async Task<IBrowserContext> ContextAsync(BrowserNewContextOptions? options = null)
    {
        await _gate.WaitAsync(TestContext.Current.CancellationToken);
        try
        {
            var program = Tools.Program("chromium");
            _playwright ??= await Playwright.CreateAsync();
            _browser ??= await _playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions { ExecutablePath = program });
            return await _browser.NewContextAsync(options);
        }
        finally
        {
            _gate.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_browser is not null) await _browser.DisposeAsync();
        _playwright?.Dispose();
        _gate.Dispose();
    }
}

[CollectionDefinition("chromium")]
public sealed class ChromiumCollection : ICollectionFixture<ChromiumBrowser>;
