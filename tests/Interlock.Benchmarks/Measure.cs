using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Interlock.Benchmarks;

/// <summary>Times and amounts, and how they are written.</summary>
internal static class Measure
{
    private const int Rounds = 3;

    /// <summary>The runtime compiles again what runs often.</summary>
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(1);

    /// <summary>The runtime, the processors and how busy they are: much load, and the figures are of something else.</summary>
    public static string Machine()
    {
        var load = File.Exists("/proc/loadavg") ? $", load {File.ReadAllText("/proc/loadavg").Split(' ')[0]}" : "";
        return $"{RuntimeInformation.FrameworkDescription}, {RuntimeInformation.OSDescription}, {Environment.ProcessorCount} processors{load}";
    }

    /// <summary>The median of the processor seconds of this process that something takes, once it was done for a while: what else runs here hardly shows in them.</summary>
    public static double Seconds(Action action)
    {
        for (var began = Used(); Used() - began < WarmUp;) action();
        return Median(() =>
        {
            var began = Used();
            action();
            return (Used() - began).TotalSeconds;
        });
    }

    /// <summary>The median of what some rounds give, after one that is not counted; never 0.</summary>
    public static double Median(Func<double> round)
    {
        round();
        var found = Enumerable.Range(0, Rounds).Select(_ => round()).Order().ToArray();
        return Math.Max(found[Rounds / 2], 0.001);
    }

    public static long Allocated(Action action)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        action();
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }

    private static TimeSpan Used()
    {
        using var process = Process.GetCurrentProcess();
        return process.TotalProcessorTime;
    }

    public static string Text(double number) => number.ToString(number < 100 ? "0.##" : "#,0", CultureInfo.InvariantCulture);

    public static string Bytes(double bytes) => bytes < 10_000 ? $"{Text(bytes)} B" : bytes < 10_000_000 ? $"{Text(bytes / 1024)} KiB" : $"{Text(bytes / 1024 / 1024)} MiB";
}
