using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using Interlock.Core.Gateway;
using Interlock.Core.Gateway.Resilience;
using Interlock.Core.Registry;
using Interlock.Core.Telemetry;
using Interlock.Http.Upstreams;
using Interlock.Tests.Gateway;
using Interlock.Tests.Gateway.Resilience;

namespace Interlock.Tests.Telemetry;

/// <summary>What a call leaves in traces and metrics: its stages, how it ended, and nothing that was sent.</summary>
public sealed class TelemetryTests
{
    private static CancellationToken Token => World.Token;

    [Fact]
    public async Task Call_Traced_HasASpanPerStage_AndTheUpstreamGoesOnWithTheInvokeSpan()
    {
        await using var world = await World.CreateAsync();
        world.Upstream.Then(StubUpstream.Done());
        var trace = ActivityTraceId.CreateRandom();
        var spans = new ConcurrentQueue<Activity>();
        using var listener = Listen(trace, spans);
        await world.Node.Gateway.CallAsync(world.Call() with { TraceParent = $"00-{trace}-00f067aa0ba902b7-01" }, Token);
        var call = Assert.Single(spans, span => span.OperationName == "interlock.call");
        Assert.Equal("00f067aa0ba902b7", call.ParentSpanId.ToString());
        foreach (var stage in (string[])["resolve", "validate", "authorize", "admit", "commit", "invoke", "settle"])
            Assert.Equal(call.SpanId, Assert.Single(spans, span => span.OperationName == "interlock." + stage).ParentSpanId);
        Assert.Equal(spans.Single(span => span.OperationName == "interlock.invoke").Id, Assert.Single(world.Upstream.Calls).TraceParent);
        var text = string.Concat(spans.SelectMany(span => span.TagObjects).Select(tag => $"{tag.Key}={tag.Value};"));
        Assert.Contains("interlock.outcome=completed", text);
        Assert.DoesNotContain("mail", text); // the arguments
    }

    [Fact]
    public async Task Call_NobodyRecords_PassesOnWhatCame()
    {
        await using var world = await World.CreateAsync();
        world.Upstream.Then(StubUpstream.Done());
        const string Incoming = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";
        await world.Node.Gateway.CallAsync(world.Call() with { TraceParent = Incoming }, Token);
        Assert.StartsWith("00-0af7651916cd43dd8448eb211c80319c-", Assert.Single(world.Upstream.Calls).TraceParent);
    }

    [Fact]
    public async Task Metrics_CountByServerStageAndRule_AndMakeNoTagOfWhatACallerMakesUp()
    {
        const string Server = "metered";
        await using var world = await World.CreateAsync();
        await world.WriteAsync(
            World.Entry(RegistryKind.Server, Server, "1.0.0", new ServerBody(World.Address, "reg-m")), World.Tool($"{Server}/read"),
            World.Entry(RegistryKind.Policy, PolicyCache.EntryName, "2.0.0", new PolicyBody($"version: 1\nrules: [ {{ id: m, tools: ['{Server}/*'], effect: allow }} ]\n")));
        world.Upstream.Then(StubUpstream.Done(), StubUpstream.Lost());
        var seen = new ConcurrentQueue<(string Name, double Value, string Tags)>();
        using var listener = new MeterListener { InstrumentPublished = (instrument, self) => { if (instrument.Meter.Name == MetricNames.Source) self.EnableMeasurementEvents(instrument); } };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => seen.Enqueue((instrument.Name, value, Text(tags))));
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => seen.Enqueue((instrument.Name, value, Text(tags))));
        listener.Start();
        await world.Node.Gateway.CallAsync(world.Call($"{Server}/read"), Token);
        await world.Node.Gateway.CallAsync(world.Call($"{Server}/read", purpose: "b"), Token);
        await world.Node.Gateway.CallAsync(world.Call("made-up-server-7/read", purpose: "c"), Token);
        Assert.Contains((MetricNames.Calls, 1, $"outcome=completed,server={Server}"), seen);
        Assert.Contains((MetricNames.Calls, 1, $"outcome=unknown,server={Server}"), seen);
        Assert.Contains((MetricNames.Refusals, 1, "stage=resolve,rule=unknown-tool"), seen);
        Assert.Contains(seen, entry => entry.Name == MetricNames.CallDuration && entry.Tags == $"outcome=completed,server={Server}" && entry.Value > 0);
        Assert.Contains(seen, entry => entry.Name == MetricNames.QueueDuration && entry.Tags == $"server={Server}");
        foreach (var stage in (string[])["resolve", "validate", "authorize", "admit", "commit", "invoke", "settle"])
            Assert.Contains(seen, entry => entry.Name == MetricNames.StageDuration && entry.Tags == $"stage={stage}");
        Assert.Contains(seen, entry => entry is { Name: MetricNames.InFlight, Value: 1 });
        Assert.DoesNotContain(seen, entry => entry.Tags.Contains("made-up", StringComparison.Ordinal) || entry.Tags.Contains("user:ana", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Circuit_ThatOpensAndCloses_IsAGaugeAndToldOnce_AndEachAnswerHasItsTime()
    {
        var address = new Uri("https://metered-circuit.contoso.com/mcp?key=s3cret");
        await using var world = await RoutesWorld.CreateAsync(new ResilienceSettings { Retries = 0, BreakOver = 2, BreakSeconds = 60 }, null, address);
        var (seen, moved) = (new ConcurrentQueue<(string Name, double Value, string Tags)>(), new List<CircuitChange>());
        world.Node.Gateway.Routes.Moved = moved.Add;
        using var listener = new MeterListener { InstrumentPublished = (instrument, self) => { if (instrument.Name is MetricNames.Circuit or MetricNames.UpstreamDuration) self.EnableMeasurementEvents(instrument); } };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => seen.Enqueue((instrument.Name, value, Text(tags))));
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => seen.Enqueue((instrument.Name, value, Text(tags))));
        listener.Start();
        world.Upstream.Then(RoutesWorld.NotSent, RoutesWorld.NotSent, RoutesWorld.NotSent, StubUpstream.Done(), StubUpstream.Done());
        for (var i = 0; i < 2; i++) await world.Node.Gateway.CallAsync(world.Call(purpose: $"call-{i}"), Token);
        for (var i = 2; i < 5; i++)
        {
            world.Time.Now += TimeSpan.FromSeconds(60);
            await world.Node.Gateway.CallAsync(world.Call(purpose: $"call-{i}"), Token);
        }
        const string Shown = "server=crm,address=https://metered-circuit.contoso.com/mcp";
        Assert.Equal([2, 1, 2, 1, 0], seen.Where(entry => entry.Name == MetricNames.Circuit && entry.Tags == Shown).Select(entry => entry.Value));
        Assert.Equal(["bad", "bad", "bad", "good", "good"], seen.Where(entry => entry.Name == MetricNames.UpstreamDuration && entry.Tags.StartsWith(Shown, StringComparison.Ordinal)).Select(entry => entry.Tags[(Shown.Length + ",verdict=".Length)..]));
        Assert.Equal([CircuitPhase.Open, CircuitPhase.Closed], moved.Select(change => change.Phase));
        Assert.All(moved, change => Assert.Equal(("crm", "https://metered-circuit.contoso.com/mcp"), (change.Server, change.Address)));
        var lines = new LogLines();
        foreach (var change in moved) CircuitLog.Write(lines, change);
        Assert.Equal(2, lines.Lines.Count);
        Assert.Contains("opened", lines.Lines.First());
    }

    internal static ActivityListener Listen(ActivityTraceId trace, ConcurrentQueue<Activity> spans)
    {
        var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == MetricNames.Source,
            Sample = (ref options) => options.TraceId == trace ? ActivitySamplingResult.AllDataAndRecorded : ActivitySamplingResult.None,
            ActivityStopped = spans.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
        return listener;
    }

    private static string Text(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var parts = new List<string>();
        foreach (var tag in tags) parts.Add($"{tag.Key}={tag.Value}");
        return string.Join(',', parts);
    }
}
