using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Interlock.Json;

namespace Interlock.Local.Bench;

/// <summary>Where the figures come from: without it they say nothing.</summary>
internal static class BenchMachine
{
    private const int Syncs = 200;

    /// <param name="data">The directory whose disk is measured.</param>
    public static JsonValue Describe(string data)
    {
        var json = JsonValue.Object(
            ("processor", Processor()), ("processors", Environment.ProcessorCount), ("system", RuntimeInformation.OSDescription),
            ("runtime", RuntimeInformation.FrameworkDescription), ("interlock", Version()), ("syncMs", SyncTime(data)));
        return Load() is { } load ? json.With("loadBefore", load) : json;
    }

    /// <summary>How many processes wanted a processor in the last minute, where the system says so: more than a few, and the figures are of something else.</summary>
    public static double? Load() =>
        File.Exists("/proc/loadavg") && double.TryParse(File.ReadAllText("/proc/loadavg").Split(' ')[0], CultureInfo.InvariantCulture, out var load) ? load : null;

    private static string Version() => typeof(BenchMachine).Assembly.GetName().Version?.ToString() ?? "?";

    private static string Processor()
    {
        if (!File.Exists("/proc/cpuinfo")) return RuntimeInformation.ProcessArchitecture.ToString();
        var line = File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal));
        return line is null ? RuntimeInformation.ProcessArchitecture.ToString() : line[(line.IndexOf(':') + 1)..].Trim();
    }

    /// <summary>The median of overwriting 4 KiB and reaching the disk: the floor of one durable commit.</summary>
    private static double SyncTime(string data)
    {
        var file = Path.Combine(data, "sync.probe");
        var block = new byte[4096];
        var times = new double[Syncs];
        using (var stream = new FileStream(file, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0, FileOptions.DeleteOnClose))
        {
            for (var i = 0; i < Syncs; i++)
            {
                var began = Stopwatch.GetTimestamp();
                stream.Position = 0;
                stream.Write(block);
                stream.Flush(flushToDisk: true);
                times[i] = Stopwatch.GetElapsedTime(began).TotalMilliseconds;
            }
        }
        Array.Sort(times);
        return times[Syncs / 2];
    }
}
