using System.Globalization;

namespace Interlock.Core.Gateway.Limits;

/// <summary>What one principal may have open at once. Counted are things, not their beginnings and ends, so that no crash makes the count wrong.</summary>
public sealed record PrincipalCaps
{
    private const int Most = 10_000;
    private const int MostFrames = 10_000_000;

    /// <summary>Open gates of the principal's runs; 1 to 10,000. Those of a client's own calls have slots of their own.</summary>
    public int OpenGates { get; init; } = 200;

    /// <summary>Runs that have not ended; 1 to 10,000.</summary>
    public int ActiveRuns { get; init; } = 200;

    /// <summary>Active frames of all those runs together, above which no further one starts; 1 to 10,000,000. One run has its own bound.</summary>
    public int ActiveFrames { get; init; } = 50_000;

    /// <summary>The caps that a text such as <c>runs=100,gates=50,frames=20000</c> states, the others as they are without; null when it states none such.</summary>
    public static PrincipalCaps? Parse(string text)
    {
        var caps = new PrincipalCaps();
        foreach (var part in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (part.Split('=') is not [var what, var number] || !int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var most)) return null;
            if (most < 1 || most > (what == "frames" ? MostFrames : Most)) return null;
            switch (what)
            {
                case "gates": caps = caps with { OpenGates = most }; break;
                case "runs": caps = caps with { ActiveRuns = most }; break;
                case "frames": caps = caps with { ActiveFrames = most }; break;
                default: return null;
            }
        }
        return caps;
    }
}
