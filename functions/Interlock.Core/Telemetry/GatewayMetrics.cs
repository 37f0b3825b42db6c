using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using Interlock.Core.Gateway;
using Interlock.Core.Gateway.Resilience;
using Interlock.Core.Registry;

namespace Interlock.Core.Telemetry;

/// <summary>The instruments of the gateway, one of each in a process. Who listens takes them by <see cref="MetricNames"/>.</summary>
internal static class GatewayMetrics
{
    private const int MaxServers = 256;
    private const int MaxAddresses = 256;
    private const string Other = "other";
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

    private static readonly Gauge<long> Circuits = Meter.CreateGauge<long>(MetricNames.Circuit);
    private static readonly Histogram<double> UpstreamDuration = Meter.CreateHistogram<double>(MetricNames.UpstreamDuration, "s");

    private static readonly ConcurrentDictionary<string, string> Servers = new(StringComparer.Ordinal);
    private static readonly ConcurrentDictionary<string, string> Addresses = new(StringComparer.Ordinal);

    public static bool TimesStages => StageDuration.Enabled;

    /// <summary>The name of a registered tool's server, or what stands for the many; what a caller makes up never becomes a tag.</summary>
    public static string Server(RegistryEntry entry)
    {
        if (entry.Kind == RegistryKind.Agent) return Agents;
        return OneOf(Servers, MaxServers, entry.Name.IndexOf('/') is > 0 and var slash ? entry.Name[..slash] : entry.Name);
    }

    /// <summary>An address of a registration, or what stands for the many.</summary>
    public static string Address(Uri address) => OneOf(Addresses, MaxAddresses, UpstreamAddress.Shown(address));

    private static string OneOf(ConcurrentDictionary<string, string> names, int most, string name) =>
        names.TryGetValue(name, out var known) ? known : names.Count < most ? names.GetOrAdd(name, name) : Other;

    public static void Circuit(string server, string address, CircuitPhase phase) => Circuits.Record((long)phase, new TagList { { "server", server }, { "address", address } });

    public static bool TimesUpstreams => UpstreamDuration.Enabled;

    public static void Answered(string server, string address, Verdict verdict, double seconds) =>
        UpstreamDuration.Record(seconds, new TagList { { "server", server }, { "address", address }, { "verdict", verdict switch { Verdict.Good => "good", Verdict.Bad => "bad", _ => "uncounted" } } });

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
