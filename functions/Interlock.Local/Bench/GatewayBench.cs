using System.Globalization;

namespace Interlock.Local.Bench;

/// <summary>
/// Gateways side by side on one machine in one run: every server in a process of its own on loopback, all there from the beginning, measured in rounds one after the
/// other, so that what disturbs the machine disturbs all alike.
/// </summary>
internal sealed class GatewayBench(BenchOptions options, TextWriter progress)
{
    private const string DirectJson = "direct, JSON";
    private const string DirectSse = "direct, SSE";

    /// <exception cref="BenchException">An answer was wrong, or a process did not do its part.</exception>
    public async Task<BenchReport> RunAsync(CancellationToken cancellationToken)
    {
        var own = Directory.CreateDirectory(Path.Combine(options.DataDirectory ?? Path.GetTempPath(), "interlock-bench-" + Guid.NewGuid().ToString("N")));
        var targets = new List<BenchTarget>();
        try
        {
            await StartAsync(targets, own.FullName, cancellationToken);
            var machine = BenchMachine.Describe(own.FullName);
            var rows = Measure(targets, cancellationToken);
            return new BenchReport(options, machine, rows, BenchMachine.Load());
        }
        finally
        {
            foreach (var process in targets.Select(target => target.Process).Distinct()) await process.DisposeAsync();
            own.Delete(recursive: true);
        }
    }

    private List<BenchRow> Measure(List<BenchTarget> targets, CancellationToken cancellationToken)
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

    private async Task StartAsync(List<BenchTarget> targets, string directory, CancellationToken cancellationToken)
    {
        var echo = await BenchProcess.OwnAsync("the echo server", [BenchRole.Echo], cancellationToken);
        var origin = new Uri(echo.Ready[0]);
        var (json, sse) = (new Uri(origin, EchoServer.JsonPath), new Uri(origin, EchoServer.SsePath));
        targets.Add(new BenchTarget(DirectJson, json, EchoServer.Tool, echo, DirectJson));
        targets.Add(new BenchTarget(DirectSse, sse, EchoServer.Tool, echo, DirectJson));
        if (Wants("forwarder"))
        {
            var forwarder = await BenchProcess.OwnAsync("the forwarder", [BenchRole.Forward, "--upstream", json.ToString()], cancellationToken);
            targets.Add(new BenchTarget("bare .NET forwarder", new Uri(new Uri(forwarder.Ready[0]), "/mcp"), EchoServer.Tool, forwarder, DirectJson));
        }
        if (Wants("memory")) targets.Add(await InterlockAsync("Interlock, in memory", Path.Combine(directory, "memory"), ["--in-memory"], json, cancellationToken));
        if (Wants("durable")) targets.Add(await InterlockAsync("Interlock, durable", Path.Combine(directory, "durable"), [], json, cancellationToken));
    }

    private bool Wants(string part) => options.Only is not { } only || part.Contains(only, StringComparison.OrdinalIgnoreCase);

    private static async Task<BenchTarget> InterlockAsync(string name, string data, IReadOnlyList<string> flags, Uri upstream, CancellationToken cancellationToken)
    {
        var gateway = await BenchProcess.OwnAsync(name, [BenchRole.Gateway, "--data", data, "--upstream", upstream.ToString(), .. flags], cancellationToken);
        var tokens = await gateway.AskAsync("tokens 1", cancellationToken);
        return new BenchTarget(name, new Uri(gateway.Ready[0]), $"{BenchGateway.ServerName(0)}__{EchoServer.Tool}", gateway, DirectJson) { Tokens = tokens.Split(' '), IsGateway = true };
    }
}
