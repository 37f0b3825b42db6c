using Microsoft.Playwright;

namespace Interlock.Tests.Chromium;

/// <summary>A window's size in CSS pixels.</summary>
internal sealed record Screen(string Name, int Width, int Height)
{
    public static Screen Desktop { get; } = new("desktop", 1280, 900);

    public static Screen Phone { get; } = new("phone", 390, 844);

    /// <summary>The narrowest that WCAG asks pages to reflow to, which is also a desktop at 400 %.</summary>
    public static Screen Narrow { get; } = new("narrow", 320, 640);

    /// <summary>What a desktop window at a zoom of 200 % lays out.</summary>
    public static Screen Zoomed { get; } = new("zoomed", 640, 450);

    public ViewportSize Size => new() { Width = Width, Height = Height };
}
