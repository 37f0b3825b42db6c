using Interlock.Tests.Architecture;
using Microsoft.Playwright;

namespace Interlock.Tests.Chromium;

/// <summary>
/// Looks at a page as it stands in the tab: screenshots of it are kept in <c>artifacts/screenshots</c>, on a desktop and a phone, light and dark; it never scrolls
/// sideways, nothing in it moves where a person asks for that, and axe finds nothing to object to.
/// </summary>
internal static class Appearance
{
    private const string Run = """
        async () => {
          const found = await axe.run(document, {
            runOnly: { type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] },
            rules: { "target-size": { enabled: true } },
          });
          if (found.passes.length === 0) return ["axe looked at nothing"];
          return found.violations.flatMap(rule => rule.nodes.map(node => `${rule.id}: ${rule.help}: ${node.html}: ${node.failureSummary}`));
        }
        """;

    private const string Overflow = """
        () => document.documentElement.scrollWidth <= document.documentElement.clientWidth ? "" : [...document.querySelectorAll("body *")]
          .filter(element => element.getBoundingClientRect().right > document.documentElement.clientWidth + 1 && !element.closest(".scroll"))
          .map(element => element.outerHTML.slice(0, 200)).join("\n") || "the page"
        """;

    private const string Moving = """
        () => [...document.querySelectorAll("*")].filter(element => {
          const style = getComputedStyle(element);
          return style.transitionDuration.split(",").some(time => parseFloat(time) > 0) || style.animationName !== "none" || style.scrollBehavior === "smooth";
        }).length
        """;

    private static readonly string _folder = Directory.CreateDirectory(Path.Combine(Assemblies.Repository, "artifacts", "screenshots")).FullName;
    private static readonly Lazy<string> _axe = new(() => File.ReadAllText(Path.Combine(Tools.Folder("axe"), "node_modules", "axe-core", "axe.min.js")));

    public static Task UnfoldAsync(IPage page) => page.EvaluateAsync("document.querySelectorAll('details').forEach(details => details.open = true)");

    public static async Task CheckAsync(IPage page, string name)
    {
        await page.EvaluateAsync(_axe.Value);
        foreach (var scheme in (ColorScheme[])[ColorScheme.Light, ColorScheme.Dark])
        {
            await page.EmulateMediaAsync(new() { ColorScheme = scheme, ReducedMotion = ReducedMotion.Reduce });
            foreach (var screen in (Screen[])[Screen.Desktop, Screen.Phone])
            {
                await page.SetViewportSizeAsync(screen.Width, screen.Height);
                await page.ScreenshotAsync(new() { FullPage = true, Path = Path.Combine(_folder, $"{name}-{screen.Name}-{scheme.ToString().ToLowerInvariant()}.png") });
                Assert.Empty(await page.EvaluateAsync<string[]>(Run));
            }
        }
        Assert.Equal(0, await page.EvaluateAsync<int>(Moving));
        foreach (var screen in (Screen[])[Screen.Zoomed, Screen.Phone, Screen.Narrow])
        {
            await page.SetViewportSizeAsync(screen.Width, screen.Height);
            Assert.Equal("", await page.EvaluateAsync<string>(Overflow));
        }
        await page.SetViewportSizeAsync(Screen.Desktop.Width, Screen.Desktop.Height);
    }
}
