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
            var machine = BenchMachine.Describe(own.FullName);
            var rows = await MeasureAsync(own.FullName, cancellationToken);
            var connect = options.Connect > 0 ? await new ConnectBench(options.Connect, own.FullName).RunAsync(cancellationToken) : null;
            var ramp = options.Ramp > 0 ? await new RampBench(options.Ramp, own.FullName).RunAsync(cancellationToken) : null;
            return new BenchReport(options, machine, rows, connect, ramp, BenchMachine.Load());
        }
        finally
        {
            own.Delete(recursive: true);
        }
    }

    private async Task<List<BenchRow>> MeasureAsync(string directory, CancellationToken cancellationToken)
    {
        await using var cast = new BenchCast(options, directory);
        await cast.StartAsync(cancellationToken);
        return Measure(cast.Targets, cancellationToken);
    }

    private List<BenchRow> Measure(IReadOnlyList<BenchTarget> targets, CancellationToken cancellationToken)
    {
        foreach (var target in targets)
        {
            progress.WriteLine($"warming {target.Name}");
            Measurement.Take(target, options.Concurrency.Max(), options.WarmUp * 3 / 4, options.PayloadBytes);
            Measurement.Take(target, options.Concurrency.Min(), options.WarmUp / 4, options.PayloadBytes);
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
