using System.Diagnostics.Metrics;

namespace Interlock.Core.Telemetry;

/// <summary>The instruments of what people do alone that two should.</summary>
internal static class GovernanceMetrics
{
    private static readonly Meter Meter = new(MetricNames.Source);
    private static readonly Counter<long> Glass = Meter.CreateCounter<long>(MetricNames.BreakGlass, "{act}");

    public static void BreakGlass(string act) => Glass.Add(1, new KeyValuePair<string, object?>("act", act));
}
