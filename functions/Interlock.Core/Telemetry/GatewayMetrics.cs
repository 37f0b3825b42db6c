using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using Interlock.Core.Gateway;
using Interlock.Core.Registry;

namespace Interlock.Core.Telemetry;

/// <summary>The instruments of the gateway, one of each in a process. Who listens takes them by <see cref="MetricNames"/>.</summary>
internal static class GatewayMetrics
{
    private const int MaxServers = 256;
    private const string OtherServer = "other";
    private const string Agents = "a2a";

    public static readonly ActivitySource Source = new(MetricNames.Source);

    private static readonly Meter Meter = new(MetricNames.Source);
    private static readonly Counter<long> Calls = Meter.CreateCounter<long>(MetricNames.Calls, "{call}");
    private static readonly Counter<long> Refusals = Meter.CreateCounter<long>(MetricNames.Refusals, "{call}");
    private static readonly Counter<long> Retries = Meter.CreateCounter<long>(MetricNames.Retries, "{attempt}");
    private static readonly UpDownCounter<long> InFlight = Meter.CreateUpDownCounter<long>(MetricNames.InFlight, "{call}");
    private static readonly Histogram<double> CallDuration = Meter.CreateHistogram<double>(MetricNames.CallDuration, "s");
    private static readonly Histogram<double> StageDuration = Meter.CreateHistogram<double>(MetricNames.StageDuration, "s");
    private static readonly Histogram<double> QueueDuration = Meter.CreateHistogram<double>(MetricNames.QueueDuration, "s");

    private static readonly ConcurrentDictionary<string, string> Servers = new(StringComparer.Ordinal);

    public static bool TimesStages => StageDuration.Enabled;

    /// <summary>The name of a registered tool's server, or what stands for the many; what a caller makes up never becomes a tag.</summary>
    public static string Server(RegistryEntry entry)
    {
        if (entry.Kind == RegistryKind.Agent) return Agents;
        var name = entry.Name.IndexOf('/') is > 0 and var slash ? entry.Name[..slash] : entry.Name;
        return Servers.TryGetValue(name, out var known) ? known : Servers.Count < MaxServers ? Servers.GetOrAdd(name, name) : OtherServer;
    }

    public static void Began() => InFlight.Add(1);

    public static void Ended(GatewayResult? result, string? server, double seconds)
    {
        InFlight.Add(-1);
        var tags = new TagList { { "outcome", Outcome(result) }, { "server", server ?? "" } };
        Calls.Add(1, tags);
        CallDuration.Record(seconds, tags);
        if (result is GatewayResult.Refused { Refusal: var refusal }) Refusals.Add(1, new TagList { { "stage", refusal.Stage }, { "rule", refusal.Rule } });
    }

    public static void Staged(string stage, double seconds) => StageDuration.Record(seconds, new TagList { { "stage", stage } });

    public static void Queued(string server, double seconds) => QueueDuration.Record(seconds, new TagList { { "server", server } });

    public static void Repeated(string server) => Retries.Add(1, new TagList { { "server", server } });

    public static string Outcome(GatewayResult? result) => result switch
    {
        GatewayResult.Completed => "completed",
        GatewayResult.Failed => "failed",
        GatewayResult.Refused => "refused",
        GatewayResult.InDoubt => "unknown",
        GatewayResult.InputRequired => "input-required",
        GatewayResult.UnderWay => "under-way",
        _ => "broken",
    };
}
