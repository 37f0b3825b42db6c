namespace Interlock.Local.Bench;

/// <summary>What <c>interlock bench gateway</c> is asked to do.</summary>
/// <param name="Rounds">How often every target is measured at each concurrency, one after the other.</param>
/// <param name="Seconds">How long each of those measurements lasts.</param>
/// <param name="PayloadBytes">The length of the text that each call sends and gets back.</param>
internal sealed record BenchOptions(int Rounds, double Seconds, int PayloadBytes)
{
    /// <summary>The numbers of clients at a time.</summary>
    public IReadOnlyList<int> Concurrency { get; init; } = [1, 16];

    /// <summary>How long each target is called before it is measured, so that the runtime has compiled what is called often.</summary>
    public double WarmUp { get; init; } = 8;

    /// <summary>So many upstreams are registered and called in a measurement of its own; none where 0.</summary>
    public int Connect { get; init; }

    /// <summary>So many clients are ramped up in a measurement of its own; none where 0.</summary>
    public int Ramp { get; init; }

    /// <summary>A folder whose <c>node_modules</c> hold the other gateways; without it they are left out.</summary>
    public string? Npm { get; init; }

    /// <summary>Where the durable gateway keeps its data: the disk that is measured.</summary>
    public string? DataDirectory { get; init; }

    /// <summary>A part of the names of the targets to measure, besides the direct ones; all where nothing is said.</summary>
    public string? Only { get; init; }
}
