using System.Reflection;
using System.Text.RegularExpressions;
using Interlock.Core.Telemetry;
using Interlock.Json;
using Interlock.Tests.Architecture;

namespace Interlock.Tests.Telemetry;

/// <summary>What the alert rules name is what is measured.</summary>
public sealed partial class AlertTests
{
    private static readonly string Folder = Path.Combine(Assemblies.Repository, "infra", "alerts");

    private static readonly HashSet<string> Names = [.. typeof(MetricNames).GetFields(BindingFlags.Public | BindingFlags.Static).Where(field => field.Name != nameof(MetricNames.Source)).Select(field => (string)field.GetRawConstantValue()!)]; // constants

    [Fact]
    public void Prometheus_NamesWhatIsMeasured()
    {
        var known = Names.SelectMany(name => name.Replace('.', '_') is var plain && name.EndsWith("duration", StringComparison.Ordinal)
            ? (string[])[plain + "_seconds_bucket", plain + "_seconds_count", plain + "_seconds_sum"]
            : [plain, plain + "_total"]).ToHashSet();
        var named = PrometheusName().Matches(File.ReadAllText(Path.Combine(Folder, "prometheus.yaml"))).Select(match => match.Value).ToHashSet();
        Assert.InRange(named.Count, 4, 100);
        Assert.Empty(named.Except(known));
    }

    [Fact]
    public void Azure_NamesWhatIsMeasured()
    {
        var rules = StrictJson.Parse(File.ReadAllBytes(Path.Combine(Folder, "alerts.json"))).Items;
        foreach (var rule in rules)
        {
            var named = AzureName().Matches(rule["query"]!.AsString()).Select(match => match.Groups[1].Value).ToList();
            Assert.NotEmpty(named);
            Assert.Empty(named.Except(Names));
        }
    }

    [GeneratedRegex(@"\binterlock_[a-z_]+\b")]
    private static partial Regex PrometheusName();

    [GeneratedRegex("name == '([^']+)'")]
    private static partial Regex AzureName();
}
