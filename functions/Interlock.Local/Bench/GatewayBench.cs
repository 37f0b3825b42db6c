using System.Globalization;

namespace Interlock.Local.Bench;

/// <summary>
/// Gateways side by side on one machine in one run: every server in a process of its own on loopback, all there from the beginning, measured in rounds one after the
/// other, so that what disturbs the machine disturbs all alike.
/// </summary>
internal sealed class GatewayBench(BenchOptions options, TextWriter progress)
{
    /// <exception cref="BenchException">An answer was wrong, or a process did not do its part.</exception>
    public async Task<BenchReport> RunAsync(CancellationToken cancellationToken)
    {
        var own = Directory.CreateDirectory(Path.Combine(options.DataDirectory ?? Path.GetTempPath(), "interlock-bench-" + Guid.NewGuid().ToString("N")));
        try
        {
            await using var cast = new BenchCast(options, own.FullName);
            await cast.StartAsync(cancellationToken);
            var machine = BenchMachine.Describe(own.FullName);
            return new BenchReport(options, machine, Measure(cast.Targets, cancellationToken), BenchMachine.Load());
        }
        finally
        {
            own.Delete(recursive: true);
        }
    }

    private List<BenchRow> Measure(IReadOnlyList<BenchTarget> targets, CancellationToken cancellationToken)
    {
        foreach (var target in targets)
        {
            progress.WriteLine($"warming {target.Name}");
            Measurement.Take(target, options.Concurrency.Max(), Math.Max(options.Seconds, 1), options.PayloadBytes);
            Measurement.Take(target, options.Concurrency.Min(), options.Seconds / 2, options.PayloadBytes);
        }
        var measured = targets.SelectMany(target => options.Concurrency.Select(clients => (target, clients))).ToDictionary(key => key, _ => new List<Measurement>());
        for (var round = 1; round <= options.Rounds; round++)
        {
            progress.WriteLine(string.Create(CultureInfo.InvariantCulture, $"round {round} of {options.Rounds}"));
            foreach (var clients in options.Concurrency)
            {
                foreach (var target in targets)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    measured[(target, clients)].Add(Measurement.Take(target, clients, options.Seconds, options.PayloadBytes));
                }
            }
        }
        return [.. measured.Select(pair => new BenchRow(pair.Key.target, pair.Key.clients, pair.Value))];
    }
}
