using System.Diagnostics;

namespace Interlock.Local.Bench;

/// <summary>What one target did in one window with so many clients at a time, each of which waits for its answer before it calls again.</summary>
/// <param name="Calls">Right answers.</param>
/// <param name="P50">Milliseconds.</param>
/// <param name="P99">Milliseconds.</param>
/// <param name="PerSecond">Calls per second.</param>
/// <param name="CpuPerCall">Milliseconds of processor time of the target's process.</param>
/// <param name="Memory">Resident bytes of that process at the end.</param>
internal sealed record Measurement(int Calls, double P50, double P99, double PerSecond, double CpuPerCall, long Memory)
{
    /// <summary>Connects the clients, lets all start together, and measures for that time. One thread a client.</summary>
    /// <exception cref="BenchException">An answer was wrong.</exception>
    public static Measurement Take(BenchTarget target, int clients, double seconds, int payload)
    {
        var latencies = new List<long>[clients];
        var failures = new Exception?[clients];
        var (from, until) = (0L, 0L);
        var cpu = TimeSpan.Zero;
        using var start = new Barrier(clients, _ =>
        {
            cpu = target.Process.Cpu;
            from = Stopwatch.GetTimestamp();
            until = from + (long)(seconds * Stopwatch.Frequency);
        });
        var threads = new Thread[clients];
        for (var i = 0; i < clients; i++)
        {
            var client = i;
            latencies[client] = new List<long>(1 << 16);
            threads[client] = new Thread(() => failures[client] = Run(target, client, payload, latencies[client], start, () => until)) { IsBackground = true };
            threads[client].Start();
        }
        foreach (var thread in threads) thread.Join();
        var elapsed = Stopwatch.GetElapsedTime(from).TotalSeconds;
        if (failures.FirstOrDefault(failure => failure is not null) is { } first) throw new BenchException(first.Message, first);
        cpu = target.Process.Cpu - cpu;
        var all = latencies.SelectMany(own => own).Order().ToArray();
        if (all.Length == 0) throw new BenchException($"{target.Name} answered nothing.");
        return new Measurement(all.Length, At(all, 0.5), At(all, 0.99), all.Length / elapsed, cpu.TotalMilliseconds / all.Length, target.Process.Memory);
    }

    private static Exception? Run(BenchTarget target, int number, int payload, List<long> latencies, Barrier start, Func<long> until)
    {
        using var client = new LoadClient(target, target.TokenOf(number), payload);
        try
        {
            client.Open();
            client.Call();
        }
#pragma warning disable CA1031 // the others wait at the barrier, and whoever asked for the measurement hears of it
        catch (Exception e)
#pragma warning restore CA1031
        {
            start.RemoveParticipant();
            return e;
        }
        start.SignalAndWait();
        try
        {
            var end = until();
            for (var now = Stopwatch.GetTimestamp(); now < end;)
            {
                client.Call();
                var after = Stopwatch.GetTimestamp();
                latencies.Add(after - now);
                now = after;
            }
            return null;
        }
        catch (Exception e) when (e is BenchException or System.Net.Sockets.SocketException)
        {
            return e;
        }
    }

    private static double At(long[] sorted, double share) =>
        sorted[Math.Min(sorted.Length - 1, (int)(sorted.Length * share))] * 1000.0 / Stopwatch.Frequency;
}
