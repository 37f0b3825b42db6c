namespace Interlock.Local.Bench;

/// <summary>What <c>interlock bench gateway</c> is asked to do.</summary>
/// <param name="Rounds">How often every target is measured at each concurrency, one after the other.</param>
/// <param name="Seconds">How long each of those measurements lasts.</param>
/// <param name="PayloadBytes">The length of the text that each call sends and gets back.</param>
internal sealed record BenchOptions(int Rounds, double Seconds, int PayloadBytes)
{
    /// <summary>The numbers of clients at a time.</summary>
    public IReadOnlyList<int> Concurrency { get; init; } = [1, 16];

    /// <summary>A folder whose <c>node_modules</c> hold the other gateways; without it they are left out.</summary>
    public string? Npm { get; init; }

    /// <summary>Where the durable gateway keeps its data: the disk that is measured.</summary>
    public string? DataDirectory { get; init; }

    /// <summary>A part of the names of the targets to measure, besides the direct ones; all where nothing is said.</summary>
    public string? Only { get; init; }
}
