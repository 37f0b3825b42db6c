using System.Diagnostics.Metrics;

namespace Interlock.Core.Telemetry;

/// <summary>The instruments of locks. Their names are data of documents, so none is a tag.</summary>
internal static class LockMetrics
{
    private static readonly Meter Meter = new(MetricNames.Source);
    private static readonly Histogram<double> Wait = Meter.CreateHistogram<double>(MetricNames.LockWait, "s");
    private static readonly Gauge<long> Held = Meter.CreateGauge<long>(MetricNames.LocksHeld, "{place}");
    private static readonly Gauge<long> Waiting = Meter.CreateGauge<long>(MetricNames.LocksWaiting, "{run}");

    public static void Waited(double seconds) => Wait.Record(seconds);

    public static void Stand(long held, long waiting)
    {
        Held.Record(held);
        Waiting.Record(waiting);
    }
}
