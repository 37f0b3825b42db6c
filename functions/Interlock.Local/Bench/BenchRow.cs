using Interlock.Json;

namespace Interlock.Local.Bench;

/// <summary>A target's figures at one concurrency: of each the median over the rounds.</summary>
internal sealed record BenchRow(BenchTarget Target, int Clients, IReadOnlyList<Measurement> Rounds)
{
    public double P50 => Median(round => round.P50);

    public double P99 => Median(round => round.P99);

    public double PerSecond => Median(round => round.PerSecond);

    public double CpuPerCall => Median(round => round.CpuPerCall);

    public double Memory => Rounds[^1].Memory;

    /// <summary>The figures, and what they are as multiples of the baseline's.</summary>
    public JsonValue ToJson(BenchRow baseline) => JsonValue.Object(
        ("target", Target.Name), ("clients", Clients), ("calls", Rounds.Sum(round => (double)round.Calls)),
        ("p50Ms", P50), ("p99Ms", P99), ("callsPerSecond", PerSecond), ("cpuMsPerCall", CpuPerCall), ("memoryBytes", Memory),
        ("baseline", Target.Baseline), ("addedP50Ms", P50 - baseline.P50),
        ("ratio", JsonValue.Object(
            ("p50", P50 / baseline.P50), ("p99", P99 / baseline.P99), ("callsPerSecond", PerSecond / baseline.PerSecond),
            ("cpuPerCall", CpuPerCall / baseline.CpuPerCall), ("memory", Memory / baseline.Memory))),
        ("rounds", JsonValue.Array(Rounds.Select(round => JsonValue.Object(
            ("calls", round.Calls), ("p50Ms", round.P50), ("p99Ms", round.P99), ("callsPerSecond", round.PerSecond), ("cpuMsPerCall", round.CpuPerCall), ("memoryBytes", (double)round.Memory))))));

    private double Median(Func<Measurement, double> figure)
    {
        var sorted = Rounds.Select(figure).Order().ToArray();
        return sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[(sorted.Length / 2) - 1] + sorted[sorted.Length / 2]) / 2;
    }
}
