using System.Globalization;
using System.Reflection;
using Interlock.Core.Runs;
using Interlock.Functions.Edge;
using Interlock.Functions.Hosting;
using Interlock.Functions.Runs;
using Interlock.Json;
using Interlock.Tests.Architecture;
using Microsoft.Azure.Functions.Worker;

namespace Interlock.Tests.Azure.Hosting;

/// <summary>host.json and local.settings.sample.json, against what reads them: a name that nobody reads does nothing and says nothing.</summary>
public sealed class HostFilesTests
{
    /// <summary>
    /// Sources: "host.json reference for Azure Functions 2.x and later" (version, functionTimeout, extensions.http, logging), "host.json settings in Durable
    /// Functions" with the options' sources, DurableTaskOptions, AzureStorageOptions and TraceOptions of azure-functions-durable-extension (extensions.durableTask),
    /// and SamplingPercentageEstimatorSettings as documented under applicationInsights. Names under logLevel are categories.
    /// </summary>
    private static readonly string[] _known =
    [
        "version",
        "functionTimeout",
        "extensions.http.routePrefix",
        "extensions.durableTask.hubName",
        "extensions.durableTask.storageProvider.type",
        "extensions.durableTask.storageProvider.partitionCount",
        "extensions.durableTask.storageProvider.maxQueuePollingInterval",
        "extensions.durableTask.tracing.distributedTracingEnabled",
        "extensions.durableTask.tracing.version",
        "extensions.durableTask.tracing.traceInputsAndOutputs",
        "extensions.durableTask.tracing.traceReplayEvents",
        "extensions.durableTask.maxConcurrentActivityFunctions",
        "extensions.durableTask.maxConcurrentOrchestratorFunctions",
        "extensions.durableTask.overridableExistingInstanceStates",
        "extensions.durableTask.throwStatusExceptionsOnRaiseEvent",
        "logging.applicationInsights.samplingSettings.isEnabled",
        "logging.applicationInsights.samplingSettings.maxTelemetryItemsPerSecond",
        "logging.applicationInsights.samplingSettings.excludedTypes",
    ];

    /// <summary>What the Functions host and its tools read.</summary>
    private static readonly string[] _platform = ["FUNCTIONS_WORKER_RUNTIME", "AzureWebJobsStorage", "AzureWebJobsDisableHomepage"];

    private static readonly JsonValue _host = Read("host.json");

    private static readonly JsonValue _local = Read("local.settings.sample.json");

    [Fact]
    public void Host_EveryName_IsKnown() => Assert.Empty(Names(_host, "").Where(name => !name.StartsWith("logging.logLevel.", StringComparison.Ordinal)).Except(_known));

    [Fact]
    public void Host_RoutePrefix_IsEmpty() => Assert.Equal("", At(_host, "extensions", "http", "routePrefix").AsString());

    /// <summary>A call whose deadline has passed is settled by its own activity; a function that the host kills first leaves it in doubt.</summary>
    [Fact]
    public void Host_FunctionTimeout_IsAboveTheDeadlinesOfCalls()
    {
        var timeout = TimeSpan.Parse(_host["functionTimeout"]!.AsString(), CultureInfo.InvariantCulture);
        var ofMcp = (TimeSpan)typeof(AppServices).GetField("CallDeadline", BindingFlags.NonPublic | BindingFlags.Static)!.GetValue(null)!; // the field is there

        Assert.True(timeout > ofMcp + RunLimits.AbandonedGrace, $"{timeout} is not enough for calls through /mcp.");
        Assert.True(timeout > RunLimits.DefaultDeadline + RunLimits.AbandonedGrace, $"{timeout} is not enough for calls of runs that say nothing else.");
    }

    [Fact]
    public void Host_Tracing_ShowsNoInputsAndOutputs() => Assert.False(At(_host, "extensions", "durableTask", "tracing", "traceInputsAndOutputs").AsBoolean());

    [Fact]
    public void Host_DurableStorage_IsTheOneTheTestsKnow() => Assert.Equal("azureStorage", At(_host, "extensions", "durableTask", "storageProvider", "type").AsString());

    /// <summary>What the simulated client does.</summary>
    [Fact]
    public void Host_DurableClient_BehavesAsSimulated()
    {
        Assert.Equal("NonRunningStates", At(_host, "extensions", "durableTask", "overridableExistingInstanceStates").AsString());
        Assert.False(At(_host, "extensions", "durableTask", "throwStatusExceptionsOnRaiseEvent").AsBoolean());
    }

    [Fact]
    public void Sample_EverySetting_IsReadByTheAppOrThePlatform()
    {
        var read = typeof(SettingNames).GetFields(BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static).Where(field => field.IsLiteral).Select(field => (string)field.GetRawConstantValue()!); // constants

        Assert.Empty(Sample().Keys.Except(read).Except(_platform));
        Assert.All(_platform, name => Assert.Contains(name, Sample().Keys));
        Assert.Equal("dotnet-isolated", Sample()["FUNCTIONS_WORKER_RUNTIME"]);
    }

    [Fact]
    public void Sample_Values_HoldNoSecret() => Assert.All(Sample().Values, value =>
    {
        Assert.DoesNotContain("AccountKey", value!, StringComparison.OrdinalIgnoreCase); // texts all
        Assert.True(value!.Length < 64, value);
    });

    [Fact]
    public void Sample_Names_AreThoseOfTheTools() => Assert.Equal(["Host", "IsEncrypted", "Values"], _local.Members.Select(member => member.Key).Order(StringComparer.Ordinal));

    /// <summary>The names that bindings of several functions share would be a mistake that only the host finds.</summary>
    [Fact]
    public void Functions_Names_AreAllDifferent()
    {
        var names = typeof(HttpFunctions).Assembly.GetExportedTypes().SelectMany(type => type.GetMethods()).Select(method => method.GetCustomAttribute<FunctionAttribute>()?.Name).OfType<string>().ToList();

        Assert.Equal(names.Count, names.Distinct(StringComparer.OrdinalIgnoreCase).Count());
        foreach (var name in (string[])[RunOrchestration.Name, RunOrchestration.AdvanceActivity, RunOrchestration.CallActivity, "events", "reconcile", "expire", "export", "refresh", "listen", "mcp", "api"]) Assert.Contains(name, names);
        Assert.All(names, name => Assert.Matches("^[a-z][a-z0-9-]*$", name));
    }

    /// <summary>The values of local.settings.sample.json.</summary>
    internal static Dictionary<string, string?> Sample() => _local["Values"]!.Members.ToDictionary(member => member.Key, string? (member) => member.Value.AsString());

    private static JsonValue Read(string name) => StrictJson.Parse(File.ReadAllBytes(Path.Combine(Assemblies.Repository, name)));

    private static JsonValue At(JsonValue json, params ReadOnlySpan<string> names)
    {
        foreach (var name in names) json = json[name] ?? throw new InvalidDataException($"host.json has no '{name}'.");
        return json;
    }

    private static IEnumerable<string> Names(JsonValue json, string prefix) =>
        json.Members.SelectMany(member => member.Value.IsObject ? Names(member.Value, prefix + member.Key + ".") : [prefix + member.Key]);
}
