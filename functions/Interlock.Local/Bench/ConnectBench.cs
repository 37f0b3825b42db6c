using System.Diagnostics;
using System.Globalization;
using Interlock.Json;

namespace Interlock.Local.Bench;

/// <summary>Many upstreams, each with an address of its own: how long registering them takes, and how long after a restart all of them answer through the gateway.</summary>
internal sealed class ConnectBench(int upstreams, string directory)
{
    private const string Baseline = "direct";

    public async Task<JsonValue> RunAsync(CancellationToken cancellationToken)
    {
        await using var echo = await BenchProcess.OwnAsync("the echo server", [BenchRole.Echo, "--ports", upstreams.ToString(CultureInfo.InvariantCulture)], cancellationToken);
        var data = Path.Combine(directory, "connect");
        var addresses = echo.Ready.SelectMany(origin => (string[])["--upstream", new Uri(new Uri(origin), EchoServer.JsonPath).ToString()]);
        var began = Stopwatch.GetTimestamp();
        await using (await BenchProcess.OwnAsync("Interlock", [BenchRole.Gateway, "--data", data, .. addresses], cancellationToken))
        {
            // Registered, and to be opened again.
        }
        var registered = Stopwatch.GetElapsedTime(began);
        began = Stopwatch.GetTimestamp();
        await using var gateway = await BenchProcess.OwnAsync("Interlock", [BenchRole.Gateway, "--data", data], cancellationToken);
        var listening = Stopwatch.GetElapsedTime(began);
        var token = await gateway.AskAsync("tokens 1", cancellationToken);
        var targets = Enumerable.Range(0, upstreams).Select(i => new BenchTarget(
            $"upstream {i.ToString(CultureInfo.InvariantCulture)}", new Uri(gateway.Ready[0]), $"{BenchGateway.ServerName(i)}__{EchoServer.Tool}", gateway, Baseline)
        { Tokens = [token] }).ToList();
        var first = Answer(targets);
        var answered = Stopwatch.GetElapsedTime(began);
        var again = Answer(targets);
        return JsonValue.Object(
            ("upstreams", upstreams), ("registeredMs", registered.TotalMilliseconds), ("listeningMs", listening.TotalMilliseconds),
            ("allAnsweredMs", answered.TotalMilliseconds), ("firstCallsMs", first.TotalMilliseconds), ("secondCallsMs", again.TotalMilliseconds));
    }

    public static string Line(JsonValue result)
    {
        return $"{result["upstreams"]} upstreams: registered in {Ms("registeredMs")} ms; started again, the gateway listens after {Ms("listeningMs")} ms, and all have answered a call after {Ms("allAnsweredMs")} ms (the calls themselves, all at once: {Ms("firstCallsMs")} ms; once more: {Ms("secondCallsMs")} ms)";

        string Ms(string name) => result[name]!.AsNumber().ToString("0", CultureInfo.InvariantCulture); // just written
    }

    /// <summary>Calls all of them at once and waits for all.</summary>
    private static TimeSpan Answer(List<BenchTarget> targets)
    {
        var began = Stopwatch.GetTimestamp();
        var failures = new Exception?[targets.Count];
        var threads = targets.Select((target, i) => new Thread(() =>
        {
            try
            {
                using var client = new LoadClient(target, target.TokenOf(0), payload: 9);
                client.Open();
                client.Call();
            }
            catch (BenchException e)
            {
                failures[i] = e;
            }
        })).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());
        return failures.FirstOrDefault(failure => failure is not null) is { } first ? throw new BenchException(first.Message, first) : Stopwatch.GetElapsedTime(began);
    }
}
